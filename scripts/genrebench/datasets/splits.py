"""Who trains, who chooses the epoch and who is tested: the protocols, as functions of the manifest's rows.

A split maps clip_id to train, valid or test; clips that it leaves out are not in it. Only `deal_segments` divides
segments of clips, and thereby makes the mistake that the others keep from. The random numbers come from NumPy's legacy
generator, whose streams never change (NEP 19), so the same rows and settings give the same split.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from sklearn.model_selection import StratifiedKFold

from genrebench.audio import segments
from genrebench.audio.lengths import common_seconds
from genrebench.common import cli, files

PROTOCOL_VERSION = "1"  # a change of any canonical split is a new version
SUBSETS = ("train", "valid", "test")
ARTISTS_NEEDED = 0.9  # share of clips whose artist is known, for the artist protocol
ARTIST_TRIES = 200  # random orders, of which the best balanced division is taken
SEGMENT_PROTOCOL = "segment_random"  # the one that divides segments (`deal_segments`)

CANONICAL_SETTINGS: dict[str, dict[str, Any]] = {
    "stratified": {"test": 0.2, "valid": 0.2, "seed": 0, "duplicates": "use"},
    "holdout": {"test": 0.2, "valid": 0.25, "seed": 0, "duplicates": "use"},
    "kfold": {"folds": 5, "seed": 0, "duplicates": "use"},
    "artist": {"test": 0.2, "valid": 0.2, "seed": 0, "duplicates": "use"},
    "size_matched": {"seed": 1, "duplicates": "drop"},  # another draw than stratified's, where sizes agree
    "fault_filtered": {},
}
PROTOCOLS = (*CANONICAL_SETTINGS, SEGMENT_PROTOCOL)
CANONICAL_SHA256 = "03408d48bd86818e9d1d306f4f28cafbf8bf479f77f04adf78463d2f960e2a73"
CANONICAL_PRESENT = 0.99  # share of a canonical split's clips that must be there; one common copy has 999

# what stands between the artists of one recording: "Lauryn Hill and Bob Marley", "Earth, Wind & Fire"
BETWEEN_ARTISTS = re.compile(r"[,;/&+]|\b(?:and|with|vs|ft|feat|featuring)\b")

Row = Mapping[str, str]
Split = dict[str, str]
SegmentSplit = dict[tuple[str, int], str]  # clip_id and number of the segment -> subset
Members = Mapping[str, Sequence[Any]]  # genre -> its clips (clip_id), or its segments (clip_id, number)
Sizes = dict[str, dict[str, int]]  # genre -> subset -> how many


class Unavailable(Exception):
    """A protocol that the dataset cannot have; the message says why, to people."""


def make_split(
    rows: list[Row], protocol: str, name: str, settings: Mapping[str, Any], fault_filtered: Mapping[str, str]
) -> Split:
    """Divide the clips under a protocol.

    `name` is repeat0, fold0, fixed ...; `fault_filtered` maps GTZAN's clip_ids to their subset, or to "".
    Raises `Unavailable` where the dataset cannot have the protocol, and `job.InputError` for impossible settings.
    """
    if not rows:
        raise Unavailable("The dataset has no clips.")
    number = _number(name)
    seed = settings.get("seed", 0) + number
    used = drop_duplicates(rows) if settings.get("duplicates") == "drop" else rows
    match protocol:
        case "stratified":
            clips = _by_genre(used)
            return deal(clips, _sizes(clips, settings["test"], settings["valid"]), seed)
        case "holdout":
            clips, rest = _by_genre(used), settings["valid"] * (1 - settings["test"])
            return deal(clips, _sizes(clips, settings["test"], rest), seed)
        case "kfold":
            return _kfold(used, settings["folds"], number, settings.get("seed", 0))
        case "artist":
            return _artist(used, groups(rows), settings["test"], settings["valid"], seed)
        case "fault_filtered":
            return _fault_filtered(rows, fault_filtered)
        case "size_matched":
            return _size_matched(rows, settings, fault_filtered, number)
    raise cli.InputError(f"The protocol {protocol} is unknown: choose one of {', '.join(PROTOCOLS)}, or give `file`.")


def deal_segments(
    rows: list[Row], name: str, settings: Mapping[str, Any], duration: str | float | Mapping[str, float]
) -> SegmentSplit:
    """Deal the segments of all clips at random, stratified by genre: those of one clip then stand on several sides.

    A mistake, made on purpose to show its size. The grid is that of `segments.starts`. `duration` is `audio.duration`
    of params.yaml: clips that it cuts have no segments beyond. `name` is repeat0, repeat1 ...
    Raises `Unavailable` where durations are unknown or no clip has two segments, `job.InputError` for impossible
    settings.
    """
    if not rows:
        raise Unavailable("The dataset has no clips.")
    if unknown := [row["clip_id"] for row in rows if not row.get("duration_s")]:
        raise Unavailable(
            f"The manifest has no duration_s for {_count(len(unknown), 'clip')} ({_first(unknown)}), so nobody knows "
            "into how many segments to cut. Datasets that bring features have none."
        )
    own = {row["clip_id"]: float(row["duration_s"]) for row in rows}
    common = common_seconds(duration, list(own.values()))
    used = drop_duplicates(rows) if settings.get("duplicates") == "drop" else rows
    length, hop = settings["length_s"], settings["hop_s"]
    members = {
        genre: [(clip, k) for clip in clips for k in range(len(segments.starts(min(own[clip], common), length, hop)))]
        for genre, clips in _by_genre(used).items()
    }
    if sum(map(len, members.values())) == len(used):
        raise Unavailable(
            f"No clip has two segments of {length:g} s, {hop:g} s apart, so none can stand on two sides. Lower "
            f"protocols.{SEGMENT_PROTOCOL}.length_s and hop_s."
        )
    sizes = _sizes(members, settings["test"], settings["valid"], "segment")
    return deal(members, sizes, settings.get("seed", 0) + _number(name))


def deal(members: Members, sizes: Sizes, seed: int) -> dict[Hashable, str]:
    """Deal the clips, or segments, of each genre at random, as many to each subset as `sizes` says."""
    random = np.random.RandomState(seed)
    split = {}
    for genre in sorted(sizes):
        ordered = sorted(members[genre])
        order = (ordered[i] for i in random.permutation(len(ordered)))
        for subset in SUBSETS:
            split |= dict.fromkeys(islice(order, sizes[genre][subset]), subset)
    return split


def drop_duplicates(rows: list[Row]) -> list[Row]:
    """Leave out every clip that repeats another one of `rows`; the first of each recording stays."""
    recording = recordings(rows)
    # An original goes before its repetitions, wherever it stands.
    in_order = sorted(rows, key=lambda row: bool(row["duplicate_of"]))
    first = {recording[row["clip_id"]]: row["clip_id"] for row in reversed(in_order)}
    return [row for row in rows if first[recording[row["clip_id"]]] == row["clip_id"]]


def recordings(rows: Iterable[Row]) -> dict[str, str]:
    """Map each clip_id to one clip_id for all clips of the same recording (chains of duplicate_of)."""
    return _linked(rows, lambda row: [row["duplicate_of"]] if row["duplicate_of"] else [])


def groups(rows: Iterable[Row]) -> dict[str, str]:
    """Map each clip_id to one clip_id for all clips linked by artist, group or recording, however long the chain."""

    def ties(row: Row) -> list[Any]:
        return [
            *([row["duplicate_of"]] if row["duplicate_of"] else []),
            *(("artist", name) for name in artists(row)),
            *([("group", row["group"])] if row["group"] else []),
        ]

    return _linked(rows, ties)


def artists(row: Row) -> set[str]:
    """The artists of a clip as names are compared, each one of a collaboration; none if unknown.

    Capitals, punctuation and a leading "the" mean nothing. A band whose name is a list is taken apart too: that may
    keep more clips together than need be, never fewer.
    """
    names = (re.sub(r"\W+", " ", part).strip() for part in BETWEEN_ARTISTS.split(row["artist"].casefold()))
    return {name.removeprefix("the ") for name in names if name}


def read_split(path: str | Path, rows: list[Row]) -> Split:
    """Read a user's own split of the clips `rows`: a CSV file with the columns clip_id and subset.

    Raises `job.InputError` for no such file or other columns, a clip that is not in the manifest or is there twice, a
    word that is no subset, an empty subset, and a genre without training clips.
    """
    try:
        table = files.read_rows(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise cli.InputError(f"The split {path} cannot be read ({reason}): check `file` in params.yaml.") from None
    if table and not {"clip_id", "subset"} <= table[0].keys():
        raise cli.InputError(f"{path} has the columns {', '.join(table[0])}: clip_id and subset are needed.")
    genre = {row["clip_id"]: row["genre"] for row in rows}
    count = Counter(row["clip_id"] for row in table)
    for fault, clips in {
        "clips that the manifest does not have": [row["clip_id"] for row in table if row["clip_id"] not in genre],
        "clips that are there more than once": [clip for clip, n in count.items() if n > 1],
        "subsets other than train, valid and test": [
            f"{row['clip_id']} ({row['subset']})" for row in table if row["subset"] not in SUBSETS
        ],
        "subsets without a clip": [s for s in SUBSETS if all(row["subset"] != s for row in table)],
    }.items():
        if clips:
            raise cli.InputError(f"{path} has {fault}: {_first(clips)}. Mend the file or the dataset.")
    split = {row["clip_id"]: row["subset"] for row in table}
    trained = {genre[clip] for clip, subset in split.items() if subset == "train"}
    if unknown := sorted({genre[clip] for clip in split} - trained):
        raise cli.InputError(f"{path} has genres without a training clip: {_first(unknown)}. Add some to train.")
    return split


def read_canonical(path: str | Path) -> list[Row]:
    """Read the table of GTZAN's canonical splits; raises `job.InputError` if it is not this version's."""
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != CANONICAL_SHA256:
        raise cli.InputError(
            f"{path} is not the table of protocol version {PROTOCOL_VERSION} (sha256 {found[:12]}..., expected "
            f"{CANONICAL_SHA256[:12]}...). Restore it with `git checkout {path}`."
        )
    return files.read_rows(path)


def canonical_split(
    rows: list[Row], protocol: str, name: str, settings: Mapping[str, Any], table: list[Row]
) -> tuple[Split | None, str]:
    """Take GTZAN's canonical split, without the clips that the manifest lacks, or None and the reason."""
    column = f"{protocol}_{name}"
    # how many there are changes none; `artist` is what size_matched follows on another dataset
    given = {key: value for key, value in settings.items() if key not in ("repeats", "artist")}
    # What is not given has the default that `make_split` takes.
    if {"seed": 0, "duplicates": "use"} | given != {"seed": 0, "duplicates": "use"} | CANONICAL_SETTINGS[protocol]:
        return None, "The settings are not the canonical ones."
    if column not in table[0]:
        return None, f"There is no canonical {name} of {protocol}."
    subset = {row["clip_id"]: row[column] for row in table if row[column]}
    split = {row["clip_id"]: subset[row["clip_id"]] for row in rows if row["clip_id"] in subset}
    if len(split) < CANONICAL_PRESENT * len(subset):
        return None, f"Only {len(split)} of the canonical split's {len(subset)} clips are there."
    return split, f"{len(split)} of the canonical split's {len(subset)} clips are there."


def describe(rows: list[Row], split: Split) -> dict[str, Any]:
    """Count a split: its sizes, and how many test clips have their artist or their own recording in train."""
    return {"unit": "clip"} | _describe(rows, list(split.items()))


def describe_segments(rows: list[Row], split: SegmentSplit, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Count a split of segments: sizes in segments, and those of the test whose own clip is in train.

    What is counted of test clips is counted of the clips that have a segment in the test subset.
    """
    dealt = [(clip, subset) for (clip, _), subset in split.items()]
    trained = {clip for clip, subset in dealt if subset == "train"}
    return {
        "unit": "segment",
        "segments": {"length_s": settings["length_s"], "hop_s": settings["hop_s"]},
        **_describe(rows, dealt),
        "test_segments_of_clips_in_train": sum(subset == "test" and clip in trained for clip, subset in dealt),
    }


def _describe(rows: list[Row], dealt: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`dealt` has the clip and the subset of each clip or segment."""
    members = {s: {clip for clip, subset in dealt if subset == s} for s in SUBSETS}
    count = Counter(dealt)
    recording = recordings(rows)
    trained = [row for row in rows if row["clip_id"] in members["train"]]
    tested = [row for row in rows if row["clip_id"] in members["test"]]
    trained_artists = set().union(*map(artists, trained))
    heard = {recording[row["clip_id"]] for row in trained}
    known = [row for row in tested if artists(row)]
    return {
        "counts": {s: sum(subset == s for _, subset in dealt) for s in SUBSETS},
        "genres": {
            genre: {s: sum(count[clip, s] for clip in clips) for s in SUBSETS}
            for genre, clips in _by_genre(rows).items()
        },
        "clips_left_out": len(rows) - len(set().union(*members.values())),
        "artists_known": round(sum(bool(artists(row)) for row in rows) / max(len(rows), 1), 4),
        "test_clips_with_known_artist": len(known),
        "test_clips_sharing_artist_with_train": sum(bool(artists(row) & trained_artists) for row in known),
        "test_clips_duplicated_in_train": sum(recording[row["clip_id"]] in heard for row in tested),
    }


def _sizes(members: Members, test: float, valid: float, unit: str = "clip") -> Sizes:
    _check_shares(test, valid)
    n = {genre: len(own) for genre, own in members.items()}
    for genre, size in n.items():
        if size < len(SUBSETS):
            raise Unavailable(f"{genre} has {_count(size, unit)}; 3 are needed, one each to train, choose and test.")
    tests, valids = _apportion(n, test), _apportion(n, valid)
    sizes = {g: {"train": n[g] - tests[g] - valids[g], "valid": valids[g], "test": tests[g]} for g in n}
    for genre, size in sizes.items():
        if size["train"] < 1:
            raise Unavailable(f"{genre} has {_count(n[genre], unit)}, too few for test {test:g} and valid {valid:g}.")
    return sizes


def _check_shares(test: float, valid: float) -> None:
    if test + valid >= 1:
        raise cli.InputError(f"test ({test:g}) and valid ({valid:g}) leave nothing to train on: lower them.")


def _apportion(n: dict[str, int], share: float) -> dict[str, int]:
    """Share of each genre, at least one, the total rounded by largest remainders."""
    exact = {genre: size * share for genre, size in n.items()}
    sizes = {genre: max(1, int(x)) for genre, x in exact.items()}
    by_remainder = sorted(n, key=lambda genre: (sizes[genre] - exact[genre], genre))
    for genre in by_remainder[: max(0, round(sum(exact.values())) - sum(sizes.values()))]:
        sizes[genre] += 1
    return sizes


def _kfold(rows: list[Row], folds: int, fold: int, seed: int) -> Split:
    for genre, clips in _by_genre(rows).items():
        if len(clips) < folds:
            raise Unavailable(f"{genre} has {_count(len(clips), 'clip')}; {folds} are needed, one for each fold.")
    rows = sorted(rows, key=lambda row: row["clip_id"])
    genres = [row["genre"] for row in rows]
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    members = [held_out for _, held_out in dealer.split(genres, genres)]
    split = {row["clip_id"]: "train" for row in rows}
    for subset, index in (("test", fold), ("valid", (fold + 1) % folds)):
        split |= {rows[i]["clip_id"]: subset for i in members[index]}
    return split


def _artist(rows: list[Row], group: dict[str, str], test: float, valid: float, seed: int) -> Split:
    _check_shares(test, valid)
    known = [row for row in rows if artists(row)]
    if len(known) < ARTISTS_NEEDED * len(rows):
        raise Unavailable(
            f"The artist of {len(known)} of {len(rows)} clips is known; {ARTISTS_NEEDED:.0%} are needed. Give them "
            "in clips.csv, in the files' tags or as folders <genre>/<artist>/."
        )
    genres = sorted({row["genre"] for row in rows})
    members: dict[str, list[Row]] = {}
    for row in sorted(known, key=lambda row: row["clip_id"]):
        members.setdefault(group[row["clip_id"]], []).append(row)
    counts = np.array([[sum(row["genre"] == g for row in clips) for g in genres] for clips in members.values()])
    for name, n in zip(genres, (counts > 0).sum(axis=0), strict=True):
        if n < len(SUBSETS):
            raise Unavailable(
                f"{name} has {n} group{'' if n == 1 else 's'} of clips by different artists; 3 are needed, one "
                "each to train, choose and test."
            )
    subset = _divide(counts, np.array([1 - test - valid, valid, test]), np.random.RandomState(seed))
    if subset is None:
        raise Unavailable("Artists that stand in several genres leave no division with every genre on all sides.")
    return {row["clip_id"]: SUBSETS[s] for s, clips in zip(subset, members.values(), strict=True) for row in clips}


def _divide(counts: np.ndarray, shares: np.ndarray, random: np.random.RandomState) -> np.ndarray | None:
    """Divide groups among subsets, every genre in every subset and near its share there.

    counts: (groups, genres) clips. shares: (subsets,), of sum 1. Returns the subset of each group, (groups,), or None.
    Each group in turn goes where it mends the balance most (as in Sechidis, Tsoumakas and Vlahavas, "On the
    stratification of multi-label data", 2011), over several random orders; the best of them by chi-squared is taken.
    (StratifiedGroupKFold deals equal folds and leaves genres of few artists out of some.)
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


def _fault_filtered(rows: list[Row], published: Mapping[str, str]) -> Split:
    ours = [row for row in rows if row["clip_id"] in published and row["clip_id"].split(".")[0] == row["genre"]]
    if not ours:
        raise Unavailable("The fault-filtered split is of GTZAN's clips, and none of these is.")
    split = {row["clip_id"]: published[row["clip_id"]] for row in ours if published[row["clip_id"]]}
    genres = sorted({row["genre"] for row in rows})
    there = {(split[row["clip_id"]], row["genre"]) for row in ours if row["clip_id"] in split}
    lacking = {s: [genre for genre in genres if (s, genre) not in there] for s in SUBSETS}
    if any(lacking.values()):
        parts = [
            f"no {subset} clip" + ("" if len(missing) == len(genres) else f" of {', '.join(missing)}")
            for subset, missing in lacking.items()
            if missing
        ]
        raise Unavailable(f"Of GTZAN's fault-filtered split, this dataset has {'; '.join(parts)}.")
    return split


def _size_matched(rows: list[Row], settings: Mapping[str, Any], published: Mapping[str, str], number: int) -> Split:
    try:
        honest = _fault_filtered(rows, published)
    except Unavailable as no_fault_filtered:
        artist = CANONICAL_SETTINGS["artist"] | settings.get("artist", {})
        try:
            # the artist split of the same number, not one that this protocol's own seed would draw: sizes differ
            honest = _artist(rows, groups(rows), artist["test"], artist["valid"], artist["seed"] + number)
        except Unavailable as no_artist:
            raise Unavailable(f"There is no honest split to match. {no_fault_filtered} {no_artist}") from None
    members = [row for row in rows if row["clip_id"] in honest]
    if settings.get("duplicates") == "drop":
        members = drop_duplicates(members)
    clips = _by_genre(members)
    sizes = {genre: {s: sum(honest[clip] == s for clip in own) for s in SUBSETS} for genre, own in clips.items()}
    return deal(clips, sizes, settings.get("seed", 0) + number)


def _linked(rows: Iterable[Row], ties: Callable[[Row], list[Any]]) -> dict[str, str]:
    rows = list(rows)
    sets = DisjointSet(row["clip_id"] for row in rows)
    for row in rows:
        for tie in ties(row):
            sets.add(tie)
            sets.merge(row["clip_id"], tie)
    roots: dict[Any, str] = {}
    return {row["clip_id"]: roots.setdefault(sets[row["clip_id"]], row["clip_id"]) for row in rows}


def _by_genre(rows: Iterable[Row]) -> dict[str, list[str]]:
    clips: dict[str, list[str]] = {}
    for row in rows:
        clips.setdefault(row["genre"], []).append(row["clip_id"])
    return dict(sorted(clips.items()))


def _number(name: str) -> int:
    """Of repeat0, fold3 ...; 0 for `fixed`."""
    return int(re.sub(r"\D", "", name) or 0)


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" + ("" if n == 1 else "s")


def _first(words: list[str], n: int = 5) -> str:
    return ", ".join(words[:n]) + (f" and {len(words) - n} more" if len(words) > n else "")
