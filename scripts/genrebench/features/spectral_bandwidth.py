"""Spectral bandwidth: spread of the amplitude spectrum around its centroid over time, (1, frames), in Hz.

Klapuri and Davy, "Signal Processing Methods for Music Transcription", 2006.
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
    """Compute the bandwidth, √(Σ A(f)·(f - centroid)² / Σ A(f)) over the bins of each frame.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (1, 1 + samples // hop_length)
        Hz, as `librosa.feature.spectral_bandwidth` of order 2; 0 in silence.
    """
    hz = filters.frequencies(clip.sample_rate, n_fft)

    def bandwidth(amplitude: np.ndarray) -> list[np.ndarray]:
        weights = amplitude.astype(np.float64)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        deviation = hz - (weights @ hz)[:, None]
        return [np.sqrt(np.einsum("tf,tf,tf->t", weights, deviation, deviation))]

    return clip.by_block(n_fft, hop_length, bandwidth)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.spectral_bandwidth`."""
    import librosa

    return librosa.feature.spectral_bandwidth(y=clip.samples, sr=clip.sample_rate, n_fft=n_fft, hop_length=hop_length)
