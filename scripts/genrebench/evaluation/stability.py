"""How steadily models learn, how far they overfit, and how far another seed or split moves the result."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from genrebench.common.formatting import counted, percent, points
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import LOOSE_FIRST
from genrebench.evaluation import results
from genrebench.training.data import best_row

LEARNING = ["epochs", "best_epoch", "accuracy_lost", "loss_rise", "fluctuation"]
RISE = 0.1  # of the loss after its lowest point: more is called overfitting
SHARES = np.linspace(0, 1, 101)

Row = Mapping[str, Any]
History = Sequence[Mapping[str, str]]


def compare_all(runs: pd.DataFrame, histories: Mapping[RunKey, History]) -> list[dict[str, Any]]:
    """The rows of stability.csv: one per protocol and model with a finished run, the smallest `gap` first.

    `runs` are the rows of metrics.csv, `histories` those of history.csv of the runs that were trained by epochs.
    Protocols whose unit is the segment come last.
    """
    rows = []
    for (protocol, model), group in runs[runs["status"] == results.DONE].groupby(["protocol", "model"]):
        keys = [RunKey(model, protocol, split, seed) for split, seed in zip(group["split"], group["seed"], strict=True)]
        rows.append(summarise(group, [histories[key] for key in keys if len(histories.get(key, ())) > 1]))
    return sorted(rows, key=_by_protocol_then_gap)


def summarise(runs: pd.DataFrame, histories: Sequence[History]) -> dict[str, Any]:
    """One row of stability.csv from the finished runs of one model under one protocol.

    Accuracies are means over the runs, of the weights that are kept. `gap` is that on training
    clips less that on test clips, `valid_gap` that on validation clips, by which the epoch was chosen, less that on
    test clips. See `spread` for seed_std and split_std. What an epoch did is blank without `histories`: `epochs` that
    were trained and the best of them, and see `learning`.
    """
    test = runs["accuracy"]
    train, valid = (_known(runs[f"{name}_accuracy"].mean()) for name in ("train", "valid"))
    seed_std, split_std = spread(runs)
    found = pd.DataFrame([learning(history) for history in histories], columns=LEARNING, dtype=float).mean()
    return {
        **runs.iloc[0][["model", "protocol", "unit"]],
        "runs": len(runs),
        "seeds": runs["seed"].nunique(),
        "splits": runs["split"].nunique(),
        "train_accuracy": train,
        "valid_accuracy": valid,
        "test_accuracy": float(test.mean()),
        "gap": None if train is None else train - test.mean(),
        "valid_gap": None if valid is None else valid - test.mean(),
        "lowest": test.min(),
        "highest": test.max(),
        "seed_std": seed_std,
        "split_std": split_std,
        **{name: _known(found[name]) for name in LEARNING},
        "caveats": results.join_caveats(runs["caveats"]),
    }


def spread(runs: pd.DataFrame) -> tuple[float | None, float | None]:
    """Standard deviations (ddof=1) of the accuracies of some runs: over seeds, and over splits.

    Over seeds it is that within a split, pooled over the splits (the root of the mean variance); over splits that of
    the means over each split's seeds. None where there are fewer than two.
    """
    by_split = runs.groupby("split")["accuracy"]
    return _known(np.sqrt(by_split.var().mean())), _known(by_split.mean().std())


def learning(history: History) -> dict[str, float | None]:
    """What one run did on the validation clips from epoch to epoch, from its history.csv; None without validation.

    `accuracy_lost` is the accuracy of the best epoch less that of the last; `loss_rise` by how much of its lowest value
    the loss is above it in the end (0.1 is 10%); `fluctuation` the mean of how far the accuracy moves between an
    epoch and the next in the second half of the training.
    """
    accuracy, loss = (column(history, name) for name in ("val_accuracy", "val_loss"))
    result: dict[str, float | None] = dict.fromkeys(("best_epoch", "accuracy_lost", "loss_rise", "fluctuation"))
    result["epochs"] = len(history)
    if np.isnan(accuracy).any() or np.isnan(loss).any():
        return result
    best = best_row([{"val_accuracy": a, "val_loss": b} for a, b in zip(accuracy, loss, strict=True)])
    return result | {
        "best_epoch": best + 1,
        "accuracy_lost": float(accuracy[best] - accuracy[-1]),
        "loss_rise": float(loss[-1] / loss.min() - 1) if loss.min() > 0 else None,
        "fluctuation": float(np.mean(np.abs(np.diff(accuracy[len(accuracy) // 2 - 1 :])))),
    }


def mean_curve(histories: Iterable[History], name: str) -> np.ndarray:
    """The mean of a column of some runs' histories at `SHARES` of each run's epochs: 0 is the first, 1 the last.

    Runs of different lengths, such as those that stop early, are interpolated between their epochs.
    """
    curves = [np.interp(SHARES, np.linspace(0, 1, len(h)), column(h, name)) for h in histories]
    return np.mean(curves, axis=0)


def column(history: History, name: str) -> np.ndarray:
    """A column of history.csv; NaN where blank."""
    return np.array([float(row[name] or "nan") for row in history])


def describe(rows: Sequence[Row], strict: str | None, loose: str | None, protocols: Mapping[str, Row]) -> list[str]:
    """Describe gaps, overfitting and variation in sentences, for the protocol that the report quotes.

    Parameters
    ----------
    rows : sequence of dict
        Rows of stability.csv.
    strict, loose : str or None
        The protocol that is quoted, if it is artist-disjoint, and if not (`split_leakage.pick_protocols`).
    protocols : dict
        See `split_leakage.describe_protocols`.
    """
    protocol = strict or loose
    own = {row["model"]: row for row in rows if row["protocol"] == protocol and row["gap"] is not None}
    if not own:
        return []
    return [
        _describe_gaps(list(own.values()), protocol),
        *_describe_learning([row for row in own.values() if row["loss_rise"] is not None]),
        *(_describe_overlap(rows, own, protocols) if strict else []),
        *_describe_segments(rows, own),
        *_describe_spread(list(own.values())),
    ]


def _describe_gaps(rows: Sequence[Row], protocol: str | None) -> str:
    least, most = (choose(rows, key=lambda row: row["gap"]) for choose in (min, max))
    if least is most:
        return f"With the protocol {protocol}, {least['model']} has {_gap_of(least)}."
    middle = float(np.median([row["gap"] for row in rows]))
    return (
        f"With the protocol {protocol}, {least['model']} has the smallest gap of {len(rows)} models: {_gap_of(least)}."
        f" {most['model']} has the largest: {_gap_of(most)}. The median gap is {points(middle)}. A model that learns"
        " nothing has a small gap, too: compare the accuracies as well."
    )


def _gap_of(row: Row) -> str:
    return (
        f"{percent(row['train_accuracy'])} training and {percent(row['test_accuracy'])} test accuracy, a gap of"
        f" {points(row['gap'])}"
    )


def _describe_learning(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    risen = sorted((row for row in rows if row["loss_rise"] > RISE), key=lambda row: -row["loss_rise"])
    names = ", ".join(f"{row['model']} +{percent(row['loss_rise'], 0)}" for row in risen)
    restless = max(rows, key=lambda row: row["fluctuation"])
    return [
        f"{len(risen)} of {counted(len(rows), 'model')} trained by epochs overfit: the validation loss ends more than"
        f" {percent(RISE, 0)} above its lowest value{f' ({names})' if names else ''}.",
        f"The validation accuracy of {restless['model']} fluctuates most, by {points(restless['fluctuation'])} from one"
        " epoch to the next in the second half of its training.",
    ]


def _describe_overlap(rows: Sequence[Row], own: Mapping[str, Row], protocols: Mapping[str, Row]) -> list[str]:
    """How the gap changes with artist overlap: under the protocol that has most models in common with `own`."""
    gaps: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        mixed = row["unit"] == "clip" and not protocols[row["protocol"]]["separate"]
        if mixed and row["gap"] is not None and row["model"] in own:
            gaps[row["protocol"]][row["model"]] = row["gap"]
    if not gaps:
        return []
    order = [*LOOSE_FIRST, *sorted(gaps)]
    loose = max(gaps, key=lambda name: (len(gaps[name]), -order.index(name)))
    both = gaps[loose]
    strict = own[next(iter(both))]["protocol"]
    apart, shared = float(np.median([own[model]["gap"] for model in both])), float(np.median(list(both.values())))
    which, what = (f"the {len(both)} models", "median gap") if len(both) > 1 else (next(iter(both)), "gap")
    return [
        f"With {loose}, the {what} of {which} with results for both is {points(shared)} instead of {points(apart)} with"
        f" {strict}{': artist overlap hides overfitting.' if apart > shared else '.'}"
    ]


def _describe_segments(rows: Sequence[Row], own: Mapping[str, Row]) -> list[str]:
    return [
        f"With {row['protocol']}, where training and test share clips, the gap of {row['model']} is"
        f" {points(row['gap'])} instead of {points(own[row['model']]['gap'])}: such a split hides overfitting."
        for row in rows
        if row["unit"] == "segment" and row["model"] in own and row["gap"] is not None
        if row["gap"] < own[row["model"]]["gap"]
    ]


def _describe_spread(rows: Sequence[Row]) -> list[str]:
    sentences = []
    for name, what in (("seed_std", "seeds"), ("split_std", "splits")):
        known = [row for row in rows if row[name] is not None]
        if known:
            most = max(known, key=lambda row: row[name])
            middle = float(np.median([row[name] for row in known]))
            sentences.append(
                f"The standard deviation over {what} is {points(middle)}, the median of {len(known)} models; the"
                f" largest is {points(most[name])}, of {most['model']}."
                if len(known) > 1
                else f"The standard deviation of {most['model']} over {what} is {points(most[name])}."
            )
    return sentences or ["No model has several seeds or splits, so the variation between runs is unknown."]


def _by_protocol_then_gap(row: Row) -> tuple[Any, ...]:
    return row["unit"] != "clip", row["protocol"], row["gap"] is None, row["gap"], row["model"]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
