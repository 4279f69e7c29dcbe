"""Collect one feature of all clips into one memory-mapped array, in the order of the manifest."""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from genrebench import files, job
from genrebench.features import BROUGHT
from genrebench.job import InputError
from genrebench.shards import shard_of

MANY_ROWS = 64  # rows of a brought array that are converted at a time


def collect_feature(
    feature: str,
    settings: dict[str, Any] | str,
    audio: dict[str, Any],
    manifest: str,
    shards: int,
    store: str,
    brought: str | None,
    values: str,
    description: str,
) -> None:
    """Write `values` (float32 .npy, first axis the manifest's rows) and its JSON `description`.

    Clips shorter than the longest are padded at the end. The array comes from the store of extracted arrays or, for a
    dataset that brings features, from its folder `brought`; a feature that it does not bring is described as not
    available, and the array is empty.
    """
    clips = files.read_rows(manifest)
    if brought is not None:
        result = _collect_brought(feature, clips, Path(brought), values)
    elif settings == BROUGHT:
        result = _not_available(values, "only a dataset that brings this feature has it, and this one brings audio")
    else:
        result = _collect_extracted(feature, settings, audio, clips, shards, store, values)
    result["sha256"] = _sha256(values)
    files.write_json(description, {"feature": feature, **result})


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _collect_extracted(
    feature: str, settings: dict[str, Any], audio: dict[str, Any], clips: list, shards: int, store: str, values: str
) -> dict[str, Any]:
    from genrebench import extraction  # not needed for what a dataset brings

    cache = extraction.Store(store, {feature: settings}, audio)
    for shard in sorted({shard_of(clip["md5"], shards) for clip in clips}):
        cache.fill(clips, shard, shards)  # nothing, unless the store was emptied since the shards were made
    module = extraction.module(feature)
    lengths, shape = [0] * len(clips), ()
    for row, array in cache.read(feature, clips, shards):
        lengths[row], shape = array.shape[-1], array.shape[:-1]
    rows = cache.read(feature, clips, shards)
    _write(values, (len(clips), *shape, max(lengths)), rows, module.PAD_VALUE)
    return _describe(values, list(module.AXES), module.UNIT, lengths)


def _collect_brought(feature: str, clips: list, folder: Path, values: str) -> dict[str, Any]:
    path = folder / "features" / f"{feature}.npy"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in path.parent.glob("*.npy"))) or "none"
        reason = f"{folder} brings its own features and this is not among them (there are: {there})"
        return _not_available(values, reason)
    array = np.load(path, mmap_mode="r")
    if array.shape[0] != len(clips):
        raise InputError(f"{path} has {array.shape[0]} rows, but {folder}/manifest.csv has {len(clips)}")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} holds {array.dtype}, but must hold numbers")
    if array.ndim == 1:
        array = array[:, None]  # one number per clip
    _write(values, array.shape, enumerate(array), 0)
    axes = {1: ["column"], 2: ["band", "frame"]}.get(array.ndim - 1, [f"axis{i}" for i in range(1, array.ndim)])
    return _describe(values, axes, "as brought by the dataset", None)


def _not_available(values: str, reason: str) -> dict[str, Any]:
    _write(values, (0,), [], 0)
    return {"available": False, "reason": reason}


def _write(path: str, shape: tuple[int, ...], rows: Iterable[tuple[int, np.ndarray]], pad_value: float) -> None:
    with files.atomic(path) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
        for row, array in rows:
            out[row, ..., : array.shape[-1]] = array
            out[row, ..., array.shape[-1] :] = pad_value
        out.flush()


def _describe(values: str, axes: list[str], unit: str, lengths: list[int] | None) -> dict[str, Any]:
    array = np.load(values, mmap_mode="r")
    if not all(np.isfinite(array[i : i + MANY_ROWS]).all() for i in range(0, len(array), MANY_ROWS)):
        row = next(i for i in range(len(array)) if not np.isfinite(array[i]).all())
        raise InputError(f"row {row} of the feature (counted from 0) is not finite; mend or remove that clip")
    mean = _mean(array, lambda block: block)
    return {
        "available": True,
        "reason": None,
        "axes": axes,
        "unit": unit,
        "shape": list(array.shape),
        "lengths": lengths,  # of the last axis, before padding
        "mean": mean,
        "std": _mean(array, lambda block: (block - mean) ** 2) ** 0.5,
        "min": float(min(block.min() for block in _blocks(array))),
        "max": float(max(block.max() for block in _blocks(array))),
    }


def _blocks(array: np.ndarray) -> Iterable[np.ndarray]:
    return (array[i : i + MANY_ROWS] for i in range(0, len(array), MANY_ROWS))


def _mean(array: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> float:
    return float(sum(function(block.astype(np.float64)).sum() for block in _blocks(array)) / array.size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feature", required=True)
    parser.add_argument("--settings", required=True, type=json.loads, help="the feature's entry in params.yaml as JSON")
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--shards", required=True, type=int)
    parser.add_argument("--store", required=True, help="folder of the extracted arrays")
    parser.add_argument("--brought", help="folder of a dataset that brings features")
    parser.add_argument("--values", required=True, help=".npy to write")
    parser.add_argument("--description", required=True, help=".json to write")
    job.run(collect_feature, vars(parser.parse_args()))
