"""The features, one module each; `genrebench.extraction` finds them by name.

A module has the constants SETTINGS (the JSON schema of each of its settings in params.yaml), AXES (names of the axes
of one clip's array; time, where there is one, is the last), UNIT and PAD_VALUE (what stands after the end of a shorter
clip), and `extract(clip, **settings)`, which returns one clip's array, unpadded. Where the first axis is
`column`, `columns(**settings)` gives the names along it. SAMPLE_RATE is in the modules of pretrained models, which
hear audio at a rate of their own (Hz); EXTRA names the packages without which the feature is of no use
(genrebench.extras).

An entry under `features` in params.yaml is named after its module, or names it (`module`).
"""

from typing import Any

BROUGHT = "brought"  # instead of settings, or the key of the axes: only a dataset with features of its own has it


TIME = ("frame", "block", "segment", "sample")  # names of axes that are time


def is_brought(entry: Any) -> bool:
    """Whether an entry of params.yaml stands for a feature that is not computed from audio."""
    return entry == BROUGHT or (isinstance(entry, dict) and BROUGHT in entry)


def is_pretrained(entry: Any) -> bool:
    """Whether an entry of params.yaml is a pretrained model: one whose weights come from elsewhere."""
    return isinstance(entry, dict) and "handle" in entry


def module_of(name: str, entry: Any) -> str:
    """The name of the module that serves an entry of params.yaml."""
    return str(entry.get("module", name)) if isinstance(entry, dict) else name


def arguments(entry: dict[str, Any]) -> dict[str, Any]:
    """What an entry of params.yaml hands to its module."""
    return {key: value for key, value in entry.items() if key != "module"}
