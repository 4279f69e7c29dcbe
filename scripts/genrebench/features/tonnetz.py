"""Tonal centroids over time, (6, frames): where the harmony lies on the circles of fifths, minor and major thirds.

Harte, Sandler and Gasser, "Detecting harmonic change in musical audio", 2006.
"""

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.features import chroma
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""


AXES = ("dimension", "frame")
UNIT = "share of the radius (fifths and minor thirds 1, major thirds 0.5)"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """Compute sine and cosine on each circle, weighted by the chroma of 12 classes.

    It is the chroma of the STFT; librosa's default is that of a constant-Q transform.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (6, 1 + samples // hop_length)
        The radius is 1 for fifths and minor thirds, 0.5 for major thirds, as `librosa.feature.tonnetz`.
    """
    classes = chroma.extract(clip, n_fft, hop_length, n_chroma=12)
    shares = classes / np.maximum(classes.sum(axis=0), np.finfo(np.float32).tiny)
    angles = np.pi * np.array([7 / 6, 3 / 2, 2 / 3])[:, None] * np.arange(12)
    radii = np.array([1, 1, 0.5])[:, None]
    circles = np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=1).reshape(6, 12)
    return circles @ shares


def extract_librosa(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.tonnetz`."""
    import librosa

    return librosa.feature.tonnetz(chroma=chroma.extract_librosa(clip, n_fft, hop_length, n_chroma=12))
