"""Replacing a file by a changed copy, so that it is whole at every moment, whatever ends the process."""

import fcntl
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genrebench.common.cli import InputError
from genrebench.common.file_names import LONGEST, cut

SUFFIX = ".genrebench-tmp"  # no suffix of audio: what a killed process leaves is taken for no recording


@dataclass(frozen=True)
class Seen:
    """By what a file is known to be the same as when it was seen."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Seen":
        """What was seen by `stat`."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def look(path: Path) -> Seen:
    """See a file that can be replaced.

    Raises
    ------
    InputError
        If it is a link, has several names, or may not be written. A copy in its place would part what belongs together.
    OSError
        If it is not there.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise InputError(f"{path} is a link to {path.readlink()}; tag that file")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path} is no file")
    if found.st_nlink > 1:
        raise InputError(f"{path} has {found.st_nlink} names (hard links), which would become different files")
    # for root, every file is one that may be written
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise InputError(f"{path} may not be written")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} is in a folder that may not be written")
    return Seen.of(found)


def rewrite(path: Path, seen: Seen, change: Callable[[Path], None], record: Callable[[], None]) -> None:
    """Replace a file by a copy that was changed.

    The copy lies beside the file, is on the disk before it takes the name, and has the mode, the owner and the extended
    attributes of the file. Its time of modification is new: what makes copies of a collection should see the change.

    Parameters
    ----------
    path : Path
    seen : Seen
        The file that is meant.
    change : callable
        Changes the copy, whose path it gets.
    record : callable
        Is called when the copy is complete, before it takes the name.

    Raises
    ------
    InputError
        If the file changed since it was seen, or another process writes it.
    OSError
        If it cannot be written. The file is as it was.
    """
    temporary = path.with_name(cut(f".{path.name}", LONGEST - len(SUFFIX)) + SUFFIX)
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{path} is being written by another process") from None
        before = os.fstat(file.fileno())
        if Seen.of(before) != seen or Seen.of(path.lstat()) != seen:
            raise InputError(f"{path} changed while its genre was predicted; start again for it")
        temporary.unlink(missing_ok=True)  # of a process that was killed: nobody else has the lock
        try:
            with temporary.open("xb") as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
            shutil.copystat(path, temporary)
            made = temporary.stat()
            if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
                os.chown(temporary, before.st_uid, before.st_gid)
                temporary.chmod(stat.S_IMODE(before.st_mode))  # the system may have taken bits away
            try:
                change(temporary)
            except InputError as error:
                raise InputError(str(error).replace(str(temporary), str(path))) from None
            os.utime(temporary)
            _to_disk(temporary)
            if Seen.of(path.lstat()) != seen:
                raise InputError(f"{path} changed while it was written; start again for it")
            record()
            temporary.replace(path)
            _to_disk(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
