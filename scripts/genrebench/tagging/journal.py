"""What was written: a file with a line of JSON for each tagged file, which is there before the file changes."""

import errno
import json
import os
import time
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from genrebench.common.cli import InputError
from genrebench.common.files import expand_user
from genrebench.tagging.tags import State

FIELDS = {"path": str, "format": str, "old": dict, "new": dict}


def default_folder() -> Path:
    """The folder of journals: `$XDG_STATE_HOME/genrebench`, by default below ~/.local/state."""
    return Path(os.environ.get("XDG_STATE_HOME") or expand_user("~/.local/state")) / "genrebench"


def last() -> Path:
    """The last journal of the default folder; raises InputError if there is none."""
    found = [path for path in default_folder().glob("tags-*.jsonl") if path.stat().st_size]
    if not found:
        raise InputError(f"There is no journal in {default_folder()}: name one after --undo")
    return max(found, key=lambda path: path.name)


class Journal:
    """A journal to add to, in a `with` statement; a new one to which nothing was added is removed.

    Parameters
    ----------
    path : Path, optional
        Of the journal, which may exist; by default a new one in the default folder.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def __init__(self, path: Path | None = None):
        self.path = path or default_folder() / f"tags-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._new = not self.path.exists()
        self._file = self.path.open("ab", buffering=0)
        if self._file.tell() and not _ends_with_a_line(self.path):  # a disk was full, or the process was killed
            self._file.write(b"\n")

    def add(self, path: Path, tags_format: str, old: State, new: State, facts: Mapping[str, Any]) -> None:
        """Add a file, with its old and its new state, and what else is to be known; raises OSError."""
        entry = {
            **{"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "path": str(path.absolute()), "format": tags_format},
            **{"old": old, "new": new},
            **facts,
        }
        line = json.dumps(entry).encode("ascii") + b"\n"
        if self._file.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file.fileno())

    def __enter__(self) -> "Journal":
        """Nothing more is to be done."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
        if self._new and not self.path.stat().st_size:
            self.path.unlink()


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


class Entries:
    """The entries of a journal, the last one first; they are read one by one.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If it cannot be read, or is no journal.
    """

    def __init__(self, path: Path):
        self.path = path
        self._starts = array("Q")
        try:
            with path.open("rb") as file:
                while line := file.readline():
                    if line.endswith(b"\n") and line.strip():  # else it was cut off, and its file did not change
                        self._starts.append(file.tell() - len(line))
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None

    def __len__(self) -> int:
        """How many there are."""
        return len(self._starts)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the entries; raises InputError for a line that is none."""
        with self.path.open("rb") as file:
            for start in reversed(self._starts):
                yield self._entry(file, start)

    def _entry(self, file: BinaryIO, start: int) -> dict[str, Any]:
        file.seek(start)
        try:
            entry = json.loads(file.readline())
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or any(not isinstance(entry.get(name), kind) for name, kind in FIELDS.items()):
            raise InputError(f"{self.path} is no journal of genrebench tag: it has a line without {', '.join(FIELDS)}")
        return entry
