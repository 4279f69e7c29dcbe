"""Audio fingerprints, which find the same recording under another encoding, level or cut.

The method is that of J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: each
11.6 ms, 32 bits (a sub-fingerprint) say between which of 33 frequency bands the difference in energy grows.
Clips of one recording have some equal sub-fingerprints at a constant offset, and few different bits in all.
"""

import zlib

import numpy as np
import scipy.fft
import soxr

SAMPLE_RATE = 5512.5  # Hz
FRAME = 2048  # samples: 0.37 s
HOP = 64  # samples: 11.6 ms
BAND_EDGES = np.geomspace(300, 2000, 34)  # Hz
EMPTY = 0  # the sub-fingerprint of silence

# Of the energy of a frame. Without it the far bands of a pure tone hold the leakage of the window, whose bits
# are alike for tones of any pitch: the bit error rate of beeps a semitone apart is 0.03, and 0.33 with it.
NOISE_FLOOR = 1e-5

# Measured: at most 0.16 for recordings encoded as MP3 of 64 kb/s, cut at the start or given a lead-in of
# 1 to 5 s, and changed by 6 dB; at least 0.35 for different clips, real or of the demo, at any offset.
MAX_BIT_ERROR_RATE = 0.25
MIN_OVERLAP = 128  # sub-fingerprints: 1.5 s
MIN_EQUAL = 2  # sub-fingerprints; the same measurements found over 100 in 25 s

NEIGHBOURS = 16  # of a sub-fingerprint among its equals, so that a common one costs no quadratic work
PART = 2**22  # sub-fingerprints that are compared at a time, to keep memory flat


def fingerprint(samples: np.ndarray, sample_rate: float) -> np.ndarray:
    """Compute the sub-fingerprints of a clip. The level of the samples does not matter.

    Parameters
    ----------
    samples : array of shape (samples,)
        Mono.
    sample_rate : float
        Hz.

    Returns
    -------
    array of shape (frames,)
        uint32, one each 11.6 ms; `EMPTY` in silence. A clip shorter than 0.4 s has none.

    References
    ----------
    Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002.
    """
    samples = soxr.resample(np.asarray(samples, np.float32), sample_rate, SAMPLE_RATE)
    if len(samples) < FRAME + HOP:
        return np.empty(0, np.uint32)
    energy = _band_energy(samples)
    # The seed is the content's: the noise of two clips must differ, and that of one clip be the same each time.
    noise = np.random.default_rng(zlib.crc32(samples.tobytes())).random(energy.shape, np.float32)
    energy += NOISE_FLOOR * energy.sum(axis=1, keepdims=True) * noise
    growth = np.diff(energy[:, :-1] - energy[:, 1:], axis=0)
    return np.packbits(growth > 0, axis=1).view(">u4")[:, 0].astype(np.uint32)


def near_duplicates(fingerprints: list[np.ndarray]) -> list[tuple[int, int, float, float]]:
    """Find the pairs of clips that share a recording.

    Parameters
    ----------
    fingerprints : list of arrays of shape (frames,)
        Of each clip.

    Returns
    -------
    list of (i, j, offset, rate)
        i < j. Clip j has at time t what clip i has at time t + offset (seconds). The bit error rate is that of their
        overlap, which is at least 1.5 s long. Of many copies of one recording not every pair is listed, but pairs that
        connect them all.
    """
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for i, j, offset in _candidates(fingerprints):
        rate = _bit_error_rate(fingerprints[i], fingerprints[j], offset)
        if rate <= MAX_BIT_ERROR_RATE:
            best[i, j] = min((rate, offset), best.get((i, j), (np.inf, 0)))
    return [(i, j, offset * HOP / SAMPLE_RATE, rate) for (i, j), (rate, offset) in sorted(best.items())]


def _band_energy(samples: np.ndarray) -> np.ndarray:
    """Return the energy (frames, bands) in each of the 33 bands."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    window = np.hanning(FRAME).astype(np.float32)
    first, *edges = np.round(BAND_EDGES * FRAME / SAMPLE_RATE).astype(int)
    starts = np.array([first, *edges[:-1]]) - first
    energy = np.empty((len(frames), len(starts)), np.float32)
    for start in range(0, len(frames), 256):  # the frames overlap: all spectra at once are 32 times the clip
        spectra = scipy.fft.rfft(frames[start : start + 256] * window)[:, first : edges[-1]]
        power = spectra.real**2 + spectra.imag**2
        energy[start : start + 256] = np.add.reduceat(power, starts, axis=1)
    return energy


def _candidates(fingerprints: list[np.ndarray]) -> list[tuple[int, int, int]]:
    """Return (i, j, offset in frames), sorted, of clips with equal sub-fingerprints at one offset."""
    if sum(map(len, fingerprints)) == 0:
        return []
    values = np.concatenate(fingerprints)
    starts = np.cumsum([0, *map(len, fingerprints)])
    span = np.diff(starts).max()
    parts = len(values) // PART + 1
    part_of = np.empty(len(values), np.min_scalar_type(parts))  # of 100,000 clips this is 0.3 GB, and 1 GB as uint32
    np.remainder(values, parts, out=part_of, casting="unsafe")
    parts_of_votes = []
    for part in range(parts):
        inside = np.flatnonzero(part_of == part)
        clip = np.searchsorted(starts, inside, side="right") - 1
        # A value that a clip repeats counts once, or the repetitions in a loop would be its only neighbours.
        keys, kept = np.unique(values[inside].astype(np.uint64) << 32 | clip.astype(np.uint64), return_index=True)
        value, clip = keys >> 32, clip[kept]
        frame = inside[kept] - starts[clip]
        for lag in range(1, NEIGHBOURS + 1):
            first = np.flatnonzero(value[lag:] == value[:-lag])
            second = first + lag
            pair = clip[first] * len(fingerprints) + clip[second]
            parts_of_votes.append(pair * 2 * span + frame[first] - frame[second] + span)
    votes = np.concatenate(parts_of_votes)
    del parts_of_votes
    votes.sort()  # in place: chance votes are as many as pairs of clips, and `unique` would take them four times
    last = votes[MIN_EQUAL - 1 :]
    votes = np.unique(last[last == votes[: -(MIN_EQUAL - 1)]])
    pairs, offsets = np.divmod(votes, 2 * span)
    first, second = np.divmod(pairs, len(fingerprints))
    return list(zip(first.tolist(), second.tolist(), (offsets - span).tolist(), strict=True))


def _bit_error_rate(first: np.ndarray, second: np.ndarray, offset: int) -> float:
    """Return the share of different bits where frame 0 of `second` lies on frame `offset` of `first`.

    Infinite where fewer than `MIN_OVERLAP` frames can be compared.
    """
    first, second = first[max(offset, 0) :], second[max(-offset, 0) :]
    frames = min(len(first), len(second))
    first, second = first[:frames], second[:frames]
    compared = (first != EMPTY) & (second != EMPTY)
    if compared.sum() < MIN_OVERLAP:
        return np.inf
    return float(np.bitwise_count(first[compared] ^ second[compared]).mean() / 32)
