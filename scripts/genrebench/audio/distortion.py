"""Distorted recordings: clipping, drop-outs and static, the faults of GTZAN's reggae.00086 (Sturm 2013).

The limits are wide: of 66 clips of GTZAN and of the demo corpus none is called distorted. They are for files that are
broken, and not for loud masters or noisy records.
"""

import numpy as np

CLIPPED_RUN = 3  # samples in a row at the highest level make a clipped peak: a sampled peak has one or two
CLIPPED_LEVEL = 0.5  # of full scale; a quieter "highest level" is quantisation
CLIPPED_SHARE = 0.005  # of all samples
DROPOUT_S = (0.005, 1.0)  # seconds without a change of the signal; shorter is a wave's top, longer a pause
DROPOUT_LEVEL = 0.02  # RMS just before and just after, re full scale: a pause of the music fades out
DROPOUTS = 3  # in a file
BESIDE_S = 0.01  # seconds that "just before" and "just after" are
WINDOW_S = 1.0
STATIC_FLATNESS = 0.5  # of the mean spectrum of a window; white noise has 0.95, cymbals and distorted guitars up to 0.3
STATIC_RMS = 0.003  # re full scale; the noise of a quiet passage is no static
STATIC_SHARE = 0.1  # of the windows
FFT = 1024


def warnings(samples: np.ndarray, sample_rate: int) -> list[str]:
    """Say which distortions a decoded file has, in a few words each; none for most files.

    Parameters
    ----------
    samples : array of shape (samples,)
        Mono, full scale is 1. The mean of two channels is clipped where both are.
    sample_rate : int
        Hz.
    """
    found = []
    if (clipped := _clipped(samples)) > CLIPPED_SHARE:
        found.append(f"clipping: {clipped:.1%} of the samples")
    if (dropouts := _dropouts(samples, sample_rate)) >= DROPOUTS:
        found.append(f"drop-outs: {dropouts}")
    if (static := _static(samples, sample_rate)) > STATIC_SHARE:
        found.append(f"static: {static:.0%} of the time")
    return found


def _clipped(samples: np.ndarray) -> float:
    """The share of the samples in runs at the highest or the lowest level."""
    count = 0
    for level in (samples.max(), samples.min()):
        if abs(level) >= CLIPPED_LEVEL:
            _, lengths = _runs(samples == level)
            count += int(lengths[lengths >= CLIPPED_RUN].sum())
    return count / len(samples)


def _dropouts(samples: np.ndarray, sample_rate: int) -> int:
    """How often the signal stands still for a moment, with sound just before and just after."""
    starts, lengths = _runs(np.diff(samples) == 0)
    shortest, longest = (int(seconds * sample_rate) for seconds in DROPOUT_S)
    chosen = (lengths >= shortest) & (lengths <= longest)
    beside = max(1, int(BESIDE_S * sample_rate))
    return sum(
        min(_rms(samples[max(0, start - beside) : start]), _rms(samples[end : end + beside])) > DROPOUT_LEVEL
        for start, end in zip(starts[chosen], (starts + lengths + 1)[chosen], strict=True)
    )


def _static(samples: np.ndarray, sample_rate: int) -> float:
    """The share of the windows whose spectrum is flat: loud noise of all frequencies."""
    length = max(FFT, int(WINDOW_S * sample_rate) // FFT * FFT)
    windows = samples[: len(samples) // length * length].reshape(-1, length)
    return float(np.mean([_is_static(window) for window in windows])) if len(windows) else 0.0


def _is_static(window: np.ndarray) -> bool:
    if _rms(window) < STATIC_RMS:
        return False
    power = np.square(np.abs(np.fft.rfft(window.reshape(-1, FFT) * np.hanning(FFT)))).mean(axis=0)[1:]
    return bool(np.exp(np.log(power + 1e-20).mean()) / (power.mean() + 1e-20) > STATIC_FLATNESS)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0


def _runs(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and length of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]
