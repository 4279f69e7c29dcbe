"""Export the best model, or a named one, as one folder for `genrebench predict`: rules export_model and export_best."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.inference import export


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", required=True, help="the models to choose from")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--features", type=Path, required=True, help="folder of the features' caches")
    parser.add_argument("--entries", type=json.loads, required=True, help="section `features` of the parameters, JSON")
    parser.add_argument("--audio", type=json.loads, required=True, help="section `audio`, JSON")
    parser.add_argument("--limits", type=json.loads, required=True, help="section `manifest`, JSON")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--synthetic", type=json.loads, required=True, help="whether its music is: true or false")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(export.export_best, vars(arguments()))
