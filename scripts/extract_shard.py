"""Extract one feature of one shard of the clips, and in the same pass over their audio what others lack there."""

import argparse
import json

from genrebench.common import cli
from genrebench.extraction.store import extract_shard

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` as JSON")
    parser.add_argument("--feature", required=True)
    parser.add_argument("--settings", required=True, type=json.loads, help="the feature's entry as JSON")
    parser.add_argument("--also", type=json.loads, default={}, help="other features: their entries as JSON")
    parser.add_argument("--shard", required=True, type=int)
    parser.add_argument("--shards", required=True, type=int)
    parser.add_argument("--store", required=True, help="folder of the extracted arrays")
    parser.add_argument("--done", required=True, help="JSON to write when the shard is complete")
    cli.run(extract_shard, vars(parser.parse_args()))
