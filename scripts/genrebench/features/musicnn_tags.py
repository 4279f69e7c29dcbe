"""The tags of MusiCNN as a table: for each clip the mean probability of each tag over the windows (`musicnn`)."""

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.encoders.musicnn import TAGS
from genrebench.features import musicnn


class Settings(musicnn.WindowSettings):
    """Settings of the feature."""


AXES = ("column",)
UNIT = "mean probability of each tag"
PAD_VALUE = 0.0
SAMPLE_RATE = musicnn.SAMPLE_RATE
PACKAGES = musicnn.PACKAGES


def columns(handle: str, network: str, hop_frames: int) -> list[str]:
    """Names of the columns: the tags."""
    return list(TAGS[network])


def extract(clip: Clip, handle: str, network: str, hop_frames: int) -> np.ndarray:
    """Compute the mean probability of each tag.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle, network, hop_frames
        See `musicnn.extract`.

    Returns
    -------
    array of shape (50,)
        `columns` names them.
    """
    return musicnn.extract(clip, handle, network, hop_frames, "tags").mean(axis=1)
