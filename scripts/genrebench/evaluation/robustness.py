"""Robustness: how many test clips the trained models still recognise when the recordings are degraded.

The models are those of the runs; nothing is trained again. What they predict of degraded clips (`degraded.predict`) is
joined with the genres of the evaluation, which has the same clips as they are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genrebench.common.formatting import percent, points
from genrebench.evaluation import predictions, tables
from genrebench.evaluation.intervals import wilson_interval
from genrebench.evaluation.leakage import Scores, difference

CLEAN = "clean"  # the condition of the clips as they are

Row = Mapping[str, Any]


def study(
    evaluation: Path, folder: Path, models: Sequence[str], protocol: str, conditions: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of robustness.csv: a row per model and condition, the first of each model for the clips as they are.

    Parameters
    ----------
    evaluation
        Folder of all models' evaluations, which have the clips as they are, and their genres.
    folder
        Of the predictions of degraded clips, <model>.csv.
    models, protocol, conditions
        The models, the protocol, and the conditions, in the order of the rows.

    Notes
    -----
    Accuracies are means over the runs, with the 95% Wilson interval of the distinct clips. Differences to the clips as
    they are have the 95% interval of drawing the clips again, each under both conditions (paired bootstrap).
    """
    columns = ("protocol", "split", "seed", "clip_id", "subset")
    cases = predictions.read(evaluation, models, columns)
    cases = cases[(cases["protocol"] == protocol) & (cases["subset"] == "test")]
    rows = []
    for model in models:
        clean = cases[cases["model"] == model]
        if clean.empty:
            continue
        genre_of = clean.drop_duplicates("clip_id").set_index("clip_id")["genre"]
        found = tables.DEGRADED.read(folder / f"{model}.csv")
        found = found.assign(right=found["predicted"] == found["clip_id"].map(genre_of))
        runs = len(clean.drop_duplicates(["split", "seed"]))
        reference = _scores(clean)
        rows.append(_row(model, protocol, CLEAN, runs, reference))
        for condition in conditions:
            scores = _scores(found[found["condition"] == condition])
            row = _row(model, protocol, condition, runs, scores)
            names = ("difference", "difference_low", "difference_high")
            rows.append(row | dict(zip(names, difference(scores, reference), strict=True)))
    return rows


def _scores(cases: pd.DataFrame) -> Scores:
    return Scores.of_runs(cases.assign(segments=1, segments_right=cases["right"].astype(int)))


def _row(model: str, protocol: str, condition: str, runs: int, scores: Scores) -> dict[str, Any]:
    low, high = wilson_interval(scores.accuracy, len(scores.cases))
    return {
        **{"model": model, "protocol": protocol, "condition": condition, "runs": runs, "clips": len(scores.cases)},
        **{"accuracy": scores.accuracy, "accuracy_low": low, "accuracy_high": high},
    }


def findings(rows: Sequence[Row]) -> list[str]:
    """Sentences on the rows of robustness.csv: the best model as the clips are, and what each condition costs."""
    clean = {row["model"]: row["accuracy"] for row in rows if row["condition"] == CLEAN}
    if not clean:
        return []
    best = max(clean, key=lambda model: clean[model])
    others = [row for row in rows if row["condition"] != CLEAN]
    own = [row for row in others if row["model"] == best]
    worst = min(own, key=lambda row: row["accuracy"])
    sentences = [
        f"{best} has the highest accuracy of the clips as they are, {percent(clean[best])}; it loses most under "
        f"{worst['condition']}, where it has {percent(worst['accuracy'])}."
    ]
    means = {
        condition: float(np.mean([row["difference"] for row in others if row["condition"] == condition]))
        for condition in dict.fromkeys(row["condition"] for row in others)
    }
    hardest = min(means, key=lambda condition: means[condition])
    sentences.append(
        f"Of the conditions {hardest} costs most: {points(-means[hardest])} on average over {len(clean)} models."
    )
    return sentences
