"""Memory that a job needs, as far as it grows with the length of clips.

The rules import this module, so it has to be light.
"""

from collections.abc import Mapping
from typing import Any

# MB: the backend and the model, and what was always asked for. Beyond it a step of the optimiser needs, measured of
# `cnn` on clips of 30 s, 44 times the memory of its batch: all maps, and their gradients.
BACKEND, LEAST, TIMES_A_BATCH = 2000, 4000, 50
COMPRESSED = 25  # bytes of float32 samples for each of an MP3, AAC or Opus file of usual quality
PLAIN = 3  # for each of a WAV file
PLAIN_SUFFIXES = (".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf")


def of_network(entry: Mapping[str, Any], clip_mb: float, clip_s: float) -> float:
    """MB for the training of a network.

    Parameters
    ----------
    entry : mapping
        The model's settings: batch_size, and segments if it trains on such.
    clip_mb : float
        MB of the features of a clip.
    clip_s : float
        Seconds of a clip.
    """
    segments = entry.get("segments")
    share = min(1.0, segments["length_s"] / clip_s) if segments and clip_s else 1.0
    return max(LEAST, BACKEND + TIMES_A_BATCH * entry.get("batch_size", 0) * clip_mb * share)


def of_decoding(sizes: Mapping[str, int]) -> float:
    """MB to decode the largest of some files: twice its samples. `sizes` has the bytes of each file by its name."""
    decoded = (size * (PLAIN if name.lower().endswith(PLAIN_SUFFIXES) else COMPRESSED) for name, size in sizes.items())
    return 2 * max(decoded, default=0) / 1e6
