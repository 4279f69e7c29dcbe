"""The sections about single clips: hard clips, label quality and occlusion saliency."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import files
from genrebench.common.file_names import shortened
from genrebench.common.formatting import counted, percent
from genrebench.evaluation import hard_clips, tables
from genrebench.reporting.page import data_address, png

GENRES_SHOWN = 12  # of a clip's probabilities, if there are more genres
SUSPECTS_SHOWN = 20
TEST_CLIPS_SHOWN = 1000  # in a table on the page, so that browsers can open it; errors.csv has all

Row = Mapping[str, Any]


def describe_errors(table: Path, pictures: Path, excerpts: Path, labels: Path) -> dict[str, Any]:
    """Read the study of hard clips.

    Parameters
    ----------
    table, labels : path
        errors.csv, and labels.csv, which says whose label is suspected.
    pictures, excerpts : path
        Folders with <clip_id>.png and <clip_id>.mp3.

    Returns
    -------
    dict
        All test `clips`, the hardest first; those `listed` on the page; the number of `hard` ones; the first of these
        as `cards`, with picture and excerpt as data addresses; and `sentences`.
    """
    rows = tables.rows(tables.HARD_CLIPS.read(table))
    suspects = suspected(labels)
    hard = hard_clips.hard(rows)
    cards = [
        dict(row)
        | {
            "probabilities": probabilities(row),
            "picture": png(path) if (path := pictures / shortened(row["clip_id"], ".png")).is_file() else None,
            "excerpt": _sound(excerpts / shortened(row["clip_id"], ".mp3")),
            "suspected": row["clip_id"] in suspects,
        }
        for row in hard[: hard_clips.SHOWN]
    ]
    listed = rows[:TEST_CLIPS_SHOWN]
    return {"clips": rows, "listed": listed, "hard": len(hard), "cards": cards, "sentences": sum_up(rows)}


def _sound(path: Path) -> str | None:
    return data_address(path.read_bytes(), "audio/mpeg") if path.is_file() else None


def sum_up(rows: Sequence[Row]) -> list[str]:
    """Sum up the rows of errors.csv in sentences; none for no rows."""
    if not rows:
        return []
    hard = hard_clips.hard(rows)
    models, protocol = max(row["models"] for row in rows), rows[0]["protocol"]
    if models == 1:
        sentences = [
            f"The only model with results predicts {len(hard)} of {len(rows)} test clips of the protocol {protocol}"
            " wrongly."
        ]
    else:
        all_wrong = sum(row["wrong"] == row["models"] for row in rows)
        all_right = sum(row["wrong"] == 0 for row in rows)
        sentences = [
            f"{len(hard)} of {counted(len(rows), 'test clip')} of the protocol {protocol} are hard: more than half of"
            f" {models} models predict them wrongly.",
            f"Test clips that every model predicts wrongly: {all_wrong}; correctly: {all_right}.",
        ]
    if hard:
        confusions = Counter((row["genre"], row["guess"]) for row in hard)
        (genre, guess), count = min(confusions.items(), key=lambda item: (-item[1], item[0]))
        confusion = f"{genre} predicted as {guess} ({counted(count, 'clip')})"
        sentences.append(f"The most frequent confusion among the hard clips is {confusion}.")
        known = Counter(row["artist"] for row in hard if row["artist"])
        several = [count for count in known.values() if count > 1]
        if several:
            sentences.append(
                f"{counted(len(several), 'artist')} {'has' if len(several) == 1 else 'have'} more than one hard "
                f"clip, {sum(several)} hard clips in all."
            )
    return sentences


def probabilities(row: Row) -> list[dict[str, Any]]:
    """List genres with their mean probability, the most probable first; of many genres, the first and the label."""
    values = {
        key.removeprefix(hard_clips.PREFIX): float(value)
        for key, value in row.items()
        if key.startswith(hard_clips.PREFIX) and value is not None
    }
    ordered = sorted(values, key=lambda genre: (-values[genre], genre))
    shown = [
        g for i, g in enumerate(ordered) if i < GENRES_SHOWN - 1 or g == row["genre"] or len(ordered) <= GENRES_SHOWN
    ]
    return [{"genre": genre, "probability": values[genre], "true": genre == row["genre"]} for genre in shown]


def describe_labels(table: Path, description: Path, clips: Sequence[Row]) -> dict[str, Any]:
    """Read the check of the labels: the `reason` if there was none, `sentences`, and the first `suspects`.

    `clips` are the rows of errors.csv, which tell how many models are wrong about a suspect.
    """
    facts = files.read_json(description)
    if facts["reason"]:
        return {"reason": facts["reason"], "sentences": [], "suspects": [], "more": 0}
    suspects = suspected(table)
    tested = {row["clip_id"]: row for row in clips}
    trial = facts["trial"]
    sentences = [
        f"{facts['suspected']} of {counted(facts['judged'], 'label')} are suspects.",
        f"To estimate the quality of this check, {counted(trial['changed'], 'label')} were changed on purpose:"
        f" {trial['found']} of them were among {counted(trial['suspected'], 'suspect')}. With the given labels the"
        f" forest predicts {percent(facts['accuracy'], 0)} of the clips correctly.",
    ]
    return {
        "reason": None,
        "sentences": sentences,
        "suspects": [row | {"tested": tested.get(clip)} for clip, row in list(suspects.items())[:SUSPECTS_SHOWN]],
        "more": max(0, len(suspects) - SUSPECTS_SHOWN),
        "features": facts["features"],
    }


def suspected(table: Path) -> dict[str, dict[str, Any]]:
    """Read the rows of labels.csv whose label is a suspect, by clip_id."""
    return {row["clip_id"]: row for row in tables.rows(tables.LABELS.read(table)) if row["suspected"]}


def describe_saliency(description: Path) -> dict[str, Any]:
    """Read the saliency of networks: `sentences` about each, and why others are `unavailable`."""
    facts = files.read_json(description)
    sentences = []
    for model, found in facts["models"].items():
        right = sum(one["predicted"] == one["genre"] for one in found.values())
        largest = max(abs(one["largest"]) for one in found.values())
        low = sum(one["low"] for one in found.values()) / len(found)
        sentences.append(
            f"{model} predicts {right} of {counted(len(found), 'clip')} correctly; covering a part changes the odds of"
            f" its prediction by a factor of up to {2**largest:.2f}, and {percent(low, 0)} of the evidence is in the"
            " lower half of the bands."
        )
    return {"models": list(facts["models"]), "sentences": sentences, "unavailable": facts["unavailable"]}
