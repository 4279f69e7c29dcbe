"""Root mean square of the signal over time, (1, frames), re full scale. Li uses it."""

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.features._settings import FrameSettings


class Settings(FrameSettings):
    """Settings of the feature."""


AXES = ("value", "frame")
UNIT = "amplitude re full scale"
PAD_VALUE = 0.0


def extract(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """Compute √(mean of the squares) of each frame.

    Parameters
    ----------
    clip : Clip
        The samples.
    frame_length, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        Amplitude, full scale is 1, as `librosa.feature.rms` of the signal.
    """
    frames = clip.frames(frame_length, hop_length)
    return np.sqrt(np.einsum("ts,ts->t", frames, frames) / frame_length)[None]


def extract_librosa(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.rms`."""
    import librosa

    return librosa.feature.rms(y=clip.samples, frame_length=frame_length, hop_length=hop_length)
