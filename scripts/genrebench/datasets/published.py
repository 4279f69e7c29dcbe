"""The figures that papers report: data/published.csv.

Its column `source` has the paper and, after a comma, the place in it: "Huang and Minami 2024, Figure 4".
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.workflow.entries import entry_name

# the papers whose systems this project implements
PAPERS = ("Comparative analysis", "Huang and Minami 2024", "Sankhe, Kulkarni and Ambulkar", "Li", "Cao")
# The variant of a model that has the settings of its paper where the model itself has others (config/variants.yaml).
PAPER_SETTINGS = {
    "Comparative analysis": "smaller_set",
    "Huang and Minami 2024": "scaled_on_all",
    "Li": "selected",
}


def read_accuracies(path: str | Path) -> list[dict[str, Any]]:
    """Read the overall accuracies, in the order of the file, `value` as a fraction (the file may hold percent).

    Figures of single genres and other metrics are left out. Raises `InputError` for a value that is no
    number from 0 to 100.
    """
    rows = [row for row in files.read_rows(path) if row["metric"] == "accuracy" and not row["genre"]]
    return [row | {"value": _fraction(row["value"], row, path)} for row in rows]


def read_scores(path: str | Path) -> list[dict[str, Any]]:
    """Read what is printed of single genres, and the averages over them, in the order of the file."""
    rows = [row for row in files.read_rows(path) if row["genre"]]
    return [row | {"value": float(row["value"])} for row in rows]


def read_measures(path: str | Path) -> list[dict[str, Any]]:
    """Read the losses, accuracies in validation, numbers of parameters and times, in the order of the file."""
    rows = [row for row in files.read_rows(path) if row["metric"] != "accuracy" and not row["genre"]]
    return [row | {"value": float(row["value"])} for row in rows]


def with_paper_settings(rows: Sequence[dict[str, Any]], entries: Container[str]) -> Iterator[dict[str, Any]]:
    """These figures and, after each, that of the variant with the paper's own settings if it is one of `entries`.

    Both are compared with it: the second follows the paper to the letter, the first also runs with other protocols.
    """
    for row in rows:
        yield row
        entry = in_paper_settings(row["model"], row["source"])
        if entry in entries:
            yield row | {"model": entry}


def in_paper_settings(model: str, source: str) -> str | None:
    """The name of the entry that would be this model with the settings of the paper; None where they are its own."""
    variant = PAPER_SETTINGS.get(paper_of(source))
    return entry_name(model, variant) if variant else None


def is_counterpart(row: Mapping[str, Any], models: Container[str]) -> bool:
    """Whether a figure is of a system of `PAPERS` or of one of these `models`; the rest is literature."""
    return paper_of(row["source"]) in PAPERS or row["model"] in models


def paper_of(source: str) -> str:
    """Return the paper of a source, without the place in it."""
    return next((paper for paper in PAPERS if source.startswith(f"{paper}, ")), source)


def is_of(dataset: str, rows: list[dict[str, Any]]) -> bool:
    """Whether the figures are of this dataset; where not, they are for orientation only."""
    return any(row["dataset"].lower() == dataset.lower() for row in rows)


def _fraction(text: str, row: dict[str, str], path: str | Path) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise cli.InputError(f"{path}: the accuracy of {row['model']} is {text!r}: write a number from 0 to 100.")
    # No paper reports an accuracy of 1% or less.
    return value if value <= 1 else value / 100
