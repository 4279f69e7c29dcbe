"""The predictions of a model's runs, joined with the genres of the clips: one tidy table per model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genrebench.common import cli, scoring
from genrebench.evaluation import tables
from genrebench.training.run import PREDICTION_COLUMNS

FILE = "predictions.csv"


def read_run(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """What a training has predicted (predictions.csv of a run), and the genres: its columns of probabilities.

    Raises
    ------
    InputError
        If the file has no rows, or none of the test subset.
    """
    columns = list(pd.read_csv(path, nrows=0).columns)
    genres = [name for name in columns if name not in PREDICTION_COLUMNS]
    types = {"clip_id": "str", "segment": "int64", "subset": "str", "predicted": "str"}
    frame = pd.read_csv(path, dtype=types | dict.fromkeys(genres, "float64"), keep_default_na=False)
    if frame.empty:
        raise cli.InputError(f"{path} has no rows, yet the run's status is done: train it again.")
    if not (frame["subset"] == "test").any():
        raise cli.InputError(f"{path} has no row of the test subset, so there is nothing to evaluate.")
    return frame, genres


def join(predicted: pd.DataFrame, genres: Sequence[str], genre_of: Mapping[str, str], unit: str) -> pd.DataFrame:
    """The rows of `tables.PREDICTIONS` of one run, without its protocol, split and seed.

    Parameters
    ----------
    predicted, genres
        What `read_run` returns.
    genre_of
        The genre of each clip, by clip_id: the manifest's.
    unit
        `clip`, whose segments are averaged, or `segment`, each of which is a case of its own.

    Returns
    -------
    DataFrame
        A row per clip or segment and subset, in the order of `predicted`. The predicted genre is the most probable one
        of the mean, of equals the first.
    """
    if reserved := set(genres) & set(tables.PREDICTIONS.columns):
        raise cli.InputError(f"A genre cannot be called {', '.join(sorted(reserved))}: rename it.")
    keys = ["clip_id", "subset", *(["segment"] if unit == "segment" else [])]
    frame = predicted.assign(genre=predicted["clip_id"].map(genre_of))
    if (unknown := frame["genre"].isna()).any():
        raise cli.InputError(
            f"The manifest has no clip {frame['clip_id'][unknown].iloc[0]}, which a run has predicted."
        )
    case = frame.groupby(keys, sort=False).ngroup()  # in the order of their first rows
    _, probabilities = scoring.average_segments(case.tolist(), frame[list(genres)].to_numpy())
    right = (frame["predicted"] == frame["genre"]).to_numpy()
    cases = frame.drop_duplicates(keys)[["clip_id", "segment", "subset", "genre"]].reset_index(drop=True)
    if unit != "segment":
        cases["segment"] = pd.NA
    return pd.concat(
        [
            cases,
            pd.DataFrame(
                {
                    "predicted": scoring.most_probable(probabilities, genres),
                    "segments": np.bincount(case),
                    "segments_right": np.bincount(case, weights=right).astype(int),
                }
            ),
            pd.DataFrame(probabilities, columns=list(genres)),
        ],
        axis=1,
    )


def read(evaluation: Path, models: Sequence[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The tables of these models below each other, with a column `model`; of all columns, or of `columns` only.

    `evaluation` is the folder of all models' evaluations. A column `right` says whether the genre was found.
    """
    wanted = None if columns is None else {*columns, "genre", "predicted"}
    read = [
        tables.PREDICTIONS.read(evaluation / model / FILE, wanted).assign(model=model)
        for model in dict.fromkeys(models)
        if (evaluation / model / FILE).is_file()
    ]
    frame = pd.concat(read, ignore_index=True) if read else tables.PREDICTIONS.frame().assign(model="")
    return frame.assign(right=frame["predicted"] == frame["genre"])


def genres_in(frame: pd.DataFrame) -> list[str]:
    """The genres of a table of predictions: its columns of probabilities."""
    return [name for name in frame.columns if name not in {*tables.PREDICTIONS.columns, "model", "right"}]
