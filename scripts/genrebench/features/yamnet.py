"""Embeddings of YAMNet, pretrained on AudioSet (Plakal and Ellis 2020): what stands before its 521 classes."""

import numpy as np

from genrebench.audio.spectra import Clip
from genrebench.encoders import saved_model

SETTINGS = {
    "handle": {"description": "Address or folder of the weights.", "type": "string", "minLength": 1},
}
AXES = ("dimension", "frame")
UNIT = "mean activation of the last convolution"
PAD_VALUE = 0.0
SAMPLE_RATE = saved_model.SAMPLE_RATE

DIMENSIONS = 1024
HOP = 7680  # samples: 0.48 s


def extract(clip: Clip, handle: str) -> np.ndarray:
    """(1024, frames): a frame hears 0.975 s, each 0.48 s; 61 or 62 of 30 s, as the release pads the end or not."""
    return saved_model.extract(clip, "yamnet", handle, DIMENSIONS, HOP).T
