"""Uploaded files: a safe name and a folder that does not outlive the page."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 200  # bytes of a file's name
PREFIX = "genrebench-upload-"  # of folders in that for temporary files


def file_name(name: str) -> str:
    """The last part of an uploaded file's name, without what this machine cannot write."""
    last = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    while len(last.encode()) > LONGEST:
        last = last[1:]  # the suffix stays
    return last if last.strip(".") else "file"


@contextmanager
def folder() -> Iterator[Path]:
    """Make a temporary folder and remove it afterwards; a page that is started later does so if this one is killed."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(place, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # it is free again when this process ends, however that comes to be
        if place.is_dir():
            break
        os.close(lock)  # `remove_abandoned` of another page came between
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(lock)


def remove_abandoned() -> None:
    """Remove the folders of pages that were killed."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, or in use
            if place.is_symlink():
                continue
            lock = os.open(place, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place)
            finally:
                os.close(lock)
