"""Divide the clips of a manifest, or their segments, under one protocol, or say why the dataset cannot have it."""

import argparse
import json

from genrebench.common import cli
from genrebench.datasets.split_files import write_split

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True, help="results/<dataset>/manifest.csv")
    parser.add_argument("--protocol", required=True, help="its name in the parameters")
    parser.add_argument("--split", required=True, help="repeat0, fold0, fixed ...")
    parser.add_argument("--settings", required=True, type=json.loads, help="its settings, as JSON")
    parser.add_argument("--dataset", required=True, help="canonical splits are for gtzan")
    parser.add_argument("--canonical", required=True, help="data/splits/gtzan.csv")
    parser.add_argument("--catalogue", required=True, help="data/catalogue/gtzan.csv")
    parser.add_argument("--duration", type=json.loads, help="audio.duration of the parameters as JSON, for segments")
    parser.add_argument("--csv", required=True, dest="path_to_csv", help="the split")
    parser.add_argument("--json", required=True, dest="path_to_json", help="its description")
    cli.run(write_split, vars(parser.parse_args()))
