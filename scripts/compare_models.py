"""Test every two models of a protocol against each other on the test clips that both have: rule compare_models."""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.evaluation import results, significance
from genrebench.plots import significance as comparison_plots
from genrebench.plots import style


def compare_models(
    evaluation: Path, splits: Path, models: Sequence[str], leaderboard: Path, table: Path, plot: Path
) -> None:
    """Write comparisons.csv, a row per protocol and pair of models, and its heat map.

    Models come in the order of the `leaderboard`. Protocols whose unit is the segment are left out: there is nothing to
    be learned from which of two meaningless numbers is larger.
    """
    decisions: dict[str, dict[str, dict[significance.Run, dict[str, bool]]]] = defaultdict(lambda: defaultdict(dict))
    for run in results.read_runs(evaluation, models):
        if run["status"] == "done" and run["unit"] == "clip":
            clips = files.read_rows(run["folder"] / "clips.csv")
            right = {clip["clip_id"]: clip["predicted"] == clip["genre"] for clip in clips}
            decisions[run["protocol"]][run["model"]][run["split"], run["seed"]] = right
    rows: list[dict[str, Any]] = []
    order = {(row["protocol"], row["model"]): i for i, row in enumerate(files.read_rows(leaderboard))}
    for protocol, by_model in sorted(decisions.items()):
        ordered = dict(sorted(by_model.items(), key=lambda item: order[protocol, item[0]]))
        sizes = {split: _sizes(splits / protocol / f"{split}.json") for runs in ordered.values() for split, _ in runs}
        rows += significance.compare_all(protocol, ordered, sizes)
    files.write_rows(table, significance.COLUMNS, map(_formatted, rows))
    style.write(comparison_plots.draw_comparisons(rows), plot, dpi=110, palette=128)


def _sizes(description: Path) -> tuple[int, int]:
    counts = files.read_json(description)["counts"]
    return counts["train"], counts["test"]


def _formatted(row: dict[str, Any]) -> dict[str, Any]:
    return {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--models", nargs="+", required=True, help="the models that are configured")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv, for its order")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(compare_models, vars(arguments()))
