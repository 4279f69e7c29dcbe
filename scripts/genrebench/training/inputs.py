"""From the features of an example to the one tensor that a network reads: a sequence of frames, or a plane.

Shapes are those of one example, time first, without the axis of the batch.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import KerasTensor, layers, ops

from genrebench.common.cli import InputError

Shapes = dict[str, tuple[int, ...]]
Inputs = dict[str, KerasTensor]


def sequence(shapes: Shapes) -> tuple[Inputs, KerasTensor]:
    """An input per feature, and the values of all of them side by side: (frames, values).

    Features of one hop may differ by a frame, as their analyses end with the clip in different ways: the longer ones
    lose it. Raises InputError if they differ by more, or if one has no frames.
    """
    require_axes(shapes, "(frames, values)")
    frames = [shape[0] for shape in shapes.values()]
    if max(frames) - min(frames) > 1:
        raise InputError(
            f"the features of a model that joins them frame by frame have different numbers of frames "
            f"({_listed(shapes)}): give them one hop in params.yaml"
        )
    inputs = by_name(shapes)
    parts = [_first(values, min(frames)) for values in inputs.values()]
    return inputs, layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def fewer_steps(values: KerasTensor, max_steps: int) -> KerasTensor:
    """(steps, values) with at most `max_steps` steps, each the mean of equally many; 0 leaves them as they are.

    Steps at the end that do not fill a mean are left out.
    """
    steps = values.shape[1]
    if not 0 < max_steps < steps:
        return values
    return layers.AveragePooling1D(-(-steps // max_steps))(values)


def plane(shapes: Shapes) -> tuple[Inputs, KerasTensor]:
    """The input of a model of one feature, and its values with an axis of channels: (rows, columns, 1).

    Raises InputError if there is not one feature of two axes.
    """
    require_axes(shapes, "a plane")
    if len(shapes) > 1:
        raise InputError(f"a model of one plane cannot read {len(shapes)} features ({_listed(shapes)}): name one")
    inputs = by_name(shapes)
    (values,) = inputs.values()
    return inputs, layers.Reshape((*values.shape[1:], 1))(values)


def photograph(shapes: Shapes, settings: Mapping[str, Any], spread: float | None) -> tuple[Inputs, KerasTensor]:
    """The input of a network for photographs: (rows, columns, 3), of one feature; `settings` has `PictureSettings`.

    Standardised values get the standard deviation `spread`, which ImageNet's photographs have in the levels that its
    weights expect; None leaves them, for a network that is trained from scratch.
    """
    given, x = plane(shapes)
    if settings["orientation"] == "frames":
        x = ops.flip(layers.Permute((2, 1, 3))(x), axis=1)  # high frequencies above, as in `mel_image`
    x = layers.Resizing(*settings["image_size"], antialias=True)(x)
    x = layers.Concatenate()([x] * 3)
    return given, x if spread is None else layers.Rescaling(spread)(x)


def require_axes(shapes: Shapes, expected: str) -> None:
    """Raise InputError if a feature has not two axes; `expected` says what the model takes."""
    for name, shape in shapes.items():
        if len(shape) != 2:
            raise InputError(
                f"the feature {name} of a clip has the shape {shape}, but the model reads {expected}, two axes: name "
                "another in the model's features in params.yaml"
            )


def by_name(shapes: Shapes) -> Inputs:
    """An input for each feature, named after it."""
    return {name: keras.Input(shape, name=name) for name, shape in shapes.items()}


def _first(values: KerasTensor, frames: int) -> KerasTensor:
    surplus = values.shape[1] - frames
    return layers.Cropping1D((0, surplus))(values) if surplus else values


def _listed(shapes: Shapes) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())
