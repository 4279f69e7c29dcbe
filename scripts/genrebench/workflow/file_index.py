"""An index of a dataset's raw files, by which the workflow notices that one was added, changed or removed.

A folder as an input hides such changes. The index lists (path, size, md5) of every file and is rewritten only if
one of them changed, so that touching a file or a fresh checkout does not start anything. The md5s of files whose
size and time of modification are as before are taken from a cache beside it.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genrebench.common import files

COLUMNS = ("path", "size", "md5")


def update(folder: str | Path, index: str | Path) -> list[dict[str, str]]:
    """Bring `index` (CSV: path, size in bytes, md5) up to date with the files below `folder`; return its rows."""
    folder, index = Path(folder), Path(index)
    cache = index.with_suffix(".seen.csv")
    seen = {row["path"]: row for row in _rows(cache)}
    found, new = [], []
    for path, status in _walk(folder):
        # a name that is not UTF-8 is escaped here, so that the manifest can tell of it
        name = path.encode(errors="backslashreplace").decode()
        row = {"path": name, "size": str(status.st_size), "mtime_ns": str(status.st_mtime_ns), "md5": ""}
        known = seen.get(name)
        if known and (known["size"], known["mtime_ns"]) == (row["size"], row["mtime_ns"]):
            row["md5"] = known["md5"]
        found.append(row)
        if not row["md5"]:
            new.append((folder / path, row))
    _hash(folder, new)
    if found != list(seen.values()):
        files.write_rows(cache, (*COLUMNS, "mtime_ns"), found)
    rows = [{column: row[column] for column in COLUMNS} for row in found]
    if rows != _rows(index) or not index.is_file():
        files.write_rows(index, COLUMNS, rows)
    return rows


def _rows(path: Path) -> list[dict[str, str]]:
    return files.read_rows(path) if path.is_file() else []


def _walk(folder: Path) -> list[tuple[str, os.stat_result]]:
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        above = Path(parent).resolve()
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not above.is_relative_to(Path(parent, name).resolve())  # a link in a circle
        )
        for name in names:
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                found.append((path.relative_to(folder).as_posix(), path.stat()))
    return sorted(found)


def _hash(folder: Path, new: list[tuple[Path, dict[str, str]]]) -> None:
    start = reported = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, ((_, row), md5) in enumerate(zip(new, pool.map(lambda one: _md5(one[0]), new), strict=True), 1):
            row["md5"] = md5
            if time.monotonic() - reported > 10:
                reported = time.monotonic()
                seconds = f"{reported - start:.0f} s"
                print(
                    f"Indexed {done} of {len(new)} new files in {folder} ({seconds})",
                    file=sys.stderr,
                    flush=True,
                )


def _md5(path: Path) -> str:
    try:
        return files.md5_file(path)
    except OSError:  # no permission, or gone by now: the manifest says so; it is read again next time
        return ""
