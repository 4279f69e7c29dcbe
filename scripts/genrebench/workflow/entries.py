"""An entry of `features` or `models` in params.yaml: which module serves it, and what it hands to it."""

from typing import Any

PRECOMPUTED = (
    "precomputed"  # instead of settings, or the key of the axes: only a dataset with features of its own has it
)


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
    """What an entry of params.yaml hands to its module."""
    return {key: value for key, value in entry.items() if key != "module"}
