"""Join the predictions of a model's runs with the genres, score them and draw them: rule evaluate_model."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import results
from genrebench.plots import evaluation as plots


def evaluate_model(runs: Path, only: Sequence[str], manifest: Path, splits: Path, output: Path) -> None:
    """Write predictions.csv, metrics.csv, genres.csv and pictures of the runs of one model to the folder `output`.

    `runs` is the folder of the model, `only` names those that are configured: protocol/split/seed<number>.
    """
    keys = [RunKey.parse(Path(runs.name, name)) for name in only]
    with files.atomic(output) as folder:
        folder.mkdir()
        found = results.evaluate(runs, keys, manifest, splits)
        found.write(folder)
        histories = {key: files.read_rows(runs / key.within_model / "history.csv") for key in sorted(keys)}
        plots.draw_evaluation(runs.name, found, histories, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the model's runs")
    parser.add_argument("--only", nargs="+", required=True, metavar="RUN", help="those to evaluate")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    cli.run(evaluate_model, vars(parser.parse_args()))
