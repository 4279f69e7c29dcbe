"""What a paper printed, as tables of the documentation's page about it: from data/published.csv."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from genrebench.common import files, formatting
from genrebench.common.cli import InputError
from genrebench.datasets.published import paper_of
from genrebench.evaluation.paper_comparison import SCORES

Row = Mapping[str, str]

NAMES = {  # of metrics, for people; a figure of a metric that is not here has its own name
    "accuracy": "accuracy",
    "valid_accuracy": "validation accuracy",
    "test_loss": "test loss",
    "parameters": "parameters",
    "seconds_per_epoch": "seconds per epoch",
}


def published_tables(path: Path, paper: str) -> str:
    """Every row of a paper in published.csv, as Markdown: its figures, and below them the scores of genres by model.

    Raises `InputError` if there is no row of the paper.
    """
    rows = [row for row in files.read_rows(path) if paper_of(row["source"]) == paper]
    if not rows:
        raise InputError(f"{path} has no figure of {paper!r}: write the paper as it is written there")
    of_genres = [row for row in rows if row["metric"] in SCORES]
    figures = _figures(row for row in rows if row["metric"] not in SCORES)
    parts = [f'<div class="printed" markdown>\n\n{figures}\n\n</div>']
    for model in dict.fromkeys(row["model"] for row in of_genres):
        own = [row for row in of_genres if row["model"] == model]
        head = f'??? note "Printed scores per genre: {model} ({_place(own[0])})"'
        parts.append("\n".join([head, "", *(f"    {line}" for line in _scores(own).splitlines())]))
    return "\n\n".join(parts)


def _figures(rows: Iterable[Row]) -> str:
    lines = [
        (
            f"`{row['model']}`",
            NAMES.get(row["metric"], row["metric"]) + (f", {row['genre']}" if row["genre"] else ""),
            _shown(row),
            f"`{row['protocol']}`",
            _place(row),
            row["note"],
        )
        for row in rows
    ]
    return _table(("model", "figure", "printed", "closest protocol", "where", "note"), lines)


def _scores(rows: Iterable[Row]) -> str:
    """A row per genre, a column per score that the paper prints."""
    printed = {(row["genre"], row["metric"]): row["value"] for row in rows}
    metrics = [metric for metric in SCORES if any(key[1] == metric for key in printed)]
    genres = dict.fromkeys(genre for genre, _ in printed)
    names = {"f1": "F1", "support": "test clips"}
    lines = [(genre, *(printed.get((genre, metric), formatting.NONE) for metric in metrics)) for genre in genres]
    return _table(("genre", *(names.get(metric, metric) for metric in metrics)), lines)


def _shown(row: Row) -> str:
    """The figure as printed, an accuracy in percent, and no more than four decimals of others."""
    value, decimals = float(row["value"]), len(row["value"].partition(".")[2])
    if row["metric"].endswith("accuracy"):
        return f"{100 * value:.4g}%"
    return row["value"] if decimals <= 4 else f"{value:.4f}"


def _place(row: Row) -> str:
    return row["source"].removeprefix(f"{paper_of(row['source'])}, ")


def _table(headings: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [headings, ("---",) * len(headings), *lines]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in rows)
