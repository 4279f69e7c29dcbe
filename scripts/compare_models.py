"""Test every pair of models of a protocol on the test clips that both have: rule compare_models."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli
from genrebench.evaluation import significance, tables
from genrebench.plots import significance as plots
from genrebench.plots import style


def compare_models(
    evaluation: Path, splits: Path, models: Sequence[str], leaderboard: Path, table: Path, plot: Path
) -> None:
    """Write comparisons.csv, a row per protocol and pair of models, and its heat map."""
    rows = significance.compare_protocols(evaluation, splits, models, tables.LEADERBOARD.read(leaderboard))
    tables.COMPARISONS.write(table, rows)
    style.write(plots.draw_comparisons(rows), plot, dpi=110, palette=128)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--models", nargs="*", default=[], help="the models that were evaluated")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv, for its order")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    cli.run(compare_models, vars(parser.parse_args()))
