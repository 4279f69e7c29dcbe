"""A few seconds of a recording, small enough for many on a page."""

import io

import numpy as np
import soundfile

SAMPLE_RATE = 22050  # Hz
COMPRESSION = 0.75  # of soundfile, 0 to 1: 48 kbit/s at this rate


def loudest(samples: np.ndarray, length: int) -> int:
    """The index at which the `length` consecutive samples of the most energy begin, of equals the first."""
    if len(samples) <= length:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    return int(np.argmax(energy[length:] - energy[:-length]))


def encode(samples: np.ndarray, sample_rate: int) -> bytes:
    """Encode mono samples as MP3, which every browser plays; what is louder than full scale is scaled to it."""
    peak = float(np.abs(samples).max(initial=0.0))
    file = io.BytesIO()
    soundfile.write(
        file,
        samples / peak if peak > 1 else samples,
        sample_rate,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=COMPRESSION,
        bitrate_mode="CONSTANT",
    )
    return file.getvalue()
