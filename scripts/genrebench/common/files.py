"""Reading and writing files so that a reader never meets a half-written one."""

import csv
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from genrebench.common.cli import InputError
from genrebench.common.file_names import LONGEST, cut

FULL_BYTES = 1 << 20  # a disk with less room is full: something did not fit


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    The block may create a file or a folder under the temporary name. On an exception the temporary is
    removed and `path` keeps what it had. The suffix of `path` is kept, because writers choose a format by it.

    An OSError that names no file gets the name `path`; libraries have exceptions of their own for a full disk, which
    are an OSError here.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A fixed name: what a killed job left is replaced by its successor.
    suffix = path.suffix if len(path.suffix) <= 12 else ""  # else it is a title with a full stop in it
    temporary = path.with_name(cut(f".{path.stem}", LONGEST - len(f".tmp{suffix}".encode())) + f".tmp{suffix}")
    _remove(temporary)
    try:
        yield temporary
        if temporary.is_dir():
            _remove(path)
        temporary.replace(path)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            if error.filename in (None, str(temporary)):
                error.filename = str(path)
        elif not isinstance(error, InputError) and shutil.disk_usage(path.parent).free < FULL_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        _remove(temporary)


def expand_user(path: str) -> Path:
    """The path with `~` and `~name` replaced; where there is nobody of that name it stays, and does not exist."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - that of pathlib raises RuntimeError


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys: the same value gives the same bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


class CsvLines(io.TextIOBase):
    """A file whose lines end in a line feed, for a writer of CSV that ends them in `END`.

    A writer quotes a field that has a character of its line's end. Before Python 3.13 it does not quote a lone
    carriage return otherwise, which readers then take for the end of a line.
    """

    END = "\r\n"

    def __init__(self, file: TextIO):
        self.file = file

    def write(self, line: str) -> int:
        """Write one line."""
        return self.file.write(line.removesuffix(self.END) + "\n")


def write_rows(path: str | Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write dictionaries as CSV with these columns (missing values blank, other keys are an error)."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(CsvLines(file), list(columns), lineterminator=CsvLines.END)
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """Read a CSV file as one dictionary of strings per row, without the import of pandas (0.5 s)."""
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def md5_file(path: str | Path) -> str:
    """Hex MD5 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
