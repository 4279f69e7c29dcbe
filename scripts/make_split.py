"""Divide the clips of a manifest, or their segments, under one protocol, or say why the dataset cannot have it."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from genrebench.common import cli, files
from genrebench.datasets import splits


def make_split(
    manifest: str,
    protocol: str,
    split: str,
    settings: Mapping[str, Any],
    dataset: str,
    canonical: str,
    catalogue: str,
    duration: str | float | Mapping[str, float] | None,
    path_to_csv: str,
    path_to_json: str,
) -> None:
    """Write the split as CSV (clip_id, subset) and what is to be known about it as JSON.

    Under `segment_random` the CSV has the columns clip_id, segment, subset: segments are numbered from 0 in each clip.
    Only there `duration`, `audio.duration` of params.yaml, is needed.
    """
    rows = files.read_rows(manifest)
    source, note, reason, division = "generated", None, None, {}
    of_segments = protocol == splits.SEGMENT_PROTOCOL
    try:
        if of_segments:
            division = splits.deal_segments(rows, split, settings, duration)
        elif "file" in settings:
            source, division = "file", splits.read_split(settings["file"], rows)
        else:
            source, note, division = _canonical_or_made(rows, protocol, split, settings, dataset, canonical, catalogue)
    except splits.Unavailable as unavailable:
        reason = str(unavailable)
    facts = {
        "protocol": protocol,
        "split": split,
        "version": splits.PROTOCOL_VERSION,
        "source": source,
        "note": note,
        "available": reason is None,
        "reason": reason,
    }
    if of_segments:
        facts |= splits.describe_segments(rows, division, settings)
        table = [{"clip_id": clip, "segment": number, "subset": s} for (clip, number), s in division.items()]
    else:
        facts |= splits.describe(rows, division)
        table = [{"clip_id": clip, "subset": s} for clip, s in division.items()]
    place = {row["clip_id"]: i for i, row in enumerate(rows)}
    table.sort(key=lambda row: (place[row["clip_id"]], row.get("segment")))
    files.write_rows(path_to_csv, ["clip_id", *(["segment"] if of_segments else []), "subset"], table)
    files.write_json(path_to_json, facts)
    print(f"{protocol} {split}: {reason or facts['counts']}")


def _canonical_or_made(
    rows: list[dict[str, str]],
    protocol: str,
    split: str,
    settings: Mapping[str, Any],
    dataset: str,
    canonical: str,
    catalogue: str,
) -> tuple[str, str | None, splits.Split]:
    note = None
    if dataset == "gtzan" and protocol in splits.CANONICAL_SETTINGS:
        division, note = splits.canonical_split(rows, protocol, split, settings, splits.read_canonical(canonical))
        if division is not None:
            return "canonical", note, division
    published = {row["clip_id"]: row["fault_filtered"] for row in files.read_rows(catalogue)}
    return "generated", note, splits.make_split(rows, protocol, split, settings, published)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True, help="results/<dataset>/manifest.csv")
    parser.add_argument("--protocol", required=True, help="its name in params.yaml")
    parser.add_argument("--split", required=True, help="repeat0, fold0, fixed ...")
    parser.add_argument("--settings", required=True, type=json.loads, help="its settings in params.yaml, as JSON")
    parser.add_argument("--dataset", required=True, help="canonical splits are for gtzan")
    parser.add_argument("--canonical", required=True, help="data/splits/gtzan.csv")
    parser.add_argument("--catalogue", required=True, help="data/catalogue/gtzan.csv")
    parser.add_argument("--duration", type=json.loads, help="audio.duration in params.yaml, as JSON, for segments")
    parser.add_argument("--csv", required=True, dest="path_to_csv", help="the split")
    parser.add_argument("--json", required=True, dest="path_to_json", help="its description")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(make_split, vars(arguments()))
