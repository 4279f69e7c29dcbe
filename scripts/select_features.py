"""Choose the features that a model needs, by the accuracies of its variants in validation: rule select_features."""

import argparse
from pathlib import Path
from statistics import fmean

from genrebench.common import cli, files
from genrebench.workflow import ablation


def select_features(runs: Path, split: str, seeds: list[int], features: list[str], output: Path) -> None:
    """Write selection.json: the features kept and dropped on one split, and the accuracies that they rest on.

    `runs` has the runs of a model as <variant>/<split>/seed<k>, `split` being protocol/split; the accuracy of each is
    that of its epoch in history.csv, of validation clips. Test clips are not read. Where the variants were not run, all
    `features` stay, and the reason is written.
    """
    reached: dict[str, float] = {}
    reasons: list[str] = []
    for variant in ablation.variants(features):
        folders = [runs / variant / split / f"seed{seed}" for seed in seeds]
        statuses = [files.read_json(folder / "status.json") for folder in folders]
        reasons += [status["reason"] for status in statuses if status["status"] != "done"]
        if not reasons:
            reached[variant] = fmean(_validation(folder / "history.csv") for folder in folders)
    found = {"available": not reasons, "reason": reasons[0] if reasons else None, "features": features, "dropped": []}
    if not reasons:
        of = {kind: {} for kind in ("all", "alone", "without")}
        for variant, accuracy in reached.items():
            kind, feature = ablation.kind_of(variant)
            of[kind][feature] = accuracy
        found["features"] = ablation.select(of["all"][""], of["without"], of["alone"])
        found["dropped"] = [feature for feature in features if feature not in found["features"]]
        found["valid_accuracy"] = {variant: round(accuracy, 9) for variant, accuracy in reached.items()}
    files.write_json(output, found)
    print(f"{split}: keeps {', '.join(found['features'])}")


def _validation(history: Path) -> float:
    from genrebench.training.data import best_row

    rows = [{key: float(row[key]) for key in ("val_accuracy", "val_loss")} for row in files.read_rows(history)]
    return rows[best_row(rows)]["val_accuracy"]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", required=True, type=Path, help="folder of the ablation's runs of one model")
    parser.add_argument("--split", required=True, help="protocol/split")
    parser.add_argument("--seeds", required=True, type=int, nargs="+", help="of the runs")
    parser.add_argument("--features", required=True, nargs="+", help="those among which to choose")
    parser.add_argument("--output", required=True, type=Path, help="JSON to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(select_features, vars(arguments()))
