"""Small files of every format whose tags are written, what they sound like, and what is in their tags."""

import hashlib

import av
import mutagen
import numpy as np
import soundfile
from mutagen import id3, mp4
from mutagen.aiff import AIFF
from mutagen.flac import FLAC, Picture
from mutagen.mp3 import MP3
from mutagen.wave import WAVE

RATE = 48000  # one that Opus has
SUFFIXES = (".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".aiff")
PICTURE = np.random.default_rng(1).bytes(9000)  # larger than a page of Ogg would leave room for


def tone(seconds=0.5, pitch=440.0):
    """A tone with noise, so that no two blocks of it are alike."""
    times = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).standard_normal(len(times))
    return (0.4 * np.sin(2 * np.pi * pitch * times) + 0.02 * noise).astype(np.float32)


def make(path, samples=None, rate=RATE):
    """Write a file without tags, in the format of its suffix."""
    samples = tone() if samples is None else samples
    if path.suffix != ".m4a":
        container, codec = ("OGG", "OPUS") if path.suffix == ".opus" else (None, None)
        soundfile.write(path, samples, rate, codec, format=container)
        return path
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return path


def samples_of(path):
    """A digest of all samples that FFmpeg decodes."""
    digest, count = hashlib.sha256(), 0
    with av.open(str(path), metadata_errors="replace") as file:
        for frame in file.decode(audio=0):
            digest.update(frame.to_ndarray().tobytes())
            count += frame.samples
    assert count
    return digest.hexdigest()


def describe(path, genre=None):
    """Give a file a title, a comment, a picture, something that only another program knows, and perhaps a genre."""
    file = mutagen.File(path)
    if isinstance(file, MP3 | AIFF | WAVE):
        if file.tags is None:
            file.add_tags()
        file.tags.add(id3.TIT2(encoding=3, text="Sō What"))
        file.tags.add(id3.COMM(encoding=1, lang="eng", desc="", text="a comment"))
        file.tags.add(id3.TXXX(encoding=3, desc="mood", text=["blue", "green"]))
        file.tags.add(id3.APIC(encoding=0, mime="image/png", type=3, desc="", data=PICTURE))
        file.tags.add(id3.PRIV(owner="somebody", data=b"\0\xff\0"))
        if genre:
            file.tags.add(id3.TCON(encoding=0, text=genre))
    elif isinstance(file, mp4.MP4):
        file["\xa9nam"] = "Sō What"
        file["\xa9cmt"] = "a comment"
        file["trkn"] = [(3, 9)]
        file["covr"] = [mp4.MP4Cover(PICTURE, mp4.MP4Cover.FORMAT_PNG)]
        file["----:com.example:mood"] = [mp4.MP4FreeForm(b"blue")]
        if genre:
            file["\xa9gen"] = genre
    else:
        file["title"] = "Sō What"
        file["Mood"] = ["blue", "green"]
        if genre:
            file["Genre"] = genre
        file["comment"] = "a comment"
        if isinstance(file, FLAC):
            picture = Picture()
            picture.data, picture.type, picture.mime = PICTURE, 3, "image/png"
            file.add_picture(picture)
        else:
            file["metadata_block_picture"] = "A" * 70_000  # more than a page
    file.save()
    return path


def tags_of(path):
    """Everything in the tags of a file, as mutagen reads it, and what a tag of ID3v2 or v1 says of itself."""
    file = mutagen.File(path)
    if isinstance(file, MP3 | AIFF | WAVE):
        tags = type(file)(path, translate=False, load_v1=False).tags
        if tags is None:
            found = None
        else:
            found = tags.version, {key: repr(frame) for key, frame in tags.items()}, tags.unknown_frames
        end = path.read_bytes()[-128:] if isinstance(file, MP3) else b""
        return found, end if end.startswith(b"TAG") else b""
    if isinstance(file, mp4.MP4):
        return {key: repr(value) for key, value in file.tags.items()} if file.tags else {}
    pictures = [one.write() for one in getattr(file, "pictures", [])]
    return None if file.tags is None else (list(iter(file.tags)), file.tags.vendor), pictures


def genre_of(path):
    """The genres of a file, as mutagen's simple interface has them."""
    file = mutagen.File(path)
    if isinstance(file, MP3 | AIFF | WAVE):
        return file.tags["TCON"].genres if file.tags and "TCON" in file.tags else []
    return list((file.tags or {}).get("\xa9gen" if isinstance(file, mp4.MP4) else "genre", []))
