"""Compare how steadily the models learn, how far they overfit and how much they vary: rule compare_stability."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.evaluation import results, stability, tables
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

    `evaluation` has what was found on the test clips, `runs` the histories of the training; `models` were evaluated.
    """
    evaluated = results.read_runs(evaluation, models)
    done = evaluated[evaluated["status"] == results.DONE]
    keys = [RunKey(*key) for key in done[["model", "protocol", "split", "seed"]].itertuples(index=False)]
    histories = {key: files.read_rows(runs / str(key) / "history.csv") for key in keys}
    histories = {key: rows for key, rows in histories.items() if len(rows) > 1}  # the others know no epochs
    rows = stability.compare_all(evaluated, histories)
    described = describe_protocols(splits, set(zip(evaluated["protocol"], evaluated["split"], strict=True)))
    strict, loose = pick_protocols(tables.rows(tables.LEADERBOARD.read(leaderboard)), described)
    protocol = strict or loose
    tables.STABILITY.write(table, rows)
    shown = [row for row in rows if row["protocol"] == protocol]
    accuracies = done[done["protocol"] == protocol].groupby("model")["accuracy"].apply(list).to_dict()
    learned: dict[str, list] = {}
    for key, history in histories.items():
        if key.protocol == protocol:
            learned.setdefault(key.model, []).append(history)
    style.write(stability_plots.draw_stability(shown, accuracies, models, protocol), plot, dpi=110, palette=128)
    style.write(learning_curves.draw_mean_curves(learned, models, protocol), curves, dpi=110, palette=128)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv")
    parser.add_argument("--models", nargs="*", default=[], help="the models that were evaluated")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--plot", type=Path, required=True, help="PNG of gaps and spread, to write")
    parser.add_argument("--curves", type=Path, required=True, help="PNG of the learning curves, to write")
    cli.run(compare_stability, vars(parser.parse_args()))
