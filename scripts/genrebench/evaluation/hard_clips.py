"""The test clips of the protocol that the report quotes, and how many of the models are wrong about each.

This study looks at test clips and their genres, after all models are trained: nothing is trained or chosen by it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.evaluation import predictions, tables

SHOWN = 12  # hard clips with a picture and an excerpt
MOST = 0.5  # a clip is hard if a larger share of the models is wrong about it
PREFIX = "p_"  # before the genre, of a column of probabilities


def study(
    manifest: pd.DataFrame, statuses: pd.DataFrame, leaderboard: pd.DataFrame, splits: Path, evaluation: Path
) -> pd.DataFrame:
    """The rows of errors.csv (`tables.HARD_CLIPS`); none where no protocol can be quoted.

    Parameters
    ----------
    manifest
        The clips, with clip_id, artist and path.
    statuses, leaderboard
        statuses.csv, which names the runs, and leaderboard.csv.
    splits, evaluation
        Folders of the splits' descriptions and of all models' evaluations.
    """
    described = describe_protocols(splits, set(zip(statuses["protocol"], statuses["split"], strict=True)))
    strict, loose = pick_protocols(tables.rows(leaderboard), described)
    protocol = strict or loose
    done = statuses[(statuses["protocol"] == protocol) & (statuses["status"] == "done")]
    tested = predictions.read(evaluation, sorted(done["model"].unique()))
    tested = tested[(tested["protocol"] == protocol) & (tested["subset"] == "test")]
    ranked = rank_clips(verdicts(tested))
    clips = manifest.set_index("clip_id")[["artist", "path"]]
    return tables.HARD_CLIPS.frame(ranked.join(clips, on="clip_id").assign(protocol=protocol))


def verdicts(tested: pd.DataFrame) -> pd.DataFrame:
    """What each model predicts of each clip that it was tested on: the mean probabilities over its runs.

    Parameters
    ----------
    tested
        Predictions of test clips, with model, clip_id, genre and the probabilities of all genres.

    Returns
    -------
    DataFrame
        model, clip_id, genre, the most probable genre as `guess` (of equals the first), and a column p_<genre> for each
        genre, in alphabetical order.
    """
    genres = predictions.genres_in(tested)
    means = tested.groupby(["model", "clip_id", "genre"], sort=False)[genres].mean()
    means["guess"] = means[genres].idxmax(axis=1) if len(means) else ""
    names = {genre: f"{PREFIX}{genre}" for genre in sorted(genres)}
    return means.reset_index().rename(columns=names)[["model", "clip_id", "genre", "guess", *names.values()]]


def rank_clips(verdicts: pd.DataFrame) -> pd.DataFrame:
    """A row per clip, that of which the largest share of the models is wrong first, then the least probable label.

    Per clip: its genre, the number of `models`, how many are `wrong` and their `share`, the `guess` that most of the
    wrong ones make (of equals the first by name) and how many make it, and the mean probabilities over the models.
    """
    columns = [name for name in verdicts.columns if name.startswith(PREFIX)]
    by_clip = verdicts.assign(wrong=verdicts["guess"] != verdicts["genre"]).groupby(["clip_id", "genre"])
    found = by_clip.agg(models=("model", "size"), wrong=("wrong", "sum"), share=("wrong", "mean"))
    found = found.join(by_clip[columns].mean()).reset_index()
    wrong = verdicts[verdicts["guess"] != verdicts["genre"]]
    guesses = wrong.groupby(["clip_id", "guess"], as_index=False).agg(guesses=("model", "size"))
    guesses = guesses.sort_values(["clip_id", "guesses", "guess"], ascending=[True, False, True])
    found = found.merge(guesses.drop_duplicates("clip_id"), on="clip_id", how="left")
    found["guesses"] = found["guesses"].fillna(0).astype(int)
    found["label"] = [row[f"{PREFIX}{row['genre']}"] for _, row in found.iterrows()]
    ordered = found.sort_values(["share", "label", "clip_id"], ascending=[False, True, True], ignore_index=True)
    return ordered.drop(columns="label")


def hard(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The clips, in their order, about which more than half of the models are wrong."""
    return [row for row in rows if float(row["share"]) > MOST]
