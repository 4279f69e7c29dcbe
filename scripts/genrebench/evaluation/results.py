"""What the evaluation has written of the runs, and the leaderboard made of it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from genrebench.common import cli, files

# the columns of leaderboard.csv that are no numbers
WORDS = ("model", "protocol", "unit", "published_source", "published_dataset", "caveats", "status", "reason")


def typed(row: Mapping[str, str], words: Collection[str] = WORDS) -> dict[str, Any]:
    """A row of a table with its numbers as floats, None where blank; `words` are the columns of text."""
    return {key: value if key in words else float(value) if value else None for key, value in row.items()}


def read_leaderboard(path: str | Path) -> list[dict[str, Any]]:
    """The rows of leaderboard.csv, `typed`."""
    return [typed(row) for row in files.read_rows(path)]


def read_runs(evaluation: Path, models: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Every metrics.json under `evaluation`/<model>/<protocol>/<split>/seed<k>/, sorted by these, with its `folder`.

    `models` names the configured ones, so that a folder left by an earlier configuration is not counted; without it,
    all are read. Raises `job.InputError` if there is none.
    """
    paths = [
        path
        for path in evaluation.glob("*/*/*/*/metrics.json")
        if not path.relative_to(evaluation).parts[0].startswith(".")
        and (models is None or path.relative_to(evaluation).parts[0] in models)
    ]
    if not paths:
        raise cli.InputError(f"No metrics.json under {evaluation}: evaluate the models first.")
    runs = [files.read_json(path) | {"folder": path.parent} for path in paths]
    return sorted(runs, key=lambda run: (run["model"], run["protocol"], run["split"], run["seed"]))


def interval(accuracy: float, clips: int) -> tuple[float, float]:
    """95% score interval of a proportion of `clips` (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    low, high = proportion_confint(accuracy * clips, clips, alpha=0.05, method="wilson")
    return max(0.0, float(low)), min(1.0, float(high))
