"""Gather the runs of every model into one table per model and protocol: rule build_leaderboard."""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import cli, files
from genrebench.datasets import published
from genrebench.evaluation import results, significance
from genrebench.plots import style

COLUMNS = (
    "model", "protocol", "unit", "runs", "seeds", "splits", "n_test", "accuracy_mean", "accuracy_std", "accuracy_low",
    "accuracy_high", "bootstrap_low", "bootstrap_high", "macro_f1_mean", "macro_f1_std", "precision", "recall",
    "log_loss_mean", "calibration_error", "majority_accuracy", "train_accuracy", "valid_accuracy",
    "published_accuracy", "published_source", "published_dataset", "caveats", "status", "reason",
)  # fmt: skip


def build_leaderboard(
    evaluation: Path,
    published_table: Path,
    dataset: str,
    leaderboard: Path,
    accuracy: Path,
    plot: Path,
    statuses: Path,
    models: Sequence[str] | None = None,
    unavailable: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write leaderboard.csv, accuracy.json (model -> protocol -> accuracy), the plot and statuses.csv.

    `models` names the configured ones, so that a folder left by an earlier configuration is not counted; without it,
    all in `evaluation`. The published figures are of GTZAN: they stand in the table with the name of their dataset, and
    in the plot only where `dataset` is that one. Where segments of one clip are on both sides, the rows stand last,
    with their mark, and accuracy.json, by which experiments are compared, leaves them out.
    """
    runs = results.read_runs(evaluation, models)
    figures = published.read_accuracies(published_table)
    columns = published_columns(figures)
    groups: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for run in runs:
        groups[run["protocol"], run["model"]].append(run)
    rows = [summarise(group) | columns.get((m, p), {}) for (p, m), group in groups.items()]
    rows.sort(key=_by_protocol_then_best)
    files.write_rows(leaderboard, COLUMNS, map(_formatted, rows))
    files.write_json(accuracy, _accuracies(rows))
    files.write_rows(
        statuses,
        ["model", "protocol", "split", "seed", "status", "reason", "caveats"],
        [
            *(
                {k: run[k] for k in ("model", "protocol", "split", "seed", "status", "reason")}
                | {"caveats": "; ".join(run["caveats"])}
                for run in runs
            ),
            *({**run, "status": "unavailable"} for run in unavailable),
        ],
    )
    points = {
        (model, protocol): [run["accuracy"] for run in group if run["status"] == "done"]
        for (protocol, model), group in groups.items()
    }
    style.write(style.draw_leaderboard(rows, points, published.is_of(dataset, figures)), plot)


def published_columns(figures: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The published accuracies by (model, protocol) as columns of the leaderboard; of several the first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in figures:
        columns = {
            "published_accuracy": row["value"],
            "published_source": row["source"],
            "published_dataset": row["dataset"],
        }
        found.setdefault((row["model"], row["protocol"]), columns)
    return found


def summarise(group: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One row of the leaderboard from the runs of one model under one protocol.

    Means and standard deviations (ddof=1, None for a single run) are over the runs: seeds, folds, repeats.
    accuracy_low and accuracy_high are the 95% Wilson interval (`evaluations.interval`) of the mean accuracy on the
    distinct test clips (`n_test`): a second seed tests the same clips again and adds none, nor do several segments of
    one clip, where the `unit` that is tested is the segment. bootstrap_low and bootstrap_high are the interval that
    drawing these clips again gives (`comparison.bootstrap_interval`), a clip's value being the mean over all its tests.
    """
    done = [run for run in group if run["status"] == "done"]
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "model": group[0]["model"],
        "protocol": group[0]["protocol"],
        "unit": group[0].get("unit", "clip"),
        "runs": len(done),
        "seeds": len({run["seed"] for run in done}),
        "splits": len({run["split"] for run in done}),
        "n_test": 0,
        "caveats": "; ".join(sorted({mark for run in group for mark in run["caveats"]})),
        "status": "done" if len(done) == len(group) else "partly run" if done else "not run",
        "reason": " ".join(sorted({run["reason"] or "" for run in group if run["status"] != "done"})) or None,
    }
    if not done:
        return row
    clips: dict[str, list[bool]] = defaultdict(list)
    for run in done:
        for clip in files.read_rows(run["folder"] / "clips.csv"):
            clips[clip["clip_id"]].append(clip["predicted"] == clip["genre"])
    accuracy = _mean(run["accuracy"] for run in done)
    low, high = results.interval(accuracy, len(clips))
    again = significance.bootstrap_interval(float(np.mean(right)) for right in clips.values())
    return row | {
        "n_test": len(clips),
        "accuracy_mean": accuracy,
        "accuracy_std": _std(run["accuracy"] for run in done),
        "accuracy_low": low,
        "accuracy_high": high,
        "bootstrap_low": again[0],
        "bootstrap_high": again[1],
        "macro_f1_mean": _mean(run["macro_f1"] for run in done),
        "macro_f1_std": _std(run["macro_f1"] for run in done),
        "precision": _mean(run["macro_precision"] for run in done),
        "recall": _mean(run["macro_recall"] for run in done),
        "log_loss_mean": _mean(run["log_loss"] for run in done),
        "calibration_error": _mean(run["calibration_error"] for run in done),
        "majority_accuracy": _mean(run["majority_accuracy"] for run in done),
        "train_accuracy": _mean(run["seen_in_training"]["train_accuracy"] for run in done),
        "valid_accuracy": _mean(run["seen_in_training"]["valid_accuracy"] for run in done),
    }


def _by_protocol_then_best(row: Mapping[str, Any]) -> tuple[Any, ...]:
    accuracy = row["accuracy_mean"]
    return row["unit"] != "clip", row["protocol"], accuracy is None, -(accuracy or 0), row["model"]


def _mean(values: Any) -> float | None:
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def _std(values: Any) -> float | None:
    values = list(values)
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _accuracies(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["accuracy_mean"] is not None and row["unit"] == "clip":
            table.setdefault(row["model"], {})[row["protocol"]] = round(row["accuracy_mean"], 6)
    return table


def _formatted(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: f"{value:.6f}" if isinstance(value, float) else value for key, value in row.items()}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--published", dest="published_table", type=Path, required=True, help="the papers' figures")
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--models", nargs="+", help="the models that are configured")
    parser.add_argument(
        "--unavailable", type=json.loads, default=[], help="JSON: model, protocol, reason of the others"
    )
    for name in ("leaderboard", "accuracy", "plot", "statuses"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(build_leaderboard, vars(arguments()))
