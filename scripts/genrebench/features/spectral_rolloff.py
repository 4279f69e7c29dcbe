"""Spectral rolloff: frequency below which most of the amplitude spectrum lies, over time, (1, frames), in Hz.

Scheirer and Slaney, "Construction and evaluation of a robust multifeature speech/music discriminator", 1997. Cao uses
it.
"""

import numpy as np
from pydantic import Field

from genrebench.audio import filters
from genrebench.audio.clip import Clip
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    roll_percent: float = Field(0.85, gt=0, lt=1, description="Share of the sum of the amplitudes that lies below.")


AXES = ("value", "frame")
UNIT = "Hz"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, roll_percent: float) -> np.ndarray:
    """Compute the rolloff, the first bin up to which the amplitudes sum to a share of all.

    They are summed in float32 and in the order of the bins as in librosa: another rounding would at times give the next
    bin.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        See `Settings`.
    roll_percent : float
        The share.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        Hz, as `librosa.feature.spectral_rolloff`; 0 in silence.
    """
    hz = filters.frequencies(clip.sample_rate, n_fft)

    def rolloff(amplitude: np.ndarray) -> list[np.ndarray]:
        sums = np.cumsum(amplitude, axis=1)
        return [hz[np.argmax(sums >= np.float32(roll_percent) * sums[:, -1:], axis=1)]]

    return clip.by_block(n_fft, hop_length, rolloff)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, roll_percent: float) -> np.ndarray:
    """The same by `librosa.feature.spectral_rolloff`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    return librosa.feature.spectral_rolloff(y=clip.samples, sr=clip.sample_rate, roll_percent=roll_percent, **spectrum)
