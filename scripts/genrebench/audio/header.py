"""What the header of a file says of its length, where it says so: what is missing shows that a file is truncated."""

import os
from pathlib import Path
from typing import Any

UNKNOWN = 2**31 - 2**17  # bytes, at least, that a header of 32 bits has where its writer did not know
OGG_PAGE = 2**16  # bytes, at most
LAST_PAGE = 4  # a flag
# Containers whose header has a length, as FFmpeg calls them. Of others FFmpeg reckons it from the bit rate.
WITH_LENGTH = {"aiff", "ape", "au", "caf", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpc", "mpc8", "tta",
               "w64", "wav", "wv"}  # fmt: skip


def declared_bytes(path: str | Path) -> int | None:
    """The bytes that a WAV, RF64, W64, AIFF or AU file has by its header; None for others, and where it is unknown."""
    with Path(path).open("rb") as file:
        head = file.read(32)
    match head[:4]:
        case b"RIFF" | b"FORM":
            size = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
            return 8 + size if 0 < size < UNKNOWN else None
        case b".snd":
            size = int.from_bytes(head[8:12], "big")
            return int.from_bytes(head[4:8], "big") + size if 0 < size < UNKNOWN else None
        case b"RF64":
            size = int.from_bytes(head[20:28], "little")
            return 8 + size if 0 < size < 2**62 else None
        case b"riff":
            size = int.from_bytes(head[16:24], "little")
            return size if 0 < size < 2**62 else None
    return None


def declared_seconds(path: str | Path, container: Any) -> float | None:
    """The length in seconds by the header of a file that PyAV has opened; None where the header has none."""
    stream = container.streams.audio[0]
    name = container.format.name
    if name == "mp3":
        return _xing_seconds(path)
    if name == "caf":
        return stream.frames / stream.rate if stream.frames and stream.rate else None
    if name not in WITH_LENGTH:
        return None
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def lacks_last_page(path: str | Path) -> bool:
    """Whether an Ogg file ends without the page that is marked as its last."""
    with Path(path).open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - OGG_PAGE))
        end = file.read()
    page = end.rfind(b"OggS")
    return page < 0 or not end[page + 5 : page + 6] or not end[page + 5] & LAST_PAGE


def _xing_seconds(path: str | Path) -> float | None:
    """The length of an MP3 file by the header that Xing's, LAME's or Fraunhofer's encoder writes."""
    import mutagen.mp3

    try:
        info = mutagen.mp3.MP3(path).info
    except Exception:  # mutagen raises many kinds of errors; the decoder says what is wrong
        return None
    return info.length if info and info.bitrate_mode != mutagen.mp3.BitrateMode.UNKNOWN else None
