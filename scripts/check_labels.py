"""Find clips whose label looks wrong, by confident learning: rule check_labels.

This is for listening, not for training: the check looks at all clips, test clips included, and no model, no setting and
no other number comes from it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.evaluation import label_issues
from genrebench.training.data import Feature

COLUMNS = ("clip_id", "genre", "suggested", "probability", "self_confidence", "normalized_margin", "suspected")
CHANGED = 0.05  # share of the labels that are changed on purpose, to see what the check is worth


def check_labels(
    manifest: Path, features: Sequence[Path], settings: dict[str, Any], table: Path, description: Path
) -> None:
    """Write labels.csv, a row per clip that was judged, the least believable label first, and its JSON description.

    `features` are the JSON descriptions of the caches that are looked at, `settings` the section study.labels of
    params.yaml. Clips of one recording are in one fold; those of one artist need not be, because an artist's other
    clips say much about a clip, and nothing is measured here that they could flatter. (On 639 clips of GTZAN with the
    widespread table of features, 32 of them mislabelled on purpose, 17 of these were among 62 suspects; with artists
    kept apart 27 were, among 255.) So an artist who stands as a whole in a wrong genre is not found. Where the check
    cannot be made the table is empty, and the description says why.
    """
    clips = files.read_rows(manifest)
    caches = [Feature.open(feature) for feature in features]
    genres = sorted({clip["genre"] for clip in clips})
    labels = np.array([genres.index(clip["genre"]) for clip in clips])
    recordings = [clip["duplicate_of"] or clip["clip_id"] for clip in clips]
    folds, seed = settings["folds"], settings["seed"]
    facts: dict[str, Any] = {"features": [cache.name for cache in caches], "folds": folds, "clips": len(clips)}
    reason = reason_not_to_check(caches, labels, folds)
    if reason:
        files.write_rows(table, COLUMNS, [])
        files.write_json(description, facts | {"reason": reason})
        return
    with threadpool_limits(1):  # sums in another order are other numbers
        values = np.hstack([label_issues.pool(cache.values, cache.has_time) for cache in caches])
        probabilities, judged = label_issues.out_of_fold(values, labels, recordings, folds, seed)
        changed = label_issues.mislabel(labels, CHANGED, seed)
        trial, tried = label_issues.out_of_fold(values, changed, recordings, folds, seed)
    rows = judge([clip for clip, one in zip(clips, judged, strict=True) if one], genres, probabilities[judged])
    suspected = label_issues.find_issues(changed[tried], trial[tried])
    wrong = (changed != labels)[tried]
    facts |= {
        "reason": None,
        "judged": int(judged.sum()),
        "accuracy": float((probabilities.argmax(axis=1) == labels)[judged].mean()),
        "suspected": sum(row["suspected"] for row in rows),
        "trial": {
            "changed": int(wrong.sum()),
            "found": int((suspected & wrong).sum()),
            "suspected": int(suspected.sum()),
        },
    }
    files.write_rows(table, COLUMNS, rows)
    files.write_json(description, facts)


def reason_not_to_check(caches: Sequence[Feature], labels: np.ndarray, folds: int) -> str | None:
    """Why labels cannot be checked by these features: a sentence for people; None if they can."""
    if not caches:
        return "None of the features that study.labels names in params.yaml is configured."
    missing = [cache for cache in caches if not cache.description["available"]]
    if missing:
        return "; ".join(f"{cache.name} is not available: {cache.description['reason']}" for cache in missing)
    if len(set(labels)) < 2:
        return "All clips are of one genre."
    fewest = int(np.bincount(labels).min())
    if fewest < folds:
        return f"A genre has {fewest} clip{'s' if fewest > 1 else ''}, fewer than the {folds} folds of the check."
    return None


def judge(clips: Sequence[dict[str, str]], genres: Sequence[str], probabilities: np.ndarray) -> list[dict[str, Any]]:
    """The rows of labels.csv: suspected ones first, then by the probability of the label that they have."""
    labels = np.array([genres.index(clip["genre"]) for clip in clips])
    confidence = label_issues.self_confidence(labels, probabilities)
    margin = label_issues.normalized_margin(labels, probabilities)
    suspected = label_issues.find_issues(labels, probabilities)
    order = sorted(range(len(clips)), key=lambda i: (not suspected[i], confidence[i], margin[i], clips[i]["clip_id"]))
    return [
        {
            "clip_id": clips[i]["clip_id"],
            "genre": clips[i]["genre"],
            "suggested": genres[int(probabilities[i].argmax())],
            "probability": f"{probabilities[i].max():.6f}",
            "self_confidence": f"{confidence[i]:.6f}",
            "normalized_margin": f"{margin[i]:.6f}",
            "suspected": bool(suspected[i]),
        }
        for i in order
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--features", type=Path, nargs="*", default=[], help="JSON of each cache, its .npy beside it")
    parser.add_argument("--settings", type=json.loads, required=True, help="section study.labels as JSON")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--description", type=Path, required=True, help="JSON to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(check_labels, vars(arguments()))
