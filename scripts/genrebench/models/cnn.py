"""Convolutional network on mel spectrogram and chroma (paper 001, 3.2.1 and 4.1).

The paper states Conv2D layers, batch normalisation, dropout and residual connections, a channel axis, and the learning
rate (`epochs`, `warmup_epochs`, `schedule`). It states neither sizes nor how two features of different numbers of
frames meet. Our reading: each feature is a plane of its own through residual blocks (`residual_stack` of
genrebench.training.blocks), the average of each map over the whole plane, all averages side by side, a dense layer, softmax.
"""

from typing import Any

import keras

from genrebench.training import blocks, inputs, keras_model
from genrebench.training.data import Data
from genrebench.training.keras_model import KerasModel

SETTINGS = {
    **keras_model.SETTINGS,
    **blocks.SETTINGS,
    "filters": {
        "description": "Maps of the first convolution and of each residual block; each halves time and frequency.",
        "type": "array",
        "minItems": 2,
        "items": {"type": "integer", "minimum": 1},
    },
    "kernel": {"description": "Side of the convolutions' kernels.", "type": "integer", "minimum": 2},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """The network for features of these shapes, (frames, bands) each; InputError where one has other axes."""
    planes = inputs.by_name(shapes)
    branches = [branch(plane, settings) for plane in planes.values()]
    return keras.Model(planes, blocks.classifier(branches, genres, settings["dense"], settings["dropout"]))


def branch(plane: keras.KerasTensor, settings: dict[str, Any]) -> keras.KerasTensor:
    """What the network takes from one feature: (frames, bands) to (filters[-1],)."""
    inputs.require_axes({plane.name: plane.shape[1:]}, "(frames, bands)")
    maps = blocks.residual_stack(plane, settings["filters"], settings["kernel"], settings["dropout"])
    return keras.layers.GlobalAveragePooling2D()(maps)
