"""The features of degraded clips: a store for each condition, as that of the clips themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genrebench.audio.degradations import Condition
from genrebench.audio.recipes import Recipe
from genrebench.common import files
from genrebench.extraction import store as stores
from genrebench.workflow import code_closure


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
        JSON to write: what `training.copies.Degraded` needs to read them.
    """
    members = {row["clip_id"] for row in files.read_rows(split) if row["subset"] == subset}
    clips = [clip for clip in files.read_rows(manifest) if clip["clip_id"] in members]
    cache = store_of(store, features, audio, Condition(condition, Recipe.model_validate(recipe), seed))
    print(f"{condition}: decoded {cache.fill(clips, 0, 1)} of {len(clips)} clips")
    facts = {"condition": condition, "recipe": recipe, "seed": seed, "store": str(store), "keys": cache.keys}
    pad_values = {name: stores.module(name, entry).PAD_VALUE for name, entry in features.items()}
    files.write_json(done, facts | {"pad_values": pad_values})


def store_of(
    folder: Path, features: dict[str, dict[str, Any]], audio: Mapping[str, Any], condition: Condition
) -> stores.Store:
    """The store of features of clips under a condition; `features` and `audio` as for `Store`."""
    source = code_closure.digest(code_closure.closure("scripts/genrebench/audio/degradations.py"))
    recipe = condition.recipe.model_dump(exclude_defaults=True)
    degraded_by = [condition.name, recipe, condition.seed, source]
    return stores.Store(folder, features, audio, condition.degrade, degraded_by)
