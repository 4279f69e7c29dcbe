"""VGG-16 with ImageNet weights, fine-tuned on mel pictures (Sankhe, Kulkarni and Ambulkar).

The network is configuration D of Simonyan and Zisserman (2015). All weights are trained, as in the paper, which
replaces the last layer by dense layers of 2048, 512, 256, 128 and 64 units and a softmax (its Figure 3). Each of its
steps is a setting. Before it had the deeper head (`head: []`) and the logarithmic scale (`scale` of the feature
`mel_image`) it reached 34%, then 36%. It ends in a softmax, and PyTorch's cross-entropy, the usual loss, applies
another one. `softmax_twice` does so too: the loss then cannot fall far below 1.46 (ten genres) and its gradients
vanish, a plausible cause of the 36%. Epochs, batch size and learning rate are unstated.

The layers up to fc2 have the names and shapes of `keras.applications.VGG16`, whose weights are those of the authors.
The dropout after fc1 and fc2, and the average to 7 x 7 for pictures of other sizes, are those of the paper's
torchvision, which prepares photographs in another way: here the standardised picture is scaled to their spread. It is
grey, the same in all three channels; the paper does not say how its pictures are coloured.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from genrebench.common.cli import InputError
from genrebench.training.settings import (
    Epochs,
    Features,
    KerasSettings,
    Layers,
    LearningRate,
    PictureSettings,
    Share,
    WarmupEpochs,
)
from genrebench.workflow import pretrained

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor, layers

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(PictureSettings, KerasSettings):
    """Settings of the model; the size of a picture, and its scale, are settings of its feature too."""

    features: Features = ["mel_image"]
    handle: str = Field(
        "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
        "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        min_length=1,
        description="Address of the ImageNet weights, or a folder that has them; none trains from scratch.",
    )
    epochs: Epochs = 30
    learning_rate: LearningRate = 0.0001
    warmup_epochs: WarmupEpochs = 2
    width: float = Field(1.0, gt=0, description="Share of VGG-16's filters; ImageNet's weights need all, 1.0.")
    fully_connected: Layers = Field(
        [4096, 4096],
        max_length=2,
        description="Units of fc1 and fc2, 4096 each in VGG-16; without any, filters are averaged.",
    )
    dropout: Share = Field(0.5, description="Share of values dropped after fc1 and fc2; 0.5 in VGG-16.")
    head: Layers = Field(
        [2048, 512, 256, 128, 64],
        description="Units of the dense layers between these and the genres; [] is the original network.",
    )
    softmax_twice: bool = Field(
        False, description="Whether a softmax follows the softmax, which may be what the paper did."
    )


BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters and convolutions before each pooling
GRID = (7, 7)  # what fc1 sees of each filter
FULLY_CONNECTED = (4096, 4096)
# The mean standard deviation of the three channels of ImageNet's photographs, in levels (0 to 255): those that
# torchvision divides by, 0.229, 0.224 and 0.225 of the range. The weights expect levels less their mean.
SPREAD = 57.6


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute, initialise=initialise)


def unavailable(settings: dict[str, Any]) -> str | None:
    """Why the model cannot be trained with these settings on this machine: a sentence for people; None if it can."""
    return pretrained.unavailable("vgg16", settings)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    return [] if pretrained.is_wanted(settings) else ["trained from scratch, without ImageNet weights"]


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From one picture (rows, pixels), or frames (frames, bands), to probabilities (genres,)."""
    import keras
    from keras import layers

    from genrebench.training import inputs

    given, x = inputs.photograph(shapes, settings, SPREAD if pretrained.is_wanted(settings) else None)
    for block, (filters, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            x = layers.Conv2D(
                max(1, round(filters * settings["width"])),
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"block{block}_conv{number}",
            )(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    if settings["fully_connected"]:
        x = layers.Flatten()(_on_grid(x))
    else:
        x = layers.GlobalAveragePooling2D()(x)
    for number, units in enumerate(settings["fully_connected"], 1):
        x = _dense(units, name=f"fc{number}")(x)
        x = layers.Dropout(settings["dropout"])(x)
    for units in settings["head"]:
        x = _dense(units)(x)
    x = layers.Dense(genres, activation="softmax", dtype="float32")(x)
    if settings["softmax_twice"]:
        x = layers.Softmax(dtype="float32")(x)
    return keras.Model(given, x)


def initialise(model: keras.Model, settings: dict[str, Any]) -> None:
    """Read ImageNet's weights into a new model, before it is trained; with the handle `none` there is nothing to read.

    Raises InputError if they are not there, or not for layers of these sizes.
    """
    if path := pretrained.weights_file("vgg16", settings):
        load_imagenet(model, path)


def load_imagenet(model: keras.Model, path: Path) -> None:
    """Read the convolutions and fc1, fc2 of a file of `keras.applications.VGG16` (HDF5 by layer names).

    The head keeps its initial values. Raises InputError if a layer is not in the file or has another shape there.
    """
    names = _imagenet_shapes()
    _require(
        {layer.name: [tuple(w.shape) for w in layer.weights] for layer in model.layers if layer.name in names}, path
    )
    model.load_weights(path, by_name=True)


def check(path: Path) -> None:
    """Raise InputError if a file does not hold the layers of VGG-16."""
    _require(_imagenet_shapes(), path)


def _on_grid(plane: KerasTensor) -> KerasTensor:
    """Means over 7 x 7 parts of (rows, columns, filters), which overlap where these do not divide by 7.

    They are those of torchvision. Keras's layer for them (3.15, AdaptiveAveragePooling2D) reads beyond small planes,
    where it fails under TensorFlow and gives NaN under JAX.
    """
    from keras import ops

    rows, columns = (_means(size, parts) for size, parts in zip(plane.shape[1:3], GRID, strict=True))
    return ops.einsum("nhwc,ih,jw->nijc", plane, rows, columns)


def _means(size: int, parts: int) -> np.ndarray:
    """The matrix (parts, size) that averages: part i is of the values from i / parts to (i + 1) / parts of all."""
    matrix = np.zeros((parts, size), np.float32)
    for part in range(parts):
        first, end = part * size // parts, -(-(part + 1) * size // parts)
        matrix[part, first:end] = 1 / (end - first)
    return matrix


def _dense(units: int, name: str | None = None) -> layers.Dense:
    from keras import layers

    return layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)


def _imagenet_shapes() -> dict[str, list[tuple[int, ...]]]:
    """Shapes of kernel and bias of each layer whose weights are published, the last one apart."""
    shapes, values = {}, 3
    for block, (filters, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            shapes[f"block{block}_conv{number}"] = [(3, 3, values, filters), (filters,)]
            values = filters
    values *= GRID[0] * GRID[1]
    for number, units in enumerate(FULLY_CONNECTED, 1):
        shapes[f"fc{number}"] = [(values, units), (units,)]
        values = units
    return shapes


def _require(expected: dict[str, list[tuple[int, ...]]], path: Path) -> None:
    found = _shapes_in(path)
    for name, shapes in expected.items():
        if name not in found:
            raise InputError(
                f"{path} has no weights of the layer {name}: put the file of keras.applications.VGG16 there"
            )
        if found[name] != shapes:
            raise InputError(
                f"{path} has weights {found[name]} for the layer {name}, but the model needs {shapes}: those of "
                "ImageNet are for width: 1.0, fully_connected: [4096, 4096]; handle: none trains others from scratch"
            )


def _shapes_in(path: Path) -> dict[str, list[tuple[int, ...]]]:
    import h5py

    try:
        with h5py.File(path) as file:
            return {
                name: [group[weight].shape for weight in group.attrs["weight_names"]]
                for name, group in file.items()
                if "weight_names" in group.attrs
            }
    except (OSError, KeyError) as error:
        raise InputError(f"{path} is no readable HDF5 file of weights ({error}); fetch it again") from None
