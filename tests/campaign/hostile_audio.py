"""Damaged audio files in all formats that are read: the same seed makes the same files."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 44100
SECONDS = 2.0
WITH_LIBSNDFILE = {
    # name of the file -> (format, subtype)
    **{"pcm16.wav": ("WAV", "PCM_16"), "pcm24.wav": ("WAV", "PCM_24"), "float.wav": ("WAV", "FLOAT")},
    **{"ulaw.wav": ("WAV", "ULAW"), "adpcm.wav": ("WAV", "IMA_ADPCM"), "wide.w64": ("W64", "PCM_16")},
    **{"plain.flac": ("FLAC", "PCM_16"), "vorbis.ogg": ("OGG", "VORBIS"), "opus.opus": ("OGG", "OPUS")},
    **{"layer3.mp3": ("MP3", "MPEG_LAYER_III"), "pcm.aiff": ("AIFF", "PCM_16"), "float.aifc": ("AIFF", "FLOAT")},
    **{"ulaw.au": ("AU", "ULAW"), "pcm.snd": ("AU", "PCM_16"), "pcm.caf": ("CAF", "PCM_16")},
}
WITH_FFMPEG = {
    # name of the file -> (container, codec)
    **{"aac.m4a": ("ipod", "aac"), "alac.m4a": ("ipod", "alac"), "aac.mp4": ("mp4", "aac"), "aac.m4b": ("ipod", "aac")},
    **{"adts.aac": ("adts", "aac"), "wma2.wma": ("asf", "wmav2"), "opus.webm": ("webm", "libopus")},
    **{"flac.mka": ("matroska", "flac"), "aac.mkv": ("matroska", "aac"), "aac.mov": ("mov", "aac")},
    **{"dolby.ac3": ("ac3", "ac3"), "pack.wv": ("wv", "wavpack"), "true.tta": ("tta", "tta")},
    **{
        "layer2.mp2": ("mp2", "mp2"),
        "narrow.amr": ("amr", "libopencore_amrnb"),
        "narrow.3gp": ("3gp", "libopencore_amrnb"),
    },
    **{"vbr.mp3": ("mp3", "libmp3lame"), "aac.3gp": ("3gp", "aac")},
}


def music(rate: int = RATE, seconds: float = SECONDS) -> np.ndarray:
    """A chord that swells, in stereo: float32 (samples, 2)."""
    times = np.arange(round(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * pitch * times) / (k + 1) for k, pitch in enumerate((220, 277, 330, 440, 880)))
    noise = np.random.default_rng(0).standard_normal(len(times))
    left = 0.1 * chord * (1 + 0.5 * np.sin(2 * np.pi * 2 * times)) + 0.01 * noise
    return np.stack([left, 0.8 * left], axis=1).astype(np.float32)


def sound_files() -> dict[str, bytes]:
    """The same music in each format, by the name of its file."""
    found = {}
    for name, (form, subtype) in WITH_LIBSNDFILE.items():
        rate = 48000 if subtype == "OPUS" else RATE
        memory = io.BytesIO()
        soundfile.write(memory, music(rate), rate, format=form, subtype=subtype)
        found[name] = memory.getvalue()
    for name, (container, codec) in WITH_FFMPEG.items():
        found[name] = _encoded(container, codec)
    return found


def damaged(sound: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """One of the things that happen to files: bits flipped, ends cut, blocks lost, headers that lie, files joined."""
    data = bytearray(sound)
    header = min(len(data), 96)
    match random.integers(10):
        case 0:  # bits of the header
            for place in random.integers(0, header, random.integers(1, 4)):
                data[place] ^= 1 << random.integers(8)
        case 1:  # numbers of the header: nothing, one, the largest, a large one
            size = int(random.choice([2, 4, 8]))
            place = int(random.integers(0, max(1, header - size)))
            number = random.choice([0, 1, 2**15, 44, 2**31 - 1, 2**32 - 1])
            order = "little" if random.integers(2) else "big"
            data[place : place + size] = (int(number) % 2 ** (8 * size)).to_bytes(size, order)
        case 2:  # the end is missing
            del data[int(random.integers(1, len(data))) :]
        case 3:  # the start is missing
            del data[: int(random.integers(1, len(data)))]
        case 4:  # noise within
            place, length = int(random.integers(len(data))), int(random.integers(1, 4096))
            data[place : place + length] = random.bytes(length)
        case 5:  # a block of zeros
            place, length = int(random.integers(len(data))), int(random.integers(1, 8192))
            data[place : place + length] = bytes(len(data[place : place + length]))
        case 6:  # a block twice, or missing
            place, length = int(random.integers(len(data))), int(random.integers(1, 4096))
            data[place : place + length] = data[place : place + length] * int(random.choice([0, 2, 3]))
        case 7:  # two files joined
            data += others[int(random.integers(len(others)))]
        case 8:  # the head of one format, the rest of another
            other = others[int(random.integers(len(others)))]
            place = int(random.integers(4, header))
            data = bytearray(other[:place]) + data[place:]
        case 9:  # bits everywhere
            for place in random.integers(0, len(data), max(1, len(data) // 500)):
                data[place] ^= 1 << random.integers(8)
    return bytes(data)


def write_damaged(folder: Path, count: int, seed: int = 0) -> Iterator[Path]:
    """Write `count` damaged files, each of one of the formats in turn, below `folder`."""
    sounds = sound_files()
    names, contents = list(sounds), list(sounds.values())
    for number in range(count):
        name = names[number % len(names)]
        path = folder / f"{number:05d} {name}"
        path.write_bytes(damaged(sounds[name], contents, np.random.default_rng([seed, number])))
        yield path


def _encoded(container: str, codec: str) -> bytes:
    narrow = codec == "libopencore_amrnb"
    rate = 8000 if narrow else 48000 if codec == "libopus" else RATE
    samples = music(rate)[:, :1] if narrow else music(rate)
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono" if narrow else "stereo")
        stream.bit_rate = 12200 if narrow else 128000
        for start in range(0, len(samples), 1024):
            part = np.ascontiguousarray(samples[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono" if narrow else "stereo")
            frame.sample_rate, frame.pts = rate, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return memory.getvalue()
