"""Leakage study: the same model with several protocols, each with one source of leakage less.

    segment_random  training and test share clips and artists
    stratified      training and test share artists
    size_matched    the same, with subsets of the same size as those of the artist-disjoint split
    artist          artist-disjoint; fault_filtered if the dataset has it

The loss of accuracy from one line to the next measures one source of leakage, and the losses add up. All accuracies are
of what the model predicts, segments or clips: a clip, the mean of its segments, is easier to classify than a segment,
and mixing the two would hide a part of the leakage.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genrebench.common.formatting import interval, percent, points
from genrebench.datasets.split_leakage import describe_protocols
from genrebench.datasets.splits import SEGMENT_PROTOCOL
from genrebench.evaluation import predictions, results, tables
from genrebench.evaluation.intervals import RESAMPLES, wilson_interval

DISJOINT = ("fault_filtered", "artist")  # size_matched has the sizes of the first of these that the dataset has
PROTOCOLS = (SEGMENT_PROTOCOL, "stratified", "size_matched", "artist", "fault_filtered")
PARTS = {
    "segments": "segments of one clip in training and test",
    "size": "the size of the training set",
    "artists": "artists in training and test",
}
TOTAL = "total"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Scores:
    """Test results by clip_id: the weight of its cases, and of those whose genre was found."""

    cases: pd.Series
    right: pd.Series

    @classmethod
    def of_runs(cls, tested: pd.DataFrame) -> "Scores":
        """From the test clips of some runs: split, seed, clip_id, segments and segments_right.

        All runs weigh the same, so the accuracy is the mean of theirs.
        """
        all_cases = tested.groupby(["split", "seed"])["segments"].transform("sum")
        shares = pd.DataFrame({"cases": tested["segments"] / all_cases, "right": tested["segments_right"] / all_cases})
        by_clip = shares.astype(float).groupby(tested["clip_id"]).sum()
        return cls(by_clip["cases"], by_clip["right"])

    @property
    def accuracy(self) -> float:
        """Share of the cases whose genre was found."""
        return float(self.right.sum() / self.cases.sum())


def study(
    manifest: Path,
    evaluation: Path,
    splits: Path,
    models: Sequence[str],
    protocols: Sequence[str],
    unavailable: Sequence[Mapping[str, str]] = (),
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of leakage.csv, one per model and protocol, and those of leakage_parts.csv, one per model and part.

    Parameters
    ----------
    manifest, evaluation, splits
        manifest.csv, the folder of all models' evaluations, and that of the splits' descriptions.
    models, protocols
        The models of the study, and the protocols that are configured.
    unavailable
        The configured runs that are known to be unavailable: model, protocol and reason.
    """
    runs = results.read_runs(evaluation, models)
    runs = runs[runs["protocol"].isin(protocols)]
    columns = ("protocol", "split", "seed", "clip_id", "subset", "segments", "segments_right")
    cases = predictions.read(evaluation, models, columns)
    described = describe_protocols(splits, set(zip(runs["protocol"], runs["split"], strict=True)))
    md5s = pd.read_csv(manifest, usecols=["md5"], dtype="str", keep_default_na=False)["md5"]
    if not md5s.any():  # no audio, so nobody has looked for duplicates
        for facts in described.values():
            facts["repeated"] = facts["repeated"] if facts["unit"] == "segment" else None
    disjoint = disjoint_protocol(name for name, facts in described.items() if facts["available"])
    known = {(one["model"], one["protocol"]): one["reason"] for one in unavailable}
    rows, parts = [], []
    for model in models:
        own, scores = [], {}
        for protocol in PROTOCOLS:
            chosen = [frame[(frame["model"] == model) & (frame["protocol"] == protocol)] for frame in (runs, cases)]
            row, found = summarise(model, protocol, *chosen)
            row["reason"] = row["reason"] or known.get((model, protocol))
            if found:
                row |= {key: described[protocol][key] for key in ("artists_known", "shared", "repeated")}
                scores[protocol] = found
            own.append(row)
        unit = "segment" if any(row["unit"] == "segment" for row in own) else "clip"
        for row in own:
            row["reason"] = row["reason"] or (None if row["runs"] else why_not(row, unit, protocols))
        parts += decompose(model, unit, scores, disjoint, {row["protocol"]: row["reason"] for row in own})
        rows += own
    return rows, parts


def summarise(
    model: str, protocol: str, runs: pd.DataFrame, cases: pd.DataFrame
) -> tuple[dict[str, Any], Scores | None]:
    """The row of leakage.csv for the runs of a model under a protocol, and its scores, if any run was done.

    Accuracies are means over the runs, with the interval of a proportion of the distinct test clips. `accuracy` is of
    the model's segments, if it has any, `clip_accuracy` of clips by the mean of their segments; where segments are
    assigned to subsets no clip is tested. Training and test examples are those of the first run, and so are their
    clips.
    """
    done = runs[runs["status"] == results.DONE]
    row: dict[str, Any] = dict.fromkeys(tables.LEAKAGE.columns) | {"model": model, "protocol": protocol}
    row |= {
        "status": results.UNAVAILABLE if done.empty else results.DONE,
        "runs": len(done),
        "reason": " ".join(sorted(set(runs["reason"][runs["status"] != results.DONE]))) or None,
    }
    if done.empty:
        return row, None
    scores = Scores.of_runs(cases[cases["subset"] == "test"])
    head = done.iloc[0]
    first = cases[(cases["split"] == head["split"]) & (cases["seed"] == head["seed"])]
    train, test = (first[first["subset"] == subset] for subset in ("train", "test"))
    row |= {
        "accuracy": scores.accuracy,
        "n_train": int(train["segments"].sum()),
        "n_test": int(test["segments"].sum()),
        "train_clips": train["clip_id"].nunique(),
        "test_clips": test["clip_id"].nunique(),
    }
    row["unit"] = "segment" if head["unit"] == "segment" or row["n_test"] > row["test_clips"] else "clip"
    row["accuracy_low"], row["accuracy_high"] = wilson_interval(scores.accuracy, len(scores.cases))
    if head["unit"] == "clip":
        row["clip_accuracy"] = float(done["accuracy"].mean())
        row["clip_accuracy_low"], row["clip_accuracy_high"] = wilson_interval(row["clip_accuracy"], len(scores.cases))
    return row, scores


def why_not(row: Row, unit: str, protocols: Sequence[str]) -> str:
    """Why a model has no run under a protocol."""
    if row["protocol"] not in protocols:
        return "The protocol is not configured."
    if row["protocol"] == SEGMENT_PROTOCOL and unit == "clip":
        return f"It assigns segments, and {row['model']} takes whole clips."
    return "The protocol is not configured for this model."


def difference(one: Scores, other: Scores, seed: int = 0) -> tuple[float, float | None, float | None]:
    """How much higher the accuracy of `one` is than that of `other`, and its 95% interval.

    The interval is that of drawing the clips that either tested again, each with all its segments and under both
    protocols, if both tested it (bootstrap, percentiles; Efron 1979). It says what other test clips would change, not
    what another draw of the training clips would. None where there are too few clips to draw from.
    """
    from scipy import stats

    clips = one.cases.index.union(other.cases.index)
    columns = [
        values.reindex(clips, fill_value=0.0).to_numpy() for values in (one.right, one.cases, other.right, other.cases)
    ]
    found = one.accuracy - other.accuracy
    if len(clips) < 2:
        return found, None, None
    # a draw may have no clip of one of them
    with np.errstate(invalid="ignore"), warnings.catch_warnings(action="ignore", category=stats.DegenerateDataWarning):
        interval = stats.bootstrap(
            columns, _difference, paired=True, vectorized=True, n_resamples=RESAMPLES, method="percentile", batch=500,
            rng=np.random.default_rng(seed),
        ).confidence_interval  # fmt: skip
    low, high = float(interval.low), float(interval.high)
    return found, *((low, high) if np.isfinite([low, high]).all() else (None, None))


def _difference(
    right: np.ndarray, cases: np.ndarray, other_right: np.ndarray, other_cases: np.ndarray, axis: int
) -> np.ndarray:
    return right.sum(axis) / cases.sum(axis) - other_right.sum(axis) / other_cases.sum(axis)


def disjoint_protocol(available: Iterable[str]) -> str:
    """The protocol whose sizes `size_matched` has, of those that the dataset can have."""
    available = set(available)
    return next((protocol for protocol in DISJOINT if protocol in available), DISJOINT[-1])


def decompose(
    model: str, unit: str, scores: Mapping[str, Scores], disjoint: str, reasons: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of leakage_parts.csv: a part each, and the total from the most to the least leaking protocol.

    `scores` has the protocols under which the model was run, `reasons` says why of the others. A part that lacks one of
    its two protocols has a reason instead of numbers.
    """
    headline = next((protocol for protocol in PROTOCOLS if protocol in scores), SEGMENT_PROTOCOL)
    steps = {
        "segments": (SEGMENT_PROTOCOL, "stratified"),
        "size": ("stratified", "size_matched"),
        "artists": ("size_matched", disjoint),
        TOTAL: (headline, disjoint),
    }
    rows = []
    for part, (protocol, other) in steps.items():
        row: dict[str, Any] = dict.fromkeys(tables.LEAKAGE_PARTS.columns)
        row |= {"model": model, "part": part, "unit": unit, "protocol": protocol, "other": other}
        missing = [name for name in (protocol, other) if name not in scores]
        if missing:
            row["reason"] = " ".join(f"{name}: {reasons[name]}" for name in missing)
        else:
            found, low, high = difference(scores[protocol], scores[other])
            row |= {"accuracy": scores[protocol].accuracy, "other_accuracy": scores[other].accuracy}
            row |= {"difference": found, "low": low, "high": high}
        rows.append(row)
    return rows


def finding(rows: Sequence[Mapping[str, Any]]) -> str:
    """Describe the parts of one model (rows of leakage_parts.csv) in sentences."""
    found = {row["part"]: row for row in rows}
    total = found[TOTAL]
    if total["difference"] is None:
        return f"The leakage of {total['model']} is unknown. {total['reason']}"
    if total["protocol"] == total["other"]:
        return f"{total['model']} has results with {total['other']} only, so its leakage is unknown."
    text = (
        f"{total['model']} predicts {percent(total['accuracy'])} of the test {total['unit']}s correctly with"
        f" {total['protocol']} and {percent(total['other_accuracy'])} with {total['other']}, a loss of"
        f" {_points(total)}."
    )
    between = [found[part] for part in PARTS if _lies_within(found[part], total)]
    known = [f"{_points(row)} due to {PARTS[row['part']]}" for row in between if row["difference"] is not None]
    unknown = [PARTS[row["part"]] for row in between if row["difference"] is None]
    text += f" It consists of {_listed(known)}." if known else ""
    text += f" The loss due to {_listed(unknown)} is unknown." if unknown else ""
    return text


def read_study(table: Path, parts: Path) -> list[dict[str, Any]]:
    """Per model of leakage.csv and leakage_parts.csv: its `rows` and `parts`, and the `finding`."""
    frame, of_parts = tables.LEAKAGE.read(table), tables.LEAKAGE_PARTS.read(parts)
    study = []
    for model, rows in frame.groupby("model", sort=False):
        own = tables.rows(of_parts[of_parts["model"] == model])
        study.append(
            {
                "model": model,
                "finding": finding(own),
                "rows": tables.rows(rows),
                "parts": [row | {"name": PARTS.get(row["part"], "all leakage")} for row in own],
            }
        )
    return study


def _points(row: Mapping[str, Any]) -> str:
    text = points(row["difference"])
    if row["low"] is not None:
        chance = ", not significant" if row["low"] <= 0 <= row["high"] else ""
        text += f" ({interval(row['low'], row['high'])}{chance})"
    return text


def _lies_within(part: Mapping[str, Any], total: Mapping[str, Any]) -> bool:
    return PROTOCOLS.index(part["protocol"]) >= PROTOCOLS.index(total["protocol"])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
