"""Degraded copies of training clips, which are trained on beside the clips."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from genrebench.common import files
from genrebench.extraction import archives
from genrebench.training.data import Data, Feature, Stacked, Windows


class Degraded:
    """The features of clips under one condition, as `extraction.degraded` has extracted them.

    Attributes
    ----------
    condition : str
        Its name.
    facts : dict
        What the features depend on: the recipe, the seed, and the key of each feature in the store.
    """

    def __init__(self, done: Sequence[Path]):
        described = [files.read_json(path) for path in done]
        self.condition: str = described[0]["condition"]
        self.store = Path(described[0]["store"])
        self.pad_values: dict[str, float] = {}
        keys: dict[str, str] = {}
        for one in described:
            self.pad_values |= one["pad_values"]
            keys |= one["keys"]
        self.facts: dict[str, Any] = {"recipe": described[0]["recipe"], "seed": described[0]["seed"], "keys": keys}

    @property
    def speed(self) -> float:
        """How many times as fast the clips are."""
        return float(self.facts["recipe"].get("speed") or 1)

    def write(
        self, feature: str, clips: Sequence[Mapping[str, str]], shape: Sequence[int], path: Path
    ) -> tuple[np.ndarray, list[int]]:
        """Write a feature of some clips (rows of the manifest) as one array, cut or padded to the `shape` of a clip.

        Returns
        -------
        values
            Memory-mapped, float32 (clips, ...).
        lengths
            Of the last axis of each clip, before padding.
        """
        lengths = [0] * len(clips)

        def rows() -> Iterator[tuple[int, np.ndarray]]:
            for row, array in archives.read(self.store, feature, self.facts["keys"][feature], clips, 1):
                lengths[row] = min(array.shape[-1], shape[-1])
                yield row, array

        archives.write_padded(path, (len(clips), *shape), rows(), self.pad_values[feature])
        return np.load(path, mmap_mode="r"), lengths


def by_condition(done: Sequence[Path]) -> list[Degraded]:
    """The conditions of these JSON files, in the order of the first of each."""
    found: dict[str, list[Path]] = {}
    for path in done:
        found.setdefault(files.read_json(path)["condition"], []).append(path)
    return [Degraded(paths) for paths in found.values()]


def read_degraded(feature: Feature, condition: Degraded, clips: Sequence[Mapping[str, str]], folder: str) -> Feature:
    """A feature of degraded clips, cut or padded to the length that it has in the cache of the clips as they are.

    Parameters
    ----------
    feature
        The cache of the clips as they are.
    condition
        The degraded clips.
    clips
        The rows of the manifest that are wanted.
    folder
        Where an array is written that is to stay as long as the feature is read.
    """
    path = Path(folder, f"{condition.condition}-{feature.name}.npy")
    values, lengths = condition.write(feature.name, clips, feature.values.shape[1:], path)
    return Feature(feature.name, values, feature.description | {"lengths": lengths})


@contextmanager
def with_copies(
    data: Data,
    clips: Sequence[Mapping[str, Any]],
    caches: Sequence[Feature],
    conditions: Sequence[Degraded],
    segments: Mapping[str, float] | None,
    folder: Path,
) -> Iterator[Data]:
    """The same examples, and a copy of each training example under each condition.

    The copies are further rows of the subset `train`, each of a clip whose number is beyond those of the manifest.

    Parameters
    ----------
    data
        The examples, of `Data.of_split`.
    clips
        The rows of the manifest.
    caches
        The features of these.
    conditions
        The degraded clips.
    segments
        The setting of the model.
    folder
        Where arrays are written, in a temporary folder.
    """
    if not conditions:
        yield data
        return
    of = np.unique(data.clips[data.rows["train"]])
    chosen = [clips[row] for row in of]
    steps = {} if segments else {one.name: length for one in data.features if (length := _steps(one)) is not None}
    joined = data
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as temporary:
        for number, condition in enumerate(conditions):
            seconds = [float(clip["duration_s"] or 0) / condition.speed for clip in chosen]
            features = [read_degraded(cache, condition, chosen, temporary) for cache in caches]
            copies = Data.of_clips(seconds, features, data.genres, dict(segments) if segments else None, steps)
            joined = _joined(joined, data, copies, of, len(clips) + number * len(of))
        yield joined


def _steps(feature: Feature) -> int | None:
    """The length to which a time axis was cut."""
    return feature.values.steps if isinstance(feature.values, Windows) else None


def _joined(joined: Data, data: Data, copies: Data, of: np.ndarray, first_clip: int) -> Data:
    """`joined` and the copies of the training examples of `data`; `of` has the clip that each is a copy of."""
    train = data.rows["train"]
    originals = of[copies.clips]
    label_of = dict(zip(data.clips[train].tolist(), data.labels[train].tolist(), strict=True))
    examples = set(zip(data.clips[train].tolist(), data.segments[train].tolist(), strict=True))
    is_copy = [pair in examples for pair in zip(originals.tolist(), copies.segments.tolist(), strict=True)]
    further = len(joined.clips) + np.flatnonzero(is_copy)
    spans = copies.spans
    if (data.spans[train, 0] != data.spans[train, 1]).any():  # segments may start anywhere in their clip
        last = np.zeros(len(of))
        np.maximum.at(last, copies.clips, spans[:, 1])
        spans = np.stack([np.zeros(len(spans)), last[copies.clips]], axis=1)
    return replace(
        joined,
        features=[_stacked(*pair) for pair in zip(joined.features, copies.features, strict=True)],
        rows=joined.rows | {"train": np.concatenate([joined.rows["train"], further])},
        labels=np.concatenate([joined.labels, [label_of[clip] for clip in originals.tolist()]]),
        clips=np.concatenate([joined.clips, first_clip + copies.clips]),
        segments=np.concatenate([joined.segments, copies.segments]),
        spans=np.concatenate([joined.spans, spans]),
    )


def _stacked(feature: Feature, copies: Feature) -> Feature:
    lengths = [*feature.description["lengths"], *copies.description["lengths"]]
    assert isinstance(feature.values, Windows | Stacked) and isinstance(copies.values, Windows)
    return Feature(feature.name, Stacked([feature.values, copies.values]), feature.description | {"lengths": lengths})
