"""Spectral contrast: peaks against valleys of the amplitude spectrum by octave, (bands, frames), in dB.

Jiang et al., "Music type classification by spectral contrast feature", 2002. Li uses 7 bands.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field

from genrebench.audio import filters
from genrebench.audio.clip import Clip, decibels
from genrebench.common.cli import InputError
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    n_bands: int = Field(6, ge=1, le=20, description="Octaves; below them lies one band more.")
    fmin: float = Field(200.0, gt=0, description="Lower edge of the first octave in Hz.")
    quantile: float = Field(0.02, gt=0, lt=1, description="Share of a band's bins that are its peaks, and its valleys.")


AXES = ("band", "frame")
UNIT = "dB"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_bands: int, fmin: float, quantile: float) -> np.ndarray:
    """Compute the contrast: the mean of the strongest amplitudes of each band over that of the weakest.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_bands : int
        See `Settings`.
    fmin : float
        Hz, lower edge of the first octave.
    quantile : float
        Share of a band's bins that are its peaks, and its valleys.

    Returns
    -------
    array of shape (1 + n_bands, 1 + samples // hop_length)
        dB, 10 log10 of amplitudes, as `librosa.feature.spectral_contrast`.

    Raises
    ------
    InputError
        If an octave begins above half the sample rate.
    """
    _require_bands(clip.sample_rate, n_bands, fmin)
    bands = _bands(filters.frequencies(clip.sample_rate, n_fft), n_bands, fmin, quantile)

    def extremes(amplitude: np.ndarray) -> list[np.ndarray]:
        valleys, peaks = [], []
        for bins, count in bands:
            ordered = np.sort(amplitude[:, bins], axis=1)
            valleys.append(ordered[:, :count].sum(axis=1) / count)
            peaks.append(ordered[:, -count:].sum(axis=1) / count)
        return valleys + peaks

    valleys, peaks = np.split(clip.by_block(n_fft, hop_length, extremes).astype(np.float64), 2)
    return decibels(peaks) - decibels(valleys)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_bands: int, fmin: float, quantile: float) -> np.ndarray:
    """The same by `librosa.feature.spectral_contrast`."""
    import librosa

    _require_bands(clip.sample_rate, n_bands, fmin)
    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    bands = {"n_bands": n_bands, "fmin": fmin, "quantile": quantile}
    return librosa.feature.spectral_contrast(y=clip.samples, sr=clip.sample_rate, **spectrum, **bands)


def unfit(settings: Mapping[str, Any], sample_rate: int) -> str | None:
    """Why these settings cannot be those of a feature at a sample rate in Hz; None if they can."""
    n_bands, fmin = settings["n_bands"], settings["fmin"]
    if fmin * 2 ** (n_bands - 1) < sample_rate / 2:
        return None
    return (
        f"octave {n_bands} from {fmin} Hz begins above half the sample rate of {sample_rate} Hz; lower n_bands or fmin."
    )


def _require_bands(sample_rate: int, n_bands: int, fmin: float) -> None:
    if why := unfit({"n_bands": n_bands, "fmin": fmin}, sample_rate):
        raise InputError(f"params.yaml: features.spectral_contrast: {why}")


def _bands(hz: np.ndarray, n_bands: int, fmin: float, quantile: float) -> list[tuple[slice, int]]:
    """Of each band its bins and how many of them are peaks, or valleys.

    As in librosa, a band reaches one bin below its lower edge and the last one to the end; the others lack their last
    bin, which still counts for the number of peaks.
    """
    edges = [0, *(fmin * 2.0**octave for octave in range(n_bands + 1))]
    bands = []
    for band in range(n_bands + 1):
        first = max(0, int(np.searchsorted(hz, edges[band])) - (band > 0))
        end = int(np.searchsorted(hz, edges[band + 1], side="right")) if band < n_bands else len(hz)
        count = max(1, round(quantile * (end - first)))
        bands.append((slice(first, end - (band < n_bands)), count))
    return bands
