"""Tags or embeddings of MusiCNN, (values, windows): a network pretrained on 200,000 songs (Pons and Serra 2019).

A window covers 187 frames of the mel spectrogram, 3 s. See `genrebench.encoders.musicnn` for the networks; their
weights are files of a package that `make setup` installs.
"""

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from genrebench.audio.clip import Clip
from genrebench.common.cli import InputError
from genrebench.encoders import musicnn
from genrebench.features._settings import PretrainedSettings
from genrebench.workflow import pretrained


class WindowSettings(PretrainedSettings):
    """Of the network, and of its windows."""

    handle: str = Field(
        "package:musicnn==0.1.0",
        pattern="^package:musicnn==[0-9.]+$",
        description="Installed Python package that has the weights.",
    )
    network: Literal["MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg"] = Field(
        "MSD_musicnn",
        description=(
            "MusiCNN or VGG, trained on the tags of the Million Song Dataset (MSD) or of MagnaTagATune (MTT)."
        ),
    )
    hop_frames: int = Field(
        187, ge=1, description="Frames of 16 ms from one window to the next; a window has 187 of them (3 s)."
    )


class Settings(WindowSettings):
    """Settings of the feature."""

    layer: Literal["tags", "penultimate", "max_pool", "mean_pool"] = Field(
        "tags",
        description=(
            "tags (50 probabilities), penultimate (200 values before the last layer; 256 of a VGG), or, of MusiCNN, "
            "max_pool or mean_pool (maximum or mean over time of 753 maps)."
        ),
    )

    @model_validator(mode="after")
    def _has_layer(self) -> Self:
        if self.layer not in (known := musicnn.layers(self.network)):
            raise ValueError(f"{self.network} has no layer {self.layer}, but {' and '.join(known)}")
        return self


AXES = ("dimension", "segment")
UNIT = "probability of each tag, or activation"
PAD_VALUE = 0.0
SAMPLE_RATE = musicnn.SAMPLE_RATE
PACKAGES = ("onnx", "onnxruntime")  # that compute the network


def extract(clip: Clip, handle: str, network: str, hop_frames: int, layer: str) -> np.ndarray:
    """Compute the values of each window that is full; a shorter clip is one window, padded with silence.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz.
    handle : str
        Package of the weights.
    network, layer : str
        See `Settings`.
    hop_frames : int
        Frames from one window to the next.

    Returns
    -------
    array of shape (values, windows)
        float32.

    Raises
    ------
    InputError
        If the weights are not there.
    """
    folder = pretrained.locate("musicnn", handle)
    if folder is None:
        raise InputError(pretrained.missing("musicnn", handle))
    return musicnn.load(folder, network, layer)(windows(clip, hop_frames)).T


def windows(clip: Clip, hop_frames: int) -> np.ndarray:
    """The input of the networks: windows of the compressed mel spectrogram, float32 (windows, 187, 96)."""
    if clip.sample_rate != SAMPLE_RATE:
        raise ValueError(f"musicnn takes audio at {SAMPLE_RATE} Hz, not at {clip.sample_rate} Hz")
    shortest = (musicnn.FRAMES - 1) * musicnn.HOP
    samples = np.pad(clip.samples, (0, max(0, shortest - len(clip.samples))))
    own = Clip(samples, SAMPLE_RATE, [(musicnn.N_FFT, musicnn.HOP)])
    mel = musicnn.compress(own.mel_power(musicnn.N_FFT, musicnn.HOP, musicnn.BANDS)).T
    return np.stack([mel[at : at + musicnn.FRAMES] for at in range(0, len(mel) - musicnn.FRAMES + 1, hop_frames)])
