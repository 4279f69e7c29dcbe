"""Say in the terminal what came out: accuracies, what is unavailable and why, what predicts, where the report is."""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.datasets.synthetic import NOTE
from genrebench.evaluation import results, tables
from genrebench.inference.description import read_description, summary
from genrebench.inference.registry import RESULTS, find_model
from genrebench.workflow import config, dvc_stages


def show_result(params: str) -> None:
    """Print the leaderboard of the dataset that `params` names, the model for new files, and the path of the report."""
    folder = RESULTS / config.load(params)["dataset"]
    rows = tables.rows(tables.LEADERBOARD.read(folder / "leaderboard.csv"))
    print(f"\n{'protocol':<16}{'model':<24}{'accuracy':>9}   95% interval    test clips")
    for row in rows:
        if row["accuracy_mean"] is not None:
            mean, low, high = (100 * row[f"accuracy_{part}"] for part in ("mean", "low", "high"))
            print(
                f"{row['protocol']:<16}{row['model']:<24}{mean:>8.1f}%   {low:.1f} to {high:.1f}%  {row['n_test']:>9}"
            )
    if lines := unavailable(rows):
        print("\nUnavailable:", *lines, sep="\n  ")
    if any(row["synthetic"] for row in rows):
        print(f"\n{NOTE.capitalize()}.")
    if dvc_stages.UNRECORDED.is_file():
        print("\ndvc.lock does not have these results: `make record` records them. Else `dvc repro` makes them again.")
    model = find_model(None, RESULTS)
    print(
        f"\n`genrebench predict song.mp3` and `genrebench app` take {shown(model)}:\n{summary(read_description(model))}"
    )
    print(f"\nReport: {folder / 'report' / 'index.html'}")


def shown(path: Path) -> Path:
    """A path as it is from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def unavailable(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name each reason once, with the models and the protocols that it concerns."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if row["status"] == results.UNAVAILABLE:
            reason = row["reason"].partition(" is missing: ")[2] or row["reason"]  # whichever feature lacks it
            found[reason][row["model"]].add(row["protocol"])
    return [
        f"{', '.join(sorted(models))} ({', '.join(sorted(set().union(*models.values())))}): {reason}"
        for reason, models in found.items()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", default="params.yaml")
    cli.run(show_result, vars(parser.parse_args()))
