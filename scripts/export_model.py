"""Write the best model, or a named one, as one folder that predict.py reads: rules export_model and export_best."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.common.run_key import RunKey
from genrebench.evaluation import results, tables
from genrebench.inference import export


def export_model(
    models: Sequence[str],
    evaluation: Path,
    runs: Path,
    splits: Path,
    features: Path,
    entries: dict[str, Any],
    audio: dict[str, Any],
    limits: dict[str, Any],
    manifest: Path,
    dataset: str,
    output: Path,
) -> None:
    """Export the best run of `models`, chosen on validation clips (`exporting.choose_run`), to the folder `output`.

    Where there is none, or its features cannot be computed of a new file, `output` has the reason instead.
    """
    try:
        chosen = export.choose_run(tables.rows(results.read_runs(evaluation, models)), models, splits)
        key = RunKey(*(chosen[name] for name in RunKey._fields))
        run = results.read_run(evaluation, key)
        split = splits / key.protocol / f"{key.split}.csv"
        description = export.export_run(
            run, runs / str(key), features, entries, audio, limits, manifest, split, dataset, output
        )
    except export.NotExportableError as error:
        export.write_reason(output, str(error))
        print(f"not exported: {error}")
        return
    check = description["check"]
    print(
        f"{key}: {run['valid_accuracy']:.1%} in validation, of {len(models)} "
        f"models; on {check['clips']} validation clips its probabilities are those of the training within "
        f"{check['deviation']:.1g}"
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", required=True, help="the models to choose from")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--features", type=Path, required=True, help="folder of the features' caches")
    parser.add_argument("--entries", type=json.loads, required=True, help="section `features` of params.yaml as JSON")
    parser.add_argument("--audio", type=json.loads, required=True, help="section `audio` as JSON")
    parser.add_argument("--limits", type=json.loads, required=True, help="section `manifest` as JSON")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(export_model, vars(arguments()))
