"""Convolutional network on hand-made features, joined frame by frame (Li, IV.E.2 a).

The paper states several convolutions, poolings and dense layers with ReLU and dropout, L1 and Adam, and 52.29 thousand
parameters. Our reading: convolutions over time, each but the last followed by max pooling, the mean over what remains,
one hidden dense layer. With three of 64 filters over 7, 3 and 3 frames and 128 units it has 52,298 on the 40 values
per frame of `feature_lstm`, for clips of any length. (The paper cuts its counts: 107.46 thousand there are 107,466.)
The strength of L1 is our choice; it is on the weights of all layers, not on the biases.

"We employed a series of data augmentation techniques, such as random sampling and data transformation" (IV.B). Our
reading of the first is a random excerpt of each training clip, of 80% of its time or more, stretched to the whole time,
which also changes the tempo; of the second, white noise of a tenth of the features' standard deviation.

The features are those that the paper names as selected. The ones that the ablation selects are read by the entry
`feature_cnn-selected` (genrebench.workflow.ablation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from genrebench.training.settings import (
    Augmentation,
    AugmentationSettings,
    Epochs,
    Features,
    KerasSettings,
    Layers,
    Schedule,
    Seeds,
    Share,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings):
    """Settings of the model; the paper has five runs."""

    features: Features = ["mfcc_20", "chroma_12", "spectral_contrast", "spectral_centroid"]
    seeds: Seeds = [0, 1, 2, 3, 4]
    epochs: Epochs = 100
    schedule: Schedule = "constant"
    augmentation: Augmentation = AugmentationSettings(excerpt=0.8, noise=0.1)
    convolutions: list[Annotated[Layers, Field(min_length=2, max_length=2)]] = Field(
        [[64, 7], [64, 3], [64, 3]],
        min_length=1,
        description="Of each convolution, its filters and the frames that a filter sees.",
    )
    pool: int = Field(2, ge=1, description="Frames of which the largest value is kept.")
    dense: Layers = Field([128], description="Units of each dense layer before the last; may be empty.")
    dropout: Share = Field(0.3, description="Share of values dropped before each dense layer.")
    l1: float = Field(0.0001, ge=0, description="Strength of the L1 penalty on the weights.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From features of one hop (frames, values) to probabilities (genres,)."""
    import keras
    from keras import layers, regularizers

    from genrebench.training import inputs

    penalty = regularizers.L1(settings["l1"])
    given, x = inputs.sequence(shapes)
    for number, (filters, frames) in enumerate(settings["convolutions"], 1):
        x = layers.Conv1D(filters, frames, padding="same", activation="relu", kernel_regularizer=penalty)(x)
        if number < len(settings["convolutions"]):
            x = layers.MaxPooling1D(settings["pool"], padding="same")(x)  # a sequence of one stays
    x = layers.GlobalAveragePooling1D()(x)
    for units in settings["dense"]:
        x = layers.Dropout(settings["dropout"])(x)
        x = layers.Dense(units, activation="relu", kernel_regularizer=penalty)(x)
    x = layers.Dropout(settings["dropout"])(x)
    x = layers.Dense(genres, activation="softmax", kernel_regularizer=penalty, dtype="float32")(x)
    return keras.Model(given, x)
