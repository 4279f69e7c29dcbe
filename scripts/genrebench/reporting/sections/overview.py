"""The top of the report: key findings and warnings; and at its end, what is unavailable."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from genrebench.common import formatting
from genrebench.datasets.split_leakage import pick_protocols
from genrebench.evaluation.tables import SEPARATOR

Row = Mapping[str, Any]


def key_findings(leaderboard: Sequence[Row], protocols: Mapping[str, Row]) -> list[str]:
    """Sum up in one to three sentences: the best model, its split, and the effect of a less strict split.

    Parameters
    ----------
    leaderboard : sequence of dict
        Rows of leaderboard.csv.
    protocols : dict
        See `split_leakage.describe_protocols`.
    """
    strict, loose = pick_protocols(leaderboard, protocols)
    quoted = strict or loose
    if quoted is None:
        if any(row["accuracy_mean"] is not None for row in leaderboard):
            return ["No result can be quoted: in all splits with results, training and test share clips."]
        return ["No model has results. The reasons are below."]
    ranked = [row for row in leaderboard if row["protocol"] == quoted and row["accuracy_mean"] is not None]
    best = ranked[0]
    which = f"The best of {len(ranked)} models is" if len(ranked) > 1 else "The only model with results is"
    sentences = [f"{which} {best['model']}: {_accuracy(best)} with the protocol {quoted}."]
    if not strict:
        return [
            *sentences,
            f"This is an upper bound, because the split is not artist-disjoint: {_overlap(protocols[quoted])}.",
        ]
    sentences.append(
        "The split is artist-disjoint: no test clip shares a known artist or a recording with a training clip."
    )
    other = next((row for row in leaderboard if (row["protocol"], row["model"]) == (loose, best["model"])), None)
    if other and other["accuracy_mean"] is not None:
        sentences.append(_compare(best, other, protocols[other["protocol"]]["shared"]))
    return sentences


def _accuracy(row: Row) -> str:
    interval = formatting.interval(row["accuracy_low"], row["accuracy_high"])
    clips = formatting.counted(row["n_test"], "test clip")
    return f"{formatting.percent(row['accuracy_mean'])} accuracy (95% interval {interval}%, {clips})"


def _overlap(protocol: Row) -> str:
    """Why a protocol is not artist-disjoint."""
    if protocol["shared"]:
        return f"{formatting.percent(protocol['shared'], 0)} of the test clips share an artist with training clips"
    if protocol["shared"] is None:
        return "the overlap of artists between training and test is unknown"
    return "the artists of too many clips are unknown, or test clips repeat training clips"


def _compare(best: Row, other: Row, shared: float | None) -> str:
    """How the best model does with a split that is not artist-disjoint."""
    difference = other["accuracy_mean"] - best["accuracy_mean"]
    apart = other["accuracy_low"] > best["accuracy_high"] or best["accuracy_low"] > other["accuracy_high"]
    where = (
        f", where {formatting.percent(shared, 0)} of the test clips share an artist with training clips,"
        if shared
        else ""
    )
    verdict = (
        "The intervals do not overlap." if apart else "The intervals overlap, so the difference may be due to chance."
    )
    return (
        f"With the protocol {other['protocol']}{where} the same model has {_accuracy(other)},"
        f" {formatting.points(abs(difference))} {'more' if difference >= 0 else 'less'}. {verdict}"
    )


def warnings(statuses: Sequence[Row]) -> list[dict[str, Any]]:
    """List each caveat with its models and protocols, from the rows of statuses.csv."""
    caveats: dict[str, list[Row]] = defaultdict(list)
    for row in statuses:
        for caveat in filter(None, row["caveats"].split(SEPARATOR)):
            caveats[caveat].append(row)
    return [
        {
            "caveat": caveat,
            "models": sorted({row["model"] for row in rows}),
            "protocols": sorted({row["protocol"] for row in rows}),
        }
        for caveat, rows in sorted(caveats.items())
    ]


def duplicate_warnings(statuses: Sequence[Row], protocols: Mapping[str, Row]) -> list[dict[str, Any]]:
    """List the protocols whose test clips repeat training clips, in the form of `warnings`.

    A protocol that assigns segments has a caveat of its own.
    """
    what = "of the test clips repeat, or nearly repeat, a training clip"
    return [
        {
            "caveat": f"{formatting.percent(facts['repeated'])} {what}",
            "models": sorted({row["model"] for row in statuses if row["protocol"] == protocol}),
            "protocols": [protocol],
        }
        for protocol, facts in protocols.items()
        if facts["unit"] == "clip" and facts["repeated"]
    ]


def unavailable(statuses: Sequence[Row]) -> list[dict[str, Any]]:
    """List the reasons why runs are unavailable, with the models, the protocols and the number of runs."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in statuses:
        if row["status"] != "done":
            groups[row["reason"]].append(row)
    return [
        {
            "reason": reason,
            "models": sorted({row["model"] for row in rows}),
            "protocols": sorted({row["protocol"] for row in rows}),
            "runs": len(rows),
        }
        for reason, rows in sorted(groups.items())
    ]
