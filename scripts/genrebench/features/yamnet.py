"""Embeddings of YAMNet, (1024, frames): a network pretrained on AudioSet, before the layer of its 521 classes.

Plakal and Ellis 2020, https://tfhub.dev/google/yamnet/1. A frame covers 0.975 s, one each 0.48 s.
"""

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.encoders import saved_model
from genrebench.features._settings import PretrainedSettings


class Settings(PretrainedSettings):
    """Settings of the feature."""

    handle: str = Field(
        "https://tfhub.dev/google/yamnet/1", min_length=1, description="Address or folder of the weights."
    )


AXES = ("dimension", "frame")
UNIT = "mean activation of the last convolution"
PAD_VALUE = 0.0
SAMPLE_RATE = saved_model.SAMPLE_RATE

DIMENSIONS = 1024
HOP = 7680  # samples: 0.48 s


def extract(clip: Clip, handle: str) -> np.ndarray:
    """Compute the embeddings.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle : str
        Address or folder of the weights.

    Returns
    -------
    array of shape (1024, frames)
        Mean activation of the last convolution; 61 or 62 frames of 30 s, as the release pads the end or not.

    Raises
    ------
    InputError
        If the weights are not there.
    """
    return saved_model.extract(clip, "yamnet", handle, DIMENSIONS, HOP).T
