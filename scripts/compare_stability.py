"""Compare how steadily the models learn, how far they overfit and how much they vary: rule compare_stability."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.evaluation import results, stability
from genrebench.plots import learning_curves, style
from genrebench.plots import stability as stability_plots


def compare_stability(
    evaluation: Path,
    runs: Path,
    splits: Path,
    leaderboard: Path,
    models: Sequence[str],
    table: Path,
    plot: Path,
    curves: Path,
) -> None:
    """Write stability.csv, a row per protocol and model, and two plots of the protocol that results are quoted from.

    `evaluation` has what was found on the test clips, `runs` the histories of the training; `models` are configured.
    """
    evaluated = results.read_runs(evaluation, models)
    keys = [(run["model"], run["protocol"], run["split"], run["seed"]) for run in evaluated if run["status"] == "done"]
    histories = {
        (model, protocol, split, seed): files.read_rows(runs / model / protocol / split / f"seed{seed}" / "history.csv")
        for model, protocol, split, seed in keys
    }
    histories = {key: rows for key, rows in histories.items() if len(rows) > 1}  # the others know no epochs
    rows = stability.compare_all(evaluated, histories)
    described = describe_protocols(splits, {(run["protocol"], run["split"]) for run in evaluated})
    strict, loose = pick_protocols(results.read_leaderboard(leaderboard), described)
    protocol = strict or loose
    shown = [row for row in rows if row["protocol"] == protocol]
    accuracies = {
        row["model"]: [r["accuracy"] for r in evaluated if r["status"] == "done" and _same(r, row)] for row in shown
    }
    learned = {
        row["model"]: [history for key, history in histories.items() if key[:2] == (row["model"], protocol)]
        for row in shown
    }
    files.write_rows(table, stability.COLUMNS, map(_formatted, rows))
    style.write(stability_plots.draw_stability(shown, accuracies, models, protocol), plot, dpi=110, palette=128)
    style.write(
        learning_curves.draw_mean_curves({model: h for model, h in learned.items() if h}, models, protocol),
        curves,
        dpi=110,
        palette=128,
    )


def _same(run: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return (run["model"], run["protocol"]) == (row["model"], row["protocol"])


def _formatted(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv")
    parser.add_argument("--models", nargs="+", required=True, help="the models that are configured")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--plot", type=Path, required=True, help="PNG of gaps and spread, to write")
    parser.add_argument("--curves", type=Path, required=True, help="PNG of the learning curves, to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(compare_stability, vars(arguments()))
