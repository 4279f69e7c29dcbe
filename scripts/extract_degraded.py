"""Extract features of the clips of a subset under one condition: rule extract_degraded."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.extraction.degraded import extract_degraded

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the dataset")
    parser.add_argument("--split", type=Path, required=True, help="CSV of the split")
    parser.add_argument("--subset", required=True, help="train, valid or test")
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` as JSON")
    parser.add_argument("--features", required=True, type=json.loads, help="the features' entries as JSON")
    parser.add_argument("--condition", required=True, help="the name of the condition")
    parser.add_argument("--recipe", required=True, type=json.loads, help="its recipe as JSON")
    parser.add_argument("--seed", required=True, type=int, help="of what is drawn")
    parser.add_argument("--store", type=Path, required=True, help="folder of the extracted arrays of the condition")
    parser.add_argument("--done", type=Path, required=True, help="JSON to write when all is extracted")
    cli.run(extract_degraded, vars(parser.parse_args()))
