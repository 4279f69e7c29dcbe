"""Draw the feature table, one row per clip: distributions by genre, and correlations: rule plot_features."""

import argparse
from pathlib import Path

from genrebench.common import cli
from genrebench.plots.feature_table import draw_feature_table

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv")
    parser.add_argument("--values", type=Path, required=True, help=".npy of the feature")
    parser.add_argument("--description", type=Path, required=True, help="its .json")
    parser.add_argument("--distributions", type=Path, required=True, help=".png or .svg to write")
    parser.add_argument("--correlations", type=Path, required=True, help=".png or .svg to write")
    cli.run(draw_feature_table, vars(parser.parse_args()))
