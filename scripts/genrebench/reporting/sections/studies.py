"""What the report says of hard clips, suspected labels and what networks go by, from the files of the study."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import files
from genrebench.evaluation import hard_clips

GENRES_SHOWN = 12  # of a clip's probabilities, if there are more genres
SUSPECTS_SHOWN = 20
TEST_CLIPS_SHOWN = 1000  # in a table on the page, which has to open in a browser; errors.csv has all


def describe_errors(
    table: Path, pictures: Path, excerpts: Path, suspects: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The test clips of errors.csv, and those of them that have a picture or would have one, with all that is shown.

    `suspects` are the rows of labels.csv, by clip_id, whose labels are suspected. `sentences` sum up, `cards` are the
    first hard clips; `listed` are as many of the test clips as fit a page, the hardest first.
    """
    rows = files.read_rows(table)
    hard = hard_clips.hard(rows)
    cards = [
        dict(row)
        | {
            "probabilities": probabilities(row),
            "picture": _there(pictures / f"{row['clip_id']}.png"),
            "excerpt": _there(excerpts / f"{row['clip_id']}.mp3"),
            "suspected": row["clip_id"] in suspects,
        }
        for row in hard[: hard_clips.SHOWN]
    ]
    listed = rows[:TEST_CLIPS_SHOWN]
    return {"clips": rows, "listed": listed, "hard": len(hard), "cards": cards, "sentences": sum_up(rows)}


def sum_up(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Sentences about the rows of errors.csv; none about none."""
    if not rows:
        return []
    hard = hard_clips.hard(rows)
    models = max(int(row["models"]) for row in rows)
    sentences = [
        f"{len(hard) or 'None'} of {len(rows)} test clips under {rows[0]['protocol']} {_are(len(hard))} wrong for more "
        f"than half of {models} models."
        if models > 1
        else f"Only one model was run under {rows[0]['protocol']}: {len(hard)} of its {len(rows)} test clips are wrong."
    ]
    if models > 1:
        all_wrong = sum(row["wrong"] == row["models"] for row in rows)
        all_right = sum(row["wrong"] == "0" for row in rows)
        sentences.append(
            f"{all_wrong or 'None'} {_are(all_wrong)} wrong for all of them, {all_right or 'none'} right for all."
        )
    if hard:
        (genre, guess), count = min(
            Counter((r["genre"], r["guess"]) for r in hard).items(), key=lambda i: (-i[1], i[0])
        )
        sentences.append(
            f"Among the hard ones, {genre} taken for {guess} comes most often ({count} clip{'s' if count > 1 else ''})."
        )
        sentences += _one_artist(hard)
    return sentences


def _one_artist(hard: Sequence[Mapping[str, str]]) -> list[str]:
    """Whether the hard clips are largely those of a few artists."""
    known = Counter(row["artist"] for row in hard if row["artist"])
    several = {artist: count for artist, count in known.items() if count > 1}
    if not several:
        return []
    clips = sum(several.values())
    return [
        f"{clips} of them are by {len(several)} artist{'s' if len(several) > 1 else ''} with more than one such clip."
    ]


def probabilities(row: Mapping[str, str]) -> list[dict[str, Any]]:
    """Genres with their mean probability, the most probable first: all or, of many, the first and the true one."""
    values = {key.removeprefix("p_"): float(value) for key, value in row.items() if key.startswith("p_") and value}
    ordered = sorted(values, key=lambda genre: (-values[genre], genre))
    shown = [
        g for i, g in enumerate(ordered) if i < GENRES_SHOWN - 1 or g == row["genre"] or len(ordered) <= GENRES_SHOWN
    ]
    return [{"genre": genre, "probability": values[genre], "true": genre == row["genre"]} for genre in shown]


def describe_labels(table: Path, description: Path, clips: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The check of the labels: its `reason` if there was none, `sentences`, and the first `suspects`.

    `clips` are the rows of errors.csv, from which comes how many models are wrong about a suspect.
    """
    facts = files.read_json(description)
    if facts["reason"]:
        return {"reason": facts["reason"], "sentences": [], "suspects": [], "more": 0}
    suspects = suspected(table)
    tested = {row["clip_id"]: row for row in clips}
    trial = facts["trial"]
    sentences = [
        f"{facts['suspected'] or 'None'} of {facts['judged']} labels {_are(facts['suspected'])} suspected.",
        f"What that is worth: of {trial['changed']} labels that were changed on purpose, to try it, {trial['found']} "
        f"were suspected, among {trial['suspected']} in all; of the labels as they are, the forest names "
        f"{facts['accuracy']:.0%}.",
    ]
    return {
        "reason": None,
        "sentences": sentences,
        "suspects": [row | {"tested": tested.get(clip)} for clip, row in list(suspects.items())[:SUSPECTS_SHOWN]],
        "more": max(0, len(suspects) - SUSPECTS_SHOWN),
        "features": facts["features"],
    }


def suspected(table: Path) -> dict[str, dict[str, str]]:
    """The rows of labels.csv whose label is suspected, by clip_id."""
    return {row["clip_id"]: row for row in files.read_rows(table) if row["suspected"] == "True"}


def describe_saliency(description: Path) -> dict[str, Any]:
    """What was looked at: `sentences` about each network, and by name why others were not."""
    facts = files.read_json(description)
    sentences = []
    for model, found in facts["models"].items():
        right = sum(one["named"] == one["genre"] for one in found.values())
        largest = max(abs(one["largest"]) for one in found.values())
        low = sum(one["low"] for one in found.values()) / len(found)
        sentences.append(
            f"{model} names {right} of {len(found)} clips right; covering a part changes the odds of its answer up to"
            f" {2**largest:.2f}-fold, and {low:.0%} of all evidence lies in the lower half of the bands."
        )
    return {"models": list(facts["models"]), "sentences": sentences, "not_looked_at": facts["not_looked_at"]}


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _are(count: int) -> str:
    return "is" if count < 2 else "are"  # none is
