"""Mel spectrogram in decibels below the clip's loudest point (paper 001)."""

import numpy as np

from genrebench.audio import framing
from genrebench.audio.spectra import Clip, decibels

SETTINGS = {
    **framing.SPECTRUM,
    "n_mels": {"description": "Mel bands.", "type": "integer", "minimum": 1},
}
AXES = ("band", "frame")
UNIT = "dB re the clip's maximum, down to -80"
PAD_VALUE = -80.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """(n_mels, 1 + samples // hop_length) in dB: `librosa.power_to_db` of the mel power, ref its maximum."""
    power = clip.mel_power(n_fft, hop_length, n_mels)
    return decibels(power, reference=power.max())


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """The same by `librosa.feature.melspectrogram`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    power = librosa.feature.melspectrogram(y=clip.samples, sr=clip.sample_rate, n_mels=n_mels, **spectrum)
    return librosa.power_to_db(power, ref=np.max)
