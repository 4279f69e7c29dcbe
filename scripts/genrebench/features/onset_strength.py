"""Onset strength: spectral flux over time, (1, frames), in dB: how much louder the mel bands become.

Böck and Widmer, "Maximum filter vibrato suppression for onset detection", 2013.
"""

from collections.abc import Callable

import numpy as np

from genrebench.audio.clip import Clip, decibels
from genrebench.features._settings import OnsetSettings


class Settings(OnsetSettings):
    """Settings of the feature."""


AXES = ("value", "frame")
UNIT = "dB, mean over the bands"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """Compute the mean over the bands of the increase in dB, counted from where half a window has passed.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels : int
        See `Settings`.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        dB, as `librosa.onset.onset_strength`.
    """
    return flux(clip, n_fft, hop_length, n_mels, np.mean)[None]


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """The same by `librosa.onset.onset_strength`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    return librosa.onset.onset_strength(y=clip.samples, sr=clip.sample_rate, **spectrum)[None]


def flux(clip: Clip, n_fft: int, hop_length: int, n_mels: int, aggregate: Callable[..., np.ndarray]) -> np.ndarray:
    """(1 + samples // hop_length,) with another `aggregate` over the bands: `np.mean` or `np.median`."""
    level = decibels(clip.mel_power(n_fft, hop_length, n_mels))
    increase = aggregate(np.maximum(0, level[:, 1:] - level[:, :-1]), axis=0)
    return np.pad(increase, (1 + n_fft // (2 * hop_length), 0))[: level.shape[1]]
