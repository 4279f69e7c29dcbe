"""What is accepted as a recording of music: one policy for datasets, predictions, the page and updates.

What the header of a file claims is checked before anything is allocated for it, and what it holds after it is decoded.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio.samples import Samples
from genrebench.common.cli import InputError

LOWEST_RATE, HIGHEST_RATE = 4_000, 768_000  # Hz: below, nothing is left of music; no converter is above
MOST_CHANNELS = 64
MOST_SAMPLES = 2**30  # of each channel, which are mixed to mono: 4 GiB of the disk, or 6 h 45 min at 44,100 Hz
MOST_PROCESSOR_S = 600.0  # to decode a file
LARGEST = 100.0  # amplitude, 40 dB above full scale: what is more are integers that were written as floats, or noise
SILENCE = 1e-4  # of the amplitude, -80 dBFS: the last bit of 16, and what encoders leave of digital silence
LONGEST_SILENCE_S = 1.0  # at the start or the end of a recording
LARGEST_OFFSET = 0.02  # of the mean of the samples
CANCELLED = 0.01  # of the RMS of the channels that is left in mono: what encoders leave of opposite channels
CANCELLED_IN_PART = 0.1
BLOCK = 2**22  # samples that are looked at at a time, to keep memory flat


class RejectedError(InputError):
    """A file that is no usable recording: `reason` says why in a word or two, `detail` what was found."""

    def __init__(self, path: str | Path, reason: str, detail: str):
        super().__init__(f"{path} is {reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Limits:
    """The limits that a user sets (section `manifest` of the parameters); without arguments, there are none.

    Attributes
    ----------
    min_duration_s, max_duration_s : float
        Seconds, without the silence at the ends.
    min_rms : float
        Root mean square re full scale, of what differs from a constant.
    """

    min_duration_s: float = 0.0
    max_duration_s: float = math.inf
    min_rms: float = 0.0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Limits":
        """The limits among these settings."""
        return cls(**{field.name: settings[field.name] for field in fields(cls) if field.name in settings})


@dataclass(frozen=True)
class Channels:
    """What is known of the channels of a file after they were mixed to mono.

    Attributes
    ----------
    count : int
        Channels; the most where their number changes.
    peak : float
        Largest absolute amplitude.
    rms : float
        Root mean square of all channels.
    not_finite : int
        Samples that are NaN or infinite.
    """

    count: int
    peak: float
    rms: float
    not_finite: int


def check_header(path: str | Path, rate: int, channels: int, samples: float | None, limits: Limits) -> None:
    """Refuse a file by what its header claims; `samples` are those of each channel, if it says how many.

    Raises
    ------
    RejectedError
        If the sampling rate (Hz) or the number of channels is implausible, or the recording too long.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        detail = f"its header claims a sampling rate of {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz are accepted"
        raise RejectedError(path, "implausible", detail)
    if not 1 <= channels <= MOST_CHANNELS:
        detail = f"its header claims {channels} channels; 1 to {MOST_CHANNELS} are accepted"
        raise RejectedError(path, "implausible", detail)
    if samples is not None:
        check_length(path, samples / rate, samples, limits)


def check_length(path: str | Path, seconds: float, samples: float, limits: Limits) -> None:
    """Refuse a file of so many seconds or samples of each channel; raises RejectedError."""
    if seconds > limits.max_duration_s:
        detail = f"{seconds:.0f} s or more; at most {limits.max_duration_s:g} s are accepted"
        raise RejectedError(path, "too long", detail)
    if samples > MOST_SAMPLES:
        detail = f"{samples:.0f} samples or more; at most {MOST_SAMPLES}, which take 4 GiB, are accepted"
        raise RejectedError(path, "too long", detail)


def audible(samples: Samples, rate: int) -> tuple[int, int]:
    """Where mono samples begin and end (indices) without the digital silence, or another constant, at their ends.

    Silence of up to `LONGEST_SILENCE_S` belongs to the music. What is silent as a whole is left as it is.
    """
    at_start, at_end = _constant(samples), _constant(samples, from_end=True)
    if at_start == len(samples):
        return 0, len(samples)
    longest = LONGEST_SILENCE_S * rate
    return at_start if at_start > longest else 0, len(samples) - (at_end if at_end > longest else 0)


def check_content(path: str | Path, samples: Samples, rate: int, channels: Channels, limits: Limits) -> list[str]:
    """Refuse a decoded recording that is no music; return what is to be said of one that is accepted.

    Parameters
    ----------
    path : path
        The file, for the message.
    samples : array of shape (samples,)
        Mono, without the silence at the ends.
    rate : int
        Hz.
    channels : Channels
        What they were mixed from.
    limits : Limits

    Raises
    ------
    RejectedError
        If it holds nothing, or samples that are not finite or far above full scale, is too short, or silent.
    """
    if not len(samples):
        raise RejectedError(path, "empty", "it holds no samples")
    if channels.not_finite:
        raise RejectedError(path, "not finite", f"{channels.not_finite} samples are NaN or infinite")
    if channels.peak > LARGEST:
        detail = f"its samples reach {channels.peak:.5g} where full scale is 1; were integers written as floats?"
        raise RejectedError(path, "implausible", detail)
    seconds = len(samples) / rate
    if seconds < limits.min_duration_s:
        raise RejectedError(path, "too short", f"{seconds:.3f} s; at least {limits.min_duration_s} s are needed")
    offset, rms = offset_and_rms(samples)
    if channels.count > 1 and rms < CANCELLED * channels.rms and channels.rms >= limits.min_rms:
        detail = f"its channels cancel: their RMS is {channels.rms:.2g}, and that of their mean {rms:.2g}"
        raise RejectedError(path, "silent in mono", detail)
    if rms < limits.min_rms:
        around = f" around a constant of {offset:.2g}" if abs(offset) > limits.min_rms else ""
        raise RejectedError(path, "silent", f"RMS {rms:.2g}{around}; at least {limits.min_rms} is needed")
    warnings = []
    if channels.count > 1 and rms < CANCELLED_IN_PART * channels.rms:
        warnings.append(f"its channels cancel in part: {20 * math.log10(rms / channels.rms):.0f} dB are left in mono")
    if abs(offset) > LARGEST_OFFSET:
        warnings.append(f"its samples have a constant offset (DC) of {offset:.2g}")
    return warnings


def offset_and_rms(samples: Samples) -> tuple[float, float]:
    """The mean of mono samples, and the root mean square of their differences from it."""
    total = square = 0.0
    for block in blocks(samples):
        block = block.astype(np.float64)
        total += block.sum()
        square += np.square(block).sum()
    mean = total / len(samples)
    return mean, math.sqrt(max(0.0, square / len(samples) - mean**2))


def blocks(samples: Samples, from_end: bool = False) -> Iterator[np.ndarray]:
    """The samples, `BLOCK` at a time; `from_end` gives them in reverse order."""
    for done in range(0, len(samples), BLOCK):
        if from_end:
            yield np.asarray(samples[max(0, len(samples) - done - BLOCK) : len(samples) - done])[::-1]
        else:
            yield np.asarray(samples[done : done + BLOCK])


def _constant(samples: Samples, from_end: bool = False) -> int:
    """How many samples at the start (or at the end) are as good as equal to the first (or the last)."""
    found, first = 0, None
    for block in blocks(samples, from_end):
        first = block[0] if first is None else first
        differs = np.abs(block - first) > SILENCE
        if differs.any():
            return found + int(differs.argmax())
        found += len(block)
    return found
