"""The folder where Numba keeps what it compiles, one for each process that runs at the same time."""

import fcntl
import os
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TextIO

# Locks of the folders: held as long as the process lives.
_locks: list[TextIO] = []


@cache
def take() -> None:
    """Give this process a folder of its own for what Numba compiles.

    librosa has Numba compile when it is imported (20 s), and keep the result. Processes that do so at the same time can
    leave files that crash all that read them. So each takes the first folder that no other process holds.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    parent = Path(tempfile.gettempdir(), f"genrebench-numba-{os.getuid()}")
    parent.mkdir(mode=0o700, exist_ok=True)
    for number in count():
        lock: Any = (parent / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        os.environ["NUMBA_CACHE_DIR"] = str(parent / str(number))
        return
