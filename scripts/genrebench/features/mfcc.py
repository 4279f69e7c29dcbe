"""Mel-frequency cepstral coefficients (paper 001: 40 of them)."""

import numpy as np

from genrebench.audio import filters, framing
from genrebench.audio.spectra import Clip, decibels

SETTINGS = {
    **framing.SPECTRUM,
    "n_mels": {"description": "Mel bands below the cosine transform.", "type": "integer", "minimum": 1},
    "n_mfcc": {"description": "Coefficients, from the zeroth.", "type": "integer", "minimum": 1},
}
AXES = ("coefficient", "frame")
UNIT = "dB (orthonormal DCT-II of the mel spectrogram in dB re 1)"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, n_mfcc: int) -> np.ndarray:
    """(n_mfcc, 1 + samples // hop_length), as `librosa.feature.mfcc`: type II DCT of the mel power in dB re 1.

    There are at most n_mels coefficients.
    """
    return filters.dct(n_mels, min(n_mfcc, n_mels)) @ decibels(clip.mel_power(n_fft, hop_length, n_mels))


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int, n_mfcc: int) -> np.ndarray:
    """The same by `librosa.feature.mfcc`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    return librosa.feature.mfcc(y=clip.samples, sr=clip.sample_rate, n_mfcc=n_mfcc, **spectrum)
