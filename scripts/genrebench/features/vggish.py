"""Embeddings of VGGish, (128, frames): a network pretrained on YouTube videos (Hershey et al. 2017).

A frame covers 0.975 s, one each 0.96 s. With `pca` they are those that AudioSet and YouTube-8M were released as. Huang
and Minami (2024) use them; their flattened shape, 3968 = 31 x 128, is that of either, and the network without `pca` is
our reading.
"""

from functools import cache
from pathlib import Path

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.common.cli import InputError
from genrebench.encoders import saved_model
from genrebench.features._settings import FeatureSettings
from genrebench.workflow import pretrained


class Settings(FeatureSettings):
    """Settings of the feature."""

    handle: str = Field(
        "https://tfhub.dev/google/vggish/1", min_length=1, description="Address or folder of the weights."
    )
    pca: bool = Field(False, description="Whether the released PCA, whitening and quantisation follow.")


AXES = ("dimension", "frame")
UNIT = "activation; with pca, the 8-bit level 0 to 255 of -2 to 2 standard deviations"
PAD_VALUE = 0.0
SAMPLE_RATE = saved_model.SAMPLE_RATE

DIMENSIONS = 128
HOP = 15360  # samples: 0.96 s
PCA = "vggish_pca_params.npz"
CLIPPED = 2.0


def extract(clip: Clip, handle: str, pca: bool) -> np.ndarray:
    """Compute the embeddings.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle : str
        Address or folder of the weights.
    pca : bool
        Whether the released PCA, whitening and quantisation follow.

    Returns
    -------
    array of shape (128, frames)
        Activation, or with `pca` a level from 0 to 255; 31 frames of 30 s.

    Raises
    ------
    InputError
        If the weights are not there.
    """
    frames = saved_model.extract(clip, "vggish", handle, DIMENSIONS, HOP)
    if pca:
        frames = postprocess(frames, *_pca_parameters(saved_model.folder_of("vggish", handle)))
    return frames.T


def postprocess(frames: np.ndarray, means: np.ndarray, eigenvectors: np.ndarray) -> np.ndarray:
    """Embeddings (frames, 128) as they are released for AudioSet and YouTube-8M: 8-bit levels, as float32.

    Less the means (128,), projected on the eigenvectors (128, 128; rows, scaled to whiten), clipped to [-2, 2], and
    rounded down to 256 levels: `vggish_postprocess.py` of AudioSet's models.
    """
    whitened = np.clip((frames - means) @ eigenvectors.T, -CLIPPED, CLIPPED)
    return np.floor((whitened + CLIPPED) * (255 / (2 * CLIPPED))).astype(np.float32)


@cache
def _pca_parameters(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    if not (folder / PCA).is_file():
        raise InputError(f"{folder}: {pretrained.missing_companion('vggish', PCA)}; or set pca: false")
    return read_pca(folder / PCA)


def read_pca(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The means (128,) and eigenvectors (128, 128) of a released file; raises InputError if it is another one."""
    try:
        with np.load(path) as archive:
            means, eigenvectors = archive["pca_means"].ravel(), archive["pca_eigen_vectors"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not the released file of VGGish's PCA ({error}); fetch it again") from None
    if (means.shape, eigenvectors.shape) != ((DIMENSIONS,), (DIMENSIONS, DIMENSIONS)):
        raise InputError(
            f"{path} has means {means.shape} and eigenvectors {eigenvectors.shape} instead of (128,) and (128, 128); "
            "fetch the released file again"
        )
    return means, eigenvectors
