"""Join an ablation's evaluations into tables, a figure and a page: rule build_ablation."""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.evaluation.ablation import Study
from genrebench.plots import ablation as plots
from genrebench.plots import style
from genrebench.reporting import ablation as page


def build_ablation(
    dataset: str, synthetic: bool, plan: dict[str, Any], evaluation: Path, splits: Path, folder: Path
) -> None:
    """Write ablation.csv, ranking.csv, comparison.csv, ablation.png and index.html into `folder`."""
    study = Study(plan, evaluation, splits, folder)
    study.write(folder)
    figure = plots.draw_ablation(study.variants, study.ranking)
    style.write(figure, folder / "ablation.png", dpi=110, palette=128)
    page.write(study, dataset, synthetic, figure, folder / "index.html")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--synthetic", required=True, type=json.loads, help="whether its music is: true or false")
    parser.add_argument("--plan", required=True, type=json.loads, help="what was compared, as JSON")
    parser.add_argument("--evaluation", required=True, type=Path, help="folder of all evaluations")
    parser.add_argument("--splits", required=True, type=Path, help="folder of the dataset's splits")
    parser.add_argument("--folder", required=True, type=Path, help="the ablation's folder, with its selections")
    cli.run(build_ablation, vars(parser.parse_args()))
