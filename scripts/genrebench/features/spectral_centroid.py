"""Spectral centroid: centre of gravity of the amplitude spectrum over time, (1, frames), in Hz.

Klapuri and Davy, "Signal Processing Methods for Music Transcription", 2006. Li and Cao use it.
"""

import numpy as np

from genrebench.audio import filters
from genrebench.audio.clip import Clip
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""


AXES = ("value", "frame")
UNIT = "Hz"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """Compute the centroid, Σ f·A(f) / Σ A(f) over the bins of each frame.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        Hz, as `librosa.feature.spectral_centroid`; 0 in silence.
    """
    hz = filters.frequencies(clip.sample_rate, n_fft)

    def centroid(amplitude: np.ndarray) -> list[np.ndarray]:
        weights = amplitude.astype(np.float64)
        return [weights @ hz / np.maximum(weights.sum(axis=1), np.finfo(np.float32).tiny)]

    return clip.by_block(n_fft, hop_length, centroid)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.spectral_centroid`."""
    import librosa

    return librosa.feature.spectral_centroid(y=clip.samples, sr=clip.sample_rate, n_fft=n_fft, hop_length=hop_length)
