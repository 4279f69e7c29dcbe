"""The runs of every model in one table: a row per model and protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from genrebench.datasets.splits import SEGMENT_PROTOCOL
from genrebench.evaluation import results, tables
from genrebench.evaluation.intervals import bootstrap_interval, wilson_interval
from genrebench.evaluation.results import DONE, PARTLY, UNAVAILABLE

MEANS = {  # column of the leaderboard, column of metrics.csv
    "accuracy_mean": "accuracy",
    "macro_f1_mean": "macro_f1",
    "precision": "macro_precision",
    "recall": "macro_recall",
    "log_loss_mean": "log_loss",
    "calibration_error": "calibration_error",
    "majority_accuracy": "majority_accuracy",
    "train_accuracy": "train_accuracy",
    "valid_accuracy": "valid_accuracy",
}


def add_unavailable(runs: pd.DataFrame, unavailable: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """The rows of metrics.csv, and one for each configured `model` and `protocol` that is known to be unavailable.

    `unavailable` has these and the `reason`. They have neither split nor seed.
    """
    missing = tables.METRICS.frame(
        {
            **{name: one[name] for name in ("model", "protocol", "reason")},
            "status": UNAVAILABLE,
            "unit": "segment" if one["protocol"] == SEGMENT_PROTOCOL else "clip",
        }
        for one in unavailable
    )
    return pd.concat([runs, missing], ignore_index=True) if len(missing) else runs


def build(
    runs: pd.DataFrame, predictions: pd.DataFrame, published: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The rows of leaderboard.csv: by protocol, the most accurate first; those of segments last.

    Parameters
    ----------
    runs
        Rows of metrics.csv.
    predictions
        Their rows of the test subset (`predictions.read`).
    published
        The papers' accuracies (`published.read_accuracies`), of which the first of a model and protocol is shown.
    """
    figures = {(row["model"], row["protocol"]): row for row in reversed(published)}
    tested = dict(list(predictions.groupby(["protocol", "model"], sort=False)))
    rows = []
    for (protocol, model), group in runs.groupby(["protocol", "model"]):
        row = summarise(group, tested.get((protocol, model)))
        if figure := figures.get((model, protocol)):
            row |= {f"published_{name}": figure[name] for name in ("source", "dataset")}
            row["published_accuracy"] = figure["value"]
        rows.append(row)
    return sorted(rows, key=_by_protocol_then_best)


def summarise(runs: pd.DataFrame, tested: pd.DataFrame | None) -> dict[str, Any]:
    """One row of the leaderboard from the runs of one model under one protocol, and what they predicted of test clips.

    Means and standard deviations (ddof=1, missing for a single run) are over the runs: seeds, folds, repeats.
    accuracy_low and accuracy_high are the 95% Wilson interval of the mean accuracy on the distinct test clips
    (`n_test`): a second seed tests the same clips again and adds none, nor do several segments of one clip, where the
    `unit` that is tested is the segment. bootstrap_low and bootstrap_high are the interval that drawing these clips
    again gives, a clip's value being the mean over all its tests.
    """
    done = runs[runs["status"] == DONE]
    row: dict[str, Any] = dict.fromkeys(tables.LEADERBOARD.columns)
    row |= runs.iloc[0][["model", "protocol", "unit"]].to_dict() | {
        "runs": len(done),
        "seeds": done["seed"].nunique(),
        "splits": done["split"].nunique(),
        "n_test": 0,
        "caveats": results.join_caveats(runs["caveats"]),
        "status": DONE if len(done) == len(runs) else PARTLY if len(done) else UNAVAILABLE,
        "reason": " ".join(sorted(set(runs["reason"][runs["status"] != DONE]))),
    }
    if tested is None or done.empty:
        return row
    means = done[list(MEANS.values())].mean()
    row |= {name: None if pd.isna(means[source]) else float(means[source]) for name, source in MEANS.items()}
    if len(done) > 1:
        spread = done[["accuracy", "macro_f1"]].std()
        row |= {"accuracy_std": float(spread["accuracy"]), "macro_f1_std": float(spread["macro_f1"])}
    by_clip = tested.groupby("clip_id", sort=False)["right"].mean()  # in the order in which they were tested
    row["n_test"] = len(by_clip)
    row["accuracy_low"], row["accuracy_high"] = wilson_interval(row["accuracy_mean"], len(by_clip))
    row["bootstrap_low"], row["bootstrap_high"] = bootstrap_interval(by_clip)
    return row


def accuracies(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """accuracy.json: {model: {protocol: accuracy}} of those that are no mistake, by which experiments are compared."""
    table: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["accuracy_mean"] is not None and row["unit"] == "clip":
            table.setdefault(row["model"], {})[row["protocol"]] = round(row["accuracy_mean"], 6)
    return table


def _by_protocol_then_best(row: Mapping[str, Any]) -> tuple[Any, ...]:
    accuracy = row["accuracy_mean"]
    return row["unit"] != "clip", row["protocol"], accuracy is None, -(accuracy or 0), row["model"]
