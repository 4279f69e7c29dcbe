"""Extract all features of one shard of the clips, in one pass over their audio."""

import argparse
import json
from typing import Any

from genrebench import extraction, files, job


def extract_shard(
    manifest: str, audio: dict[str, Any], features: dict[str, Any], shard: int, shards: int, store: str, done: str
) -> None:
    """Fill shard `shard` of `shards` in `store`; `done` then lists the keys under which the features are there."""
    clips = files.read_rows(manifest)
    cache = extraction.Store(store, features, audio)
    decoded = cache.fill(clips, shard, shards)
    print(f"shard {shard + 1} of {shards}: decoded {decoded} clips")
    files.write_json(done, cache.keys)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--features", required=True, type=json.loads, help="section `features` as JSON")
    parser.add_argument("--shard", required=True, type=int)
    parser.add_argument("--shards", required=True, type=int)
    parser.add_argument("--store", required=True, help="folder of the extracted arrays")
    parser.add_argument("--done", required=True, help="JSON to write when the shard is complete")
    job.run(extract_shard, vars(parser.parse_args()))
