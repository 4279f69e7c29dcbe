"""The section about the feature ablations that are a part of the suite."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrebench.evaluation import tables
from genrebench.reporting.page import existing, png
from genrebench.workflow.ablation import SELECTED


def describe_ablation(folder: Path, protocols: Sequence[str]) -> list[dict[str, Any]]:
    """The ablations in the folder of a dataset's results, one per protocol.

    Each has the `protocol`, the `plot` as a data address, the `ranking` (rows of ranking.csv), and as `selected` the
    rows of ablation.csv about the selected features, with their `comparison` with all features (a row of
    comparison.csv, or None where nothing could be compared).
    """
    return [_describe(folder / "ablation" / protocol, protocol) for protocol in protocols]


def _describe(folder: Path, protocol: str) -> dict[str, Any]:
    found = {
        name: tables.rows(table.read(existing(folder / f"{name}.csv")))
        for name, table in (
            ("ablation", tables.ABLATION),
            ("ranking", tables.RANKING),
            ("comparison", tables.ABLATION_COMPARISON),
        )
    }
    compared = {row["model"]: row for row in found["comparison"] if row["variant"] == SELECTED}
    return {
        "protocol": protocol,
        "plot": png(folder / "ablation.png"),
        "ranking": found["ranking"],
        "selected": [
            row | {"comparison": compared.get(row["model"])} for row in found["ablation"] if row["variant"] == SELECTED
        ],
    }
