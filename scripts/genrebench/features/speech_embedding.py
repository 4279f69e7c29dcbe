"""Embeddings of a pretrained speech transformer, (dimensions, windows): the mean over each window of its layers.

For those who have no GPU to fine-tune it on: `linear_probe` on top of it is a classifier (Yang et al. 2021, SUPERB).
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from genrebench.audio import SPEECH_SAMPLE_RATE
from genrebench.audio.clip import Clip
from genrebench.features._settings import PretrainedSettings, SpeechEncoderSettings
from genrebench.workflow import pretrained


class Settings(PretrainedSettings, SpeechEncoderSettings):
    """Settings of the feature."""

    window_s: float = Field(5.0, ge=0.5, description="Length of a window in seconds; they do not overlap.")
    layers: Literal["last", "mean"] = Field("mean", description="last, or mean: that of all layers.")


AXES = ("dimension", "segment")
UNIT = "mean activation of the transformer"
PAD_VALUE = 0.0
SAMPLE_RATE = SPEECH_SAMPLE_RATE
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
