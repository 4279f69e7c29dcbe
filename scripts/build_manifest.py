"""Check every file of a dataset and list the usable clips and the rejected files."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.datasets.manifest import build_manifest

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset-dir", required=True, type=Path, help="data/raw/<dataset>")
    parser.add_argument("--sample-rate", required=True, type=int, help="Hz at which clips are compared and measured")
    parser.add_argument("--settings", required=True, type=json.loads, help="section `manifest` as JSON")
    parser.add_argument("--catalogue", required=True, help="what is known about GTZAN's clips (CSV)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--manifest", required=True, help="CSV to write")
    parser.add_argument("--rejected", required=True, help="CSV to write")
    parser.add_argument("--notes", required=True, help="CSV to write")
    cli.run(build_manifest, vars(parser.parse_args()))
