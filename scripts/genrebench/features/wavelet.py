"""Discrete wavelet transform of the signal, (coefficients, blocks): as many coefficients as samples.

Mallat, "A theory for multiresolution signal decomposition", 1989, by PyWavelets. Huang and Minami (2024) use it.
"""

import numpy as np
import pywt
from pydantic import Field, field_validator

from genrebench.audio.clip import Clip
from genrebench.features._settings import FeatureSettings


class Settings(FeatureSettings):
    """Settings of the feature."""

    wavelet: str = Field("haar", description="Name of a discrete wavelet of PyWavelets (haar, db4, ...).")
    levels: int = Field(5, ge=1, le=14, description="Levels of decomposition.")

    @field_validator("wavelet")
    @classmethod
    def _exists(cls, wavelet: str) -> str:
        known = pywt.wavelist(kind="discrete")
        if wavelet not in known:
            raise ValueError(f"known are {', '.join(known)}")
        return wavelet


AXES = ("coefficient", "block")
UNIT = "amplitude (orthonormal transform)"
PAD_VALUE = 0.0
GIVES_AUDIO_BACK = True  # its inverse does


def extract(clip: Clip, wavelet: str, levels: int) -> np.ndarray:
    """Compute the coefficients that lie over each block of 2^levels samples.

    Within a block they stand in the order of `pywt.wavedec`: 1 approximation, then 1, 2, 4 ... details from coarse to
    fine. So time is the last axis, as in every feature, and a shorter clip can be padded at its end.

    Parameters
    ----------
    clip : Clip
        The samples, padded with zeros to whole blocks.
    wavelet : str
        The name of a discrete wavelet of PyWavelets.
    levels : int
        Of the decomposition.

    Returns
    -------
    array of shape (2^levels, ceil(samples / 2^levels))
        Amplitude; the transform is orthonormal, mode `periodization`.
    """
    blocks = -(-len(clip.samples) // 2**levels)
    padded = np.pad(clip.samples, (0, blocks * 2**levels - len(clip.samples)))
    bands = pywt.wavedec(padded, wavelet, mode="periodization", level=levels)
    return np.concatenate([band.reshape(blocks, -1).T for band in bands])
