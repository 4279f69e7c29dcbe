"""Loudness of a clip (ITU-R BS.1770-4), and scaling a clip to a loudness."""

import numpy as np
from numpy.polynomial.polynomial import polyval

SILENCE, BELOW_MEAN = -70.0, -10.0  # gates of the loudness: LKFS, and dB re the loudness above the first gate
FULL_SCALE = -0.691  # LKFS of K-weighted power 1
OVERLAP_S = 0.5  # in which the K-weighting's response to an impulse falls below 1e-40


def normalise(samples: np.ndarray, sample_rate: int, target: float) -> np.ndarray:
    """Scale a clip to a loudness by one gain, which may lift peaks above full scale; silence stays as it is.

    Parameters
    ----------
    samples : array of shape (samples,)
        Mono, full scale is 1.
    sample_rate : int
        Hz.
    target : float
        LKFS, which is LUFS, of the one channel.

    Returns
    -------
    array of shape (samples,)
        float32.
    """
    found = loudness(samples, sample_rate)
    if found <= SILENCE:
        return samples
    return (samples * np.float32(10 ** ((target - found) / 20))).astype(np.float32, copy=False)


def loudness(samples: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness in LKFS of one channel (ITU-R BS.1770-4), at least -70: what is quieter is silence.

    Mean power after the K-weighting, in blocks of 0.4 s every 0.1 s, of those blocks that are above -70 LKFS and
    less than 10 dB below the loudness of all such blocks; a clip shorter than a block is one. The clip is mono: as two
    equal channels it would be 3 dB louder. What lies above half the sample rate is not in it.
    """
    power = _block_power(_k_weighted(samples, sample_rate), sample_rate)
    power = power[power > _power(SILENCE)]
    if not len(power):
        return SILENCE
    power = power[power > power.mean() * 10 ** (BELOW_MEAN / 10)]
    return float(FULL_SCALE + 10 * np.log10(power.mean()))


def k_weighting(hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """Complex response at these frequencies of the K-weighting: a shelf for the head, then a high-pass.

    The standard gives the coefficients at 48 kHz; these are the analogue filters behind them (De Man, Evaluation of
    implementations of the EBU R128 loudness measurement, AES 145th Convention, 2018), so that any rate will do.
    """
    z = np.exp(-2j * np.pi * np.asarray(hz) / sample_rate)
    k, q = np.tan(np.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    shelf = [high + middle * k / q + k**2, 2 * (k**2 - high), high - middle * k / q + k**2]
    head = polyval(z, shelf) / polyval(z, _poles(k, q))
    poles = _poles(np.tan(np.pi * 38.13547087602444 / sample_rate), 0.5003270373238773)
    return head * poles[0] * polyval(z, [1, -2, 1]) / polyval(z, poles)  # 1, -2, 1 as printed: not of gain 1


def _poles(k: float, q: float) -> list[float]:
    return [1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2]


def _k_weighted(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """The samples after the K-weighting, by parts (overlap-save) for long clips."""
    before = int(OVERLAP_S * sample_rate)
    size = 1 << (4 * before).bit_length()
    response = k_weighting(np.fft.rfftfreq(size, 1 / sample_rate), sample_rate)
    padded = np.pad(samples, (before, 0))
    starts = range(0, len(samples), size - before)
    parts = [np.fft.irfft(np.fft.rfft(padded[start : start + size], size) * response)[before:] for start in starts]
    return np.concatenate(parts)[: len(samples)]


def _block_power(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mean square of each 0.4 s, every 0.1 s; of the whole where it is shorter."""
    edges = np.round(np.arange(0, len(samples) / sample_rate + 0.1, 0.1) * sample_rate).astype(int)
    edges = edges[edges <= len(samples)]
    if len(edges) < 5:
        return np.mean(samples**2, keepdims=True)
    sums = np.concatenate([[0], np.cumsum(np.add.reduceat(samples[: edges[-1]] ** 2, edges[:-1]))])
    return (sums[4:] - sums[:-4]) / (edges[4:] - edges[:-4])


def _power(lkfs: float) -> float:
    return 10 ** ((lkfs - FULL_SCALE) / 10)
