"""Tonal centroids: where the harmony lies on the circles of fifths, minor and major thirds."""

import numpy as np

from genrebench.audio import framing
from genrebench.audio.spectra import Clip
from genrebench.features import chroma

SETTINGS = {
    **framing.SPECTRUM,
}
AXES = ("dimension", "frame")
UNIT = "share of the radius (fifths and minor thirds 1, major thirds 0.5)"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """(6, 1 + samples // hop_length), as `librosa.feature.tonnetz` of 12 pitch classes (Harte, Sandler, Gasser 2006).

    Sine and cosine on each circle, weighted by the chroma (of the STFT; librosa's default is that of a constant-Q
    transform).
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
