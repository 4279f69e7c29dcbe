"""Find clips whose label looks wrong, by confident learning: rule check_labels.

The check looks at all clips, test clips included; no model and no other number comes from it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.evaluation import label_issues, tables


def check_labels(
    manifest: Path, features: Sequence[Path], settings: dict[str, Any], table: Path, description: Path
) -> None:
    """Write labels.csv, a row per clip that was judged, the least believable label first, and its JSON description."""
    rows, facts = label_issues.check_labels(manifest, features, settings)
    tables.LABELS.write(table, rows)
    files.write_json(description, facts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--features", type=Path, nargs="*", default=[], help="JSON of each cache, its .npy beside it")
    parser.add_argument("--settings", type=json.loads, required=True, help="section study.labels as JSON")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--description", type=Path, required=True, help="JSON to write")
    cli.run(check_labels, vars(parser.parse_args()))
