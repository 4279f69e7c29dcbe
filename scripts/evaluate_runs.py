"""Turn the predictions of every run of one model into its numbers: rule evaluate_runs."""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import classification_report

from genrebench import files, job, metrics, plots

FIXED_COLUMNS = ("clip_id", "segment", "subset", "genre", "predicted")


def evaluate_runs(runs: Path, splits: Path, output: Path, only: Sequence[str] | None = None) -> None:
    """Evaluate `runs`/<protocol>/<split>/seed<k>/ into the same tree under `output`, replaced as a whole.

    `only` names the runs to evaluate (protocol/split/seed<k>), so that a folder left by an earlier
    configuration is not counted; without it, all that there are.
    """
    names = only or sorted(path.parent.relative_to(runs).as_posix() for path in runs.glob("*/*/*/status.json"))
    if not names:
        raise job.InputError(f"No run in {runs}: a run is a folder protocol/split/seed<k> with a status.json.")
    with files.atomic(output) as temporary:
        for name in names:
            evaluate_run(runs.name, name, runs / name, splits, temporary / name)


def evaluate_run(model: str, name: str, run: Path, splits: Path, output: Path) -> None:
    """Write metrics.json, confusion.csv, report.txt and, if the run was done, clips.csv and confusion.png."""
    protocol, split, seed = name.split("/")
    if not (run / "status.json").exists():
        raise job.InputError(f"{run} has no status.json: train {model} for {name} first.")
    status = files.read_json(run / "status.json")
    split_facts = files.read_json(splits / protocol / f"{split}.json")
    head = {
        "model": model,
        "protocol": protocol,
        "split": split,
        "seed": int(seed.removeprefix("seed")),
        "status": status["status"],
        "reason": status.get("reason"),
        "marks": status.get("marks") or [],
        "protocol_version": split_facts.get("version"),
        "split_source": split_facts.get("source"),
    }
    output.mkdir(parents=True)
    if status["status"] == "done":
        _write_done(head, run / "predictions.csv", output)
    else:
        _write_not_run(head, run / "predictions.csv", output)


def read_predictions(path: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read predictions.csv as {subset: {clips, genre, probabilities}} with one row per clip, and the genres.

    `probabilities` has the shape (clips, genres): the mean over the clip's segments.
    """
    rows = files.read_rows(path)
    if not rows:
        raise job.InputError(f"{path} has no rows, yet the run's status is done: train it again.")
    genres = [column for column in rows[0] if column not in FIXED_COLUMNS]
    subsets = {}
    for subset in ("train", "valid", "test"):
        chosen = [row for row in rows if row["subset"] == subset]
        if chosen:
            values = np.array([[float(row[genre]) for genre in genres] for row in chosen])
            clips, probabilities = metrics.average_segments([row["clip_id"] for row in chosen], values)
            genre_of = {row["clip_id"]: row["genre"] for row in chosen}
            true = [genre_of[clip] for clip in clips]
            subsets[subset] = {"clips": clips, "genre": true, "probabilities": probabilities}
    if "test" not in subsets:
        raise job.InputError(f"{path} has no row of the test subset, so there is nothing to evaluate.")
    return subsets, genres


def _write_done(head: dict[str, Any], predictions: Path, output: Path) -> None:
    subsets, genres = read_predictions(predictions)
    try:
        scores = {name: metrics.score(s["genre"], s["probabilities"], genres) for name, s in subsets.items()}
    except ValueError as error:
        raise job.InputError(f"{predictions}: {error}.") from error
    test, figures = subsets["test"], scores["test"]
    predicted = metrics.most_probable(test["probabilities"], genres)
    counts = metrics.confusion(test["genre"], predicted, genres)
    # Only the test subset's figures stand at the top: the others are there for the gap between them.
    seen = {f"{name}_accuracy": scores[name]["accuracy"] if name in scores else None for name in ("train", "valid")}
    figures["n_test"] = figures.pop("n")
    files.write_json(output / "metrics.json", head | figures | {"seen_in_training": seen})
    _write_confusion(output / "confusion.csv", genres, counts)
    files.write_rows(
        output / "clips.csv",
        ["clip_id", "genre", "predicted", "probability"],
        (
            {"clip_id": clip, "genre": true, "predicted": guess, "probability": f"{p.max():.6f}"}
            for clip, true, guess, p in zip(test["clips"], test["genre"], predicted, test["probabilities"], strict=True)
        ),
    )
    title = f"{head['model']}, {head['protocol']}, {head['split']}, seed {head['seed']}"
    plots.write(plots.draw_confusion(counts, genres, title), output / "confusion.png")
    present = [genre for genre in genres if figures["genres"][genre]["support"]]
    text = classification_report(test["genre"], predicted, labels=present, digits=4, zero_division=0)
    absent = [genre for genre in genres if genre not in present]
    notes = [f"warning: {mark}" for mark in head["marks"]]
    notes += [f"no test clips: {', '.join(absent)}"] if absent else []
    _write_text(output / "report.txt", [title, *notes, "", text])


def _write_not_run(head: dict[str, Any], predictions: Path, output: Path) -> None:
    numbers = ("n_test", "accuracy", "macro_precision", "macro_recall", "macro_f1", "log_loss", "majority_accuracy")
    seen = {"train_accuracy": None, "valid_accuracy": None}
    empty = dict.fromkeys(numbers) | {"genres": {}, "seen_in_training": seen}
    files.write_json(output / "metrics.json", head | empty)
    with predictions.open(newline="") as file:
        columns = next(csv.reader(file), [])
    _write_confusion(output / "confusion.csv", [c for c in columns if c not in FIXED_COLUMNS], np.zeros((0, 0)))
    title = f"{head['model']}, {head['protocol']}, {head['split']}, seed {head['seed']}"
    _write_text(output / "report.txt", [f"{title}: not run", "", f"reason: {head['reason']}"])


def _write_confusion(path: Path, genres: Sequence[str], counts: np.ndarray) -> None:
    # The first column's name holds a character that no predictions.csv column can clash with: a genre may
    # be called "genre".
    rows = ({"true \\ predicted": genres[i]} | dict(zip(genres, row, strict=True)) for i, row in enumerate(counts))
    files.write_rows(path, ["true \\ predicted", *genres], rows)


def _write_text(path: Path, lines: Sequence[str]) -> None:
    with files.atomic(path) as temporary:
        temporary.write_text("\n".join(lines).rstrip() + "\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of one model's runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--only", nargs="+", metavar="PROTOCOL/SPLIT/SEED", help="the runs that are configured")
    return parser.parse_args()


if __name__ == "__main__":
    job.run(evaluate_runs, vars(arguments()))
