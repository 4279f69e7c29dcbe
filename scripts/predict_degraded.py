"""Have the trained runs of a model predict their test clips under each condition: rule predict_degraded."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.common.run_key import RunKey
from genrebench.evaluation import degraded, tables


def predict_degraded(
    runs: Path,
    only: Sequence[str],
    manifest: Path,
    features: Path,
    entries: Mapping[str, Any],
    conditions: Mapping[str, Any],
    store: Path,
    done: Sequence[Path],
    output: Path,
) -> None:
    """Write the predictions, a row per condition, run and clip."""
    keys = [RunKey.parse(key) for key in only]
    predicted = degraded.predict(keys, runs, manifest, features, entries, conditions, store, done)
    tables.DEGRADED.write(output, predicted)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--only", nargs="+", required=True, help="the runs, model/protocol/split/seed<number>")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the dataset")
    parser.add_argument("--features", type=Path, required=True, help="folder of the dataset's features")
    parser.add_argument("--entries", required=True, type=json.loads, help="the features' entries as JSON")
    parser.add_argument("--conditions", required=True, type=json.loads, help="the recipe of each condition as JSON")
    parser.add_argument("--store", type=Path, required=True, help="folder with one for each condition")
    parser.add_argument("--done", type=Path, nargs="+", required=True, help="what the extraction has written")
    parser.add_argument("--output", type=Path, required=True, help="CSV to write")
    cli.run(predict_degraded, vars(parser.parse_args()))
