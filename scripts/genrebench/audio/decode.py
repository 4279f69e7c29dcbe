"""Reading audio files of any format, and the figures that Huang and Minami (2024) print of each clip."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from genrebench.common.cli import InputError


def decode(path: str | Path) -> tuple[np.ndarray, int]:
    """Decode a file.

    Returns
    -------
    samples : array of shape (frames, channels)
        float32, full scale is 1.
    sample_rate : int
        Hz.

    Raises
    ------
    InputError
        If neither libsndfile nor FFmpeg (in PyAV) can read it, or if it is empty.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise InputError(f"{path} is no regular file")  # a named pipe would be waited for
    if Path(path).stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes)")
    try:
        samples, sample_rate = soundfile.read(libsndfile_name(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, ValueError, MemoryError) as error:  # the latter where a header lacks the length
        samples, sample_rate = _decode_with_ffmpeg(path, getattr(error, "error_string", str(error)))
    return samples, sample_rate


def load(path: str | Path, sample_rate: int) -> np.ndarray:
    """Decode a file to mono at `sample_rate` Hz: float32 (samples,), the mean of its channels, resampled by soxr HQ."""
    samples, original_rate = decode(path)
    return to_mono(samples, original_rate, sample_rate)


def to_mono(samples: np.ndarray, original_rate: int, sample_rate: int) -> np.ndarray:
    """Average the channels and resample, by soxr in high quality, as `librosa.load` does.

    Parameters
    ----------
    samples : array of shape (frames, channels)
        Full scale is 1.
    original_rate, sample_rate : int
        Hz, before and after.

    Returns
    -------
    array of shape (ceil(frames * sample_rate / original_rate),)
        float32. (soxr would round to the nearest number of samples.)
    """
    mono = samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0]
    if original_rate != sample_rate and len(mono):
        length = -(-len(mono) * sample_rate // original_rate)
        mono = soxr.resample(mono, original_rate, sample_rate, quality="HQ")
        mono = np.pad(mono, (0, max(0, length - len(mono))))[:length]
    return np.ascontiguousarray(mono, dtype=np.float32)


def fault(
    samples: np.ndarray, original_rate: int, mono: np.ndarray, min_duration_s: float, min_rms: float
) -> tuple[str, str] | None:
    """Why a decoded file is no usable clip, in a word and in detail; None if it is one.

    Parameters
    ----------
    samples : array of shape (frames, channels)
        As decoded.
    original_rate : int
        Hz.
    mono : array of shape (samples,)
        What `to_mono` makes of them.
    min_duration_s : float
        Seconds.
    min_rms : float
        Root mean square re full scale.
    """
    if len(samples) == 0:
        return "empty", "it holds no samples"
    if not np.isfinite(samples).all():
        return "not finite", f"{int((~np.isfinite(samples)).sum())} samples are NaN or infinite"
    duration = len(samples) / original_rate
    if duration < min_duration_s:
        return "too short", f"{duration:.3f} s; at least {min_duration_s} s are needed"
    rms = summary(mono)["rms_amplitude"]
    if rms < min_rms:
        return "silent", f"RMS {rms:.2g}; at least {min_rms} is needed"
    return None


def summary(samples: np.ndarray) -> dict[str, float]:
    """Mean |amplitude|, root mean square and maximum |amplitude| of mono samples (Huang and Minami 2024)."""
    magnitude = np.abs(samples.astype(np.float64))
    return {
        "mean_amplitude": float(magnitude.mean()),
        "rms_amplitude": float(np.sqrt(np.square(magnitude).mean())),
        "max_amplitude": float(magnitude.max()),
    }


def md5(samples: np.ndarray) -> str:
    """Hexadecimal md5 of mono samples: two files of the same sound have the same, whatever their format."""
    return hashlib.md5(np.ascontiguousarray(samples, dtype="<f4").tobytes()).hexdigest()


def libsndfile_name(path: str | Path) -> bytes:
    """The name of a file as libsndfile takes it: absolute, as `-` is standard input, and in whatever encoding."""
    return os.fsencode(Path(path).absolute())


@contextmanager
def open_with_ffmpeg(path: str | Path) -> Iterator[Any]:
    """Open a file, and no other, with FFmpeg; yields the container of PyAV.

    FFmpeg takes a name for an address if it can (`http:x.mp3`), and playlists, whatever their suffix, for what they
    list. So it gets the open file instead of a name, and is allowed no protocol.
    """
    import av  # 0.1 s, and seldom needed

    with Path(path).open("rb") as file, av.open(file, options={"protocol_whitelist": "none"}) as container:
        yield container


def _decode_with_ffmpeg(path: str | Path, reason: str) -> tuple[np.ndarray, int]:
    import av  # 0.1 s, and seldom needed

    try:
        with open_with_ffmpeg(path) as container:
            if not container.streams.audio:
                raise InputError(f"{path} has no audio stream")
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise InputError(f"{path} is in a format that neither libsndfile nor FFmpeg has a decoder for")
            sample_rate = stream.rate
            resampler = av.AudioResampler(format="fltp", rate=sample_rate)
            parts = [part.to_ndarray() for frame in container.decode(stream) for part in resampler.resample(frame)]
            parts += [part.to_ndarray() for part in resampler.resample(None)]
    except (av.FFmpegError, ValueError) as error:
        ours = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path} cannot be decoded: libsndfile says {reason.rstrip('.')}; FFmpeg says {ours}"
        ) from None
    if not parts:
        raise InputError(f"{path} holds no samples")
    return np.concatenate(parts, axis=1).T.astype(np.float32), sample_rate
