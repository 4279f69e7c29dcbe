"""CNN-RNN hybrid with transfer learning from a pretrained embedding (Huang and Minami 2024, 3.2.1 and 4.3).

The paper states which features go in (mel, chroma, wavelet, MFCC, VGGish), that convolutional and recurrent networks
read them, and that validation settles after about 200 epochs; not which feature goes where, how the embedding is read,
nor how all is fused. Our reading: mel and chroma through the branches of `cnn`, wavelet and MFCC through those of `rnn`
(`cnn_features`, `rnn_features`), mean and maximum over time of the embedding through a dense layer; everything side by
side before a dense layer, dropout and softmax. Epochs and warm-up are those of `cnn`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from genrebench.common.strict_model import Distinct
from genrebench.models import cnn, rnn
from genrebench.training.settings import (
    ClassifierSettings,
    ConvolutionSettings,
    Cut,
    CutSettings,
    Epochs,
    Features,
    KerasSettings,
    RecurrentSettings,
    WarmupEpochs,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings, RecurrentSettings, ConvolutionSettings, ClassifierSettings):
    """Settings of the model."""

    features: Features = ["mel", "chroma", "wavelet", "mfcc"]
    cut: Cut = CutSettings(percentile=70, at_least=15_000)
    epochs: Epochs = 250
    warmup_epochs: WarmupEpochs = 10
    cnn_features: Distinct[str] = Field(
        ["mel", "chroma"], description="Those of the model's features that the convolutional branches read."
    )
    rnn_features: Distinct[str] = Field(
        ["wavelet", "mfcc"], description="Those that the LSTM branches read; what neither reads is an embedding."
    )
    embedding: Literal["vggish", "vggish_pca", "yamnet", "none"] = Field(
        "vggish", description="The pretrained embedding that is read beside the model's features."
    )

    @model_validator(mode="after")
    def _reads_what_its_branches_read(self) -> Self:
        for name in (*self.cnn_features, *self.rnn_features):
            if name not in (*self.features, self.embedding):
                raise ValueError(f"'{name}' of cnn_features or rnn_features is none of its features")
        if both := set(self.cnn_features) & set(self.rnn_features):
            raise ValueError(f"'{min(both)}' is in cnn_features and in rnn_features")
        return self


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    embedding = settings["embedding"]
    return [f"with the pretrained embedding {embedding}" if embedding != "none" else "without a pretrained embedding"]


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes: (steps, values), or (values,) of an embedding without time."""
    import keras

    from genrebench.training import blocks, inputs

    readers: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
        **dict.fromkeys(settings["cnn_features"], cnn.branch),
        **dict.fromkeys(settings["rnn_features"], rnn.branch),
    }
    features = inputs.by_name(shapes)
    branches = [readers.get(name, embedding_branch)(feature, settings) for name, feature in features.items()]
    return keras.Model(features, blocks.classifier(branches, genres, settings["dense"], settings["dropout"]))


def embedding_branch(embedding: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """What the network takes from a pretrained embedding: (steps, values) or (values,) to (dense,)."""
    import keras

    if embedding.ndim == 3:
        mean = keras.layers.GlobalAveragePooling1D()(embedding)
        embedding = keras.layers.Concatenate()([mean, keras.layers.GlobalMaxPooling1D()(embedding)])
    x = keras.layers.Dense(settings["dense"], activation="relu")(embedding)
    return keras.layers.Dropout(settings["dropout"])(x)
