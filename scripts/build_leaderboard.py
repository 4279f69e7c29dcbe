"""Gather the runs of every model into one table per model and protocol: rule build_leaderboard."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from genrebench.common import cli, files
from genrebench.datasets import published
from genrebench.evaluation import leaderboard as board
from genrebench.evaluation import predictions, results, tables
from genrebench.plots import leaderboard as leaderboard_plot
from genrebench.plots import style


def build_leaderboard(
    evaluation: Path,
    published_table: Path,
    dataset: str,
    synthetic: bool,
    leaderboard: Path,
    accuracy: Path,
    plot: Path,
    statuses: Path,
    models: Sequence[str],
    unavailable: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write leaderboard.csv, accuracy.json (model -> protocol -> accuracy), the plot and statuses.csv.

    `models` were evaluated; `unavailable` lists the runs that are configured, but known to be unavailable: their model,
    protocol and reason. The published figures are of GTZAN: they stand in the table with the name of their dataset,
    and in the plot only where `dataset` is that one. Table and plot say whether the dataset is `synthetic`.
    """
    runs = board.add_unavailable(results.read_runs(evaluation, models), unavailable)
    tested = predictions.read(evaluation, models, ("protocol", "clip_id", "subset")).query("subset == 'test'")
    figures = published.read_accuracies(published_table)
    rows = [row | {"synthetic": synthetic} for row in board.build(runs, tested, figures)]
    tables.LEADERBOARD.write(leaderboard, rows)
    files.write_json(accuracy, board.accuracies(rows))
    tables.STATUSES.write(statuses, runs[list(tables.STATUSES.columns)])
    done = runs[runs["status"] == results.DONE]
    points = done.groupby(["model", "protocol"])["accuracy"].apply(list).to_dict()
    style.write(leaderboard_plot.draw_leaderboard(rows, points, published.is_of(dataset, figures)), plot)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--published", dest="published_table", type=Path, required=True, help="the papers' figures")
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--synthetic", required=True, type=json.loads, help="whether its music is: true or false")
    parser.add_argument("--models", nargs="*", default=[], help="the models that were evaluated")
    parser.add_argument("--unavailable", type=json.loads, default=[], help="JSON list of model, protocol and reason")
    for name in ("leaderboard", "accuracy", "plot", "statuses"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="file to write")
    cli.run(build_leaderboard, vars(parser.parse_args()))
