"""Convolutional network on 599 frames of 128 mel bands, or on MFCCs (Cao, IV.D).

The paper states the input, "three hidden layers" with max pooling between them, one dense layer with softmax, and a
layer that reshapes. Our reading, each choice a setting: the hidden layers are convolutions over time and frequency, a
pooling follows each of them, the reshaping adds the axis of channels, and the dense layer sees all values of the last
pooling. Pooled by 4 they are 1280, and the network has 36,106 weights; by 2 they are 76,800.

599 frames fit no common hop: of 30 s at 22,050 Hz a hop of 512 gives 1292. The spectrogram is resized along time, by
linear interpolation that is stretched where it shrinks, so that no frame is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from genrebench.training.settings import Epochs, Features, KerasSettings, Layers, Schedule, Share

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings):
    """Settings of the model."""

    features: Features = ["mel"]
    epochs: Epochs = 50
    schedule: Schedule = "constant"
    frames: int = Field(599, ge=1, description="Frames that a clip is resized to.")
    filters: Layers = Field([16, 32, 64], min_length=1, description="Filters of each convolution.")
    kernel: int = Field(3, ge=1, description="Frames and bands that a filter sees.")
    pool: int = Field(4, ge=1, description="Frames and bands of which the largest is kept.")
    dropout: Share = Field(0.0, description="Share of values dropped before the dense layer; the paper states none.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From one feature (frames, bands) to probabilities (genres,)."""
    import keras
    from keras import layers

    from genrebench.training import inputs

    given, x = inputs.plane(shapes)
    x = layers.Resizing(settings["frames"], x.shape[2], antialias=True)(x)
    for filters in settings["filters"]:
        x = layers.Conv2D(filters, settings["kernel"], padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(settings["pool"], padding="same")(x)  # an axis of one stays
    x = layers.Dropout(settings["dropout"])(layers.Flatten()(x))
    return keras.Model(given, layers.Dense(genres, activation="softmax", dtype="float32")(x))
