"""Mel spectrogram: power in mel bands over time, (bands, frames), in dB below the clip's maximum, down to -80.

Slaney's mel scale and norm (Auditory Toolbox, 1998). Huang and Minami (2024) use 128 bands.
"""

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip, decibels
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    n_mels: int = Field(128, ge=1, description="Mel bands.")


AXES = ("band", "frame")
UNIT = "dB re the clip's maximum, down to -80"
PAD_VALUE = -80.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """Compute the mel spectrogram.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels : int
        See `Settings`.

    Returns
    -------
    array of shape (n_mels, 1 + samples // hop_length)
        dB, `librosa.power_to_db` of `librosa.feature.melspectrogram` with its maximum as the reference.
    """
    power = clip.mel_power(n_fft, hop_length, n_mels)
    return decibels(power, reference=power.max())


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """The same by `librosa.feature.melspectrogram`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    power = librosa.feature.melspectrogram(y=clip.samples, sr=clip.sample_rate, n_mels=n_mels, **spectrum)
    return librosa.power_to_db(power, ref=np.max)
