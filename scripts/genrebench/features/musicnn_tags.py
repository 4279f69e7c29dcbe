"""The tags of MusiCNN as a table: for each clip the mean probability of each tag over the windows (`musicnn`).

Silent windows do not count.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.common.strict_model import Distinct
from genrebench.encoders.musicnn import FRAMES, HOP, TAGS
from genrebench.features import musicnn

Scale = Literal["probability", "logit"]


class Settings(musicnn.WindowSettings):
    """Settings of the feature."""

    scales: Distinct[Scale] = Field(
        ["probability"],
        min_length=1,
        description="The mean probability of each tag, its logit, or both, which tell linear models more.",
    )


AXES = ("column",)
UNIT = "mean probability of each tag"
PAD_VALUE = 0.0
SAMPLE_RATE = musicnn.SAMPLE_RATE
PACKAGES = musicnn.PACKAGES
SILENT = 1e-3  # RMS of a silent window, at most, relative to the loudest of the clip: -60 dB
LEAST = 1e-4  # probability whose logit is taken of smaller ones; at most 1 less this


def columns(handle: str, network: str, hop_frames: int, scales: list[Scale]) -> list[str]:
    """Names of the columns: the tags, on each scale."""
    return [tag if scale == "probability" else f"{scale} of {tag}" for scale in scales for tag in TAGS[network]]


def extract(clip: Clip, handle: str, network: str, hop_frames: int, scales: list[Scale]) -> np.ndarray:
    """Compute the mean probability of each tag.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle, network, hop_frames
        See `musicnn.extract`.
    scales : list of str
        See `Settings`.

    Returns
    -------
    array of shape (50 x scales,)
        `columns` names them.
    """
    tags = musicnn.extract(clip, handle, network, hop_frames, "tags")
    starts = hop_frames * HOP * np.arange(tags.shape[1])
    levels = np.array([np.std(clip.samples[start : start + FRAMES * HOP]) for start in starts])
    return scaled(tags[:, levels >= SILENT * levels.max()].mean(axis=1), scales)


def scaled(probabilities: np.ndarray, scales: list[Scale]) -> np.ndarray:
    """Mean probabilities (..., 50) on these scales, one after the other (..., 50 x scales), float32."""
    of = {"probability": lambda values: values, "logit": logit}
    return np.concatenate([of[scale](probabilities) for scale in scales], axis=-1).astype(np.float32, copy=False)


def logit(probabilities: np.ndarray) -> np.ndarray:
    """The logarithm of the odds of probabilities, of an array of any shape; finite for 0 and 1 too (`LEAST`)."""
    from scipy.special import logit as of

    return of(np.clip(probabilities, LEAST, 1 - LEAST))
