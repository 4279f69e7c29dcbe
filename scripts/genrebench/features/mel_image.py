"""The mel spectrogram as a picture, (rows, columns), 0 to 1: for networks that were made for images.

Sankhe, Kulkarni and Ambulkar use pictures of 224 x 224 pixels.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.features import mel
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    n_mels: int = Field(128, ge=1, description="Mel bands.")
    size: list[Annotated[int, Field(ge=1)]] = Field(
        [224, 224], min_length=2, max_length=2, description="Rows and columns of the picture."
    )
    scale: Literal["log", "linear"] = Field(
        "log", description="What is shown: dB from -80 to 0 (log) or power (linear)."
    )


AXES = ("row", "pixel")
UNIT = "share of the range: log -80 to 0 dB re the clip's maximum, linear 0 to the maximum"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, size: list[int], scale: str) -> np.ndarray:
    """Draw the mel spectrogram, high frequencies above, the whole clip from left to right.

    Resized by Pillow's bilinear filter, which is stretched where the picture shrinks, so that nothing is passed over.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels : int
        See `Settings`.
    size : (int, int)
        Rows and columns of the picture.
    scale : {"log", "linear"}
        dB from -80 to 0, or power.

    Returns
    -------
    array of shape (rows, columns)
        0 to 1, share of the range.
    """
    if scale == "log":
        return _resized(mel.extract(clip, n_fft, hop_length, n_mels) / 80 + 1, size)
    return _resized(_share_of_maximum(clip.mel_power(n_fft, hop_length, n_mels)), size)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int, size: list[int], scale: str) -> np.ndarray:
    """The same from the mel spectrogram of librosa."""
    import librosa

    if scale == "log":
        return _resized(mel.extract_librosa(clip, n_fft, hop_length, n_mels) / 80 + 1, size)
    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    power = librosa.feature.melspectrogram(y=clip.samples, sr=clip.sample_rate, n_mels=n_mels, **spectrum)
    return _resized(_share_of_maximum(power), size)


def _share_of_maximum(power: np.ndarray) -> np.ndarray:
    return power / max(power.max(), np.finfo(np.float32).tiny)


def _resized(shown: np.ndarray, size: list[int]) -> np.ndarray:
    """`shown` (bands, frames), low bands first, as a picture of this size, high bands first."""
    from PIL import Image  # only this feature needs it

    rows, columns = size
    picture = Image.fromarray(np.ascontiguousarray(shown[::-1], dtype=np.float32))
    return np.clip(np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR)), 0, 1)
