"""Convolutional network on mel spectrogram and chroma (Huang and Minami 2024, 3.2.1, 4.1).

The paper states Conv2D layers, batch normalisation, dropout and residual connections, a channel axis, and the learning
rate (`epochs`, `warmup_epochs`, `schedule`). It states neither sizes nor how two features of different numbers of
frames meet. Our reading: each feature is a plane of its own through residual blocks (`blocks.residual_stack`), then the
average of each map over the whole plane, all averages side by side, a dense layer, softmax.

The paper cuts all features to the 70th percentile of their lengths, but not below 15,000 (`cut`). Read as steps of
time, which mel and chroma of 30 s have 1320 and 2640 of, this cuts nothing here; it stands for clips that are longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genrebench.training.settings import (
    ClassifierSettings,
    ConvolutionSettings,
    Cut,
    CutSettings,
    Epochs,
    Features,
    KerasSettings,
    WarmupEpochs,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings, ConvolutionSettings, ClassifierSettings):
    """Settings of the model."""

    features: Features = ["mel", "chroma"]
    cut: Cut = CutSettings(percentile=70, at_least=15_000)
    epochs: Epochs = 250
    warmup_epochs: WarmupEpochs = 10


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (frames, bands) each; InputError where one has other axes."""
    import keras

    from genrebench.training import blocks, inputs

    planes = inputs.by_name(shapes)
    branches = [branch(plane, settings) for plane in planes.values()]
    return keras.Model(planes, blocks.classifier(branches, genres, settings["dense"], settings["dropout"]))


def branch(plane: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """What the network takes from one feature: (frames, bands) to (filters[-1],)."""
    import keras

    from genrebench.training import blocks, inputs

    inputs.require_axes({plane.name: plane.shape[1:]}, "(frames, bands)")
    maps = blocks.residual_stack(plane, settings["filters"], settings["kernel"], settings["dropout"])
    return keras.layers.GlobalAveragePooling2D()(maps)
