"""Augmentation: training examples changed at random, against overfitting.

Everything is drawn from the generator that is passed in, with NumPy: the same seed gives the same examples under every
backend. Values are standardised, so 0 is the mean of the training clips, and a standard deviation is 1.
"""

from collections.abc import Collection
from typing import Any

import numpy as np

Inputs = dict[str, np.ndarray]  # by feature: (examples, steps, bands), or another shape, examples first


def augment(
    inputs: Inputs,
    targets: np.ndarray,
    settings: dict[str, Any],
    pictures: Collection[str],
    random: np.random.Generator,
) -> tuple[Inputs, np.ndarray]:
    """Change a batch as `settings` say (those of `AugmentationSettings` that are given). The arrays are reused.

    `targets` are (examples, genres). Time is axis 1 of the inputs, but axis 2 of those that `pictures` names.

    A stretch of time is masked in all features at once, and mixed examples are the same in all: otherwise one feature
    would tell what is hidden in another. The crop is no part of this: it is made where examples are read.
    """
    examples = len(targets)
    if "gain" in settings:
        for values in inputs.values():
            shape = examples, *[1] * (values.ndim - 1)
            values += random.normal(0, settings["gain"], shape).astype(np.float32)
    if "noise" in settings:
        for values in inputs.values():
            values += settings["noise"] * random.standard_normal(values.shape, np.float32)
    if "mixup" in settings:
        share = random.beta(settings["mixup"], settings["mixup"])
        partner = random.permutation(examples)
        inputs = {name: _mix(values, partner, share) for name, values in inputs.items()}
        targets = _mix(targets, partner, share)
    if "time_masks" in settings:
        places = _places(settings["time_masks"], examples, random)
        for values in _planes(inputs, pictures):
            _mask(values, places)
    if "band_masks" in settings:
        for values in _planes(inputs, pictures):
            _mask(values.swapaxes(1, 2), _places(settings["band_masks"], examples, random))
    return inputs, targets


def _planes(inputs: Inputs, pictures: Collection[str]) -> list[np.ndarray]:
    """The features with an axis of time, which comes first, and one of bands."""
    planes = {name: values for name, values in inputs.items() if values.ndim == 3}
    return [values.swapaxes(1, 2) if name in pictures else values for name, values in planes.items()]


def _mix(values: np.ndarray, partner: np.ndarray, share: float) -> np.ndarray:
    return (share * values + (1 - share) * values[partner]).astype(np.float32)


def _places(masks: tuple[int, float], examples: int, random: np.random.Generator) -> np.ndarray:
    """Where masks (their count, the longest share) begin and end, as shares of an axis: (examples, count, 2)."""
    count, longest = masks
    widths = random.uniform(0, longest, (examples, count))
    starts = random.uniform(0, 1 - widths)
    return np.stack([starts, starts + widths], axis=-1)


def _mask(values: np.ndarray, places: np.ndarray) -> None:
    """Set stretches of axis 1 to 0, in place."""
    for example, stretches in zip(values, (places * values.shape[1]).round().astype(int), strict=True):
        for start, end in stretches:
            example[start:end] = 0
