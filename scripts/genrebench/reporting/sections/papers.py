"""The section that sets the papers beside our runs: their figures, and what they claim in words."""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common.formatting import amount, number, percent
from genrebench.datasets.published import is_counterpart, paper_of
from genrebench.evaluation import claims, paper_comparison, tables
from genrebench.reporting.page import png

MEASURES = {
    "test_loss": "test loss, nats",
    "valid_accuracy": "validation accuracy",
    "parameters": "parameters",
    "seconds_per_epoch": "seconds per epoch",
}

Row = Mapping[str, Any]


def describe_papers(
    folder: Path, dataset: str, rows: Sequence[Row], measures: Sequence[Row], models: Container[str]
) -> dict[str, Any]:
    """Read the comparison with the papers: sentences, tables, a sentence per model on its genres, plots.

    `rows` are those of papers.csv, `measures` those of papers_figures.csv, and `models` are configured.
    """
    scores = tables.rows(tables.PAPERS_GENRES.read(folder / "papers_genres.csv"))
    answers = tables.rows(tables.CLAIMS.read(folder / "claims.csv"))
    own = [row for row in rows if is_counterpart(row, models)]
    of_model = {row["model"]: [score for score in scores if score["model"] == row["model"]] for row in own}
    return {
        "findings": paper_comparison.describe_all(own, dataset) if own else [],
        "rows": own,
        "literature": [row for row in rows if row not in own],
        "genres": {model: paper_comparison.describe_genres(of_it) for model, of_it in of_model.items() if of_it},
        "measures": [dict(row) | {"shown": shown_measure(row)} for row in measures],
        "claims": describe_claims(answers),
        "plot": png(folder / "plots" / "papers.png"),
        "genre_plot": png(folder / "plots" / "papers_genres.png"),
    }


def shown_measure(row: Row) -> dict[str, str]:
    """How a row of papers_figures.csv is written: the name of the measure, and its values."""
    values = ("published", "closest_value", "disjoint_value")
    return {"name": str(MEASURES.get(row["metric"], row["metric"]))} | {
        name: _written(row["metric"], row[name]) for name in values
    }


def _written(metric: str, value: float | None) -> str:
    if metric == "valid_accuracy":
        return percent(value)
    return amount(value) if metric == "parameters" else number(value)


def describe_claims(rows: Sequence[Row]) -> dict[str, Any]:
    """Sort the rows of claims.csv: sentences, the answered claims with their rows, and by paper those without a run."""
    answered: dict[str, list[Row]] = {}
    unanswered: dict[str, list[Row]] = {}
    for row in rows:
        if row["verdict"] == claims.NOT_RUN:
            unanswered.setdefault(paper_of(row["source"]), []).append(row)
        else:
            answered.setdefault(row["id"], []).append(row)
    return {"findings": claims.describe(rows) if rows else [], "answered": answered, "unanswered": unanswered}
