"""Means and standard deviations of numbers of which some may be missing."""

from collections.abc import Iterable

import numpy as np


def mean(values: Iterable[float | None]) -> float | None:
    """Average the values that are not None; None where there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def std(values: Iterable[float | None]) -> float | None:
    """Sample standard deviation (ddof=1) of the values that are not None; None where there are fewer than two."""
    known = [value for value in values if value is not None]
    return float(np.std(known, ddof=1)) if len(known) > 1 else None
