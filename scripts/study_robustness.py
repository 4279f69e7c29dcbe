"""Compare the accuracy of models on degraded test clips with that on the clips as they are: rule study_robustness."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli
from genrebench.evaluation import robustness, tables
from genrebench.plots import robustness as plots
from genrebench.plots import style


def study_robustness(
    evaluation: Path,
    degraded: Path,
    models: Sequence[str],
    protocol: str,
    conditions: Sequence[str],
    table: Path,
    plot: Path,
) -> None:
    """Write robustness.csv, a row per model and condition, and its plot."""
    rows = robustness.study(evaluation, degraded, models, protocol, conditions)
    tables.ROBUSTNESS.write(table, rows)
    style.write(plots.draw_robustness(rows), plot, dpi=110, palette=128)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--degraded", type=Path, required=True, help="folder of the predictions of degraded clips")
    parser.add_argument("--models", nargs="+", required=True, help="the models of the study")
    parser.add_argument("--protocol", required=True, help="the protocol of the study")
    parser.add_argument("--conditions", nargs="+", required=True, help="the conditions")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    cli.run(study_robustness, vars(parser.parse_args()))
