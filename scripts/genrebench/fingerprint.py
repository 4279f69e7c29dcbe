"""Audio fingerprints that find the same recording under another encoding, level or cut.

The fingerprint is that of Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002:
every 11.6 ms, 32 bits say where the energy of 33 logarithmic bands between 300 and 2000 Hz changes more than
that of the band above.
"""

import numpy as np
import scipy.fft
import soxr

SAMPLE_RATE = 5512.5  # Hz
FRAME = 2048  # samples: 0.37 s
HOP = 64  # samples: 11.6 ms
BAND_EDGES = np.geomspace(300, 2000, 34)  # Hz
EMPTY = 0  # the sub-fingerprint of a frame in which nothing changes: it says nothing about the recording

MIN_CHANGE = 1e-3
MAX_BIT_ERROR_RATE = 0.3
MIN_OVERLAP = 128  # sub-fingerprints: 1.5 s
MIN_VOTES = 2
NEIGHBOURS = 16


def fingerprint(samples: np.ndarray, sample_rate: float) -> np.ndarray:
    """Return the sub-fingerprints (frames,) uint32, one per 11.6 ms, of mono samples (samples,).

    Frames of silence or of an unchanging sound are 0, and a clip shorter than 0.4 s has none.
    """
    samples = soxr.resample(np.asarray(samples, np.float32), sample_rate, SAMPLE_RATE)
    if len(samples) < FRAME + HOP:
        return np.empty(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    window = np.hanning(FRAME).astype(np.float32)
    bins = np.round(BAND_EDGES * FRAME / SAMPLE_RATE).astype(int)
    energy = np.empty((len(frames), len(bins) - 1), np.float32)
    for start in range(0, len(frames), 256):
        spectrum = scipy.fft.rfft(frames[start : start + 256] * window)[:, bins[0] : bins[-1]]
        power = spectrum.real**2 + spectrum.imag**2
        energy[start : start + 256] = np.add.reduceat(power, bins[:-1] - bins[0], axis=1)
    change = np.diff(np.diff(energy, axis=1), axis=0)
    bits = np.packbits(change > 0, axis=1).view(">u4")[:, 0].astype(np.uint32)
    heard = np.abs(change).sum(axis=1) > MIN_CHANGE * energy[1:].sum(axis=1) + 1e-6
    return np.where(heard, bits, np.uint32(EMPTY))


def near_duplicates(fingerprints: list[np.ndarray]) -> list[tuple[int, int, float, float]]:
    """Return the pairs of clips that share a recording, as (i, j, offset_s, bit_error_rate), i < j, sorted.

    Clip j has at time t what clip i has at t + offset_s. The bit error rate is that of the whole overlap.
    """
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for i, j, offset in _candidates(fingerprints):
        rate = bit_error_rate(fingerprints[i], fingerprints[j], offset)
        if rate <= MAX_BIT_ERROR_RATE and rate < best.get((i, j), (0.0, np.inf))[1]:
            best[i, j] = offset * HOP / SAMPLE_RATE, rate
    return [(i, j, *best[i, j]) for i, j in sorted(best)]


def bit_error_rate(first: np.ndarray, second: np.ndarray, offset: int) -> float:
    """Share of bits that differ where `second` is laid over `first` from its frame `offset` (may be negative).

    Infinite where fewer than `MIN_OVERLAP` frames that say something overlap.
    """
    first, second = first[max(offset, 0) :], second[max(-offset, 0) :]
    frames = min(len(first), len(second))
    first, second = first[:frames], second[:frames]
    compared = (first != EMPTY) & (second != EMPTY)
    if compared.sum() < MIN_OVERLAP:
        return np.inf
    return float(np.bitwise_count(first[compared] ^ second[compared]).mean() / 32)


def _candidates(fingerprints: list[np.ndarray]) -> list[tuple[int, int, int]]:
    """(i, j, offset in frames) of clips that have several equal sub-fingerprints at one offset."""
    if len(fingerprints) < 2:
        return []
    values = np.concatenate(fingerprints)
    clips = np.repeat(np.arange(len(fingerprints)), [len(one) for one in fingerprints])
    frames = np.concatenate([np.arange(len(one)) for one in fingerprints])
    # A value that a clip repeats counts once, or loops would crowd out other clips.
    keys = values.astype(np.uint64) << np.uint64(32) | clips.astype(np.uint64)
    _, kept = np.unique(keys, return_index=True)
    kept = kept[values[kept] != EMPTY]
    values, clips, frames = values[kept], clips[kept], frames[kept]
    span = int(frames.max(initial=0)) + 1
    votes = []
    for lag in range(1, NEIGHBOURS + 1):
        equal = np.flatnonzero(values[lag:] == values[:-lag])
        first, second = equal, equal + lag
        offsets = frames[first] - frames[second] + span
        votes.append((clips[first] * len(fingerprints) + clips[second]) * 2 * span + offsets)
    voted, counts = np.unique(np.concatenate(votes), return_counts=True)
    voted = voted[counts >= MIN_VOTES]
    pairs, offsets = np.divmod(voted, 2 * span)
    first, second = np.divmod(pairs, len(fingerprints))
    return list(zip(first.tolist(), second.tolist(), (offsets - span).tolist(), strict=True))
