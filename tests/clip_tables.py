"""Tables of clips for the tests of splits, written row by row."""

import pandas as pd

from genrebench.datasets import artists, split_files, splits, tables


def clip(clip_id: str, genre: str = "a", artist: str = "", group: str = "", duplicate_of: str = "") -> dict[str, str]:
    return {"clip_id": clip_id, "genre": genre, "artist": artist, "group": group, "duplicate_of": duplicate_of}


def corpus(genres: int, artists: int, clips: int) -> list[dict[str, str]]:
    """`artists` of each genre with `clips` each."""
    return [
        clip(f"{g}.{a}.{i}", f"genre {g}", f"artist {g} {a}")
        for g in range(genres)
        for a in range(artists)
        for i in range(clips)
    ]


def lasting(durations: dict[str, list[float]], artist: str = "") -> list[dict]:
    """A clip for each duration (s) of each genre."""
    return [
        clip(f"{genre}.{i}", genre, artist) | {"duration_s": round(seconds, 6)}
        for genre, own in durations.items()
        for i, seconds in enumerate(own)
    ]


def frame(rows: list[dict]) -> pd.DataFrame:
    """The manifest of these clips."""
    table = tables.MANIFEST.frame(rows)
    return table.assign(group=artists.groups(table).to_numpy()) if rows else table


def make_split(rows: list[dict], *args) -> dict[str, str]:
    return splits.make_split(frame(rows), *args).to_dict()


def split_segments(rows: list[dict], *args) -> dict[tuple[str, int], str]:
    return splits.split_segments(frame(rows), *args).to_dict()


def describe(rows: list[dict], split: dict[str, str]) -> dict:
    return split_files.describe(frame(rows), splits.as_series(split, frame(rows)))


def describe_segments(rows: list[dict], split: dict[tuple[str, int], str], settings: dict) -> dict:
    return split_files.describe_segments(frame(rows), splits.as_series(split, frame(rows)), settings)


def subsets_by(rows: list[dict], split: dict[str, str], column: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["clip_id"] in split and row[column]:
            found.setdefault(row[column], set()).add(split[row["clip_id"]])
    return found


def sizes(rows: list[dict], split: dict[str, str]) -> dict[str, dict[str, int]]:
    return describe(rows, split)["genres"]
