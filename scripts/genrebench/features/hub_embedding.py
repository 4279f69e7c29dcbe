"""Embeddings of a pretrained encoder of the hub, (dimensions, windows): HuBERT, CLAP, AST, Whisper's encoder ...

`handle` chooses the encoder: every model of sound of Hugging Face's library transformers that needs no code of its own.
It stays frozen; `linear_probe` on top of it is a classifier (Yang et al. 2021, SUPERB).
"""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.features._settings import HubSettings, PretrainedSettings
from genrebench.workflow import pretrained


class Settings(PretrainedSettings, HubSettings):
    """Settings of the feature."""

    window_s: float | None = Field(
        None,
        ge=0.5,
        description=(
            "Length of a window in seconds; null: that of the model's input (10 s of CLAP, 10.24 s of AST, 30 s of "
            "Whisper), and 5 s where it takes any. Windows do not overlap, but the last one ends with the clip."
        ),
    )
    layers: Literal["last", "mean"] | Annotated[int, Field(ge=0)] = Field(
        "mean", description="Of `pooling: mean`: last, mean (that of all layers) or the number of a layer."
    )
    pooling: Literal["mean", "pooler", "projection"] = Field(
        "mean",
        description=(
            "mean (over time, of the layers), pooler (what the model itself makes of its last layer) or projection "
            "(that in the space that it shares with texts; CLAP)."
        ),
    )


AXES = ("dimension", "segment")
UNIT = "activation of the encoder"
PAD_VALUE = 0.0
EXTRA = "speech"


def sample_rate(handle: str, config: dict[str, Any], **others: Any) -> int:
    """Hz at which the encoder takes audio."""
    return _encoder(handle, config).sample_rate


def extract(
    clip: Clip, handle: str, config: dict[str, Any], layers: str | int, pooling: str, window_s: float | None = None
) -> np.ndarray:
    """Compute the embedding of each window.

    Parameters
    ----------
    clip : Clip
        The samples, at the rate of the encoder.
    handle : str
        Page or folder of the weights; "none" takes random ones.
    config : dict
        Kind and sizes of the network with random weights.
    layers, pooling, window_s
        See `Settings`.

    Returns
    -------
    array of shape (dimensions, windows)
        float32.

    Raises
    ------
    InputError
        If the weights are not there, or the encoder has no such layer or embedding.
    """
    encoder = _encoder(handle, config)
    if clip.sample_rate != encoder.sample_rate:
        raise ValueError(f"{handle} takes audio at {encoder.sample_rate} Hz, not at {clip.sample_rate} Hz")
    windows = encoder.windows(clip.samples, window_s)
    # one at a time, so that a clip's numbers do not depend on how many there are
    return np.stack([encoder.embed(window, layers, pooling) for window in windows], axis=1)


def _encoder(handle: str, config: dict[str, Any]) -> Any:
    from genrebench.encoders import hub  # PyTorch, which the extraction of other features does without

    return hub.frozen(pretrained.locate("hub_embedding", handle), config)
