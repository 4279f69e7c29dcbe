"""Zero crossing rate: how often the signal changes its sign, over time, (1, frames), changes per sample.

Li and Cao use it.
"""

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.features._settings import FrameSettings


class Settings(FrameSettings):
    """Settings of the feature."""


AXES = ("value", "frame")
UNIT = "changes per sample"
PAD_VALUE = 0.0


SILENCE = np.float32(1e-10)  # what is not further from 0 counts as positive, as in librosa


def extract(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """Compute the rate: the changes between the samples of a centred frame over its length.

    Outside the clip its first and last sample go on.

    Parameters
    ----------
    clip : Clip
        The samples.
    frame_length, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        0 to 1, as `librosa.feature.zero_crossing_rate`.
    """
    negative = np.pad(clip.samples, frame_length // 2, mode="edge") < -SILENCE
    changes = np.flatnonzero(negative[1:] != negative[:-1])
    starts = np.arange(0, len(negative) - frame_length + 1, hop_length)
    counts = np.searchsorted(changes, starts + frame_length - 1) - np.searchsorted(changes, starts)
    return (counts / frame_length)[None]


def extract_librosa(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.zero_crossing_rate`."""
    import librosa

    return librosa.feature.zero_crossing_rate(y=clip.samples, frame_length=frame_length, hop_length=hop_length)
