"""Have the trained runs of a model predict their test clips under each condition: rule predict_degraded."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli
from genrebench.common.run_key import RunKey
from genrebench.evaluation import degraded, tables


def predict_degraded(
    runs: Path, only: Sequence[str], manifest: Path, features: Path, done: Sequence[Path], folder: Path, output: Path
) -> None:
    """Write the predictions, a row per condition, run and clip."""
    keys = [RunKey.parse(key) for key in only]
    tables.DEGRADED.write(output, degraded.predict(keys, runs, manifest, features, done, folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--only", nargs="+", required=True, help="the runs, model/protocol/split/seed<number>")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the dataset")
    parser.add_argument("--features", type=Path, required=True, help="folder of the dataset's features")
    parser.add_argument("--done", type=Path, nargs="+", required=True, help="what the extraction has written (JSON)")
    parser.add_argument("--folder", type=Path, required=True, help="where arrays are kept for a while")
    parser.add_argument("--output", type=Path, required=True, help="CSV to write")
    cli.run(predict_degraded, vars(parser.parse_args()))
