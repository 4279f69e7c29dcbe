"""Hard clips: the test clips that most models predict wrongly.

This looks at all test clips of all models. It is for listening: no model and no setting is chosen by it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common import files
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.evaluation import results

COLUMNS = ("protocol", "clip_id", "genre", "artist", "path", "models", "wrong", "share", "guess", "guesses")
SHOWN = 12  # hard clips with a picture and an excerpt
MOST = 0.5  # a clip is hard if a larger share of the models is wrong
FIXED = ("clip_id", "segment", "subset", "genre", "predicted")  # the other columns of predictions.csv are genres
RUN = ["model", "protocol", "split", "seed"]


def study(manifest: Path, statuses: Path, leaderboard: Path, splits: Path, runs: Path, table: Path) -> None:
    """Write errors.csv: the test clips of the protocol that the report quotes, the hardest first.

    The columns are `COLUMNS` and p_<genre>, see `rank_clips`. Without such a protocol the table has no rows.

    Parameters
    ----------
    manifest, statuses, leaderboard : path
        manifest.csv, statuses.csv and leaderboard.csv.
    splits, runs : path
        Folders of the dataset's splits and of all models' runs.
    table : path
        CSV to write.
    """
    listed = files.read_rows(statuses)
    protocols = describe_protocols(splits, {(row["protocol"], row["split"]) for row in listed})
    strict, loose = pick_protocols(results.read_leaderboard(leaderboard), protocols)
    protocol = strict or loose
    done = [row for row in listed if (row["protocol"], row["status"]) == (protocol, "done")]
    ranked = rank_clips(read_predictions(runs, done)) if done else pd.DataFrame(columns=["clip_id"])
    clips = pd.DataFrame(files.read_rows(manifest))[["clip_id", "artist", "path"]]
    ranked = ranked.merge(clips, on="clip_id", how="left").assign(protocol=protocol)
    genres = sorted(column for column in ranked if column.startswith("p_"))
    with files.atomic(table) as temporary:
        ranked.reindex(columns=[*COLUMNS, *genres]).to_csv(temporary, index=False, float_format="%.6f")


def read_predictions(runs: Path, done: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Read the test predictions of these runs (rows of statuses.csv), the mean over each clip's segments.

    Returns
    -------
    DataFrame
        model, protocol, split, seed, clip_id, genre, and a column of probabilities for each genre.
    """
    tables = []
    for run in done:
        folder = runs / run["model"] / run["protocol"] / run["split"] / f"seed{run['seed']}"
        rows = pd.read_csv(folder / "predictions.csv", dtype=dict.fromkeys(FIXED, str), keep_default_na=False)
        rows = rows[rows["subset"] == "test"]
        genres = [column for column in rows if column not in FIXED]
        means = rows.groupby(["clip_id", "genre"], sort=False)[genres].mean().reset_index()
        tables.append(means.assign(**{name: run[name] for name in RUN}))
    return pd.concat(tables, ignore_index=True)


def rank_clips(predictions: pd.DataFrame) -> pd.DataFrame:
    """Rank clips by the share of the models that are wrong, then by the mean probability of their label.

    A model predicts the genre with the highest mean probability over its runs, of equals the first.

    Parameters
    ----------
    predictions : DataFrame
        See `read_predictions`.

    Returns
    -------
    DataFrame
        One row per clip: clip_id, genre, the number of `models`, how many are `wrong` and their `share`, the `guess` of
        most of the wrong ones (of equals the first by name) and how many `guesses` it has, and p_<genre>, the mean
        probabilities over the models.
    """
    genres = [column for column in predictions if column not in (*RUN, "clip_id", "genre")]
    by_model = predictions.fillna(dict.fromkeys(genres, 0.0)).groupby(["clip_id", "genre", "model"])[genres].mean()
    votes = by_model.idxmax(axis=1).rename("guess").reset_index()
    wrong = votes[votes["guess"] != votes["genre"]]
    counts = wrong.groupby(["clip_id", "guess"]).size().rename("guesses").reset_index()
    counts = counts.sort_values(["guesses", "guess"], ascending=[False, True]).drop_duplicates("clip_id")
    table = by_model.groupby(["clip_id", "genre"]).mean().add_prefix("p_").reset_index()
    table["label"] = [row[f"p_{row['genre']}"] for _, row in table.iterrows()]
    table["models"] = table["clip_id"].map(votes["clip_id"].value_counts())
    table["wrong"] = table["clip_id"].map(wrong["clip_id"].value_counts()).fillna(0).astype(int)
    table["share"] = table["wrong"] / table["models"]
    table = table.merge(counts, on="clip_id", how="left")
    table["guesses"] = table["guesses"].fillna(0).astype(int)
    table["guess"] = table["guess"].fillna("")
    table = table.sort_values(["share", "label", "clip_id"], ascending=[False, True, True])
    return table.drop(columns="label").reset_index(drop=True)


def hard(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Select the rows of errors.csv that more than half of the models predict wrongly, in their order."""
    return [row for row in rows if float(row["share"]) > MOST]
