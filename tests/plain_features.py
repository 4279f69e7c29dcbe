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


def tonnetz(y, sr, **settings):
    return librosa.feature.tonnetz(chroma=librosa.feature.chroma_stft(y=y, sr=sr, n_chroma=12, **settings))


def onset_strength(y, sr, **settings):
    return librosa.onset.onset_strength(y=y, sr=sr, **settings)[None]


def tempogram(y, sr, win_length, **settings):
    return librosa.feature.tempogram(
        onset_envelope=onset_strength(y, sr, **settings)[0],
        sr=sr,
        hop_length=settings["hop_length"],
        win_length=win_length,
    )


def tempo(y, sr, win_length, start_bpm, **settings):
    return librosa.feature.tempo(
        onset_envelope=onset_strength(y, sr, **settings)[0],
        sr=sr,
        hop_length=settings["hop_length"],
        ac_size=(win_length + 0.5) * settings["hop_length"] / sr,
        start_bpm=start_bpm,
    )


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
    "tonnetz": tonnetz,
    "onset_strength": onset_strength,
    "tempogram": tempogram,
    "tempo": tempo,
}


def extract(feature: str, samples: np.ndarray, sample_rate: int, settings: dict[str, Any]) -> np.ndarray:
    """One clip's array of a feature with its settings of params.yaml."""
    return FUNCTIONS[feature](y=samples, sr=sample_rate, **settings)
