"""What a pretrained transformer hears in each window of a clip: the mean of its layers (Yang et al. 2021, SUPERB).

For those who have no GPU to fine-tune it on: `linear_probe` on top of it is a classifier.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from genrebench.audio import SPEECH_SAMPLE_RATE
from genrebench.audio.spectra import Clip
from genrebench.features._settings import FeatureSettings, SpeechEncoderSettings
from genrebench.workflow import pretrained


class Settings(FeatureSettings, SpeechEncoderSettings):
    """Settings of the feature."""

    window_s: float = Field(5.0, ge=0.5, description="Length of a window in seconds; they do not overlap.")
    layers: Literal["last", "mean"] = Field("mean", description="last, or mean: that of all layers.")


AXES = ("dimension", "segment")
UNIT = "mean activation of the transformer"
PAD_VALUE = 0.0
SAMPLE_RATE = SPEECH_SAMPLE_RATE
EXTRA = "speech"


def extract(clip: Clip, handle: str, config: dict[str, Any], window_s: float, layers: str) -> np.ndarray:
    """(dimensions, windows): those that are full, at least one; a clip shorter than it is padded with zeros."""
    from genrebench.audio import speech_encoders  # PyTorch, which the extraction of other features does without

    size = round(window_s * SAMPLE_RATE)
    windows = max(1, len(clip.samples) // size)
    samples = np.zeros(windows * size, np.float32)
    samples[: len(clip.samples)] = clip.samples[: len(samples)]
    folder = pretrained.locate("speech_embedding", handle)
    return speech_encoders.embed(folder, config, samples.reshape(windows, size), layers).T
