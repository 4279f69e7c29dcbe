"""The sections about clips and features."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common import files
from genrebench.common.file_names import shortened
from genrebench.datasets import faults
from genrebench.plots import artists, style
from genrebench.reporting.page import png, svg

TABLE = "tabular"  # the feature with a row of numbers per clip


def describe_genres(manifest: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Count clips, artists, clips of unknown artists, duplicates and minutes of each genre."""
    groups = defaultdict(list)
    for clip in manifest:
        groups[clip["genre"]].append(clip)
    return [
        {
            "genre": genre,
            "clips": len(clips),
            "share": len(clips) / max(map(len, groups.values())),
            "artists": len({clip["artist"] for clip in clips} - {""}),
            "unknown": sum(not clip["artist"] for clip in clips),
            "duplicates": sum(bool(clip["duplicate_of"]) for clip in clips),
            "minutes": sum(float(clip["duration_s"] or 0) for clip in clips) / 60,
        }
        for genre, clips in sorted(groups.items())
    ]


def describe_faults(manifest: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Count the faults of each genre, a row each and one of the sums; the kinds are those that occur."""
    rows = faults.count(pd.DataFrame(manifest, columns=["genre", "artist", "faults"]))
    total = {"genre": "all"} | {kind: sum(row[kind] for row in rows) for kind in faults.COUNTED}
    return {"kinds": [kind for kind in faults.COUNTED if total[kind]], "rows": [*rows, total]}


def draw_artists_of(manifest: Sequence[Mapping[str, str]]) -> str | None:
    """Draw the artists of each genre, as a data address; None if no artist is known."""
    if not any(clip["artist"] for clip in manifest):
        return None
    return svg(style.to_svg(artists.draw_artists(artists.count_artists(manifest))))


def read_features(summary: Path) -> dict[str, Any]:
    """Read features/summary.csv: the rows of available features, and the reasons of the `missing` ones by name."""
    rows = files.read_rows(summary)
    missing = {row["feature"]: row["reason"] for row in rows if row["available"] != "True"}
    return {"summary": [row for row in rows if row["feature"] not in missing], "missing": missing}


def table_plots(folder: Path, features: Mapping[str, Any]) -> dict[str, str | None]:
    """Read the plots of the feature table as data addresses, or the `reason` why there are none."""
    if TABLE in features["missing"]:
        return {"reason": f"{TABLE} is unavailable: {features['missing'][TABLE]}"}
    if TABLE not in [row["feature"] for row in features["summary"]]:
        return {"reason": f"The feature {TABLE}, the table with one row per clip, is not configured."}
    return {"reason": None} | {name: png(folder / f"{name}.png") for name in ("distributions", "correlations")}


def clip_plots(folder: Path, manifest: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """List genre, clip and plot, as a data address, of the first clip of each genre that has audio."""
    first: dict[str, str] = {}
    for clip in manifest:
        if clip["path"]:
            first.setdefault(clip["genre"], clip["clip_id"])
    return [
        {"genre": g, "clip_id": clip, "plot": png(folder / shortened(g, ".png"))} for g, clip in sorted(first.items())
    ]
