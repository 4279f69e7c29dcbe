"""Statistics of the amplitude spectrum over time, (4, frames): mean, standard deviation, minimum, maximum of the bins.

Li uses "statistical features of the amplitude spectrum" and does not say which; these are NumPy's.
"""

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""


AXES = ("statistic", "frame")
UNIT = "amplitude of the spectrum (window not normalised)"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """Compute the statistics of |STFT| (window not normalised).

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        See `Settings`.

    Returns
    -------
    array of shape (4, 1 + samples // hop_length)
        Mean, standard deviation (of the population), minimum and maximum over the bins.
    """

    def statistics(amplitude: np.ndarray) -> list[np.ndarray]:
        exact = amplitude.astype(np.float64)
        mean = exact.mean(axis=1)
        variance = np.einsum("tf,tf->t", exact, exact) / exact.shape[1] - mean**2
        return [mean, np.sqrt(np.maximum(variance, 0)), amplitude.min(axis=1), amplitude.max(axis=1)]

    return clip.by_block(n_fft, hop_length, statistics)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.stft` and NumPy."""
    import librosa

    amplitude = np.abs(librosa.stft(clip.samples, n_fft=n_fft, hop_length=hop_length))
    return np.stack([statistic(amplitude, axis=0) for statistic in (np.mean, np.std, np.min, np.max)])
