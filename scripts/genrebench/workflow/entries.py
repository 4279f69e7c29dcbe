"""An entry of `features` or `models` in params.yaml: which module serves it, and what it hands to it."""

import importlib
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

# Instead of settings, or the key of the axes: only a dataset with features of its own has such a feature.
PRECOMPUTED = "precomputed"
NO_EMBEDDING = "none"
BEST = "best"  # instead of the name of a model: the export of the best in validation


def is_precomputed(entry: Any) -> bool:
    """Whether an entry of params.yaml stands for a feature that is not computed from audio."""
    return entry == PRECOMPUTED or (isinstance(entry, dict) and PRECOMPUTED in entry)


def is_pretrained(entry: Any) -> bool:
    """Whether an entry of params.yaml is a pretrained model: one whose weights come from elsewhere."""
    return isinstance(entry, dict) and "handle" in entry


def module_of(name: str, entry: Any) -> str:
    """The name of the module that serves an entry of params.yaml."""
    return str(entry.get("module", name)) if isinstance(entry, dict) else name


def arguments(entry: dict[str, Any]) -> dict[str, Any]:
    """What an entry of params.yaml hands to its module; the rest says which module it is, and what clips it gets."""
    return {key: value for key, value in entry.items() if key not in ("module", "normalise_loudness")}


@cache
def load_module(kind: str, name: str) -> ModuleType:
    """A module of `kind`, features or models; its import loads no heavy package."""
    return importlib.import_module(f"genrebench.{kind}.{name}")


def entry_name(model: str, variant: str) -> str:
    """The name of the entry that is a variant of a model."""
    return f"{model}-{variant}"


def parse_entry_name(name: str) -> tuple[str, str]:
    """The model of an entry, and the variant; blank where the entry is no variant."""
    model, _, variant = name.partition("-")
    return model, variant


def features_of(settings: Mapping[str, Any]) -> list[str]:
    """The features that a model reads: `features`, and the one that it names as its `embedding`."""
    embedding = settings.get("embedding", NO_EMBEDDING)
    return list(dict.fromkeys([*settings["features"], *([] if embedding == NO_EMBEDDING else [embedding])]))
