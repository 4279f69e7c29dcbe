"""Who plays in each clip, and which clips must stay together: of one artist, of one recording, or so listed."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

# what stands between the artists of one recording: "Lauryn Hill and Bob Marley", "Earth, Wind & Fire"
BETWEEN_ARTISTS = re.compile(r"[,;/&+]|\b(?:and|with|vs|ft|feat|featuring)\b")
NO_ARTIST = {"unknown", "unknown artist", "<unknown>", "various", "various artists", "va", "n/a"}  # in tags


def names(credit: str) -> set[str]:
    """The artists of a credit, each one of a collaboration, as names are compared; none if it is blank.

    Capitals, punctuation, a leading "the" and Unicode's compositions mean nothing. A band whose name is a list is taken
    apart too: that may keep more clips together than need be, never fewer.
    """
    # composed: of a decomposed letter, the accent is no part of a word
    credit = unicodedata.normalize("NFC", credit).casefold()
    parts = (re.sub(r"\W+", " ", part).strip() for part in BETWEEN_ARTISTS.split(credit))
    return {name.removeprefix("the ") for name in parts if name}


def groups(clips: pd.DataFrame) -> pd.Series:
    """The group of each clip: clips of one group never stand in different subsets of an artist-disjoint split.

    Clips are in one group if they share an artist (see `names`), their listed `group` (in any case) or their
    recording, or if others link them, however long the chain.

    Parameters
    ----------
    clips : DataFrame
        With the columns clip_id, artist, group, duplicate_of.

    Returns
    -------
    Series
        The name of the group of each clip_id: the artist as credited where all its clips have the same credit, else its
        first clip_id.
    """

    def ties(clip: Any) -> list[Hashable]:
        return [
            *(("artist", name) for name in names(clip.artist)),
            *([("group", unicodedata.normalize("NFC", clip.group).casefold())] if clip.group else []),
            *([clip.duplicate_of] if clip.duplicate_of else []),
        ]

    linked = _linked(clips, ties)
    members: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for clip_id, artist, first in zip(clips["clip_id"], clips["artist"], linked, strict=True):
        members[first].append((clip_id, artist))
    return linked.map({first: _name(own) for first, own in members.items()}).rename("group")


def _name(members: list[tuple[str, str]]) -> str:
    credits = {artist for _, artist in members}
    same = len({credit.casefold() for credit in credits}) == 1
    return (min(credits) if same else "") or min(clip_id for clip_id, _ in members)


def recordings(clips: pd.DataFrame) -> pd.Series:
    """Of each clip_id, one clip_id that stands for all clips of the same recording (chains of duplicate_of)."""
    return _linked(clips, lambda clip: [clip.duplicate_of] if clip.duplicate_of else [])


def _linked(clips: pd.DataFrame, ties: Callable[[Any], list[Hashable]]) -> pd.Series:
    """Of each clip_id, the first clip_id of those that have a tie in common, however long the chain."""
    from scipy.cluster.hierarchy import DisjointSet

    sets = DisjointSet(clips["clip_id"])
    for clip in clips.itertuples():
        for tie in ties(clip):
            sets.add(tie)
            sets.merge(clip.clip_id, tie)
    first: dict[Hashable, str] = {}
    linked = [first.setdefault(sets[clip_id], clip_id) for clip_id in clips["clip_id"]]
    return pd.Series(linked, index=pd.Index(clips["clip_id"], name="clip_id"), dtype="str", name="clip")


def find_artist(
    path: Path, inside: Sequence[str], listed: Mapping[str, str], known: Mapping[str, str]
) -> tuple[str, str]:
    """The artist and the listed group of an audio file, blank where not known.

    Parameters
    ----------
    path : Path
        The file, whose tags are read.
    inside : sequence of str
        The folders in which it lies inside that of its genre: the first is an artist.
    listed : mapping
        What clips.csv says of it.
    known : mapping
        What the catalogue of GTZAN says of it.
    """
    artist = (
        _cleaned(listed.get("artist"))
        or _cleaned(inside[0] if inside else "")
        or _cleaned(_tagged(path))
        or known.get("artist", "")
    )
    group = (listed.get("group") or "").strip()
    return artist, group or (f"catalogue:{known['artist_group']}" if known.get("artist_group") else "")


def _cleaned(name: str | None) -> str:
    name = " ".join((name or "").split())
    return "" if name.casefold() in NO_ARTIST else name


def _tagged(path: Path) -> str:
    import mutagen

    try:
        tags = mutagen.File(path, easy=True)
        return str((tags or {}).get("artist", [""])[0])
    except Exception:  # a broken tag says nothing about the audio, and mutagen raises many kinds of errors
        return ""
