"""The samples themselves at 16 kHz, (samples,), full scale is 1: the input of speech transformers."""

import numpy as np

from genrebench.audio import SPEECH_SAMPLE_RATE
from genrebench.audio.clip import Clip
from genrebench.features._settings import FeatureSettings


class Settings(FeatureSettings):
    """Settings of the feature."""


AXES = ("sample",)
UNIT = "full scale"
PAD_VALUE = 0.0
GIVES_AUDIO_BACK = True
SAMPLE_RATE = SPEECH_SAMPLE_RATE
EXTRA = "speech"  # computed without it, but of use only with it, and as large as the music


def extract(clip: Clip) -> np.ndarray:
    """Return the samples: mono, resampled by soxr."""
    return clip.samples
