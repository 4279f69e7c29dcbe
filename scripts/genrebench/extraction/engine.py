"""Which code computes a feature: `audio.engine` of the parameters.

`fast`, the default, is the function `extract` of a feature's module. `librosa` is its `extract_librosa`, which calls
librosa's own functions: for who wants to compare with other people's numbers. The two agree within 1e-5 of a feature's
peak (tests/unit/features). Features without `extract_librosa` (pretrained networks, the wavelet transform, which is
PyWavelets' already, and the samples themselves) are computed in one way only.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from genrebench.common import numba_cache

FAST, LIBROSA = "fast", "librosa"
ENGINES = (FAST, LIBROSA)
PACKAGES = {FAST: (), LIBROSA: ("librosa", "numba")}  # that compute the arrays, beside those of either engine


def engine_of(module: ModuleType, engine: str) -> str:
    """The engine that computes the feature of a module where `engine` is asked for."""
    if engine not in ENGINES:
        raise ValueError(f"audio.engine is {engine}, but must be one of {', '.join(ENGINES)}")
    return engine if hasattr(module, "extract_librosa") else FAST


def function_of(module: ModuleType, engine: str) -> Callable[..., np.ndarray]:
    """The function that computes the feature of a module, called with a clip and the feature's settings."""
    if engine_of(module, engine) == FAST:
        return module.extract
    numba_cache.take()
    return module.extract_librosa
