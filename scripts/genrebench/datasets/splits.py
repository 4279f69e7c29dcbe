"""Splits: which clips train, which choose the best epoch, which test. One function per protocol.

A split is a Series of train, valid or test, indexed by clip_id; clips that it leaves out are not in it. Only the
protocol `segment_random` divides segments of clips, and thereby leaks on purpose; it is indexed by clip_id and segment.
Artists are kept apart by the column `group` of the manifest (genrebench.datasets.artists). The random numbers come from
NumPy's legacy generator, whose streams never change (NEP 19), so the same clips and settings give the same split.
"""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from genrebench.audio.lengths import Duration, common_seconds, segment_starts
from genrebench.common.cli import InputError
from genrebench.datasets import artists, faults

SUBSETS = ("train", "valid", "test")
ARTISTS_NEEDED = 0.9  # share of clips whose artist is known, for the artist protocol
ARTIST_TRIES = 200  # random orders, of which the best balanced division is taken
SEGMENT_PROTOCOL = "segment_random"  # the one that divides segments
PROTOCOLS = ("stratified", "holdout", "kfold", "artist", "size_matched", "fault_filtered", SEGMENT_PROTOCOL)
# What `size_matched` follows where there is no fault-filtered split and the parameters have no artist protocol.
ARTIST_SETTINGS = {"test": 0.2, "valid": 0.2, "seed": 0, "duplicates": "use"}

Members = Mapping[str, Sequence[Any]]  # genre -> its clips (clip_id), or its segments (clip_id, number)
Sizes = dict[str, dict[str, int]]  # genre -> subset -> how many


class NoSplit(Exception):
    """A protocol that the dataset cannot have; the message says why, to people."""


def make_split(
    clips: pd.DataFrame, protocol: str, name: str, settings: Mapping[str, Any], fault_filtered: Mapping[str, str]
) -> pd.Series:
    """Divide the clips of a manifest under a protocol.

    Parameters
    ----------
    clips : DataFrame
        The manifest: clip_id, genre, artist, group, duplicate_of.
    protocol : str
        One of PROTOCOLS, but for `segment_random` (`split_segments`).
    name : str
        repeat0, fold0, fixed ...
    settings : mapping
        Those of the protocol in the parameters.
    fault_filtered : mapping
        GTZAN's published fault-filtered split: the subset of each clip_id, or "".

    Returns
    -------
    Series
        The subset of each clip_id, in the order of the manifest.

    Raises
    ------
    NoSplit
        Where the dataset cannot have the protocol.
    InputError
        For settings that are impossible.
    """
    if not len(clips):
        raise NoSplit("The dataset has no clips.")
    clips = _without(clips, settings)
    number = _number(name)
    seed = settings.get("seed", 0) + number
    used = drop_duplicates(clips) if settings.get("duplicates") == "drop" else clips
    match protocol:
        case "stratified":
            members = _by_genre(used)
            division = _assign(members, _sizes(members, settings["test"], settings["valid"]), seed)
        case "holdout":
            members, rest = _by_genre(used), settings["valid"] * (1 - settings["test"])
            division = _assign(members, _sizes(members, settings["test"], rest), seed)
        case "kfold":
            division = _kfold(used, settings["folds"], number, settings.get("seed", 0))
        case "artist":
            division = _artist(used, settings["test"], settings["valid"], seed)
        case "fault_filtered":
            division = _fault_filtered(clips, fault_filtered)
        case "size_matched":
            division = _size_matched(clips, settings, fault_filtered, number)
        case _:
            raise InputError(
                f"The protocol {protocol} is unknown: choose one of {', '.join(PROTOCOLS)}, or give `file`."
            )
    return as_series(division, clips)


def split_segments(clips: pd.DataFrame, name: str, settings: Mapping[str, Any], duration: Duration) -> pd.Series:
    """Assign the segments of all clips at random, stratified by genre: a deliberately leaky split.

    Segments of one clip then are in training and in the test, which this split is there to measure.

    Parameters
    ----------
    clips : DataFrame
        The manifest: clip_id, genre, duplicate_of, duration_s.
    name : str
        repeat0, repeat1 ...
    settings : mapping
        Of the protocol: test, valid, seed, duplicates, and length_s and hop_s in seconds.
    duration : "longest", float or mapping
        `audio.duration` of the parameters: clips that it cuts have no segments beyond.

    Returns
    -------
    Series
        The subset of each (clip_id, segment); segments count from 0 on the grid of `lengths.segment_starts`.

    Raises
    ------
    NoSplit
        Where durations are not known or no clip has two segments.
    InputError
        For settings that are impossible.
    """
    if not len(clips):
        raise NoSplit("The dataset has no clips.")
    if len(unknown := clips["clip_id"][clips["duration_s"].isna()]):
        raise NoSplit(
            f"The manifest has no duration_s for {_count(len(unknown), 'clip')} ({first_of(unknown)}), so nobody knows "
            "into how many segments to cut. Datasets that bring features have none."
        )
    clips = _without(clips, settings)
    own = clips.set_index("clip_id")["duration_s"].to_dict()
    common = common_seconds(duration, list(own.values()))
    used = drop_duplicates(clips) if settings.get("duplicates") == "drop" else clips
    length, hop = settings["length_s"], settings["hop_s"]
    members = {
        genre: [(clip, k) for clip in of_genre for k in range(len(segment_starts(min(own[clip], common), length, hop)))]
        for genre, of_genre in _by_genre(used).items()
    }
    if sum(map(len, members.values())) == len(used):
        raise NoSplit(
            f"No clip has two segments of {length:g} s, {hop:g} s apart, so none can stand on two sides. Lower "
            f"protocols.{SEGMENT_PROTOCOL}.length_s and hop_s."
        )
    sizes = _sizes(members, settings["test"], settings["valid"], "segment")
    return as_series(_assign(members, sizes, settings.get("seed", 0) + _number(name)), clips)


def _without(clips: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """The clips that a protocol does not leave out by name."""
    return clips[~clips["clip_id"].isin(settings.get("leave_out", ()))]


def as_series(division: Mapping[Any, str], clips: pd.DataFrame) -> pd.Series:
    """A split as a Series in the order of the manifest, from the subset of each clip_id or (clip_id, segment)."""
    place = {clip_id: number for number, clip_id in enumerate(clips["clip_id"])}
    if any(isinstance(key, tuple) for key in division):
        keys = sorted(division, key=lambda key: (place[key[0]], key[1]))
        index = pd.MultiIndex.from_tuples(keys, names=["clip_id", "segment"])
    else:
        keys = sorted(division, key=place.__getitem__)
        index = pd.Index(keys, name="clip_id", dtype="str")
    return pd.Series([division[key] for key in keys], index=index, dtype="str", name="subset")


def drop_duplicates(clips: pd.DataFrame) -> pd.DataFrame:
    """Leave out every clip that repeats another one of `clips`; one of each recording stays, an original if there."""
    recording = artists.recordings(clips).to_numpy()
    # An original goes before its repetitions, wherever it stands.
    in_order = clips.assign(recording=recording, repeats=clips["duplicate_of"] != "").sort_values(
        "repeats", kind="stable"
    )
    return clips.loc[in_order.drop_duplicates("recording").index.sort_values()]


def _assign(members: Members, sizes: Sizes, seed: int) -> dict[Hashable, str]:
    """Assign the clips, or segments, of each genre at random, as many to each subset as `sizes` says."""
    random = np.random.RandomState(seed)
    division: dict[Hashable, str] = {}
    for genre in sorted(sizes):
        ordered = sorted(members[genre])
        order = (ordered[i] for i in random.permutation(len(ordered)))
        for subset in SUBSETS:
            division |= dict.fromkeys(islice(order, sizes[genre][subset]), subset)
    return division


def _sizes(members: Members, test: float, valid: float, unit: str = "clip") -> Sizes:
    _check_shares(test, valid)
    n = {genre: len(own) for genre, own in members.items()}
    for genre, size in n.items():
        if size < len(SUBSETS):
            raise NoSplit(f"{genre} has {_count(size, unit)}; 3 are needed, one each to train, choose and test.")
    tests, valids = _apportion(n, test), _apportion(n, valid)
    sizes = {g: {"train": n[g] - tests[g] - valids[g], "valid": valids[g], "test": tests[g]} for g in n}
    for genre, own in sizes.items():
        if own["train"] < 1:
            raise NoSplit(f"{genre} has {_count(n[genre], unit)}, too few for test {test:g} and valid {valid:g}.")
    return sizes


def _check_shares(test: float, valid: float) -> None:
    if test + valid >= 1:
        raise InputError(f"test ({test:g}) and valid ({valid:g}) leave nothing to train on: lower them.")


def _apportion(n: dict[str, int], share: float) -> dict[str, int]:
    """Share of each genre, at least one, the total rounded by largest remainders."""
    exact = {genre: size * share for genre, size in n.items()}
    sizes = {genre: max(1, int(x)) for genre, x in exact.items()}
    by_remainder = sorted(n, key=lambda genre: (sizes[genre] - exact[genre], genre))
    for genre in by_remainder[: max(0, round(sum(exact.values())) - sum(sizes.values()))]:
        sizes[genre] += 1
    return sizes


def _kfold(clips: pd.DataFrame, folds: int, fold: int, seed: int) -> dict[Hashable, str]:
    from sklearn.model_selection import StratifiedKFold  # takes most of a second to import

    for genre, own in _by_genre(clips).items():
        if len(own) < folds:
            raise NoSplit(f"{genre} has {_count(len(own), 'clip')}; {folds} are needed, one for each fold.")
    ordered = clips.sort_values("clip_id")
    ids, genres = ordered["clip_id"].to_list(), ordered["genre"].to_list()
    folder = StratifiedKFold(folds, shuffle=True, random_state=seed)
    members = [held_out for _, held_out in folder.split(genres, genres)]
    division: dict[Hashable, str] = dict.fromkeys(ids, "train")
    for subset, index in (("test", fold), ("valid", (fold + 1) % folds)):
        division |= {ids[i]: subset for i in members[index]}
    return division


def _artist(clips: pd.DataFrame, test: float, valid: float, seed: int) -> dict[Hashable, str]:
    """The artist-disjoint split (Flexer 2007, "A closer look on artist filters"): groups of clips are never divided."""
    _check_shares(test, valid)
    known = clips[clips["artist"].map(lambda credit: bool(artists.names(credit)))].sort_values("clip_id")
    if len(known) < ARTISTS_NEEDED * len(clips):
        raise NoSplit(
            f"The artist of {len(known)} of {len(clips)} clips is known; {ARTISTS_NEEDED:.0%} are needed. Give them "
            "in clips.csv, in the files' tags or as folders <genre>/<artist>/."
        )
    genres = sorted(clips["genre"].unique())
    group = pd.factorize(known["group"])[0]
    counts = np.array(pd.crosstab(group, known["genre"]).reindex(columns=genres, fill_value=0))
    for name, n in zip(genres, (counts > 0).sum(axis=0), strict=True):
        if n < len(SUBSETS):
            raise NoSplit(
                f"{name} has {n} group{'' if n == 1 else 's'} of clips by different artists; 3 are needed, one "
                "each to train, choose and test."
            )
    subset = _divide(counts, np.array([1 - test - valid, valid, test]), np.random.RandomState(seed))
    if subset is None:
        raise NoSplit("Artists that stand in several genres leave no division with every genre on all sides.")
    return {clip_id: SUBSETS[subset[own]] for clip_id, own in zip(known["clip_id"], group, strict=True)}


def _divide(counts: np.ndarray, shares: np.ndarray, random: np.random.RandomState) -> np.ndarray | None:
    """Divide groups among subsets, every genre in every subset and near its share there.

    Each group in turn goes where it mends the balance most, over several random orders; the best of them by chi-squared
    is taken. (StratifiedGroupKFold makes equal folds, and leaves genres of few artists out of some.)

    Parameters
    ----------
    counts : array of shape (groups, genres)
        Clips of each group.
    shares : array of shape (subsets,)
        Of sum 1.

    Returns
    -------
    array of shape (groups,), or None
        The subset of each group; None where there is no such division.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    targets = shares[:, None] * counts.sum(axis=0)
    best, lowest = None, np.inf
    for _ in range(ARTIST_TRIES):
        filled, left = np.zeros_like(targets), (counts > 0).sum(axis=0)
        subset = np.zeros(len(counts), dtype=int)
        for i in random.permutation(len(counts)):
            has = counts[i] > 0
            change = (((filled + counts[i] - targets) ** 2 - (filled - targets) ** 2) / targets).sum(axis=1)
            empty = filled[:, has] == 0
            # A genre whose last groups are as few as its empty subsets must fill these first.
            urgent = (empty & (left[has] <= empty.sum(axis=0))).sum(axis=1)
            subset[i] = np.lexsort((change.round(9), -urgent))[0]
            filled[subset[i]] += counts[i]
            left = left - has
        cost = ((filled - targets) ** 2 / targets).sum()
        if filled.all() and cost < lowest - 1e-9:
            best, lowest = subset, cost
    return best


def _fault_filtered(clips: pd.DataFrame, published: Mapping[str, str]) -> dict[Hashable, str]:
    ours = clips[faults.is_gtzan(clips, published)]
    if not len(ours):
        raise NoSplit("The fault-filtered split is of GTZAN's clips, and none of these is.")
    division: dict[Hashable, str] = {clip: published[clip] for clip in ours["clip_id"] if published[clip]}
    genres = sorted(clips["genre"].unique())
    there = {(division.get(clip), genre) for clip, genre in zip(ours["clip_id"], ours["genre"], strict=True)}
    lacking = {s: [genre for genre in genres if (s, genre) not in there] for s in SUBSETS}
    if any(lacking.values()):
        parts = [
            f"no {subset} clip" + ("" if len(missing) == len(genres) else f" of {', '.join(missing)}")
            for subset, missing in lacking.items()
            if missing
        ]
        raise NoSplit(f"Of GTZAN's fault-filtered split, this dataset has {'; '.join(parts)}.")
    return division


def _size_matched(
    clips: pd.DataFrame, settings: Mapping[str, Any], published: Mapping[str, str], number: int
) -> dict[Hashable, str]:
    try:
        disjoint = _fault_filtered(clips, published)
    except NoSplit as no_fault_filtered:
        artist = ARTIST_SETTINGS | settings.get("artist", {})
        try:
            # the artist split of the same number, not one that this protocol's own seed would draw: sizes differ
            disjoint = _artist(clips, artist["test"], artist["valid"], artist["seed"] + number)
        except NoSplit as no_artist:
            raise NoSplit(f"There is no artist-disjoint split to match. {no_fault_filtered} {no_artist}") from None
    members = clips[clips["clip_id"].isin(disjoint)]
    if settings.get("duplicates") == "drop":
        members = drop_duplicates(members)
    by_genre = _by_genre(members)
    sizes = {genre: {s: sum(disjoint[clip] == s for clip in own) for s in SUBSETS} for genre, own in by_genre.items()}
    return _assign(by_genre, sizes, settings.get("seed", 0) + number)


def _by_genre(clips: pd.DataFrame) -> dict[str, list[str]]:
    return {str(genre): own.to_list() for genre, own in clips.groupby("genre")["clip_id"]}


def _number(name: str) -> int:
    """Of repeat0, fold3 ...; 0 for `fixed`."""
    return int(re.sub(r"\D", "", name) or 0)


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" + ("" if n == 1 else "s")


def first_of(words: Iterable[str], n: int = 5) -> str:
    """The first of some words, and how many more there are, for messages."""
    words = list(words)
    return ", ".join(words[:n]) + (f" and {len(words) - n} more" if len(words) > n else "")
