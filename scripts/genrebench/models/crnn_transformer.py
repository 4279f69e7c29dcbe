"""A transformer on top of convolutional and recurrent layers: the future work of two of the papers.

Huang and Minami 2024 (5) want "the combination of transformers with CNN and RNN architectures", Li (5) "the strengths
of CNN and LSTM models" and "attention mechanisms"; neither says how. Here the residual blocks of `cnn` turn each
feature into a sequence. The sequences side by side go through a bidirectional LSTM (Choi et al. 2017, "Convolutional
recurrent neural networks for music classification"), then through encoder layers of a transformer (Vaswani et al. 2017,
"Attention is all you need"). These are normalised first (Xiong et al. 2020, "On layer normalization in the transformer
architecture"), so that they need no warm-up of their own. Attention weights the steps of the clip.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from genrebench.models import cnn
from genrebench.training.settings import (
    Augmentation,
    AugmentationSettings,
    ClassWeights,
    Dropout,
    Epochs,
    Features,
    Keep,
    Optimizer,
    Segments,
    SegmentSettings,
    WarmupEpochs,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(cnn.Settings):
    """Settings of the model."""

    features: Features = ["mel"]
    segments: Segments = SegmentSettings(length_s=10.0, hop_s=5.0)
    epochs: Epochs = 60
    optimizer: Optimizer = "adamw"
    warmup_epochs: WarmupEpochs = 5
    keep: Keep = "best"
    class_weights: ClassWeights = "balanced"
    augmentation: Augmentation = AugmentationSettings(crop=True, time_masks=(2, 0.1), band_masks=(2, 0.1), mixup=0.3)
    max_steps: int = Field(
        64, ge=1, description="Steps of the LSTM and the transformer at most; more are averaged after the convolutions."
    )
    units: int = Field(64, ge=1, description="Units of the LSTM in each direction; the transformer is twice as wide.")
    encoder_layers: int = Field(2, ge=0, description="Encoder layers of the transformer.")
    heads: int = Field(4, ge=1, description="Heads of each attention.")
    feed_forward: int = Field(256, ge=1, description="Units of the dense layer in each encoder layer.")
    dropout: Dropout = 0.2


WAVELENGTH = 10_000  # of the slowest position signal is 2 pi times this (Vaswani et al. 2017, 3.5)


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (frames, bands) each; InputError where one has other axes."""
    import keras

    from genrebench.training import blocks, inputs

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
    from keras import ops

    from genrebench.training import blocks, inputs

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
    import keras

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
    import keras
    from keras import ops

    weights = keras.layers.Softmax(axis=1, name="attention")(keras.layers.Dense(1, use_bias=False)(x))
    return ops.sum(weights * x, axis=1)


def _aligned(sequences: list[keras.KerasTensor], max_steps: int) -> keras.KerasTensor:
    """Sequences of one clip side by side, each averaged to as many steps as the shortest has, or `max_steps`."""
    import keras

    steps = min(max_steps, *(x.shape[1] for x in sequences))
    same = [x if x.shape[1] == steps else keras.layers.AdaptiveAveragePooling1D(steps)(x) for x in sequences]
    return keras.layers.Concatenate()(same) if len(same) > 1 else same[0]
