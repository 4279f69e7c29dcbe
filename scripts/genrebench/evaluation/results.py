"""From the runs of a model to the tables of its evaluation, and back from these."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.evaluation import predictions, tables

METRICS, GENRES = "metrics.csv", "genres.csv"
DONE, PARTLY, UNAVAILABLE = "done", "partly", "unavailable"  # the status of a run, or of several


@dataclass(frozen=True)
class Evaluation:
    """The runs of a model, evaluated: data frames of `tables.PREDICTIONS`, `tables.METRICS` and `tables.GENRES`."""

    predictions: pd.DataFrame
    metrics: pd.DataFrame
    genres: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Write the three tables into `folder`."""
        tables.PREDICTIONS.write(folder / predictions.FILE, self.predictions)
        tables.METRICS.write(folder / METRICS, self.metrics)
        tables.GENRES.write(folder / GENRES, self.genres)


def evaluate(runs: Path, keys: Sequence[RunKey], manifest: Path, splits: Path) -> Evaluation:
    """Evaluate the runs of one model: the only place where predictions meet the genres of test clips.

    Parameters
    ----------
    runs
        Folder of the model's runs, as the trainings wrote them.
    keys
        The runs to evaluate.
    manifest
        manifest.csv, with the genre of each clip.
    splits
        Folder of the splits, whose descriptions say what the unit is that is counted: clips, whose segments are
        averaged, or, where a split assigns the segments of one clip to both sides, segments. Such numbers are marked.
    """
    genre_of = pd.read_csv(manifest, usecols=["clip_id", "genre"], dtype="str", keep_default_na=False)
    by_clip = genre_of.set_index("clip_id")["genre"]
    evaluated, numbers, genres = [], [], []
    for key in sorted(keys):
        row = _describe(runs / key.within_model, key, splits)
        if row["status"] == DONE:
            from genrebench.evaluation import (
                metrics,
            )  # scikit-learn, 1 s, which a run that is unavailable does not need

            path = runs / key.within_model / predictions.FILE
            predicted, names = predictions.read_run(path)
            cases = predictions.join(predicted, names, by_clip, row["unit"])
            try:
                scores, of_genres = metrics.score_run(cases, names)
            except ValueError as error:
                raise cli.InputError(f"{path}: {error}.") from error
            row |= scores
            run = {"protocol": key.protocol, "split": key.split, "seed": key.seed}
            evaluated.append(cases.assign(**run))
            genres.append(of_genres.assign(model=key.model, **run))
        numbers.append(row)
    return Evaluation(
        tables.PREDICTIONS.frame(pd.concat(evaluated, ignore_index=True) if evaluated else ()),
        tables.METRICS.frame(numbers),
        tables.GENRES.frame(pd.concat(genres, ignore_index=True) if genres else ()),
    )


def _describe(run: Path, key: RunKey, splits: Path) -> dict[str, Any]:
    """What is said of a run beside its numbers."""
    if not (run / "status.json").exists():
        raise cli.InputError(f"{run} has no status.json: train {key.model} for {key.within_model} first.")
    status = files.read_json(run / "status.json")
    split = files.read_json(splits / key.protocol / f"{key.split}.json")
    unit = split.get("unit", "clip")
    caveats = list(status.get("caveats") or [])
    caveats += [MEANINGLESS] if unit == "segment" and status["status"] == DONE else []
    return {
        "model": key.model,
        "protocol": key.protocol,
        "split": key.split,
        "seed": key.seed,
        "status": status["status"],
        "reason": status.get("reason"),
        "caveats": tables.SEPARATOR.join(caveats),
        "unit": unit,
        "protocol_version": split.get("version"),
        "split_source": split.get("source"),
    }


def read_runs(evaluation: Path, models: Sequence[str]) -> pd.DataFrame:
    """The rows of metrics.csv of these models, sorted by model, protocol, split and seed.

    `evaluation` is the folder of all models' evaluations.

    Raises
    ------
    InputError
        If none of the models was evaluated.
    """
    paths = [evaluation / model / METRICS for model in dict.fromkeys(models)]
    found = [tables.METRICS.read(path) for path in paths if path.is_file()]
    if models and not found:
        raise cli.InputError(f"No {METRICS} under {evaluation}: evaluate the models first.")
    frame = pd.concat(found, ignore_index=True) if found else tables.METRICS.frame()
    return frame.sort_values(list(tables.RUN), ignore_index=True)


def read_genres(evaluation: Path, models: Sequence[str]) -> pd.DataFrame:
    """The rows of genres.csv of these models: precision, recall and F1 of each genre in each run that is done."""
    paths = [evaluation / model / GENRES for model in dict.fromkeys(models)]
    found = [tables.GENRES.read(path) for path in paths if path.is_file()]
    return pd.concat(found, ignore_index=True) if found else tables.GENRES.frame()


def read_run(evaluation: Path, key: RunKey) -> dict[str, Any]:
    """The numbers of one run, its `caveats` as a list, and `genres`: its scores by genre."""
    runs, genres = read_runs(evaluation, [key.model]), read_genres(evaluation, [key.model])
    own = [frame[(frame[["protocol", "split", "seed"]] == list(key)[1:]).all(axis=1)] for frame in (runs, genres)]
    (run,) = tables.rows(own[0])
    by_genre = own[1].set_index("genre")[["precision", "recall", "f1", "support"]]
    caveats = [one for one in run["caveats"].split(tables.SEPARATOR) if one]
    return run | {"caveats": caveats, "genres": dict(zip(by_genre.index, tables.rows(by_genre), strict=True))}


def join_caveats(caveats: pd.Series) -> str:
    """The distinct caveats of several runs, sorted."""
    return tables.SEPARATOR.join(sorted({one for text in caveats for one in text.split(tables.SEPARATOR) if one}))
