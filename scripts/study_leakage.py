"""Take the accuracy of models apart into what they learned and what leaked into the test: rule study_leakage."""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import cli, files
from genrebench.datasets.split_leakage import describe_protocols
from genrebench.datasets.splits import SEGMENT_PROTOCOL
from genrebench.evaluation import leakage, results
from genrebench.plots import leakage as leakage_plots
from genrebench.plots import style


def study_leakage(
    manifest: Path,
    evaluation: Path,
    runs: Path,
    splits: Path,
    models: Sequence[str],
    protocols: Sequence[str],
    table: Path,
    parts: Path,
    plot: Path,
) -> None:
    """Write leakage.csv (a row per model and protocol), leakage_parts.csv (a row per model and part), and their plot.

    `models` are those of the study, `protocols` those that are configured; `runs` has the predictions of each segment.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for run in results.read_runs(evaluation, models):
        if run["protocol"] in protocols:
            groups[run["model"], run["protocol"]].append(run)
    described = describe_protocols(
        splits, {(run["protocol"], run["split"]) for group in groups.values() for run in group}
    )
    if not any(clip["md5"] for clip in files.read_rows(manifest)):  # no audio, so nobody has looked for duplicates
        for facts in described.values():
            facts["repeated"] = facts["repeated"] if facts["unit"] == "segment" else None
    honest = leakage.honest_protocol(name for name, facts in described.items() if facts["available"])
    rows, decomposed = [], []
    for model in models:
        scores = {}
        own = []
        for protocol in leakage.PROTOCOLS:
            row, found = study(model, protocol, groups[model, protocol], runs)
            if found:
                row |= {key: described[protocol][key] for key in ("artists_known", "shared", "repeated")}
            own.append(row)
            if found:
                scores[protocol] = found
        unit = "segment" if any(row["unit"] == "segment" for row in own) else "clip"
        for row in own:
            row["reason"] = row["reason"] or (None if row["runs"] else why_not(row, unit, protocols))
        reasons = {row["protocol"]: row["reason"] for row in own}
        decomposed += leakage.decompose(model, unit, scores, honest, reasons)
        rows += own
    files.write_rows(table, leakage.COLUMNS, map(_formatted, rows))
    files.write_rows(parts, leakage.PART_COLUMNS, map(_formatted, decomposed))
    style.write(leakage_plots.draw_leakage(rows, decomposed), plot, dpi=110, palette=128)


def study(
    model: str, protocol: str, group: Sequence[Mapping[str, Any]], runs: Path
) -> tuple[dict[str, Any], leakage.Scores | None]:
    """The row of leakage.csv for the runs of a model under a protocol, and its scores, if any run was done.

    Accuracies are means over the runs, with the interval of a proportion of the distinct test clips. `accuracy` is of
    the model's segments, if it has any, `clip_accuracy` of clips by the mean of their segments; where segments are
    dealt no clip is tested. Training and test examples are those of the first run, and so are their clips.
    """
    row: dict[str, Any] = dict.fromkeys(leakage.COLUMNS) | {"model": model, "protocol": protocol}
    done = [run for run in group if run["status"] == "done"]
    row |= {
        "status": "done" if done else "not run",
        "runs": len(done),
        "reason": " ".join(sorted({run["reason"] for run in group if run["status"] != "done"})) or None,
    }
    if not done:
        return row, None
    subsets = [_read(runs / model / protocol / run["split"] / f"seed{run['seed']}" / "predictions.csv") for run in done]
    scores = leakage.Scores.of_runs(subset["test"] for subset in subsets)
    train, test = subsets[0]["train"], subsets[0]["test"]
    clips = {"train": {clip for clip, _ in train}, "test": {clip for clip, _ in test}}
    of_segments = done[0]["unit"] == "segment" or len(test) > len(clips["test"])
    low, high = results.interval(scores.accuracy, len(scores.cases))
    row |= {
        "unit": "segment" if of_segments else "clip",
        "accuracy": scores.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "n_train": len(train),
        "n_test": len(test),
        "train_clips": len(clips["train"]),
        "test_clips": len(clips["test"]),
    }
    if done[0]["unit"] == "clip":
        accuracy = float(np.mean([run["accuracy"] for run in done]))
        low, high = results.interval(accuracy, len(scores.cases))
        row |= {"clip_accuracy": accuracy, "clip_accuracy_low": low, "clip_accuracy_high": high}
    return row, scores


def why_not(row: Mapping[str, Any], unit: str, protocols: Sequence[str]) -> str:
    """Why a model has no run under a protocol."""
    if row["protocol"] not in protocols:
        return "It is not among the protocols in params.yaml."
    if row["protocol"] == SEGMENT_PROTOCOL and unit == "clip":
        return f"It deals segments, and {row['model']} takes whole clips."
    return f"It is not among models.{row['model']}.protocols in params.yaml."


def _read(predictions: Path) -> dict[str, list[leakage.Case]]:
    """The cases of each subset, a segment or a clip each."""
    cases: dict[str, list[leakage.Case]] = defaultdict(list)
    for row in files.read_rows(predictions):
        cases[row["subset"]].append((row["clip_id"], row["predicted"] == row["genre"]))
    return cases


def _formatted(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv of the dataset")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--models", nargs="+", required=True, help="the models whose accuracy is taken apart")
    parser.add_argument("--protocols", nargs="+", required=True, help="the protocols that are configured")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write: models under protocols")
    parser.add_argument("--parts", type=Path, required=True, help="CSV to write: what leaks by how much")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(study_leakage, vars(arguments()))
