"""Reading audio files of any format, and the figures that Huang and Minami (2024) print of each clip.

libsndfile reads the files whose number of samples follows from their size. It stops where it reckons the end of an MP3,
an Ogg or a FLAC file, though more may follow (a bit rate that varies, files that were joined), so FFmpeg, in PyAV,
reads these, and what libsndfile does not know. Files are decoded in blocks and mixed to mono at once; the samples of a
long one lie in a temporary file (`genrebench.audio.samples`).
"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from genrebench.audio import header, plausibility
from genrebench.audio.plausibility import Channels, Limits, RejectedError
from genrebench.audio.samples import Collector, LongSamples, Samples

RECKONED = {"OGG", "FLAC"}  # libsndfile's names of formats whose length it reckons
NOT_KNOWN = {"MP3", "RAW"}  # of one that it often reckons wrong, and of what it takes for samples by the suffix alone
BLOCK = 2**16  # samples of each channel that are decoded at a time
LARGEST_DIFFERENCE = 0.02, 0.5  # of a length and its announcement: share and seconds, which encoders' delays stay below
LARGEST_TAG = 2**24  # bytes before the sound, such as a picture, after which FFmpeg still finds the format
MOST_DAMAGED = 0.5  # of the packets of a stream; a file with more was taken for what it is not


@dataclass(frozen=True)
class Recording:
    """A decoded file.

    Attributes
    ----------
    samples : array of shape (samples,), or LongSamples
        Mono (the mean of the channels), float32, full scale is 1, without the digital silence at the ends.
    sample_rate : int
        Of the file, Hz.
    channels : int
        Of the file.
    start_s : float
        Where in the file the samples begin, in seconds.
    file_s : float
        Length of the file in seconds.
    warnings : list of str
        What a listener might not expect of the file; none for most.
    """

    samples: Samples
    sample_rate: int
    channels: int
    start_s: float
    file_s: float
    warnings: list[str]

    @property
    def seconds(self) -> float:
        """Length of the samples."""
        return len(self.samples) / self.sample_rate


def read(path: str | Path, limits: Limits | None = None, with_silence: bool = False) -> Recording:
    """Decode a file.

    Parameters
    ----------
    path : path
        An audio file of any format.
    limits : Limits, optional
        What is asked of it beside what `genrebench.audio.plausibility` asks of every file.
    with_silence : bool
        Whether to keep the digital silence at its ends.

    Raises
    ------
    RejectedError
        If neither libsndfile nor FFmpeg can read it, or if it is no plausible recording within the limits. No other
        error is raised, whatever is in the file.
    """
    path, limits = Path(path), limits or Limits()
    try:
        if not path.stat().st_size and path.is_file():
            raise RejectedError(path, "empty", "it has 0 bytes")
        if not path.is_file():  # a named pipe would be waited for
            raise RejectedError(path, "unreadable", "it is no regular file")
        decoded = _decode(path, limits)
    except OSError as error:
        raise RejectedError(path, "unreadable", error.strerror or str(error)) from None
    samples, channels = decoded.samples(), decoded.channels()
    rate, file_s = decoded.rate, len(samples) / decoded.rate
    warnings = decoded.warnings + _length_warnings(path, file_s, decoded.announced_s)
    start, stop = plausibility.audible(samples, rate)
    warnings += [
        f"{silence / rate:.1f} s of digital silence at its {end} are left out"
        for end, silence in (("start", start), ("end", len(samples) - stop))
        if silence
    ]
    warnings += plausibility.check_content(path, samples[start:stop], rate, channels, limits)
    if with_silence:
        start, stop = 0, len(samples)
    return Recording(samples[start:stop], rate, channels.count, start / rate, file_s, warnings)


def reckon_seconds(path: str | Path, limits: Limits | None = None) -> float:
    """The length of a file in seconds without decoding it, by its header or else by its bit rate.

    0 if neither can be read, or if `read` would reject the file for it.
    """
    path, limits = Path(path), limits or Limits()
    try:
        if _decoders(path)[0] is _decode_with_ffmpeg:
            with open_with_ffmpeg(path) as container:
                stream = container.streams.audio[0]
                rate, channels, seconds = stream.rate, stream.channels, (container.duration or 0) / 1e6
        else:
            info = soundfile.info(libsndfile_name(path))
            rate, channels, seconds = info.samplerate, info.channels, info.duration
        plausibility.check_header(path, rate, channels, seconds * rate, limits)
    except Exception:  # `read` says what is wrong
        return 0.0
    return seconds


def load(path: str | Path, sample_rate: int) -> np.ndarray:
    """Decode a file to mono at `sample_rate` Hz: float32 (samples,); see `read` and `resample`."""
    recording = read(path)
    return np.asarray(resample(recording.samples, recording.sample_rate, sample_rate))


def resample(mono: Samples, original_rate: int, sample_rate: int) -> Samples:
    """Resample by soxr in high quality, as `librosa.load` does.

    Parameters
    ----------
    mono : array of shape (samples,), or LongSamples
        Full scale is 1.
    original_rate, sample_rate : int
        Hz, before and after.

    Returns
    -------
    array of shape (ceil(samples * sample_rate / original_rate),), or LongSamples if that is what `mono` is
        float32. (soxr would round to the nearest number of samples.)
    """
    if original_rate == sample_rate or not len(mono):
        return mono if isinstance(mono, LongSamples) else np.ascontiguousarray(mono, dtype=np.float32)
    length = -(-len(mono) * sample_rate // original_rate)
    if isinstance(mono, LongSamples):  # soxr gives the same samples, however they are divided
        stream, collected = soxr.ResampleStream(original_rate, sample_rate, 1, quality="HQ"), Collector()
        done = resampled = 0
        for block in plausibility.blocks(mono):
            done += len(block)
            collected.add(part := stream.resample_chunk(block, last=done == len(mono)))
            resampled += len(part)
        collected.add(np.zeros(max(0, length - resampled), np.float32))
        return collected.samples()[:length]
    mono = soxr.resample(mono, original_rate, sample_rate, quality="HQ")
    return np.ascontiguousarray(np.pad(mono, (0, max(0, length - len(mono))))[:length], dtype=np.float32)


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
    list. So it gets the open file instead of a name, and is allowed no protocol. Nor does it then take a web page for
    music by its suffix. Tags may be in any encoding.
    """
    import av  # 0.1 s, and not needed for most

    options = {"protocol_whitelist": "none", "formatprobesize": str(LARGEST_TAG)}
    with (
        Path(path).open("rb") as file,
        av.open(_Nameless(file), "r", metadata_errors="replace", options=options) as container,
    ):
        yield container


class _Nameless:
    """An open file of which PyAV does not learn the name."""

    def __init__(self, file: BinaryIO):
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek; -1 where a damaged header sends to what is no place in a file (PyAV would print a traceback)."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError):
            return -1


class _UndecodableError(Exception):
    """A decoder cannot read a file: the message says why."""


class _NoSamplesError(_UndecodableError):
    """There is nothing to decode."""


class _Decoded:
    """Blocks of a file, mixed to mono as they come, and what is learned of them.

    Raises RejectedError at the first block that goes beyond the limits.
    """

    def __init__(self, path: Path, limits: Limits):
        self.path, self.limits = path, limits
        self.announced_s: float | None = None  # by the header
        self.warnings: list[str] = []
        self._parts: list[tuple[int, Collector]] = []  # with one sampling rate each
        self.seconds, self._samples = 0.0, 0
        self._peak, self._square, self._values, self._not_finite = 0.0, 0.0, 0, 0
        self._numbers_of_channels: set[int] = set()
        self._deadline = time.thread_time() + plausibility.MOST_PROCESSOR_S

    @property
    def rate(self) -> int:
        """Hz, of the first part."""
        return self._parts[0][0]

    def add(self, block: np.ndarray, rate: int) -> None:
        """Take a block (samples, channels) at a rate in Hz."""
        if not self._parts or self._parts[-1][0] != rate or block.shape[1] not in self._numbers_of_channels:
            plausibility.check_header(self.path, rate, block.shape[1], None, self.limits)
        if not self._parts or self._parts[-1][0] != rate:
            self._parts.append((rate, Collector()))
        self._numbers_of_channels.add(block.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):
            mono = block.mean(axis=1) if block.shape[1] > 1 else block[:, 0]
            if len(block):
                self._peak = max(self._peak, float(np.abs(block).max()))
                self._square += float(np.square(block, dtype=np.float64).sum())
        try:
            self._parts[-1][1].add(mono)
        except OSError as error:
            raise RejectedError(self.path, "too long", error.strerror or str(error)) from None
        self._values += block.size
        self._not_finite += block.size - int(np.isfinite(block).sum())
        self._samples += len(block)
        self.seconds += len(block) / rate
        plausibility.check_length(self.path, self.seconds, self._samples, self.limits)
        self.check_time()

    def check_time(self) -> None:
        """Refuse a file that takes too long; raises RejectedError."""
        if time.thread_time() > self._deadline:
            detail = f"decoding it takes more than {plausibility.MOST_PROCESSOR_S:.0f} s of the processor"
            raise RejectedError(self.path, "unreadable", detail)

    def samples(self) -> Samples:
        """All of it in mono, float32, at the rate of the first part."""
        rates = list(dict.fromkeys(rate for rate, _ in self._parts))
        if len(rates) > 1:
            self.warnings.append(f"its sampling rate changes ({', '.join(map(str, rates))} Hz)")
        if len(self._numbers_of_channels) > 1:
            numbers = ", ".join(map(str, sorted(self._numbers_of_channels)))
            self.warnings.append(f"its number of channels changes ({numbers})")
        if len(self._parts) == 1:
            return self._parts[0][1].samples()
        joined = Collector()
        for rate, part in self._parts:
            for block in plausibility.blocks(resample(part.samples(), rate, self.rate)):
                joined.add(block)
        return joined.samples()

    def channels(self) -> Channels:
        """What is known of the channels."""
        rms = math.sqrt(self._square / max(1, self._values)) if not self._not_finite else math.nan
        return Channels(max(self._numbers_of_channels), self._peak, rms, self._not_finite)


def _decode(path: Path, limits: Limits) -> _Decoded:
    """Decode with the first decoder that can; raises RejectedError, or OSError if the file cannot be opened."""
    empty, reason = False, ""
    for decoder in _decoders(path):
        try:
            return decoder(path, limits)
        except RejectedError:
            raise
        except Exception as error:  # decoders raise all kinds for damaged files: ZeroDivisionError, MemoryError, ...
            empty = empty or isinstance(error, _NoSamplesError)
            if decoder is _decode_with_ffmpeg:  # libsndfile says little
                reason = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    if empty:
        raise RejectedError(path, "empty", "it holds no samples")
    raise RejectedError(path, "unreadable", f"neither libsndfile nor FFmpeg can decode it ({reason})")


def _decoders(path: Path) -> list[Callable[[Path, Limits], _Decoded]]:
    """What may decode a file, the best first."""
    with path.open("rb") as file:
        head = file.read(3)
    if path.suffix.lower() == ".mp3" or head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return [_decode_with_ffmpeg]  # libsndfile prints notes about MP3s
    try:
        found = soundfile.info(libsndfile_name(path)).format
    except Exception:  # FFmpeg says what is wrong
        return [_decode_with_ffmpeg]
    if found in NOT_KNOWN:
        return [_decode_with_ffmpeg]
    both: list[Callable[[Path, Limits], _Decoded]] = [_decode_with_libsndfile, _decode_with_ffmpeg]
    return both[::-1] if found in RECKONED else both


def _decode_with_libsndfile(path: Path, limits: Limits) -> _Decoded:
    decoded = _Decoded(path, limits)
    with soundfile.SoundFile(libsndfile_name(path)) as file:
        rate = file.samplerate
        plausibility.check_header(path, rate, file.channels, None if file.format in RECKONED else file.frames, limits)
        while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
            decoded.add(block, rate)
    if not decoded.seconds:
        raise _NoSamplesError
    return decoded


def _decode_with_ffmpeg(path: Path, limits: Limits) -> _Decoded:
    import av

    decoded = _Decoded(path, limits)
    with open_with_ffmpeg(path) as container:
        if not container.streams.audio:
            raise _UndecodableError("it has no audio stream")
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise _UndecodableError("there is no decoder for its codec")
        decoded.announced_s = announced = header.declared_seconds(path, container)
        if announced and stream.rate:
            plausibility.check_header(path, stream.rate, stream.channels, announced * stream.rate, limits)
        packets = damaged = 0
        try:
            for packet in container.demux(stream):
                packets += 1
                decoded.check_time()
                try:
                    frames = packet.decode()
                except av.EOFError:
                    break
                except av.FFmpegError:
                    damaged += 1
                    continue
                for frame in frames:
                    decoded.add(_samples_of(frame), frame.sample_rate)
        except av.FFmpegError:
            decoded.warnings.append(f"it cannot be read after {decoded.seconds:.1f} s")
    if damaged > MOST_DAMAGED * packets:
        raise _UndecodableError(f"{damaged} of its {packets} packets cannot be decoded")
    if not decoded.seconds:
        raise _NoSamplesError if stream.rate else _UndecodableError("it has no frame of sound")
    if damaged:
        decoded.warnings.append(f"{damaged} of its {packets} packets cannot be decoded and were left out")
    return decoded


def _samples_of(frame: Any) -> np.ndarray:
    """The samples of a frame of FFmpeg's (samples, channels), float32, full scale is 1."""
    values = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    if not np.issubdtype(values.dtype, np.integer):
        return values.astype(np.float32)
    full_scale = 2 ** (8 * values.dtype.itemsize - 1)
    zero = full_scale if np.issubdtype(values.dtype, np.unsignedinteger) else 0
    return ((values.astype(np.float64) - zero) / full_scale).astype(np.float32)


def _length_warnings(path: Path, seconds: float, announced_s: float | None) -> list[str]:
    """What is to be said of a file of so many seconds whose header may announce others."""
    declared, size = header.declared_bytes(path), path.stat().st_size
    if declared is not None:
        if declared < size and _differs(seconds, seconds * size / declared):
            return [f"{size - declared} bytes after the end that its header announces are not read"]
        announced_s = seconds * max(declared, size) / size
    if announced_s is not None and _differs(seconds, announced_s):
        return [f"its header announces {announced_s:.1f} s, but it holds {seconds:.1f} s"]
    with path.open("rb") as file:
        ogg = file.read(4) == b"OggS"
    return ["it lacks the mark of its end; is it truncated?"] if ogg and header.lacks_last_page(path) else []


def _differs(seconds: float, announced_s: float) -> bool:
    share, least = LARGEST_DIFFERENCE
    return abs(seconds - announced_s) > max(share * seconds, least)
