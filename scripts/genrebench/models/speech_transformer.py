"""HuBERT, WavLM or wav2vec 2.0, fine-tuned (Comparative analysis), or another transformer that reads samples.

The paper states that the three were fine-tuned on a smaller set "due to computational constraints", but neither its
size nor any setting. Here they are fine-tuned as is usual for classification (Wang et al. 2021, "A fine-tuned wav2vec
2.0/HuBERT benchmark"): the convolutions that read the samples stay as they are; the transformer and the head learn at
5e-5 with a warm-up over a tenth of the steps. A clip is split into windows, and its prediction is their mean. `handle`
chooses the model: a page of Hugging Face's hub with the revision, or a folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from genrebench.features._settings import HubSettings
from genrebench.training.settings import (
    Epochs,
    Features,
    LearningRate,
    ModelSettings,
    Segments,
    SegmentSettings,
    TrainingSettings,
    WarmupEpochs,
)
from genrebench.workflow import pretrained

if TYPE_CHECKING:
    from genrebench.training.data import Data
    from genrebench.training.transformer_model import TransformerModel


class Settings(ModelSettings, TrainingSettings, HubSettings):
    """Settings of the model; there is no scaler, because the network has a processor of its own."""

    features: Features = ["waveform"]
    segments: Segments = SegmentSettings(length_s=5.0, hop_s=5.0)
    epochs: Epochs = 10
    learning_rate: LearningRate = 0.00005
    warmup_epochs: WarmupEpochs = 1
    micro_batch: int = Field(
        8, ge=1, description="Examples that are on the device at a time; the gradients of a batch are summed."
    )
    weight_decay: float = Field(0.01, ge=0, description="Of AdamW.")
    max_gradient: float = Field(1.0, gt=0, description="Norm to which gradients are clipped.")
    trained: Literal["all", "transformer", "head"] = Field(
        "transformer",
        description=(
            "all: the whole network; transformer: all but the convolutions that read the samples, as the field does; "
            "head: only what stands on top of it."
        ),
    )
    layers: Literal["last", "weighted"] = Field(
        "last",
        description=(
            "last: the last layer's output; weighted: a learned mean of all of them (SUPERB, Yang et al. 2021)."
        ),
    )
    projection: int = Field(256, ge=1, description="Values to which each step is projected.")
    training_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of each genre's training clips that is trained on (the paper took a smaller set).",
    )


EXTRA = "speech"


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> TransformerModel:
    """The model for these data."""
    from genrebench.training.transformer_model import TransformerModel

    folder = pretrained.locate("speech_transformer", settings["handle"])
    return TransformerModel(folder, settings["config"], data, settings, seed, compute)


def unavailable(settings: dict[str, Any]) -> str | None:
    """Why the model cannot be trained with these settings on this machine: a sentence for people; None if it can."""
    return pretrained.unavailable("speech_transformer", settings)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    found = ["random weights, not pretrained"] if settings["handle"] == pretrained.NONE else []
    if settings["training_share"] < 1:
        found.append(f"trained on {settings['training_share']:.0%} of the training clips")
    return found
