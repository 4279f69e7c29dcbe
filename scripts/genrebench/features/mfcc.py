"""Mel-frequency cepstral coefficients, (coefficients, frames): the cosine transform of the mel spectrogram in dB re 1.

Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980. Huang and
Minami (2024) use 40, Li 20.
"""

import numpy as np
from pydantic import Field

from genrebench.audio import filters
from genrebench.audio.clip import Clip, decibels
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    hop_length: int = Field(256, ge=1, description="Samples from one frame to the next.")
    n_mels: int = Field(128, ge=1, description="Mel bands below the cosine transform.")
    n_mfcc: int = Field(40, ge=1, description="Coefficients, from the zeroth.")


AXES = ("coefficient", "frame")
UNIT = "dB (orthonormal DCT-II of the mel spectrogram in dB re 1)"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, n_mfcc: int) -> np.ndarray:
    """Compute the coefficients.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels, n_mfcc : int
        See `Settings`; there are at most n_mels coefficients.

    Returns
    -------
    array of shape (n_mfcc, 1 + samples // hop_length)
        dB, orthonormal type II DCT of the mel power in dB re 1, as `librosa.feature.mfcc`.
    """
    return filters.dct(n_mels, min(n_mfcc, n_mels)) @ decibels(clip.mel_power(n_fft, hop_length, n_mels))


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int, n_mfcc: int) -> np.ndarray:
    """The same by `librosa.feature.mfcc`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    return librosa.feature.mfcc(y=clip.samples, sr=clip.sample_rate, n_mfcc=n_mfcc, **spectrum)
