"""The pictures of one model's evaluation: confusion matrices, reliability and learning curves, a panel per protocol."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.evaluation.predictions import genres_in
from genrebench.evaluation.results import Evaluation, join_caveats
from genrebench.evaluation.tables import SEPARATOR


def draw_evaluation(
    model: str, evaluation: Evaluation, histories: Mapping[RunKey, Sequence[Mapping[str, str]]], folder: Path
) -> None:
    """Write confusion.png and reliability.png, if any run was done, and curves.png, if one was trained by epochs.

    The runs of a protocol are drawn together. `histories` are the rows of their history.csv.
    """
    tested = evaluation.predictions[evaluation.predictions["subset"] == "test"]
    if tested.empty:
        return  # without matplotlib, which takes a second to import
    from genrebench.evaluation import metrics
    from genrebench.plots import confusion, learning_curves, reliability, style

    caveats = join_caveats(evaluation.metrics["caveats"]).split(SEPARATOR)
    title = "\n".join([model, *(one for one in caveats if one and one != MEANINGLESS)])
    units = evaluation.metrics.set_index("protocol")["unit"].to_dict()
    meaningless = [protocol for protocol, unit in units.items() if unit == "segment"]
    by_protocol = dict(list(tested.groupby("protocol")))
    genres = genres_in(tested)
    counts = {
        protocol: metrics.confusion(cases["genre"], cases["predicted"], genres)
        for protocol, cases in by_protocol.items()
    }
    style.write(
        confusion.draw_confusions(counts, genres, title, meaningless), folder / "confusion.png", dpi=80, palette=64
    )
    panels = {protocol: _calibrate(cases, genres) for protocol, cases in by_protocol.items()}
    style.write(reliability.draw_reliability(title, panels), folder / "reliability.png", dpi=100, palette=64)
    learned: dict[str, list[Sequence[Mapping[str, str]]]] = {}
    for key, rows in histories.items():
        if len(rows) > 1:  # what is not trained by epochs has one row
            learned.setdefault(key.protocol, []).append(rows)
    if learned:
        style.write(
            learning_curves.draw_learning_curves(title, learned, meaningless),
            folder / "curves.png",
            dpi=120,
            palette=128,
        )


def _calibrate(cases: pd.DataFrame, genres: Sequence[str]) -> dict[str, Any]:
    from genrebench.evaluation import metrics

    return metrics.calibration((cases["predicted"] == cases["genre"]).to_numpy(), cases[genres].max(axis=1).to_numpy())
