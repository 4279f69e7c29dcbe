"""Turn the predictions of every run of one model into its numbers: rule evaluate_runs."""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.datasets.split_leakage import MEANINGLESS

# scikit-learn and matplotlib take seconds to import, which a model that was not run does not need: the functions that
# score and draw import them.

FIXED_COLUMNS = ("clip_id", "segment", "subset", "genre", "predicted")


def evaluate_runs(runs: Path, splits: Path, output: Path, only: Sequence[str] | None = None) -> None:
    """Evaluate `runs`/<protocol>/<split>/seed<k>/ into the same tree under `output`, replaced as a whole.

    Beside the runs come curves.png, if any of them was trained for more than one epoch, and reliability.png, if any of
    them was done.
    `only` names the runs to evaluate (protocol/split/seed<k>), so that a folder left by an earlier
    configuration is not counted; without it, all that there are.
    """
    names = only or sorted(path.parent.relative_to(runs).as_posix() for path in runs.glob("*/*/*/status.json"))
    if not names:
        raise cli.InputError(f"No run in {runs}: a run is a folder protocol/split/seed<k> with a status.json.")
    with files.atomic(output) as temporary:
        for name in names:
            evaluate_run(runs.name, name, runs / name, splits, temporary / name)
        draw_curves(runs, names, temporary)
        draw_reliability(runs.name, names, temporary)


def evaluate_run(model: str, name: str, run: Path, splits: Path, output: Path) -> None:
    """Write metrics.json, confusion.csv, report.txt and, if the run was done, clips.csv and confusion.png.

    What is counted is the split's `unit`: clips, whose segments are averaged, or, where a split deals the segments of
    one clip to both sides, segments, each of which is then a case of its own. Such numbers are marked.
    """
    protocol, split, seed = name.split("/")
    if not (run / "status.json").exists():
        raise cli.InputError(f"{run} has no status.json: train {model} for {name} first.")
    status = files.read_json(run / "status.json")
    split_facts = files.read_json(splits / protocol / f"{split}.json")
    head = {
        "model": model,
        "protocol": protocol,
        "split": split,
        "seed": int(seed.removeprefix("seed")),
        "status": status["status"],
        "reason": status.get("reason"),
        "caveats": status.get("caveats") or [],
        "unit": split_facts.get("unit", "clip"),
        "protocol_version": split_facts.get("version"),
        "split_source": split_facts.get("source"),
    }
    output.mkdir(parents=True)
    if status["status"] == "done":
        head["caveats"] += [MEANINGLESS] if head["unit"] == "segment" else []
        _write_done(head, run / "predictions.csv", output)
    else:
        _write_not_run(head, run / "predictions.csv", output)


def read_predictions(path: Path, unit: str = "clip") -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read predictions.csv as {subset: {cases, genre, probabilities}}, and the genres.

    A case is a clip or, if that is the `unit`, a segment: `cases` has its columns in clips.csv, clip_id and of a
    segment also its number. `probabilities` has the shape (cases, genres), for a clip the mean over its segments.
    Raises `job.InputError` for a file without rows, or without rows of the test subset.
    """
    import numpy as np

    from genrebench.common import scoring

    rows = files.read_rows(path)
    if not rows:
        raise cli.InputError(f"{path} has no rows, yet the run's status is done: train it again.")
    genres = [column for column in rows[0] if column not in FIXED_COLUMNS]
    key = ("clip_id", "segment") if unit == "segment" else ("clip_id",)
    subsets = {}
    for subset in ("train", "valid", "test"):
        chosen = [row for row in rows if row["subset"] == subset]
        if chosen:
            values = np.array([[float(row[genre]) for genre in genres] for row in chosen])
            keys, probabilities = scoring.average_segments([tuple(row[k] for k in key) for row in chosen], values)
            genre_of = {row["clip_id"]: row["genre"] for row in chosen}
            subsets[subset] = {
                "cases": [dict(zip(key, one, strict=True)) for one in keys],
                "genre": [genre_of[one[0]] for one in keys],
                "probabilities": probabilities,
            }
    if "test" not in subsets:
        raise cli.InputError(f"{path} has no row of the test subset, so there is nothing to evaluate.")
    return subsets, genres


def draw_curves(runs: Path, names: Sequence[str], output: Path) -> None:
    """Write `output`/curves.png: how the runs of these names learned, if any went on for more than one epoch.

    Their metrics.json are in `output` already.
    """
    histories: dict[str, list[list[dict[str, str]]]] = defaultdict(list)
    for name in names:
        rows = files.read_rows(runs / name / "history.csv")
        if len(rows) > 1:  # what is not trained by epochs has one row
            histories[name.split("/")[0]].append(rows)
    if histories:
        from genrebench.plots import learning_curves, style

        units = {name.split("/")[0]: files.read_json(output / name / "metrics.json")["unit"] for name in names}
        meaningless = [protocol for protocol in histories if units[protocol] == "segment"]
        caveats = {mark for name in names for mark in files.read_json(runs / name / "status.json")["caveats"]}
        title = "\n".join([runs.name, *sorted(caveats)])
        figure = learning_curves.draw_learning_curves(title, histories, meaningless)
        style.write(figure, output / "curves.png", dpi=120, palette=128)


def draw_reliability(model: str, names: Sequence[str], output: Path) -> None:
    """Write `output`/reliability.png: how often the runs of these names were right where they were so sure.

    Their metrics.json and clips.csv are in `output` already; those of a protocol are drawn together.
    """
    cases: dict[str, list[dict[str, str]]] = defaultdict(list)
    caveats: set[str] = set()
    for name in names:
        metrics_of_run = files.read_json(output / name / "metrics.json")
        if metrics_of_run["status"] == "done":
            cases[name.split("/")[0]] += files.read_rows(output / name / "clips.csv")
            caveats.update(metrics_of_run["caveats"])
    if cases:
        from genrebench.evaluation import metrics
        from genrebench.plots import reliability, style

        panels = {
            protocol: metrics.calibration(
                [row["predicted"] == row["genre"] for row in rows], [float(row["probability"]) for row in rows]
            )
            for protocol, rows in cases.items()
        }
        figure = reliability.draw_reliability("\n".join([model, *sorted(caveats)]), panels)
        style.write(figure, output / "reliability.png", dpi=100, palette=64)


def _write_done(head: dict[str, Any], predictions: Path, output: Path) -> None:
    from sklearn.metrics import classification_report

    from genrebench.common import scoring
    from genrebench.evaluation import metrics
    from genrebench.plots import confusion, style

    subsets, genres = read_predictions(predictions, head["unit"])
    try:
        scores = {name: metrics.score(s["genre"], s["probabilities"], genres) for name, s in subsets.items()}
    except ValueError as error:
        raise cli.InputError(f"{predictions}: {error}.") from error
    test, figures = subsets["test"], scores["test"]
    predicted = scoring.most_probable(test["probabilities"], genres)
    counts = metrics.confusion(test["genre"], predicted, genres)
    # Only the test subset's figures stand at the top: the others are there for the gap between them.
    seen = {f"{name}_accuracy": scores[name]["accuracy"] if name in scores else None for name in ("train", "valid")}
    figures["n_test"] = figures.pop("n")
    files.write_json(output / "metrics.json", head | figures | {"seen_in_training": seen})
    _write_confusion(output / "confusion.csv", genres, counts)
    files.write_rows(
        output / "clips.csv",
        [*test["cases"][0], "genre", "predicted", "probability"],
        (
            case | {"genre": true, "predicted": guess, "probability": f"{p.max():.6f}"}
            for case, true, guess, p in zip(test["cases"], test["genre"], predicted, test["probabilities"], strict=True)
        ),
    )
    title = f"{head['model']}, {head['protocol']}, {head['split']}, seed {head['seed']}"
    warned = "\n".join([title, *head["caveats"]])
    style.write(confusion.draw_confusion(counts, genres, warned), output / "confusion.png")
    present = [genre for genre in genres if figures["genres"][genre]["support"]]
    text = classification_report(test["genre"], predicted, labels=present, digits=4, zero_division=0)
    absent = [genre for genre in genres if genre not in present]
    notes = [f"warning: {mark}" for mark in head["caveats"]]
    notes += [f"no test {head['unit']}s: {', '.join(absent)}"] if absent else []
    _write_text(output / "report.txt", [title, *notes, "", text])


def _write_not_run(head: dict[str, Any], predictions: Path, output: Path) -> None:
    numbers = (
        "n_test",
        "accuracy",
        "macro_precision",
        "macro_recall",
        "macro_f1",
        "log_loss",
        "calibration_error",
        "majority_accuracy",
    )
    seen = {"train_accuracy": None, "valid_accuracy": None}
    empty = dict.fromkeys(numbers) | {"genres": {}, "seen_in_training": seen}
    files.write_json(output / "metrics.json", head | empty)
    with predictions.open(newline="") as file:
        columns = next(csv.reader(file), [])
    _write_confusion(output / "confusion.csv", [c for c in columns if c not in FIXED_COLUMNS], [])
    title = f"{head['model']}, {head['protocol']}, {head['split']}, seed {head['seed']}"
    _write_text(output / "report.txt", [f"{title}: not run", "", f"reason: {head['reason']}"])


def _write_confusion(path: Path, genres: Sequence[str], counts: Iterable[Iterable[int]]) -> None:
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
    cli.run(evaluate_runs, vars(arguments()))
