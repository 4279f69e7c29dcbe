"""One feature of all clips as one memory-mapped array (a cache), and its description."""

import hashlib
import importlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genrebench.audio.lengths import common_seconds, given_seconds
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.datasets import tables
from genrebench.extraction.archives import write_padded
from genrebench.extraction.feature_tables import write_table
from genrebench.extraction.shards import shard_of
from genrebench.features import TIME
from genrebench.workflow import pretrained
from genrebench.workflow.entries import PRECOMPUTED, arguments, is_precomputed, is_pretrained, module_of

BLOCK_BYTES = 16e6  # of a cache that are in memory at a time


def collect_feature(
    feature: str,
    settings: dict[str, Any],
    audio: Mapping[str, Any],
    manifest: str | Path,
    shards: int,
    store: str | Path,
    precomputed: str | Path | None,
    values: str | Path,
    description: str | Path,
    table: str | Path | None = None,
) -> None:
    """Write one feature of all clips, padded or cut at the end to one length (`audio.duration`).

    Parameters
    ----------
    feature, settings
        Its name, and its entry in the parameters.
    audio : mapping
        Section `audio` of the parameters.
    manifest : path
        The clips (CSV).
    shards : int
        How many there are in the store.
    store : path
        Folder of the extracted arrays.
    precomputed : path, optional
        Folder of a dataset that comes as features.
    values : path
        The array to write: float32 .npy, the first axis has the manifest's rows.
    description : path
        JSON to write: axes, unit, shape, statistics, the SHA-256 of the array, and `caveats`, which are to be named
        wherever numbers of a model that reads the feature appear.
    table : path, optional
        CSV to write, of a feature of columns.
    """
    clips = tables.MANIFEST.read(manifest, only=("path", "md5", "duration_s"))
    if precomputed is not None:
        result = _collect_precomputed(feature, settings, clips, Path(precomputed), values)
    else:
        result = _collect_extracted(feature, settings, audio, clips, shards, store, values)
    result["sha256"] = _sha256(values)
    files.write_json(description, {"feature": feature, **result})
    if table is not None:
        write_table(manifest, description, table)


def _sha256(path: str | Path) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _collect_extracted(
    feature: str,
    settings: dict[str, Any],
    audio: Mapping[str, Any],
    clips: pd.DataFrame,
    shards: int,
    store: str | Path,
    values: str | Path,
) -> dict[str, Any]:
    from genrebench.extraction import store as extraction  # not needed for what a dataset brings

    cache = extraction.Store(store, {feature: settings}, audio)
    rows = clips[["md5", "path"]].to_dict("records")
    members: dict[int, list[dict[str, str]]] = defaultdict(list)
    for clip in rows:
        members[shard_of(clip["md5"], shards)].append(clip)
    for shard, own in sorted(members.items()):
        cache.fill(own, shard, shards)  # nothing, unless the store was emptied since the shards were made
    module = extraction.module(feature, settings)
    lengths, shape = [0] * len(clips), ()
    for row, array in cache.read(feature, rows, shards):
        lengths[row], shape = array.shape[-1], array.shape[:-1]
    common = max(lengths)
    durations = clips["duration_s"].to_list()
    seconds = given_seconds(audio["duration"])
    if seconds is None:
        seconds = common_seconds(audio["duration"], durations)
        if module.AXES[-1] in TIME:
            common = common_length(seconds, lengths, durations)
    write_padded(values, (len(clips), *shape, common), cache.read(feature, rows, shards), module.PAD_VALUE)
    result = _describe(values, list(module.AXES), module.UNIT, [min(length, common) for length in lengths], seconds)
    if module.AXES[0] == "column":
        result["columns"] = module.columns(**arguments(settings))
    if is_pretrained(settings) and settings["handle"] == pretrained.NONE:
        result["caveats"] = [f"{feature}: random weights, not pretrained"]
    return result


def common_length(seconds: float, lengths: Sequence[int], durations: Sequence[float]) -> int:
    """The length of the last axis to which all clips are padded or cut.

    That of the clips which last just `seconds`; where none does, what the longest clip has of that time. (Huang and
    Minami 2024 take a percentile of the durations, with a floor.)

    Parameters
    ----------
    seconds : float
        What the last axis is to span.
    lengths : sequence of int
        Of the last axis, of each clip.
    durations : sequence of float
        Of each clip in seconds.
    """
    same = [frames for frames, own in zip(lengths, durations, strict=True) if own == seconds]
    longest = int(np.argmax(durations))
    return max(same, default=max(1, round(lengths[longest] * seconds / durations[longest])))


def _collect_precomputed(
    feature: str, entry: Any, clips: pd.DataFrame, folder: Path, values: str | Path
) -> dict[str, Any]:
    path = folder / "features" / f"{feature}.npy"
    array = np.load(path, mmap_mode="r")
    if array.shape[0] != len(clips):
        raise InputError(f"{path} has {array.shape[0]} rows, but {folder}/manifest.csv has {len(clips)}")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} holds {array.dtype}, but must hold numbers")
    if array.ndim == 1:
        array = array[:, None]  # one number per clip
    axes = {1: ["column"], 2: ["band", "frame"]}.get(array.ndim - 1, [f"axis{i}" for i in range(1, array.ndim)])
    if isinstance(entry, dict):
        own = entry[PRECOMPUTED] if is_precomputed(entry) else _axes_of(feature, entry)
        axes = list(own) if is_precomputed(entry) or len(own) == len(axes) else axes
    if len(axes) != array.ndim - 1:
        raise InputError(
            f"{path} has the shape {array.shape}, clips first, but params.yaml: features.{feature} names "
            f"{len(axes)} axes of a clip ({', '.join(axes)})"
        )
    if "frame" in axes:  # time is the last axis of every cache
        array = np.moveaxis(array, 1 + axes.index("frame"), -1)
        axes = [axis for axis in axes if axis != "frame"] + ["frame"]
    write_padded(values, array.shape, enumerate(array), 0)
    longest = clips["duration_s"].max()
    result = _describe(values, axes, "as brought by the dataset", None, None if np.isnan(longest) else longest)
    names = path.with_suffix(".columns.txt")
    if axes[0] == "column" and names.is_file():
        result["columns"] = names.read_text(encoding="utf-8").splitlines()
        if len(result["columns"]) != array.shape[1]:
            raise InputError(f"{names} has {len(result['columns'])} names, but {path} has {array.shape[1]} columns")
    return result


def _axes_of(feature: str, entry: dict[str, Any]) -> tuple[str, ...]:
    return importlib.import_module(f"genrebench.features.{module_of(feature, entry)}").AXES


def _describe(
    values: str | Path, axes: list[str], unit: str, lengths: list[int] | None, seconds: float | None
) -> dict[str, Any]:
    total, low, high, size = 0.0, np.inf, -np.inf, 0
    for first, block in _blocks(values):
        if not np.isfinite(block).all():
            row = first + int(np.flatnonzero(~np.isfinite(block).all(axis=tuple(range(1, block.ndim))))[0])
            raise InputError(f"row {row} of the feature (counted from 0) is not finite; mend or remove that clip")
        total += block.sum(dtype=np.float64)
        low, high, size = min(low, block.min()), max(high, block.max()), size + block.size
    mean = total / size
    squares = sum(np.square(block - mean, dtype=np.float64).sum() for _, block in _blocks(values))
    return {
        "available": True,
        "reason": None,
        "axes": axes,
        "unit": unit,
        "shape": list(np.load(values, mmap_mode="r").shape),
        "lengths": lengths,  # of the last axis, before padding
        "seconds": seconds,  # that the last axis spans, if it is time
        "mean": float(mean),
        "std": float((squares / size) ** 0.5),
        "min": float(low),
        "max": float(high),
    }


def _blocks(values: str | Path) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, rows) of a cache, read from the file (pages of a memory map would count as memory)."""
    array = np.load(values, mmap_mode="r")
    with Path(values).open("rb") as file:
        file.seek(array.offset)
        rows = max(1, int(BLOCK_BYTES / array[0].nbytes))
        for first in range(0, len(array), rows):
            shape = (min(rows, len(array) - first), *array.shape[1:])
            yield first, np.fromfile(file, np.float32, int(np.prod(shape))).reshape(shape)
