"""Faulty clips by kind (Sturm 2013): what is known of GTZAN's, what the audio shows, and leaving them out of a split.

A clip's `faults` are the kinds in one cell, with a blank between them. Of clips that repeat one another, all but the
first have the fault.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from genrebench.datasets import artists

KINDS = ("exact_repetition", "recording_repetition", "mislabelled", "distorted")  # as in the settings
DISTORTED = "distorted"
ARTIST_REPETITION = "artist_repetition"  # counted only: an artist-disjoint split is the remedy
COUNTED = (*KINDS, ARTIST_REPETITION)


def is_gtzan(clips: pd.DataFrame, known: Collection[str]) -> pd.Series:
    """Which clips of a manifest have the clip_id of one of GTZAN's `known` clips, and its genre."""
    return clips["clip_id"].isin(known) & (clips["clip_id"].str.partition(".")[0] == clips["genre"])


def joined(*kinds: str) -> str:
    """A cell with these kinds, each once and in the order of `KINDS`; each argument is a kind, a cell, or blank."""
    found = {kind for cell in kinds for kind in cell.split()}
    return " ".join(kind for kind in KINDS if kind in found)


def leave_out(clips: pd.DataFrame, kinds: Collection[str]) -> pd.DataFrame:
    """The clips of a manifest without those that have a fault of these kinds."""
    return clips[[set(kinds).isdisjoint(cell.split()) for cell in clips["faults"]]]


def count(clips: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the faults of each genre: a row per genre with the clips of each kind, and of artists that came before.

    Parameters
    ----------
    clips : DataFrame
        The manifest: genre, artist and faults, in its order.
    """
    heard: set[str] = set()
    counts: dict[str, Counter[str]] = {genre: Counter() for genre in sorted(clips["genre"].unique())}
    for genre, credit, cell in clips[["genre", "artist", "faults"]].itertuples(index=False):
        names = artists.names(credit)
        counts[genre].update([*cell.split(), *([ARTIST_REPETITION] if names & heard else [])])
        heard |= names
    return [{"genre": genre} | {kind: own[kind] for kind in COUNTED} for genre, own in counts.items()]


def of_catalogue(clips: pd.DataFrame, known: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The faults that the catalogue lists (by clip_id) for the clips of a manifest; blank for other clips."""
    there = is_gtzan(clips, known)
    return [joined(known[clip]["faults"]) if own else "" for clip, own in zip(clips["clip_id"], there, strict=True)]
