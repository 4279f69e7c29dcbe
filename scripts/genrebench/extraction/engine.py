"""Which code computes a feature: `audio.engine` of the parameters.

`fast`, the default, is the function `extract` of a feature's module. `librosa` is its `extract_librosa`, which calls
librosa's own functions: for who wants to compare with other people's numbers. The two agree within 1e-5 of a feature's
peak (tests/unit/features). Features without `extract_librosa` (pretrained networks, the wavelet transform, which is
PyWavelets' already, and the samples themselves) are computed in one way only.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import numpy as np

FAST, LIBROSA = "fast", "librosa"
ENGINES = (FAST, LIBROSA)
PACKAGES = {FAST: (), LIBROSA: ("librosa", "numba")}  # that compute the arrays, beside those of either engine

# Locks of the folders where Numba keeps compiled code: held as long as the process lives.
_locks: list[TextIO] = []


def engine_of(module: ModuleType, engine: str) -> str:
    """The engine that computes the feature of a module where `engine` is asked for."""
    if engine not in ENGINES:
        raise ValueError(f"audio.engine is {engine}, but must be one of {', '.join(ENGINES)}")
    return engine if hasattr(module, "extract_librosa") else FAST


def function_of(module: ModuleType, engine: str) -> Callable[..., np.ndarray]:
    """The function that computes the feature of a module, called with a clip and the feature's settings."""
    if engine_of(module, engine) == FAST:
        return module.extract
    _take_numba_cache()
    return module.extract_librosa


@cache
def _take_numba_cache() -> None:
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
