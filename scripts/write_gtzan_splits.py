"""Write data/splits/gtzan.csv, GTZAN's canonical splits, from the catalogue alone.

It was run once for each protocol version. A different table is a new version: then PROTOCOL_VERSION and
CANONICAL_SHA256 in genrebench/datasets/splits.py change with it, and numbers of the two versions are not compared.
"""

import argparse
import hashlib
from pathlib import Path

from genrebench.common import cli, files
from genrebench.datasets import splits

NAMES = {
    "stratified": ["repeat0", "repeat1", "repeat2"],
    "holdout": ["repeat0"],
    "kfold": ["fold0", "fold1", "fold2", "fold3", "fold4"],
    "artist": ["repeat0", "repeat1", "repeat2"],
    "size_matched": ["repeat0", "repeat1", "repeat2"],
    "fault_filtered": ["fixed"],
}


def write_gtzan_splits(catalogue: str, output: str) -> None:
    """Write one row per clip and one column per canonical split, blank where the split leaves the clip out."""
    facts = files.read_rows(catalogue)
    rows = manifest_rows(facts)
    published = {row["clip_id"]: row["fault_filtered"] for row in facts}
    columns = {
        f"{protocol}_{name}": splits.make_split(rows, protocol, name, splits.CANONICAL_SETTINGS[protocol], published)
        for protocol, names in NAMES.items()
        for name in names
    }
    files.write_rows(
        output,
        ["clip_id", *columns],
        (
            {"clip_id": row["clip_id"]} | {column: split.get(row["clip_id"], "") for column, split in columns.items()}
            for row in rows
        ),
    )
    print("sha256", hashlib.sha256(Path(output).read_bytes()).hexdigest())


def manifest_rows(facts: list[dict[str, str]]) -> list[dict[str, str]]:
    """The manifest of a complete GTZAN as far as splits need it; equal md5s are duplicates of the first clip."""
    first: dict[str, str] = {}
    rows = []
    for row in sorted(facts, key=lambda row: row["clip_id"]):
        original = first.setdefault(row["md5"], row["clip_id"])
        rows.append(
            {
                "clip_id": row["clip_id"],
                "genre": row["clip_id"].split(".")[0],
                "artist": row["artist"],
                "group": row["artist_group"] or row["clip_id"],
                "duplicate_of": "" if original == row["clip_id"] else original,
            }
        )
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalogue", default="data/catalogue/gtzan.csv")
    parser.add_argument("--output", default="data/splits/gtzan.csv")
    cli.run(write_gtzan_splits, vars(parser.parse_args()))
