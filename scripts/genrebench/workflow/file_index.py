"""Notice files that were added, changed or removed in a folder, without reading those that were not.

A folder as an input of a rule hides such changes. Two files stand for its contents:

- the *index* (JSON), an output of a rule: how many files there are, and one digest of their paths and contents. It is
  the same wherever the folder lies and whenever its files were written.
- the *listing* (CSV), beside it: path, size, time of modification and MD5 of each file. A file whose size and time are
  those of the listing is not read again.

`compare` needs no more than the status of each file, so it may be asked at any time. `update` reads what is new.
"""

import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

from genrebench.common import files
from genrebench.workflow.dataset_folder import Entry, walk

COLUMNS = ("path", "size", "mtime_ns", "md5")
SECONDS_BETWEEN_LINES = 10  # of progress

Row = dict[str, str]  # of a listing
Find = Callable[[str | Path], Iterable[Entry]]  # the files of a folder that its index is of


class State(Enum):
    """What is known of a folder and its index before any file is read."""

    CURRENT = "the index is up to date"
    TOUCHED = "only times of modification differ: the contents may be the same"
    CHANGED = "a file was added, removed or has another size, or there is no index"


def listing_of(index: str | Path) -> Path:
    """The path of the listing that belongs to an index."""
    return Path(index).with_suffix(".csv")


def visible(folder: str | Path) -> Iterable[Entry]:
    """The regular files below a folder, but those that are hidden or in a hidden folder."""
    return (
        entry
        for entry in walk(folder)
        if stat.S_ISREG(entry.status.st_mode) and not any(name.startswith(".") for name in entry.inside.split("/"))
    )


def compare(folder: str | Path, index: str | Path, find: Find = visible) -> State:
    """Compare the files of a folder that `find` finds with its index, by their status: none of them is read."""
    known, found = read_listing(index), _scan(folder, find)
    if not Path(index).is_file() or files.read_json(index) != describe(known):
        return State.CHANGED
    if [(row["path"], row["size"]) for _, row in found] != [(row["path"], row["size"]) for row in known]:
        return State.CHANGED
    for (path, row), before in zip(found, known, strict=True):
        has_become_readable = not before["md5"] and os.access(path, os.R_OK)
        if row["mtime_ns"] != before["mtime_ns"] or has_become_readable:
            return State.TOUCHED
    return State.CURRENT


def update(folder: str | Path, index: str | Path, find: Find = visible) -> list[Row]:
    """Write the index of a folder and its listing; return the rows of the listing.

    The index is written even where it stays the same: as the output of a rule it is to be new.
    """
    rows = update_listing(folder, listing_of(index), find)
    files.write_json(index, describe(rows))
    return rows


def update_listing(folder: str | Path, listing: str | Path, find: Find = visible) -> list[Row]:
    """Bring a listing up to date, if it is not, and return its rows."""
    listing = Path(listing)
    before = _read(listing)
    known = {row["path"]: row for row in before}
    found = _scan(folder, find)
    for _, row in found:
        old = known.get(row["path"])
        if old and (old["size"], old["mtime_ns"]) == (row["size"], row["mtime_ns"]):
            row["md5"] = old["md5"]
    _hash(folder, [(path, row) for path, row in found if not row["md5"]])
    rows = [row for _, row in found]
    if rows != before or not listing.is_file():
        files.write_rows(listing, COLUMNS, rows)
    return rows


def write(rows: Iterable[Row], index: str | Path) -> None:
    """Write an index and its listing from rows, for a folder that is not here; only their paths need be known."""
    listed = [{column: row.get(column, "") for column in COLUMNS} for row in rows]
    files.write_rows(listing_of(index), COLUMNS, listed)
    files.write_json(index, describe(listed))


def read_listing(index: str | Path) -> list[Row]:
    """The rows of the listing of an index; none where there is no listing."""
    return _read(listing_of(index))


def describe(rows: Iterable[Row]) -> dict[str, int | str]:
    """The contents of an index: the number of files, and the SHA-256 of their paths and contents."""
    rows = list(rows)
    text = "".join(f"{row['path']}\0{row['md5']}\n" for row in rows)
    return {"files": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _scan(folder: str | Path, find: Find) -> list[tuple[str, Row]]:
    """Each file that is found, and its row with a blank MD5, sorted.

    A name that is not UTF-8 is escaped in the row, so that the table can hold it.
    """
    result = []
    for path, inside, status in find(folder):
        name = inside.encode(errors="backslashreplace").decode()
        row = {"path": name, "size": str(status.st_size), "mtime_ns": str(status.st_mtime_ns), "md5": ""}
        result.append((path, row))
    return sorted(result, key=lambda one: one[1]["path"])


def _read(listing: Path) -> list[Row]:
    rows = files.read_rows(listing) if listing.is_file() else []
    return rows if rows and set(COLUMNS) <= rows[0].keys() else []


def _hash(folder: str | Path, new: list[tuple[str, Row]]) -> None:
    """Set the MD5 in the rows of these files; it stays blank where a file cannot be read, which the manifest says."""
    start = reported = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = pool.map(_md5, [path for path, _ in new])
        for done, ((_, row), md5) in enumerate(zip(new, digests, strict=True), 1):
            row["md5"] = md5
            if time.monotonic() - reported > SECONDS_BETWEEN_LINES:
                reported = time.monotonic()
                seconds = f"{reported - start:.0f} s"
                print(f"Indexed {done} of {len(new)} new files in {folder} ({seconds})", file=sys.stderr, flush=True)


def _md5(path: str) -> str:
    try:
        return files.md5_file(path)
    except OSError:  # no permission, or gone by now; it is read again next time
        return ""
