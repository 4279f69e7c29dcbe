"""The samples themselves, at the rate that speech transformers hear."""

import numpy as np

from genrebench.clip import Clip

SETTINGS = {}
AXES = ("sample",)
UNIT = "full scale"
PAD_VALUE = 0.0
SAMPLE_RATE = 16000


def extract(clip: Clip) -> np.ndarray:
    """(samples,): mono, resampled by soxr."""
    return clip.samples
