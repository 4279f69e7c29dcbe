"""The test clips of a protocol, and what all its models together make of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# metrics takes scikit-learn with it, 1 s, which those do not need who only read the table

COLUMNS = ("protocol", "clip_id", "genre", "artist", "path", "models", "wrong", "share", "guess", "guesses")
SHOWN = 12  # hard clips with a picture and an excerpt
MOST = 0.5  # a clip is hard if a larger share of the models is wrong about it


@dataclass(frozen=True)
class Verdict:
    """What a model says of a clip: `genre` is the clip's, `probabilities` those of all genres, by name."""

    clip_id: str
    model: str
    genre: str
    probabilities: dict[str, float]

    @property
    def guess(self) -> str:
        """The most probable genre, of equals the first."""
        from genrebench.common import scoring

        return scoring.most_probable(np.array([list(self.probabilities.values())]), list(self.probabilities))[0]


def verdicts(model: str, runs: Iterable[Sequence[Mapping[str, str]]], fixed: Sequence[str]) -> list[Verdict]:
    """A verdict for each clip that a model was tested on, the mean over its segments and then over its runs.

    `runs` are the rows of predictions.csv of each run, in which all columns but the `fixed` ones are genres.
    """
    from genrebench.common import scoring

    found: dict[str, list[np.ndarray]] = defaultdict(list)
    genre_of: dict[str, str] = {}
    genres: list[str] = []
    for rows in runs:
        tested = [row for row in rows if row["subset"] == "test"]
        genres = [column for column in rows[0] if column not in fixed]
        values = np.array([[float(row[genre]) for genre in genres] for row in tested])
        for clip, mean in zip(*scoring.average_segments([row["clip_id"] for row in tested], values), strict=True):
            found[clip].append(mean)
        genre_of |= {row["clip_id"]: row["genre"] for row in tested}
    return [
        Verdict(clip, model, genre_of[clip], dict(zip(genres, map(float, np.mean(means, axis=0)), strict=True)))
        for clip, means in found.items()
    ]


def rank_clips(all_verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """A row per clip, that of which the largest share of the models is wrong first, then the least probable label.

    Per clip: its genre, the number of `models`, how many are `wrong` and their `share`, the `guess` that most of the
    wrong ones make (of equals the first by name) and how many make it, and the mean `probabilities` over models.
    """
    by_clip: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in all_verdicts:
        by_clip[verdict.clip_id].append(verdict)
    rows = [_row(clip, group) for clip, group in by_clip.items()]
    return sorted(rows, key=lambda row: (-row["share"], row["probabilities"][row["genre"]], row["clip_id"]))


def hard(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The clips, in their order, about which more than half of the models are wrong."""
    return [row for row in rows if float(row["share"]) > MOST]


def _row(clip: str, group: Sequence[Verdict]) -> dict[str, Any]:
    genre = group[0].genre
    guesses = Counter(verdict.guess for verdict in group)
    right = guesses.pop(genre, 0)
    guess, count = min(guesses.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    genres = sorted({name for verdict in group for name in verdict.probabilities} | {genre})
    means = {name: float(np.mean([v.probabilities.get(name, 0.0) for v in group])) for name in genres}
    return {
        "clip_id": clip,
        "genre": genre,
        "models": len(group),
        "wrong": len(group) - right,
        "share": 1 - right / len(group),
        "guess": guess,
        "guesses": count,
        "probabilities": means,
    }
