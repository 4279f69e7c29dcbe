"""The features of degraded clips: a store for each condition, as that of the clips themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio.degradations import Condition, Recipe
from genrebench.common import files
from genrebench.extraction import store as stores
from genrebench.extraction.collect import write_padded


def extract_degraded(
    manifest: Path,
    split: Path,
    subset: str,
    audio: Mapping[str, Any],
    features: dict[str, dict[str, Any]],
    condition: str,
    recipe: dict[str, Any],
    seed: int,
    store: Path,
    done: Path,
) -> None:
    """Extract features of the clips of a subset under a condition; what is in the store stays.

    Parameters
    ----------
    manifest, split
        CSV files.
    subset
        train, valid or test.
    audio
        Section `audio` of the parameters.
    features
        The entries of the features in the parameters.
    condition, recipe, seed
        The name of the condition, its recipe, and the seed of what is drawn.
    store
        Folder of the extracted arrays of this condition.
    done
        JSON to write: what a `Degraded` needs to read them.
    """
    members = {row["clip_id"] for row in files.read_rows(split) if row["subset"] == subset}
    clips = [clip for clip in files.read_rows(manifest) if clip["clip_id"] in members]
    cache = stores.Store(store, features, audio, Condition(condition, Recipe.model_validate(recipe), seed))
    print(f"{condition}: decoded {cache.fill(clips, 0, 1)} of {len(clips)} clips")
    facts = {"condition": condition, "recipe": recipe, "seed": seed, "store": str(store), "keys": cache.keys}
    pad_values = {name: stores.module(name, entry).PAD_VALUE for name, entry in features.items()}
    files.write_json(done, facts | {"pad_values": pad_values})


class Degraded:
    """The features of clips under one condition, as `extract_degraded` has extracted them.

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
        for row, array in self._read(feature, clips):
            lengths[row] = min(array.shape[-1], shape[-1])
        write_padded(path, (len(clips), *shape), self._read(feature, clips), self.pad_values[feature])
        return np.load(path, mmap_mode="r"), lengths

    def _read(self, feature: str, clips: Sequence[Mapping[str, str]]) -> Any:
        return stores.read(self.store, feature, self.facts["keys"][feature], clips, 1)


def by_condition(done: Sequence[Path]) -> list[Degraded]:
    """The conditions of these JSON files, in the order of the first of each."""
    found: dict[str, list[Path]] = {}
    for path in done:
        found.setdefault(files.read_json(path)["condition"], []).append(path)
    return [Degraded(paths) for paths in found.values()]
