"""A feature that is a table as CSV for people: a row per clip, or per clip and segment, and a column per number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files
from genrebench.common.cli import InputError

LABEL = "label"  # what the widespread tables of GTZAN call the genre


def write_table(manifest: str | Path, feature: str | Path, table: str | Path) -> None:
    """Write clip_id, the feature's columns and the genre; for segments also the number of each, from 0.

    Numbers are the shortest that give the float32 back.

    Parameters
    ----------
    manifest : path
        The clips (CSV).
    feature : path
        JSON description of an array beside it (.npy), whose axes are "column", or "column" and another.
    table : path
        CSV to write.

    Raises
    ------
    InputError
        If the feature is no table.
    """
    description = files.read_json(feature)
    clips = files.read_rows(manifest)
    axes = description["axes"]
    if axes[0] != "column" or len(axes) > 2:
        raise InputError(f"{feature} has the axes {', '.join(axes)}; only a feature of columns can be a table")
    values = np.load(Path(feature).with_suffix(".npy"), mmap_mode="r")
    names = description.get("columns") or [
        f"{description['feature']}{number}" for number in range(1, values.shape[1] + 1)
    ]
    files.write_rows(table, ["clip_id", *axes[1:], *names, LABEL], _rows(clips, values, names, description))


def _rows(
    clips: list[dict[str, str]], values: np.ndarray, names: list[str], description: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What stands after the end of a shorter clip is left out."""
    for number, (clip, array) in enumerate(zip(clips, values, strict=True)):
        known = {"clip_id": clip["clip_id"], LABEL: clip["genre"]}
        if array.ndim == 1:
            yield known | dict(zip(names, map(str, array), strict=True))
        else:
            (axis,) = description["axes"][1:]
            length = description["lengths"][number] if description["lengths"] else array.shape[1]
            for segment in range(length):
                yield known | {axis: segment} | dict(zip(names, map(str, array[:, segment]), strict=True))
