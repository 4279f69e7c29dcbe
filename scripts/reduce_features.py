"""Write the principal components of an ablation's features, fitted on the training clips: rule reduce_features."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.evaluation import pca

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument("--components", required=True, type=json.loads, help="how many, or a share of the variance")
    parser.add_argument("--threads", required=True, type=int, help="of BLAS")
    parser.add_argument("--values", required=True, type=Path, help=".npy to write")
    parser.add_argument("--description", required=True, type=Path, help=".json to write")
    cli.run(pca.reduce_features, vars(parser.parse_args()))
