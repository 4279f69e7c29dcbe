"""What the papers claim in words, answered by runs: data/claims.csv.

A claim is a statement about entries, such as "the LSTM is more accurate than the CNN". Its kind (`KINDS`) says what is
computed from their runs: a difference that is positive where the claim is right, and its 95% interval. The claim holds
if all of the interval is above 0, does not hold if all of it is below 0, and is undecided otherwise.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from genrebench.common import cli, files
from genrebench.common.formatting import counted, percent, points
from genrebench.common.run_key import RunKey
from genrebench.datasets.published import in_paper_settings
from genrebench.datasets.split_leakage import pick_protocols
from genrebench.evaluation import results, tables
from genrebench.evaluation.intervals import (
    bootstrap_interval,
    bootstrap_interval_of,
    newcombe_interval,
    wilson_interval,
)
from genrebench.evaluation.paper_comparison import closest_protocol
from genrebench.evaluation.significance import CASE, LEVEL, exact_mcnemar, holm
from genrebench.evaluation.stability import History, learning

HOLDS, FAILS, UNDECIDED, NOT_RUN = "holds", "does not hold", "undecided", "not run"
NONE = "none"  # the kind of a claim that no run answers
LEAST_CLIPS = 20  # for an interval by drawing clips again: that of fewer is too narrow


@dataclass(frozen=True)
class Claim:
    """A row of data/claims.csv.

    Attributes
    ----------
    id, source, claim : str
        `source` is the paper and the place in it, `claim` what it says in plain words.
    kind : str
        One of `KINDS`, or `NONE` with the `reason` why no run answers the claim.
    entries, others : tuple of str
        The models and variants that it is about, and those that they are compared with.
    genres : tuple of str
        The genres that it is about.
    protocol : str
        The protocol of this project that is closest to that of the paper.
    """

    id: str
    source: str
    claim: str
    kind: str
    entries: tuple[str, ...]
    others: tuple[str, ...]
    genres: tuple[str, ...]
    protocol: str
    reason: str

    @property
    def names(self) -> tuple[str, ...]:
        """All entries that are needed."""
        return (*self.entries, *self.others)


@dataclass(frozen=True)
class Evidence:
    """The runs that answer a claim under one protocol.

    `tested` has what they predicted of test clips (see `predictions.read`), `runs` their rows of metrics.csv and the
    `fluctuation` of their accuracy in validation (see `stability.learning`).
    """

    tested: pd.DataFrame
    runs: pd.DataFrame

    def by_clip(self, names: Iterable[str]) -> pd.DataFrame:
        """The share of right runs, a row per clip and a column per entry: of the runs that all these entries have."""
        right = self.tested.pivot(index=CASE, columns="model", values="right").astype(float)
        return right[list(names)].dropna().groupby(level="clip_id").mean()

    def genre_of(self, clips: pd.Index) -> pd.Series:
        """The genre of each of these clips."""
        return self.tested.drop_duplicates("clip_id").set_index("clip_id")["genre"][clips]


@dataclass(frozen=True)
class Answer:
    """What the runs say: our figures, the difference and its interval; None where they cannot be computed."""

    ours: str
    difference: float
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """Whether the claim holds."""
        if self.low is not None and self.low > 0:
            return HOLDS
        return FAILS if self.high is not None and self.high < 0 else UNDECIDED


class Unanswered(Exception):
    """The runs do not answer the claim; the message says why."""


def read_claims(path: str | Path) -> list[Claim]:
    """Read data/claims.csv.

    Raises
    ------
    InputError
        If a kind is unknown, or a claim of no run gives no reason.
    """
    claims = []
    for row in files.read_rows(path):
        values: dict[str, Any] = {**row}
        values |= {name: tuple(row[name].split()) for name in ("entries", "others", "genres")}
        claim = Claim(**values)
        if claim.kind not in (*KINDS, NONE):
            known = ", ".join((*KINDS, NONE))
            raise cli.InputError(f"{path}: the kind of {claim.id} is {claim.kind!r}: write one of {known}.")
        if claim.kind == NONE and not claim.reason:
            raise cli.InputError(f"{path}: {claim.id} is answered by no run: give the reason.")
        claims.append(claim)
    return claims


def add_fluctuation(runs: pd.DataFrame, histories: Mapping[RunKey, History]) -> pd.DataFrame:
    """These rows of metrics.csv with the `fluctuation` of each run that was trained by epochs."""
    keys = [RunKey(*key) for key in runs[["model", "protocol", "split", "seed"]].itertuples(index=False)]
    found = [learning(histories[key])["fluctuation"] if len(histories.get(key, ())) > 1 else None for key in keys]
    return runs.assign(fluctuation=pd.Series(found, index=runs.index, dtype=float))


def compare_claims(
    claims: Sequence[Claim],
    tested: pd.DataFrame,
    runs: pd.DataFrame,
    statuses: Sequence[Mapping[str, Any]],
    protocols: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The rows of claims.csv: each claim under the protocol closest to its paper's, and under an artist-disjoint one.

    A claim that no run answers has one row, with the reason.

    Parameters
    ----------
    claims
        See `read_claims`.
    tested, runs
        Of all entries, see `Evidence`.
    statuses
        Rows of statuses.csv: the reason why an entry has no run.
    protocols
        See `split_leakage.describe_protocols`.
    """
    done = runs[runs["status"] == results.DONE]
    known = [*statuses, *tables.rows(runs[["model", "protocol", "reason"]])]  # variants of an ablation have no status
    pairs = set(zip(done["model"], done["protocol"], strict=True))
    whole = [name for name, protocol in protocols.items() if protocol["unit"] == "clip"]
    rows = []
    for claim in claims:
        row = {"id": claim.id, "source": claim.source, "claim": claim.claim, "kind": claim.kind}
        if claim.kind == NONE:
            rows.append(row | {"verdict": NOT_RUN, "reason": claim.reason})
            continue
        run = {name: used for name in whole if (used := in_settings_of_paper(claim, name, pairs))}
        strict, _ = pick_protocols([{"protocol": name, "accuracy_mean": 1.0} for name in run], protocols)
        chosen = dict.fromkeys((closest_protocol(claim.protocol, run), strict))
        for protocol in filter(None, chosen):
            rows.append(row | {"protocol": protocol} | _answer(run[protocol], protocol, tested, done))
        if not any(chosen):
            rows.append(row | {"verdict": NOT_RUN, "reason": _why_not(claim, pairs, known)})
    return rows


def in_settings_of_paper(claim: Claim, protocol: str, done: Container[tuple[str, str]]) -> Claim | None:
    """The claim of the entries that ran under a protocol, with the paper's own settings where those did.

    `done` has the entries and protocols that have results. None where one of the entries has none.
    """
    found = {}
    for name in claim.names:
        variant = in_paper_settings(name, claim.source)
        found[name] = variant if variant and (variant, protocol) in done else name
        if (found[name], protocol) not in done:
            return None
    return replace(
        claim,
        entries=tuple(found[name] for name in claim.entries),
        others=tuple(found[name] for name in claim.others),
    )


def describe(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Describe claims.csv in sentences: how many claims hold, with an artist-disjoint split where there is one."""
    last = {row["id"]: row for row in rows}  # the artist-disjoint split comes last
    answered = [row for row in last.values() if row["verdict"] != NOT_RUN]
    if not answered:
        return [f"The papers make {counted(len(last), 'claim')} in words. Our runs answer none of them."]
    count = {verdict: sum(row["verdict"] == verdict for row in answered) for verdict in (HOLDS, FAILS, UNDECIDED)}
    return [
        f"The papers make {counted(len(last), 'claim')} in words. Our runs answer {len(answered)} of them. With the"
        f" strictest protocol of each, {count[HOLDS]} of {len(answered)} hold, {count[FAILS]} do not hold, and"
        f" {count[UNDECIDED]} are undecided: the 95% interval includes 0, or there are too few clips or runs for one."
    ]


def _answer(claim: Claim, protocol: str, tested: pd.DataFrame, done: pd.DataFrame) -> dict[str, Any]:
    own = done[(done["protocol"] == protocol) & done["model"].isin(claim.names)]
    cases = tested[(tested["protocol"] == protocol) & tested["model"].isin(claim.names)]
    caveats = results.join_caveats(own["caveats"])
    try:
        answer = KINDS[claim.kind](claim, Evidence(cases, own))
    except Unanswered as reason:
        return {"verdict": NOT_RUN, "reason": str(reason), "caveats": caveats}
    figures = {"difference": answer.difference, "low": answer.low, "high": answer.high}
    return figures | {"verdict": answer.verdict, "ours": answer.ours, "caveats": caveats}


def _why_not(claim: Claim, done: Container[tuple[str, str]], statuses: Sequence[Mapping[str, Any]]) -> str:
    """Why a claim cannot be answered: of its first entry without any result, or because no protocol is common."""
    for name in claim.names:
        own = [row for row in statuses if row["model"] == name]
        if any((name, row["protocol"]) in done for row in own):
            continue
        reason = next((row["reason"] for row in own if row["reason"]), None)
        return f"{name}: {reason.rstrip('.')}." if reason else f"{name} is not in the suite."
    return f"{', '.join(claim.names)} have no protocol of whole clips in common that fits {claim.protocol}."


# ---- kinds of claims


def _better(claim: Claim, evidence: Evidence) -> Answer:
    """Each of the entries is more accurate than each of the others (on `genres` only, where there are any).

    The difference is the least accurate of the entries less the most accurate of the others, paired by clip.
    """
    right = evidence.by_clip(claim.names)
    if claim.genres:
        right = right[evidence.genre_of(right.index).isin(_present(claim, evidence)).to_numpy()]
    _require_clips(right)
    means = right.mean()
    worst, best = means[list(claim.entries)].idxmin(), means[list(claim.others)].idxmax()
    of_clip = right[worst] - right[best]
    low, high = bootstrap_interval(of_clip) if len(right) >= LEAST_CLIPS else (None, None)
    listed = ", ".join(f"{name} {percent(means[name])}" for name in claim.names)
    return Answer(f"{listed} ({counted(len(right), 'clip')})", float(of_clip.mean()), low, high)


def _easy(claim: Claim, evidence: Evidence) -> Answer:
    """The genres are recognised better than the other ones: the difference of the mean recalls."""
    return _recall_of_genres(claim, evidence, 1)


def _hard(claim: Claim, evidence: Evidence) -> Answer:
    """The genres are recognised worse than the other ones."""
    return _recall_of_genres(claim, evidence, -1)


def _recall_of_genres(claim: Claim, evidence: Evidence, sign: int) -> Answer:
    (name,) = claim.entries
    named = _present(claim, evidence)
    right = evidence.by_clip([name])[name]
    genre = evidence.genre_of(right.index)
    recall = right.groupby(genre.to_numpy()).mean()
    rank = recall.rank(ascending=False, method="min").astype(int)
    inside = genre.isin(named).to_numpy()
    own, rest = right[inside], right[~inside]
    if rest.empty:
        raise Unanswered("No other genre has test clips.")
    difference = float(own.mean() - rest.mean())
    ends = newcombe_interval(own.mean(), len(own), rest.mean(), len(rest))
    low, high = sorted(sign * end for end in ends)
    listed = ", ".join(f"{one} {percent(recall[one])} (place {rank[one]} of {len(recall)})" for one in named)
    return Answer(f"recall of {name}: {listed}; other genres {percent(rest.mean())}", sign * difference, low, high)


def _confused(claim: Claim, evidence: Evidence) -> Answer:
    """A wrong prediction of a clip of one of the two genres is the other one more often than by chance.

    By chance, each wrong genre is as frequent as the others. Wilson's interval, for the number of wrong predictions of
    a run.
    """
    (name,) = claim.entries
    first, second = _present(claim, evidence)
    genres = sorted(evidence.tested["genre"].unique())
    rates = {pair: _confusion(evidence.tested, pair) for pair in combinations(genres, 2)}
    clips, wrong, other = rates[min(first, second), max(first, second)]
    ours = f"{name}: of {counted(clips, 'clip')} of {first} and {second}, "
    chance = 1 / (len(genres) - 1)
    if not wrong:
        return Answer(f"{ours}none is classified wrongly", -chance, None, None)
    rank = 1 + sum(found[2] / found[0] > other / clips for found in rates.values())
    low, high = wilson_interval(other / wrong, wrong)
    return Answer(
        f"{ours}{wrong:.3g} are classified wrongly, {percent(other / wrong)} of these as the other one (by chance"
        f" {percent(chance)}); place {rank} of {counted(len(rates), 'pair')}",
        other / wrong - chance,
        low - chance,
        high - chance,
    )


def _confusion(tested: pd.DataFrame, pair: tuple[str, str]) -> tuple[int, float, float]:
    """The clips of two genres, and how many of them a run, on average, takes for another one and for each other."""
    own = tested[tested["genre"].isin(pair)]
    wrong = (~own["right"]).groupby(own["clip_id"]).mean()
    other = (own["predicted"].isin(pair) & ~own["right"]).groupby(own["clip_id"]).mean()
    return len(wrong), float(wrong.sum()), float(other.sum())


def _even(claim: Claim, evidence: Evidence) -> Answer:
    """The recalls of the genres spread less (standard deviation) than those of each of the others."""
    right = evidence.by_clip(claim.names)
    _require_clips(right)
    codes, _ = pd.factorize(evidence.genre_of(right.index))
    spread = {name: _spread_of_recall(codes, right[name].to_numpy()) for name in claim.names}
    (name,) = claim.entries
    best = min(claim.others, key=lambda other: spread[other])
    low, high = None, None
    if len(right) >= LEAST_CLIPS:
        low, high = bootstrap_interval_of(
            lambda genre, a, b: _spread_of_recall(genre, b) - _spread_of_recall(genre, a),
            *(codes, right[name].to_numpy(), right[best].to_numpy()),
        )
    listed = ", ".join(f"{one} {points(spread[one])}" for one in claim.names)
    return Answer(f"standard deviation of the recalls: {listed}", spread[best] - spread[name], low, high)


def _spread_of_recall(genres: np.ndarray, right: np.ndarray) -> float:
    genres = genres.astype(np.intp)  # what scipy draws again are floats
    clips = np.bincount(genres)
    return float(np.std((np.bincount(genres, weights=right) / np.maximum(clips, 1))[clips > 0]))


def _steadier(claim: Claim, evidence: Evidence) -> Answer:
    """The accuracy in validation changes less from epoch to epoch, in the second half of the training."""
    return _of_runs(claim, evidence.runs["fluctuation"], evidence, "change of the validation accuracy per epoch")


def _overfits_less(claim: Claim, evidence: Evidence) -> Answer:
    """The accuracy on training clips is less above that on test clips."""
    gap = evidence.runs["train_accuracy"] - evidence.runs["accuracy"]
    return _of_runs(claim, gap, evidence, "training less test accuracy")


def _of_runs(claim: Claim, measure: pd.Series, evidence: Evidence, what: str) -> Answer:
    """A measure of the entry's runs is lower than that of each of the others; Welch's interval over the runs."""
    by_model = {name: measure[evidence.runs["model"] == name].dropna().to_numpy() for name in claim.names}
    if missing := [name for name, values in by_model.items() if not len(values)]:
        raise Unanswered(f"{', '.join(missing)}: the runs have no {what}.")
    (name,) = claim.entries
    best = min(claim.others, key=lambda other: by_model[other].mean())
    listed = ", ".join(f"{one} {points(values.mean())}" for one, values in by_model.items())
    own, other = by_model[name], by_model[best]
    difference = float(other.mean() - own.mean())
    if min(len(own), len(other)) < 2:
        return Answer(f"{what}: {listed}; one run has no interval", difference, None, None)
    interval = stats.ttest_ind(other, own, equal_var=False).confidence_interval()
    return Answer(f"{what}: {listed}", difference, *_ends(interval, difference))


def _overfits(claim: Claim, evidence: Evidence) -> Answer:
    """The accuracy on training clips is above that on validation clips; Student's interval over the runs."""
    (name,) = claim.entries
    gap = (evidence.runs["train_accuracy"] - evidence.runs["valid_accuracy"]).dropna().to_numpy()
    if not len(gap):
        raise Unanswered(f"{name} has no accuracy in training and validation.")
    ours = f"{name}: training less validation accuracy {points(gap.mean())}, {counted(len(gap), 'run')}"
    if len(gap) < 2:
        return Answer(f"{ours}; one run has no interval", float(gap.mean()), None, None)
    return Answer(ours, float(gap.mean()), *_ends(stats.ttest_1samp(gap, 0).confidence_interval(), float(gap.mean())))


def _genres_differ(claim: Claim, evidence: Evidence) -> Answer:
    """The two differ significantly in some genre: McNemar's exact test of each genre, corrected for their number.

    The difference is that of the genre with the lowest p value, whose interval is not corrected: it is moved to include
    0 where the corrected test finds nothing.
    """
    (one,), (other,) = claim.entries, claim.others
    pivot = evidence.tested.pivot(index=CASE, columns="model", values="right").astype(float)[[one, other]].dropna()
    right = pivot.groupby(level="clip_id").first()
    _require_clips(right)
    found = {
        genre: (exact_mcnemar(own[one].to_numpy() == 1, own[other].to_numpy() == 1)[2], own[one] - own[other])
        for genre, own in right.groupby(evidence.genre_of(right.index).to_numpy())
    }
    corrected = dict(zip(found, holm([p for p, _ in found.values()]), strict=True))
    genre = min(found, key=lambda name: found[name][0])
    of_clip = found[genre][1]
    sign = -1 if of_clip.mean() < 0 else 1
    low, high = sorted(sign * end for end in bootstrap_interval(of_clip))
    differ = sum(p < LEVEL for p in corrected.values())
    return Answer(
        f"{counted(differ, 'genre')} of {len(found)} with a significant difference between {one} and {other}, most"
        f" {genre}: {points(of_clip.mean())}",
        sign * float(of_clip.mean()),
        low if differ else min(low, 0.0),
        high,
    )


KINDS: dict[str, Callable[[Claim, Evidence], Answer]] = {
    "better": _better,
    "easy_genre": _easy,
    "hard_genre": _hard,
    "confused": _confused,
    "even": _even,
    "steadier": _steadier,
    "overfits_less": _overfits_less,
    "overfits": _overfits,
    "genres_differ": _genres_differ,
}


def _present(claim: Claim, evidence: Evidence) -> list[str]:
    """The genres of a claim, all of which must have test clips."""
    known = set(evidence.tested["genre"])
    if missing := [genre for genre in claim.genres if genre not in known]:
        raise Unanswered(f"There are no test clips of {', '.join(missing)}.")
    return list(claim.genres)


def _require_clips(right: pd.DataFrame) -> None:
    if right.empty:
        raise Unanswered("The entries have no test clip of the same split and seed.")


def _ends(interval: Any, difference: float) -> tuple[float, float]:
    """The ends of an interval; of values that are all the same, which have no variance, the difference itself."""
    low, high = float(interval.low), float(interval.high)
    return (difference, difference) if np.isnan(low) else (low, high)
