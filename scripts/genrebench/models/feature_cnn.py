"""Convolutional network on hand-made features, joined frame by frame (paper 003, IV.E.2 a).

The paper states several convolutions, poolings and dense layers with ReLU and dropout, L1 and Adam, and 52.29 thousand
parameters. Our reading: convolutions over time, each but the last followed by max pooling, the mean over what remains,
one hidden dense layer. With three of 64 filters over 7, 3 and 3 frames and 128 units it has 52,298 on the 40 values
per frame of `feature_lstm`, for clips of any length. (The paper cuts its counts: 107.46 thousand there are 107,466.)
The strength of L1 is our choice; it is on the weights of all layers, not on the biases.
"""

from typing import Any

import keras
from keras import layers, regularizers

from genrebench.training import inputs, keras_model
from genrebench.training.data import Data
from genrebench.training.keras_model import KerasModel

SETTINGS = {
    **keras_model.SETTINGS,
    "convolutions": {
        "description": "Of each convolution, its filters and the frames that a filter sees.",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": {"type": "integer", "minimum": 1},
        },
    },
    "pool": {"description": "Frames of which the largest value is kept.", "type": "integer", "minimum": 1},
    "dense": {
        "description": "Units of each dense layer before the last; may be empty.",
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
    },
    "dropout": {
        "description": "Share of values dropped before each dense layer.",
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
    },
    "l1": {"description": "Strength of the L1 penalty on the weights.", "type": "number", "minimum": 0},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From features of one hop (frames, values) to probabilities (genres,)."""
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
