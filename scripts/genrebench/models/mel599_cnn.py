"""Convolutional network on 599 frames of 128 mel bands, or on MFCCs (paper 004, IV.D).

The paper states the input, "three hidden layers" with max pooling between them, one dense layer with softmax, and a
layer that reshapes. Our reading, each choice a setting: the hidden layers are convolutions over time and frequency, a
pooling follows each of them, the reshaping adds the axis of channels, and the dense layer sees all values of the last
pooling. Pooled by 4 they are 1280, and the network has 68,554 weights; by 2 they are 76,800.

599 frames fit no common hop: of 30 s at 22,050 Hz a hop of 512 gives 1292. The spectrogram is resized along time, by
linear interpolation that is stretched where it shrinks, so that no frame is passed over.
"""

from typing import Any

import keras
from keras import layers

from genrebench.training import inputs, keras_model
from genrebench.training.data import Data
from genrebench.training.keras_model import KerasModel

SETTINGS = {
    **keras_model.SETTINGS,
    "frames": {"description": "Frames that a clip is resized to.", "type": "integer", "minimum": 1},
    "filters": {
        "description": "Filters of each convolution.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "integer", "minimum": 1},
    },
    "kernel": {"description": "Frames and bands that a filter sees.", "type": "integer", "minimum": 1},
    "pool": {"description": "Frames and bands of which the largest is kept.", "type": "integer", "minimum": 1},
    "dropout": {
        "description": "Share of values dropped before the dense layer.",
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
    },
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From one feature (frames, bands) to probabilities (genres,)."""
    given, x = inputs.plane(shapes)
    x = layers.Resizing(settings["frames"], x.shape[2], antialias=True)(x)
    for filters in settings["filters"]:
        x = layers.Conv2D(filters, settings["kernel"], padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(settings["pool"], padding="same")(x)  # an axis of one stays
    x = layers.Dropout(settings["dropout"])(layers.Flatten()(x))
    return keras.Model(given, layers.Dense(genres, activation="softmax", dtype="float32")(x))
