"""Chroma: energy per pitch class over time, (classes, frames), 0 to 1, tuned to the clip.

Ellis, "Chroma feature analysis and synthesis", 2007. Huang and Minami (2024) use 24 classes.
"""

import numpy as np
from pydantic import Field

from genrebench.audio import filters
from genrebench.audio.clip import Clip
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    hop_length: int = Field(256, ge=1, description="Samples from one frame to the next.")
    n_chroma: int = Field(24, ge=1, description="Classes per octave.")


AXES = ("pitch class", "frame")
UNIT = "share of the frame's strongest class"
PAD_VALUE = 0.0


# Where tuning is looked for (librosa.piptrack's defaults): frequencies in Hz, and the share of the frame's maximum.
LOWEST, HIGHEST, THRESHOLD = 150.0, 4000.0, 0.1


def extract(clip: Clip, n_fft: int, hop_length: int, n_chroma: int) -> np.ndarray:
    """Compute the chroma.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_chroma : int
        See `Settings`.

    Returns
    -------
    array of shape (n_chroma, 1 + samples // hop_length)
        Share of the frame's strongest class, 0 to 1, as `librosa.feature.chroma_stft` with its estimate of the tuning.
    """
    bank = filters.chroma(clip.sample_rate, n_fft, n_chroma, tuning(clip, n_fft, hop_length, n_chroma)).T
    energy = clip.by_block(n_fft, hop_length, lambda amplitude: (amplitude**2 @ bank).T)
    strongest = energy.max(axis=0)
    return energy / np.where(strongest < np.finfo(np.float32).tiny, 1, strongest)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_chroma: int) -> np.ndarray:
    """The same by `librosa.feature.chroma_stft`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    return librosa.feature.chroma_stft(y=clip.samples, sr=clip.sample_rate, n_chroma=n_chroma, **spectrum)


def tuning(clip: Clip, n_fft: int, hop_length: int, bins_per_octave: int) -> float:
    """Deviation from A440 in shares of a bin, -0.5 to 0.5: `librosa.estimate_tuning` of the power spectrum.

    The commonest deviation, in steps of 0.01, of the spectral peaks that are at least as strong as the median peak. To
    the bit librosa's choice, because peaks are looked for in float32 as there, but only where they count.
    """
    pitches, strengths = clip.by_block(n_fft, hop_length, lambda amplitude: _peaks(amplitude, clip.sample_rate, n_fft))
    if not len(pitches):
        return 0.0
    strong = pitches[strengths >= np.median(strengths)]
    deviations = np.mod(bins_per_octave * np.log2(strong / np.float32(440 / 16)), np.float32(1))
    deviations[deviations >= 0.5] -= 1
    counts, edges = np.histogram(deviations, np.linspace(-0.5, 0.5, 101))
    return float(edges[counts.argmax()])


def _peaks(amplitude: np.ndarray, sample_rate: int, n_fft: int) -> np.ndarray:
    """Interpolated frequency (Hz) and power of the peaks of some frames (2, peaks), parabolic, `librosa.piptrack`."""
    hz = filters.frequencies(sample_rate, n_fft)
    first, last = np.searchsorted(hz, [LOWEST, min(HIGHEST, sample_rate / 2)])
    first = max(first, 1)
    power = amplitude[:, first - 1 : last + 1] ** 2  # with a neighbour on either side
    strong = power > np.float32(THRESHOLD) * amplitude.max(axis=1, keepdims=True) ** 2
    strong[:, [0, -1]] = False
    at = np.flatnonzero(strong)
    left, middle, right = (power.ravel()[at + neighbour] for neighbour in (-1, 0, 1))
    peak = (middle > left) & (middle >= right)
    at, left, middle, right = at[peak], left[peak], middle[peak], right[peak]
    curvature = (left + right).astype(np.float64) - 2 * middle.astype(np.float64)
    slope = (right - left) / 2
    # a parabola whose top is more than a bin away is none
    shift = np.divide(-slope, curvature, out=np.zeros_like(curvature), where=np.abs(slope) < np.abs(curvature))
    shift = shift.astype(np.float32)
    pitches = (at % power.shape[1] + first - 1 + shift) * float(sample_rate) / n_fft
    return np.stack([pitches.astype(np.float32), middle + np.float32(0.5) * slope * shift])
