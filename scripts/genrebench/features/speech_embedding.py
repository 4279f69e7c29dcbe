"""What a pretrained transformer hears in each window of a clip: the mean of its layers (Yang et al. 2021, SUPERB).

For those who have no GPU to fine-tune it on: `linear_probe` on top of it is a classifier.
"""

from typing import Any

import numpy as np

from genrebench.audio import speech_settings
from genrebench.audio.spectra import Clip
from genrebench.workflow import pretrained

SETTINGS = {
    **speech_settings.SETTINGS,
    "window_s": {
        "description": "Length of a window in seconds; they do not overlap.",
        "type": "number",
        "minimum": 0.5,
    },
    "layers": {"description": "last, or mean: that of all layers.", "enum": ["last", "mean"]},
}
AXES = ("dimension", "segment")
UNIT = "mean activation of the transformer"
PAD_VALUE = 0.0
SAMPLE_RATE = speech_settings.SAMPLE_RATE
EXTRA = "speech"


def extract(clip: Clip, handle: str, config: dict[str, Any], window_s: float, layers: str) -> np.ndarray:
    """(dimensions, windows): those that are full, at least one; a clip shorter than it is padded with zeros."""
    from genrebench.encoders import speech  # PyTorch, which the extraction of other features does without

    size = round(window_s * SAMPLE_RATE)
    windows = max(1, len(clip.samples) // size)
    samples = np.zeros(windows * size, np.float32)
    samples[: len(clip.samples)] = clip.samples[: len(samples)]
    folder = pretrained.locate("speech_embedding", handle)
    return speech.embed(folder, config, samples.reshape(windows, size), layers).T
