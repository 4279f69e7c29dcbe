"""The features as a plain script computes them: librosa's functions, PyWavelets and NumPy, called one by one."""

from functools import partial
from typing import Any

import librosa
import numpy as np
import pywt


def mel(y, sr, **settings):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr, **settings), ref=np.max)


def wavelet(y, sr, wavelet, levels):
    """The coefficients in the order of PyWavelets, flat."""
    padded = np.pad(y, (0, -len(y) % 2**levels))
    return np.concatenate(pywt.wavedec(padded, wavelet, mode="periodization", level=levels))


def without_rate(function, y, sr, **settings):
    return function(y=y, **settings)


def amplitude_statistics(y, sr, **settings):
    amplitude = np.abs(librosa.stft(y, **settings))
    return np.stack([function(amplitude, axis=0) for function in (np.mean, np.std, np.min, np.max)])


FUNCTIONS = {
    "mel": mel,
    "mfcc": librosa.feature.mfcc,
    "chroma": librosa.feature.chroma_stft,
    "wavelet": wavelet,
    "spectral_centroid": librosa.feature.spectral_centroid,
    "spectral_bandwidth": librosa.feature.spectral_bandwidth,
    "spectral_rolloff": librosa.feature.spectral_rolloff,
    "spectral_contrast": librosa.feature.spectral_contrast,
    "zero_crossing_rate": partial(without_rate, librosa.feature.zero_crossing_rate),
    "rms": partial(without_rate, librosa.feature.rms),
    "amplitude_statistics": amplitude_statistics,
}


def extract(feature: str, samples: np.ndarray, sample_rate: int, settings: dict[str, Any]) -> np.ndarray:
    """One clip's array of a feature with its settings of params.yaml."""
    return FUNCTIONS[feature](y=samples, sr=sample_rate, **settings)
