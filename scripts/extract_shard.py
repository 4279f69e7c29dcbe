"""Extract one feature of one shard of the clips, and in the same pass over their audio what others lack there."""

import argparse
import json
from typing import Any

from genrebench.common import cli, files
from genrebench.extraction import store as extraction


def extract_shard(
    manifest: str,
    audio: dict[str, Any],
    feature: str,
    settings: dict[str, Any],
    also: dict[str, Any],
    shard: int,
    shards: int,
    store: str,
    done: str,
) -> None:
    """Fill shard `shard` of `shards` in `store`; `done` then has the key under which the feature is there.

    `also` are the settings of other features, which are extracted in the same pass.
    """
    clips = files.read_rows(manifest)
    cache = extraction.Store(store, {**also, feature: settings}, audio)
    decoded = cache.fill(clips, shard, shards, unless_complete=feature)
    print(f"shard {shard + 1} of {shards}: decoded {decoded} clips")
    files.write_json(done, {"feature": feature, "key": cache.keys[feature]})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--audio", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--feature", required=True)
    parser.add_argument("--settings", required=True, type=json.loads, help="the feature's entry in params.yaml as JSON")
    parser.add_argument("--also", type=json.loads, default={}, help="other features: their entries as JSON")
    parser.add_argument("--shard", required=True, type=int)
    parser.add_argument("--shards", required=True, type=int)
    parser.add_argument("--store", required=True, help="folder of the extracted arrays")
    parser.add_argument("--done", required=True, help="JSON to write when the shard is complete")
    cli.run(extract_shard, vars(parser.parse_args()))
