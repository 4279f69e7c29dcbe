"""What part of an accuracy is leakage: the same model under protocols that leak one thing less each.

    segment_random    segments of one clip on both sides
    stratified      no segments, but artists on both sides
    size_matched    the same, with training and test subsets as large as those of the honest split
    honest          no artists: fault_filtered if the dataset has it, else artist

What the accuracy loses from one line to the next is one part of what the first reaches beyond the last, and the parts
add up. All are counted in what the model predicts, its segments if it has any: a clip, the mean of its segments, is
easier to name than one of them, and the difference between the two would hide a part of the leak.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from genrebench.common import files
from genrebench.datasets.splits import SEGMENT_PROTOCOL

HONEST = ("fault_filtered", "artist")  # size_matched has the sizes of the first of these that the dataset has
PROTOCOLS = (SEGMENT_PROTOCOL, "stratified", "size_matched", "artist", "fault_filtered")
PARTS = {
    "segments": "segments of one clip on both sides",
    "size": "the size of the training set",
    "artists": "artists on both sides",
}
TOTAL = "total"
COLUMNS = (
    "model", "protocol", "status", "reason", "unit", "runs", "accuracy", "accuracy_low", "accuracy_high",
    "clip_accuracy", "clip_accuracy_low", "clip_accuracy_high", "n_train", "n_test", "train_clips", "test_clips",
    "artists_known", "shared", "repeated",
)  # fmt: skip
PART_COLUMNS = (
    "model", "part", "unit", "protocol", "accuracy", "other", "other_accuracy", "difference", "low", "high", "reason",
)  # fmt: skip

WORDS = ("model", "protocol", "status", "reason", "unit", "part", "other")

Case = tuple[str, bool]  # the clip of a prediction, and whether its genre was found


@dataclass(frozen=True)
class Scores:
    """Test results by clip: the weight of its cases, and of those whose genre was found."""

    cases: Mapping[str, float]
    right: Mapping[str, float]

    @classmethod
    def of_runs(cls, runs: Iterable[Sequence[Case]]) -> "Scores":
        """From the test cases of each run. All runs weigh the same, so the accuracy is the mean of theirs."""
        cases: dict[str, float] = defaultdict(float)
        right: dict[str, float] = defaultdict(float)
        for run in runs:
            for clip, found in run:
                cases[clip] += 1 / len(run)
                right[clip] += found / len(run)
        return cls(dict(cases), dict(right))

    @property
    def accuracy(self) -> float:
        """Share of the cases whose genre was found."""
        return sum(self.right.values()) / sum(self.cases.values())


def difference(one: Scores, other: Scores, seed: int = 0) -> tuple[float, float | None, float | None]:
    """How much higher the accuracy of `one` is than that of `other`, and its 95% interval.

    The interval is that of drawing the clips that either tested again, each with all its segments and under both
    protocols, if both tested it (bootstrap, percentiles; Efron 1979). It says what other test clips would change, not
    what another draw of the training clips would. None where there are too few clips to draw from.
    """
    clips = sorted(one.cases.keys() | other.cases.keys())
    columns = [
        np.array([values.get(clip, 0.0) for clip in clips])
        for values in (one.right, one.cases, other.right, other.cases)
    ]
    found = one.accuracy - other.accuracy
    if len(clips) < 2:
        return found, None, None
    # a draw may have no clip of one of them
    with np.errstate(invalid="ignore"), warnings.catch_warnings(action="ignore", category=stats.DegenerateDataWarning):
        interval = stats.bootstrap(
            columns, _difference, paired=True, vectorized=True, n_resamples=9999, method="percentile", batch=500,
            rng=np.random.default_rng(seed),
        ).confidence_interval  # fmt: skip
    low, high = float(interval.low), float(interval.high)
    return found, *((low, high) if np.isfinite([low, high]).all() else (None, None))


def _difference(
    right: np.ndarray, cases: np.ndarray, other_right: np.ndarray, other_cases: np.ndarray, axis: int
) -> np.ndarray:
    return right.sum(axis) / cases.sum(axis) - other_right.sum(axis) / other_cases.sum(axis)


def honest_protocol(available: Iterable[str]) -> str:
    """The protocol whose sizes `size_matched` has, of those that the dataset can have."""
    available = set(available)
    return next((protocol for protocol in HONEST if protocol in available), HONEST[-1])


def decompose(
    model: str, unit: str, scores: Mapping[str, Scores], honest: str, reasons: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of leakage_parts.csv: a part each, and the total from the most to the least leaking protocol.

    `scores` has the protocols under which the model was run, `reasons` says why of the others. A part that lacks one of
    its two protocols has a reason instead of numbers.
    """
    headline = next((protocol for protocol in PROTOCOLS if protocol in scores), SEGMENT_PROTOCOL)
    steps = {
        "segments": (SEGMENT_PROTOCOL, "stratified"),
        "size": ("stratified", "size_matched"),
        "artists": ("size_matched", honest),
        TOTAL: (headline, honest),
    }
    rows = []
    for part, (protocol, other) in steps.items():
        row: dict[str, Any] = dict.fromkeys(PART_COLUMNS)
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
    """What the parts of one model (rows of leakage_parts.csv) say, in words."""
    found = {row["part"]: row for row in rows}
    total = found[TOTAL]
    if total["difference"] is None:
        return f"What {total['model']} owes to leakage is not known. {total['reason']}"
    if total["protocol"] == total["other"]:
        return f"{total['model']} was run under {total['other']} only, so nothing can be compared."
    text = (
        f"{total['model']} names {100 * total['accuracy']:.1f}% of the test {total['unit']}s rightly under"
        f" {total['protocol']} and {100 * total['other_accuracy']:.1f}% under {total['other']}:"
        f" {_points(total)} less."
    )
    between = [found[part] for part in PARTS if _lies_within(found[part], total)]
    known = [f"{_points(row)} to {PARTS[row['part']]}" for row in between if row["difference"] is not None]
    unknown = [PARTS[row["part"]] for row in between if row["difference"] is None]
    text += f" Of these, it owes {_listed(known)}." if known else ""
    text += f" How much it owes to {_listed(unknown)} cannot be told." if unknown else ""
    return text


def read_study(table: Path, parts: Path) -> list[dict[str, Any]]:
    """Per model of leakage.csv and leakage_parts.csv: its `rows` and `parts`, numbers as numbers, and the `finding`."""
    rows, decomposed = ([_numbers(row) for row in files.read_rows(path)] for path in (table, parts))
    study = []
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in decomposed if row["model"] == model]
        study.append(
            {
                "model": model,
                "finding": finding(own),
                "rows": [row for row in rows if row["model"] == model],
                "parts": [row | {"name": PARTS.get(row["part"], "all of it")} for row in own],
            }
        )
    return study


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    return {key: value if key in WORDS else float(value) if value else None for key, value in row.items()}


def _points(row: Mapping[str, Any]) -> str:
    text = f"{100 * row['difference']:.1f} points"
    if row["low"] is not None:
        chance = ", within chance" if row["low"] <= 0 <= row["high"] else ""
        text += f" ({100 * row['low']:.1f} to {100 * row['high']:.1f}{chance})"
    return text.replace("-", "−")


def _lies_within(part: Mapping[str, Any], total: Mapping[str, Any]) -> bool:
    return PROTOCOLS.index(part["protocol"]) >= PROTOCOLS.index(total["protocol"])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
