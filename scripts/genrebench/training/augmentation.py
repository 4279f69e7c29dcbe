"""Random changes of training examples (data augmentation).

All random numbers come from a NumPy generator, so the same seed gives the same examples under every backend. Values are
standardised: the training clips have mean 0 and standard deviation 1.
"""

from collections.abc import Collection, Sequence
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
    """Change a batch.

    Excerpts, time masks and the partners of mixup are the same in all features: otherwise one feature would show what
    is hidden in another. The setting `crop` is not applied here but where examples are read.

    Parameters
    ----------
    inputs
        Features by name, each (examples, time, bands) or, of `pictures`, (examples, bands, time). Changed in place.
    targets
        Shares of the genres, (examples, genres).
    settings
        Those of `AugmentationSettings` that are given.
    pictures
        Names of the features whose last axis is time.
    random
        Where all random numbers come from.

    Returns
    -------
    inputs, targets
        The changed batch, of the same shapes.

    References
    ----------
    Park et al. (2019), SpecAugment (masks); Zhang et al. (2018), mixup.
    """
    examples = len(targets)
    if "excerpt" in settings:
        lengths = random.uniform(settings["excerpt"], 1, examples)
        starts = random.uniform(0, 1 - lengths)
        for values in _planes(inputs, pictures):
            _stretch(values, starts, lengths)
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
    """The features with axes of time and bands, as (examples, time, bands)."""
    planes = {name: values for name, values in inputs.items() if values.ndim == 3}
    return [values.swapaxes(1, 2) if name in pictures else values for name, values in planes.items()]


def _stretch(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> None:
    """Have an excerpt of each example, given as shares of axis 1, fill the axis, each step the nearest; in place."""
    steps = values.shape[1]
    shares = (np.arange(steps) + 0.5) / steps
    for example, start, length in zip(values, starts, lengths, strict=True):
        example[:] = example[np.minimum(((start + length * shares) * steps).astype(int), steps - 1)]


def _mix(values: np.ndarray, partner: np.ndarray, share: float) -> np.ndarray:
    return (share * values + (1 - share) * values[partner]).astype(np.float32)


def _places(masks: Sequence[float], examples: int, random: np.random.Generator) -> np.ndarray:
    """Where masks, [how many, longest share of the axis], begin and end, as shares: (examples, count, 2)."""
    count, longest = int(masks[0]), masks[1]
    widths = random.uniform(0, longest, (examples, count))
    starts = random.uniform(0, 1 - widths)
    return np.stack([starts, starts + widths], axis=-1)


def _mask(values: np.ndarray, places: np.ndarray) -> None:
    """Set stretches of axis 1 to 0, in place."""
    for example, stretches in zip(values, (places * values.shape[1]).round().astype(int), strict=True):
        for start, end in stretches:
            example[start:end] = 0
