"""Reading the archives of a store, and writing arrays of different lengths as one; without the code of extraction."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.extraction.shards import shard_of


def read(
    store: Path, feature: str, key: str, clips: Sequence[Mapping[str, str]], shards: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (row in `clips`, array) of every clip, part by part; only one array is in memory at a time.

    `key` is that of the feature in the folder `store`.
    """
    rows: dict[Path, list[int]] = {}
    found = cache(lambda shard: parts(folder_of(store, feature, key, shard, shards)))
    for row, clip in enumerate(clips):
        rows.setdefault(found(shard_of(clip["md5"], shards))[clip["md5"]], []).append(row)
    for part, members in sorted(rows.items()):
        with np.load(part) as archive:
            for row in members:
                yield row, archive[clips[row]["md5"]]


def folder_of(store: Path, feature: str, key: str, shard: int, shards: int) -> Path:
    """Where the arrays of one feature and shard are."""
    return store / f"{feature}-{key}" / f"{shard}-of-{shards}"


def parts(folder: Path) -> dict[str, Path]:
    """The archive that holds each array of a folder."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("[0-9]*.npz")):
        try:
            with zipfile.ZipFile(path) as archive:
                found.update((name.removesuffix(".npy"), path) for name in archive.namelist())
        except zipfile.BadZipFile:
            raise InputError(f"{path} is damaged; delete it, and what was in it is computed again") from None
    return found


def write_padded(
    path: str | Path, shape: tuple[int, ...], rows: Iterable[tuple[int, np.ndarray]], pad_value: float
) -> None:
    """Write arrays as the rows of one .npy, each cut or padded at the end of its last axis to that of `shape`.

    They come in any order, with the number of the row, and one is in memory at a time (pages of a memory map would
    count as memory).
    """
    with files.atomic(path) as temporary, temporary.open("wb") as file:
        description = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(file, description)
        start = file.tell()
        out = np.empty(shape[1:], np.float32)
        for row, array in rows:
            length = min(array.shape[-1], shape[-1])
            out[..., :length] = array[..., :length]
            out[..., length:] = pad_value
            file.seek(start + row * out.nbytes)
            out.tofile(file)
