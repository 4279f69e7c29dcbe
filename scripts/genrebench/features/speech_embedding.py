"""Embeddings of a pretrained speech transformer, (dimensions, windows): the mean over each window of its layers.

For those who have no GPU to fine-tune it on: `linear_probe` on top of it is a classifier (Yang et al. 2021, SUPERB).
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
    """Compute the embeddings of the windows that are full, at least one; a shorter clip is padded with zeros.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle : str
        Page or folder of the weights; "none" takes random ones.
    config : dict
        Sizes of the network with random weights.
    window_s : float
        Length of a window in seconds; they do not overlap.
    layers : {"last", "mean"}
        The last layer, or the mean of all.

    Returns
    -------
    array of shape (dimensions, windows)
        Mean activation.
    """
    from genrebench.encoders import speech  # PyTorch, which the extraction of other features does without

    size = round(window_s * SAMPLE_RATE)
    windows = max(1, len(clip.samples) // size)
    samples = np.zeros(windows * size, np.float32)
    samples[: len(clip.samples)] = clip.samples[: len(samples)]
    folder = pretrained.locate("speech_embedding", handle)
    return speech.embed(folder, config, samples.reshape(windows, size), layers).T
