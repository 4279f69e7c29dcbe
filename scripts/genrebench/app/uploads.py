"""Uploaded files: a safe name, and how much audio is in them."""

from pathlib import Path

import soundfile

from genrebench.audio import decode

LONGEST = 200  # bytes of a file's name
UNKNOWN = 2**62  # frames, at least, that libsndfile reports of a file whose header has no length


def file_name(name: str) -> str:
    """The last part of an uploaded file's name, without what this machine cannot write."""
    last = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    while len(last.encode()) > LONGEST:
        last = last[1:]  # the suffix stays
    return last if last.strip(".") else "file"


def stored_samples(path: Path) -> float:
    """Count the samples (of all channels) of a file without decoding it; 0 if that needs decoding."""
    try:
        info = soundfile.info(decode.libsndfile_name(path))
        if info.frames < UNKNOWN:
            return info.frames * info.channels
    except soundfile.LibsndfileError:
        pass
    import av  # 0.1 s, and seldom needed

    try:
        with decode.open_with_ffmpeg(path) as container:
            stream = container.streams.audio[0]
            packets = ((packet.duration, packet.time_base) for packet in container.demux(stream))
            seconds = sum(float(duration * unit) for duration, unit in packets if duration and unit)
            return seconds * stream.rate * stream.channels
    except (av.FFmpegError, ValueError, IndexError, AttributeError):
        return 0  # decoding then fails with the reason
