"""Windows and filter banks, made once: as librosa's, whose import would take longer than the extraction of a shard."""

from functools import cache, lru_cache

import numpy as np

NEGLIGIBLE = 1e-20  # weights below this are 0: multiplied in float32 they become subnormal, 40 times slower on Intel
MELS_AT_ONCE = 16  # bands that are multiplied together: few enough to pass over most of the bins that are 0 in them


@cache
def hann(n_fft: int) -> np.ndarray:
    """Periodic Hann window (n_fft,), to the bit `scipy.signal.get_window("hann", n_fft)`."""
    return 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, n_fft + 1)[:-1])


@cache
def frequencies(sample_rate: int, n_fft: int) -> np.ndarray:
    """Centre of each bin of the spectrum in Hz (1 + n_fft / 2,)."""
    return np.fft.rfftfreq(n_fft, 1 / sample_rate)


@cache
def mel(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular mel bands of unit area, from 0 Hz to half the rate (n_mels, 1 + n_fft / 2): `librosa.filters.mel`.

    The scale is that of Slaney's Auditory Toolbox (1998): linear below 1000 Hz, logarithmic above.
    """
    edges = _mel_to_hz(np.linspace(0, _hz_to_mel(sample_rate / 2), n_mels + 2))
    ramps = edges[:, None] - frequencies(sample_rate, n_fft)
    widths = np.diff(edges)[:, None]
    bank = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:])).astype(np.float32)
    bank *= (2 / (edges[2:] - edges[:-2]))[:, None]
    return bank


@cache
def mel_groups(sample_rate: int, n_fft: int, n_mels: int) -> list[tuple[slice, np.ndarray]]:
    """`mel` in parts for a product with spectra: (bins that are not 0, weights (bins, bands)) of successive bands."""
    groups = []
    for start in range(0, n_mels, MELS_AT_ONCE):
        rows = mel(sample_rate, n_fft, n_mels)[start : start + MELS_AT_ONCE]
        used = np.flatnonzero(rows.any(axis=0))
        bins = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
        groups.append((bins, np.ascontiguousarray(rows[:, bins].T)))
    return groups


@lru_cache(maxsize=128)
def chroma(sample_rate: int, n_fft: int, n_chroma: int, tuning: float) -> np.ndarray:
    """Gaussian bumps around each pitch class (n_chroma, 1 + n_fft / 2), from C upwards: `librosa.filters.chroma`.

    `tuning` is in shares of a class. Bins far from 5 octaves above 27.5 Hz weigh less (Ellis, Chroma feature analysis
    and synthesis, 2007).
    """
    bins = np.arange(1, n_fft // 2 + 2) * (sample_rate / n_fft)
    classes = n_chroma * np.log2(bins / (440 * 2 ** (tuning / n_chroma) / 16))
    classes = np.concatenate([[classes[0] - 1.5 * n_chroma], classes])  # 0 Hz is taken for 1.5 octaves below bin 1
    widths, classes = np.maximum(np.diff(classes), 1), classes[:-1]
    half = np.round(n_chroma / 2)
    distance = np.remainder(classes - np.arange(n_chroma)[:, None] + half + 10 * n_chroma, n_chroma) - half
    bank = np.exp(-0.5 * (2 * distance / widths) ** 2)
    bank /= np.sqrt((bank**2).sum(axis=0))
    bank *= np.exp(-0.5 * ((classes / n_chroma - 5) / 2) ** 2)
    bank[bank < NEGLIGIBLE] = 0
    return np.roll(bank, -3 * (n_chroma // 12), axis=0).astype(np.float32)


@cache
def dct(n_in: int, n_out: int) -> np.ndarray:
    """The first rows of the orthonormal type II discrete cosine transform (n_out, n_in)."""
    angles = np.pi / n_in * (np.arange(n_in) + 0.5) * np.arange(n_out)[:, None]
    matrix = np.sqrt(2 / n_in) * np.cos(angles)
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def _hz_to_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) / (np.log(6.4) / 27)


def _mel_to_hz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
