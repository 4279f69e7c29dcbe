"""A transformer on top of convolutional and recurrent layers: the future work of papers 001 (5) and 003 (5).

001 wants "the combination of transformers with CNN and RNN architectures", 003 "the strengths of CNN and LSTM models"
and "attention mechanisms"; neither says how. Ours: the residual blocks of `cnn` turn each feature into a sequence, the
sequences side by side go through a bidirectional LSTM (Choi et al. 2017, "Convolutional recurrent neural networks for
music classification"), then through encoder layers of a transformer (Vaswani et al. 2017, "Attention is all you
need"), normalised first (Xiong et al. 2020, "On layer normalization in the transformer architecture"), which trains
without a warm-up of its own; attention says which steps of the clip count.
"""

from math import ceil
from typing import Any

import keras
import numpy as np
from keras import ops

from genrebench.models import cnn
from genrebench.training import blocks, inputs
from genrebench.training.data import Data
from genrebench.training.keras_model import KerasModel

SETTINGS = {
    **cnn.SETTINGS,
    "max_steps": {
        "description": "Steps of the LSTM and the transformer at most; more are averaged after the convolutions.",
        "type": "integer",
        "minimum": 1,
    },
    "units": {
        "description": "Units of the LSTM in each direction; the transformer is twice as wide.",
        "type": "integer",
        "minimum": 1,
    },
    "encoder_layers": {"description": "Encoder layers of the transformer.", "type": "integer", "minimum": 0},
    "heads": {"description": "Heads of each attention.", "type": "integer", "minimum": 1},
    "feed_forward": {"description": "Units of the dense layer in each encoder layer.", "type": "integer", "minimum": 1},
}
WAVELENGTH = 10_000  # of the slowest position signal is 2 pi times this (Vaswani et al. 2017, 3.5)


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (frames, bands) each; InputError where one has other axes."""
    planes = inputs.by_name(shapes)
    x = _aligned([front_end(plane, settings) for plane in planes.values()], settings["max_steps"])
    x = blocks.bidirectional(x, settings["units"])
    x = keras.layers.LayerNormalization()(x) + positions(*x.shape[1:])
    for _ in range(settings["encoder_layers"]):
        x = encoder_layer(x, settings["heads"], settings["feed_forward"], settings["dropout"])
    x = attention_pooling(keras.layers.LayerNormalization()(x))
    return keras.Model(planes, blocks.classifier([x], genres, settings["dense"], settings["dropout"]))


def front_end(plane: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """The maps of one feature, averaged over their bands: (frames, bands) to (steps, filters[-1])."""
    inputs.require_axes({plane.name: plane.shape[1:]}, "(frames, bands)")
    maps = blocks.residual_stack(plane, settings["filters"], settings["kernel"], settings["dropout"])
    return ops.mean(maps, axis=2)


def positions(steps: int, width: int) -> np.ndarray:
    """Sines and cosines of each position, (steps, width), float32 (Vaswani et al. 2017, 3.5)."""
    rates = WAVELENGTH ** -(np.arange(0, width, 2) / width)
    angles = np.arange(steps)[:, np.newaxis] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(steps, -1)[:, :width].astype(np.float32)


def encoder_layer(x: keras.KerasTensor, heads: int, feed_forward: int, dropout: float) -> keras.KerasTensor:
    """Self-attention and two dense layers, each normalised first and added to its input: (steps, width) to the same.

    Attention has no biases: that of the keys cannot change anything, since softmax takes it out again.
    """
    width = x.shape[-1]
    attention = keras.layers.MultiHeadAttention(heads, ceil(width / heads), dropout=dropout, use_bias=False)
    normal = keras.layers.LayerNormalization()(x)
    x += keras.layers.Dropout(dropout)(attention(normal, normal))
    y = keras.layers.Dense(feed_forward, activation="gelu")(keras.layers.LayerNormalization()(x))
    y = keras.layers.Dense(width)(keras.layers.Dropout(dropout)(y))
    return x + keras.layers.Dropout(dropout)(y)


def attention_pooling(x: keras.KerasTensor) -> keras.KerasTensor:
    """The mean over time, weighted by the softmax of one learned query: (steps, width) to (width,).

    After Bahdanau et al. (2015), with a linear score.
    """
    weights = keras.layers.Softmax(axis=1, name="attention")(keras.layers.Dense(1, use_bias=False)(x))
    return ops.sum(weights * x, axis=1)


def _aligned(sequences: list[keras.KerasTensor], max_steps: int) -> keras.KerasTensor:
    """Sequences of one clip side by side, each averaged to as many steps as the shortest has, or `max_steps`."""
    steps = min(max_steps, *(x.shape[1] for x in sequences))
    same = [x if x.shape[1] == steps else keras.layers.AdaptiveAveragePooling1D(steps)(x) for x in sequences]
    return keras.layers.Concatenate()(same) if len(same) > 1 else same[0]
