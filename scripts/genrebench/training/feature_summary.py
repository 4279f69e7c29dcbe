"""The table of all features: their values as they are computed, and standardised as a network gets them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files
from genrebench.training.data import Feature, Scaler, Windows, batches

FACTS = ("feature", "shape", "flattened", "unit")
STATISTICS = ("mean", "std", "min", "max")
STANDARDISED = tuple(f"standardised_{name}" for name in STATISTICS)
COLUMNS = (*FACTS, *STATISTICS, *STANDARDISED, "available", "reason", "caveats")


def summarise_features(descriptions: Sequence[Path], unavailable: Mapping[str, str], table: Path) -> None:
    """Write the CSV table of all features; `flattened` is (clips, values), as Huang and Minami print shapes.

    Parameters
    ----------
    descriptions : sequence of path
        JSON of each feature, its values (.npy) beside it.
    unavailable : mapping
        The reasons of the features that are unavailable, by name. They are listed last.
    table : path
        CSV to write.
    """
    rows = [_describe(Feature.open(path)) for path in descriptions]
    rows += [{"feature": name, "available": False, "reason": reason} for name, reason in unavailable.items()]
    files.write_rows(table, COLUMNS, rows)


def standardised(feature: Feature) -> dict[str, float]:
    """Mean, standard deviation, minimum and maximum of a feature, standardised over all its clips.

    Huang and Minami 2024 print these (Figure 2). As there, the scaler is fitted on all clips, and padding counts; the
    trainings fit theirs on training clips only. The values are those that a network would get (float32), so that the
    mean is not quite 0.
    """
    rows = np.arange(len(feature.values))
    own = replace(feature, values=Windows(feature.values, rows, np.zeros(len(rows)), None, 0.0))
    scaler = Scaler([own], rows)
    total = squares = 0.0
    size, low, high = 0, math.inf, -math.inf
    for batch in batches(rows):
        values = scaler.transform(own, batch)
        total += values.sum(dtype=np.float64)
        squares += np.square(values, dtype=np.float64).sum()
        low, high, size = min(low, values.min()), max(high, values.max()), size + values.size
    mean = total / size
    return {"mean": mean, "std": math.sqrt(squares / size - mean**2), "min": float(low), "max": float(high)}


def _describe(feature: Feature) -> dict[str, Any]:
    description = feature.description
    clips, *rest = description["shape"]
    return {
        "feature": feature.name,
        "shape": " x ".join(map(str, (clips, *rest))),
        "flattened": f"{clips} x {math.prod(rest)}",
        "unit": description["unit"],
        **{name: f"{description[name]:.6g}" for name in STATISTICS},
        **{f"standardised_{name}": f"{value:.6g}" for name, value in standardised(feature).items()},
        "available": True,
        "caveats": "; ".join(description.get("caveats", [])),
    }
