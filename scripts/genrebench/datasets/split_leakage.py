"""What training and test have in common under each protocol, and which protocol a result is quoted from."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from genrebench.common import files

# the caveat of all numbers of a split whose unit is the segment
MEANINGLESS = "segments of one clip in training and test: not a result"
# Among protocols that keep artists apart, and among the others, the first of these heads the report.
STRICT_FIRST = ("fault_filtered", "artist")
LOOSE_FIRST = ("size_matched", "stratified", "holdout", "kfold")


def describe_protocols(folder: Path, splits: Set[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Describe protocols by their splits: the sizes, and what training and test have in common.

    Parameters
    ----------
    folder
        Of the splits: <protocol>/<split>.json.
    splits
        (protocol, split); those whose split is blank, because the protocol is unavailable, are left out.

    Returns
    -------
    dict
        By protocol, those that assign segments last: `counts`, the clips (or segments) of each subset in the first
        split. `shared` and `repeated`, the largest share, over the splits, of test clips with a known artist that share
        it with training clips, and of test clips that repeat a training clip; None where unknown. `separate`, whether
        both are 0, the artists of most clips are known, and the `unit` that is assigned to subsets is the clip. Where
        it is the segment (`segments`: length and hop in s), `repeated` is the largest share of test segments whose own
        clip is trained on.
    """
    protocols = {}
    splits = {(protocol, split) for protocol, split in splits if split}  # an unavailable run has none
    for name in sorted({protocol for protocol, _ in splits}):
        facts = [files.read_json(folder / name / f"{split}.json") for p, split in sorted(splits) if p == name]
        usable = [fact for fact in facts if fact["available"]]
        known = min((fact.get("artists_known") or 0 for fact in usable), default=0)
        shared = _largest(usable, "test_clips_sharing_artist_with_train", "test_clips_with_known_artist")
        unit = facts[0].get("unit", "clip")
        repeats = "test_clips_duplicated_in_train" if unit == "clip" else "test_segments_of_clips_in_train"
        repeated = _largest(usable, repeats, None)
        protocols[name] = {
            "available": bool(usable),
            "unit": unit,
            "segments": facts[0].get("segments"),
            "reason": next((fact["reason"] for fact in facts if not fact["available"]), None),
            "splits": len(usable),
            "counts": usable[0]["counts"] if usable else {},
            "version": usable[0].get("version") if usable else None,
            "source": usable[0].get("source") if usable else None,
            "artists_known": known,
            "shared": shared,
            "repeated": repeated,
            "separate": unit == "clip" and shared == 0 and repeated == 0 and known >= 0.5,
        }
    return dict(sorted(protocols.items(), key=lambda item: item[1]["unit"] != "clip"))


def pick_protocols(
    leaderboard: Sequence[Mapping[str, Any]], protocols: Mapping[str, Mapping[str, Any]]
) -> tuple[str | None, str | None]:
    """The protocol with results that keeps artists apart, and the one that does not, to set side by side.

    `leaderboard` has the rows of leaderboard.csv, `protocols` is what `describe_protocols` returns. A protocol whose
    numbers are meaningless is neither.
    """
    done = {row["protocol"] for row in leaderboard if row["accuracy_mean"] is not None}
    done = {name for name in done if protocols[name]["unit"] == "clip"}
    apart = [name for name in done if protocols[name]["separate"]]
    return _first(apart, STRICT_FIRST), _first(done - set(apart), LOOSE_FIRST)


def _largest(facts: Sequence[Mapping[str, Any]], count: str, of: str | None) -> float | None:
    shares = []
    for fact in facts:
        total = fact.get(of) if of else fact["counts"].get("test")
        if fact.get(count) is not None and total:
            shares.append(fact[count] / total)
    return max(shares, default=None)


def _first(names: Any, order: Sequence[str]) -> str | None:
    return next((name for name in (*order, *sorted(names)) if name in names), None)
