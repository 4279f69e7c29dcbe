"""Collect one feature of all clips into one memory-mapped array, in the order of the manifest."""

import argparse
import json

from genrebench.common import cli
from genrebench.extraction.collect import collect_feature

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feature", required=True)
    parser.add_argument("--settings", required=True, type=json.loads, help="the feature's entry as JSON")
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` as JSON")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--shards", required=True, type=int)
    parser.add_argument("--store", required=True, help="folder of the extracted arrays")
    parser.add_argument("--precomputed", help="folder of a dataset that brings features")
    parser.add_argument("--values", required=True, help=".npy to write")
    parser.add_argument("--description", required=True, help=".json to write")
    parser.add_argument("--table", help=".csv to write, of a feature of columns")
    cli.run(collect_feature, vars(parser.parse_args()))
