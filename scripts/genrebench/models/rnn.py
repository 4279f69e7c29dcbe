"""Bidirectional LSTMs on wavelet and MFCC (Huang and Minami 2024, 3.2.1 and 4.2).

The paper states bidirectional LSTMs, 200 epochs and cosine annealing; neither sizes, nor how two features of different
numbers of steps meet, nor how 675,808 wavelet values go into an LSTM. Our reading: each feature is a sequence of its
own; one of more than `max_steps` is first shortened by a convolution over time (`blocks.shorten`); what
the LSTMs say of all sequences stands side by side before a dense layer and softmax.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genrebench.training.settings import (
    ClassifierSettings,
    Cut,
    CutSettings,
    Epochs,
    Features,
    KerasSettings,
    RecurrentSettings,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings, RecurrentSettings, ClassifierSettings):
    """Settings of the model; the paper cuts "for cuDNN"."""

    features: Features = ["wavelet", "mfcc"]
    cut: Cut = CutSettings(percentile=70, at_least=15_000)
    epochs: Epochs = 200


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (steps, values) each; InputError where one has other axes."""
    import keras

    from genrebench.training import blocks, inputs

    sequences = inputs.by_name(shapes)
    branches = [branch(sequence, settings) for sequence in sequences.values()]
    return keras.Model(sequences, blocks.classifier(branches, genres, settings["dense"], settings["dropout"]))


def branch(sequence: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """What the network takes from one feature: (steps, values) to (2 units[-1],)."""
    import keras

    from genrebench.training import blocks, inputs

    inputs.require_axes({sequence.name: sequence.shape[1:]}, "(steps, values)")
    *lower, top = settings["units"]
    x = blocks.shorten(sequence, settings["max_steps"], settings["units"][0])
    for units in lower:
        x = keras.layers.Dropout(settings["dropout"])(blocks.bidirectional(x, units))
    x = blocks.bidirectional(x, top, return_sequences=settings["summary"] == "mean")
    if settings["summary"] == "mean":
        x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.layers.Dropout(settings["dropout"])(x)
