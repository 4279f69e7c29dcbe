"""Tempogram: local autocorrelation of the onset strength over time, (lags, frames), share of its maximum.

Grosche, Müller and Kurth, "Cyclic tempogram - a mid-level tempo representation for music signals", 2010.
"""

import numpy as np
from pydantic import Field

from genrebench.audio import filters
from genrebench.audio.clip import Clip
from genrebench.features import onset_strength
from genrebench.features._settings import OnsetSettings


class Settings(OnsetSettings):
    """Settings of the feature."""

    win_length: int = Field(384, ge=2, description="Frames over which it is taken, and lags.")


AXES = ("lag", "frame")
UNIT = "share of the autocorrelation's maximum"
PAD_VALUE = 0.0
AT_ONCE = 64  # frames


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, win_length: int) -> np.ndarray:
    """Compute the autocorrelation of the onset strength under a Hann window around each frame.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels, win_length : int
        See `Settings`.

    Returns
    -------
    array of shape (win_length, 1 + samples // hop_length)
        0 to 1, a row for each lag in frames, as `librosa.feature.tempogram`.
    """
    return of_onsets(onset_strength.extract(clip, n_fft, hop_length, n_mels)[0], win_length)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int, win_length: int) -> np.ndarray:
    """The same by `librosa.feature.tempogram`."""
    import librosa

    onsets = onset_strength.extract_librosa(clip, n_fft, hop_length, n_mels)[0]
    frames = {"sr": clip.sample_rate, "hop_length": hop_length, "win_length": win_length}
    return librosa.feature.tempogram(onset_envelope=onsets, **frames)


def of_onsets(onsets: np.ndarray, win_length: int) -> np.ndarray:
    """(win_length, frames) of an onset strength (frames,)."""
    padded = np.pad(onsets, win_length // 2, mode="linear_ramp", end_values=0)
    frames = np.lib.stride_tricks.sliding_window_view(padded, win_length)[: len(onsets)]
    blocks = range(0, len(frames), AT_ONCE)
    return np.concatenate([_autocorrelation(frames[start : start + AT_ONCE]) for start in blocks]).T


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Of each row of (frames, win_length) under the window, its maximum 1 (or all 0)."""
    length = frames.shape[1]
    fast = -(-2 * length // 256) * 256  # enough zeros that nothing wraps around, and few prime factors
    spectrum = np.fft.rfft(frames * filters.hann(length), fast)
    lags = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, :length]
    strongest = np.abs(lags).max(axis=1, keepdims=True)
    return lags / np.where(strongest < np.finfo(np.float64).tiny, 1, strongest)
