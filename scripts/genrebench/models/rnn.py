"""Bidirectional LSTMs on wavelet and MFCC (paper 001, 3.2.1 and 4.2).

The paper states bidirectional LSTMs, 200 epochs and cosine annealing; neither sizes, nor how two features of different
numbers of steps meet, nor how 675,808 wavelet values go into an LSTM. Our reading: each feature is a sequence of its
own; one of more than `max_steps` is first shortened by a convolution over time (`shorten` of genrebench.training.blocks); what
the LSTMs say of all sequences stands side by side before a dense layer and softmax.
"""

from typing import Any

import keras

from genrebench.training import blocks, inputs, keras_model
from genrebench.training.data import Data
from genrebench.training.keras_model import KerasModel

SETTINGS = {
    **keras_model.SETTINGS,
    **blocks.SETTINGS,
    "max_steps": {
        "description": "Steps of an LSTM at most; longer sequences are shortened by a convolution over time.",
        "type": "integer",
        "minimum": 1,
    },
    "units": {
        "description": "Units of each LSTM layer, in each direction.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "integer", "minimum": 1},
    },
    "summary": {
        "description": "What is taken of the last LSTM layer: each direction's last output, or the mean over time.",
        "enum": ["last", "mean"],
    },
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (steps, values) each; InputError where one has other axes."""
    sequences = inputs.by_name(shapes)
    branches = [branch(sequence, settings) for sequence in sequences.values()]
    return keras.Model(sequences, blocks.classifier(branches, genres, settings["dense"], settings["dropout"]))


def branch(sequence: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """What the network takes from one feature: (steps, values) to (2 units[-1],)."""
    inputs.require_axes({sequence.name: sequence.shape[1:]}, "(steps, values)")
    *lower, top = settings["units"]
    x = blocks.shorten(sequence, settings["max_steps"], settings["units"][0])
    for units in lower:
        x = keras.layers.Dropout(settings["dropout"])(blocks.bidirectional(x, units))
    x = blocks.bidirectional(x, top, return_sequences=settings["summary"] == "mean")
    if settings["summary"] == "mean":
        x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.layers.Dropout(settings["dropout"])(x)
