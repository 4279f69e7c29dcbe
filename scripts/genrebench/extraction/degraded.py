"""The features of test clips that are degraded: a store for each condition, as that of the clips themselves."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio.degradations import Condition, Recipe
from genrebench.common import files
from genrebench.extraction import store as stores


def extract_degraded(
    manifest: Path,
    splits: Sequence[Path],
    audio: Mapping[str, Any],
    features: dict[str, dict[str, Any]],
    condition: str,
    recipe: dict[str, Any],
    seed: int,
    store: Path,
    done: Path,
) -> None:
    """Extract features of the test clips of some splits under a condition; what is in the store stays.

    Parameters
    ----------
    manifest, splits
        CSV files.
    audio
        Section `audio` of the parameters.
    features
        The entries of the features in the parameters.
    condition, recipe, seed
        The name of the condition, its recipe, and the seed of what is drawn.
    store
        Folder of the extracted arrays of this condition.
    done
        JSON to write: the key under which each feature is in the store.
    """
    tested = {row["clip_id"] for split in splits for row in files.read_rows(split) if row["subset"] == "test"}
    clips = [clip for clip in files.read_rows(manifest) if clip["clip_id"] in tested]
    cache = stores.Store(store, features, audio, Condition(condition, Recipe.model_validate(recipe), seed))
    print(f"{condition}: decoded {cache.fill(clips, 0, 1)} of {len(clips)} test clips")
    files.write_json(done, {"keys": cache.keys})


def read_degraded(
    store: Path, feature: str, keys: Mapping[str, str], clips: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (row in `clips`, array) of each clip; `keys` are those that `extract_degraded` has written."""
    return stores.read(store, feature, keys[feature], clips, 1)
