"""Split the accuracy of models into what they learned and what leaked into the test: rule study_leakage."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from genrebench.common import cli
from genrebench.evaluation import leakage, tables
from genrebench.plots import leakage as plots
from genrebench.plots import style


def study_leakage(
    manifest: Path,
    evaluation: Path,
    splits: Path,
    models: Sequence[str],
    protocols: Sequence[str],
    table: Path,
    parts: Path,
    plot: Path,
    unavailable: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write leakage.csv, a row per model and protocol, leakage_parts.csv, a row per model and part, and their plot."""
    rows, decomposed = leakage.study(manifest, evaluation, splits, models, protocols, unavailable)
    tables.LEAKAGE.write(table, rows)
    tables.LEAKAGE_PARTS.write(parts, decomposed)
    style.write(plots.draw_leakage(rows, decomposed), plot, dpi=110, palette=128)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the dataset")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--models", nargs="*", default=[], help="the models of the study")
    parser.add_argument("--protocols", nargs="+", required=True, help="the protocols that are configured")
    parser.add_argument("--unavailable", type=json.loads, default=[], help="JSON list of model, protocol and reason")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write: models under protocols")
    parser.add_argument("--parts", type=Path, required=True, help="CSV to write: what leaks by how much")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    cli.run(study_leakage, vars(parser.parse_args()))
