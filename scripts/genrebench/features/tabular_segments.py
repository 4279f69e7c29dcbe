"""The columns of `tabular` of each segment of a clip: those of GTZAN's widespread features_3_sec.csv.

Segments of one clip on both sides of a split leak (see the protocol of that name); here they stay rows of one clip.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from genrebench.audio.spectra import Clip
from genrebench.features import tabular

SETTINGS = {
    "segment_s": {"description": "Seconds of a segment, and from one to the next.", "type": "number", "minimum": 0.1},
    **tabular.SETTINGS,
}
AXES = ("column", "segment")
UNIT = "that of each column"
PAD_VALUE = 0.0


def columns(segment_s: float, **settings) -> list[str]:
    """Names of the columns, the same in each segment."""
    return tabular.columns(**settings)


def extract(clip: Clip, segment_s: float, **settings) -> np.ndarray:
    """(columns, segments): whole segments only, cut without overlap; a clip shorter than one segment is one."""
    parts = _segments(clip, segment_s, settings)
    return np.stack([tabular.extract(part, **settings) for part in parts], axis=1)


def extract_librosa(clip: Clip, segment_s: float, **settings) -> np.ndarray:
    """The same by librosa's functions."""
    parts = _segments(clip, segment_s, settings)
    return np.stack([tabular.extract_librosa(part, **settings) for part in parts], axis=1)


def _segments(clip: Clip, segment_s: float, settings: dict[str, Any]) -> Iterator[Clip]:
    length = round(segment_s * clip.sample_rate)
    spectra = [(settings["n_fft"], settings["hop_length"])]
    for number in range(max(1, len(clip.samples) // length)):
        yield Clip(clip.samples[number * length : (number + 1) * length], clip.sample_rate, spectra)
