"""The columns of `tabular` of each segment of a clip: those of GTZAN's widespread features_3_sec.csv.

Segments of one clip in both training and test would leak (see the protocol segment_random); here they stay with their
clip.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.features import tabular


class Settings(tabular.Settings):
    """Settings of the feature."""

    segment_s: float = Field(3.0, ge=0.1, description="Seconds of a segment, and from one to the next.")


AXES = ("column", "segment")
UNIT = "that of each column"
PAD_VALUE = 0.0


unfit = tabular.unfit


def columns(segment_s: float, **settings: Any) -> list[str]:
    """Names of the columns, the same in each segment."""
    return tabular.columns(**settings)


def extract(clip: Clip, segment_s: float, **settings: Any) -> np.ndarray:
    """Compute the columns of each segment: whole segments only, without overlap; a shorter clip is one.

    Parameters
    ----------
    clip : Clip
        The samples.
    segment_s : float
        Length of a segment in seconds.
    **settings
        Those of `tabular.extract`.

    Returns
    -------
    array of shape (columns, segments)
        The rows of the table.
    """
    parts = _segments(clip, segment_s, settings)
    return np.stack([tabular.extract(part, **settings) for part in parts], axis=1)


def extract_librosa(clip: Clip, segment_s: float, **settings: Any) -> np.ndarray:
    """The same by librosa's functions."""
    parts = _segments(clip, segment_s, settings)
    return np.stack([tabular.extract_librosa(part, **settings) for part in parts], axis=1)


def _segments(clip: Clip, segment_s: float, settings: dict[str, Any]) -> Iterator[Clip]:
    length = round(segment_s * clip.sample_rate)
    spectra = [(settings["n_fft"], settings["hop_length"])]
    for number in range(max(1, len(clip.samples) // length)):
        yield Clip(clip.samples[number * length : (number + 1) * length], clip.sample_rate, spectra)
