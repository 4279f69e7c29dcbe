"""The files of a split: its table and what is to be known of it; a person's own splits; GTZAN's canonical ones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.audio.lengths import Duration
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.tables import TEXT, Table, read_text
from genrebench.datasets import artists, faults, splits, tables
from genrebench.datasets.splits import SUBSETS, first_of
from genrebench.workflow.dataset_folder import composed

PROTOCOL_VERSION = "1"  # a change of any canonical split is a new version
CANONICAL_SETTINGS: dict[str, dict[str, Any]] = {
    "stratified": {"test": 0.2, "valid": 0.2, "seed": 0, "duplicates": "use"},
    "holdout": {"test": 0.2, "valid": 0.25, "seed": 0, "duplicates": "use"},
    "kfold": {"folds": 5, "seed": 0, "duplicates": "use"},
    "artist": splits.ARTIST_SETTINGS,
    "size_matched": {"seed": 1, "duplicates": "drop"},  # another draw than stratified's, where sizes agree
    "fault_filtered": {},
}
CANONICAL_NAMES = {
    "stratified": ["repeat0", "repeat1", "repeat2"],
    "holdout": ["repeat0"],
    "kfold": ["fold0", "fold1", "fold2", "fold3", "fold4"],
    "artist": ["repeat0", "repeat1", "repeat2"],
    "size_matched": ["repeat0", "repeat1", "repeat2"],
    "fault_filtered": ["fixed"],
}
CANONICAL_SHA256 = "03408d48bd86818e9d1d306f4f28cafbf8bf479f77f04adf78463d2f960e2a73"
CANONICAL_PRESENT = 0.99  # share of a canonical split's clips that must be there; one common copy has 999


def write_split(
    manifest: str | Path,
    protocol: str,
    split: str,
    settings: Mapping[str, Any],
    dataset: str,
    canonical: str | Path,
    catalogue: str | Path,
    duration: Duration | None,
    path_to_csv: str | Path,
    path_to_json: str | Path,
) -> None:
    """Divide the clips of a manifest, or their segments, under one protocol, or say why the dataset cannot have it.

    Parameters
    ----------
    manifest : path
        The clips (CSV).
    protocol, split : str
        Its name in the parameters; repeat0, fold0, fixed ...
    settings : mapping
        Those of the protocol.
    dataset : str
        The canonical splits are for gtzan.
    canonical, catalogue : path
        GTZAN's canonical splits, and what is known about its clips (CSV).
    duration : "longest", float or mapping, optional
        `audio.duration` of the parameters, for segments.
    path_to_csv : path
        The table to write: clip_id and subset, under `segment_random` also segment, counted from 0 in each clip. It is
        empty where the dataset cannot have the protocol.
    path_to_json : path
        What is to be known about it, to write (`describe`).
    """
    clips = tables.MANIFEST.read(manifest)
    used = faults.leave_out(clips, settings.get("without", []))
    of_segments = protocol == splits.SEGMENT_PROTOCOL
    source, note, reason = "generated", None, None
    division = splits.as_series({}, clips)
    try:
        if of_segments:
            division = splits.split_segments(used, split, settings, duration or "longest")
        elif "file" in settings:
            source, division = "file", read_split(settings["file"], clips)
        else:
            source, note, division = _canonical_or_made(used, protocol, split, settings, dataset, canonical, catalogue)
    except splits.NoSplit as unavailable:
        reason = str(unavailable)
    facts = {
        "protocol": protocol,
        "split": split,
        "version": PROTOCOL_VERSION,
        "source": source,
        "note": note,
        "available": reason is None,
        "reason": reason,
        "clips_without": len(clips) - len(used),  # left out for their faults
        **(describe_segments(clips, division, settings) if of_segments else describe(clips, division)),
    }
    columns = tables.SEGMENT_SPLIT if of_segments else tables.SPLIT
    columns.write(path_to_csv, division.reset_index())
    files.write_json(path_to_json, facts)
    print(f"{protocol} {split}: {reason or facts['counts']}")


def _canonical_or_made(
    clips: pd.DataFrame,
    protocol: str,
    split: str,
    settings: Mapping[str, Any],
    dataset: str,
    canonical: str | Path,
    catalogue: str | Path,
) -> tuple[str, str | None, pd.Series]:
    note = None
    if dataset == "gtzan" and protocol in CANONICAL_SETTINGS:
        division, note = canonical_split(clips, protocol, split, settings, read_canonical(canonical))
        if division is not None:
            return "canonical", note, division
    return "generated", note, splits.make_split(clips, protocol, split, settings, fault_filtered(catalogue))


def fault_filtered(catalogue: str | Path) -> dict[str, str]:
    """GTZAN's published fault-filtered split: the subset of each clip_id, or ""."""
    known = tables.CATALOGUE.read(catalogue)
    return dict(zip(known["clip_id"], known["fault_filtered"], strict=True))


def read_split(path: str | Path, clips: pd.DataFrame) -> pd.Series:
    """Read a person's own split of the clips of a manifest: a CSV file with the columns clip_id and subset.

    Raises
    ------
    InputError
        For no such file or other columns, a clip that is not in the manifest or is there twice, a word that is no
        subset, an empty subset, and a genre without training clips.
    """
    table = read_text(path)
    if not {"clip_id", "subset"} <= set(table.columns):
        raise InputError(f"{path} has the columns {', '.join(table.columns)}; clip_id and subset are needed")
    genre = clips.set_index("clip_id")["genre"]
    table["clip_id"] = table["clip_id"].map(lambda name: name if name in genre.index else composed(name))
    other = table[~table["subset"].isin(SUBSETS)]
    for fault, found in {
        "clips that the manifest does not have": table["clip_id"][~table["clip_id"].isin(genre.index)],
        "clips that are there more than once": table["clip_id"][table["clip_id"].duplicated()].unique(),
        "subsets other than train, valid and test": other["clip_id"] + " (" + other["subset"] + ")",
        "subsets without a clip": [s for s in SUBSETS if s not in set(table["subset"])],
    }.items():
        if len(found):
            raise InputError(f"{path} has {fault}: {first_of(found)}. Mend the file or the dataset.")
    table["genre"] = table["clip_id"].map(genre)
    if unknown := sorted(set(table["genre"]) - set(table["genre"][table["subset"] == "train"])):
        raise InputError(f"{path} has genres without a training clip: {first_of(unknown)}. Add some to train.")
    return splits.as_series(dict(zip(table["clip_id"], table["subset"], strict=True)), clips)


def read_canonical(path: str | Path) -> pd.DataFrame:
    """Read the table of GTZAN's canonical splits; raises InputError if it is not this version's."""
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != CANONICAL_SHA256:
        raise InputError(
            f"{path} is not the table of protocol version {PROTOCOL_VERSION} (sha256 {found[:12]}..., expected "
            f"{CANONICAL_SHA256[:12]}...). Restore it with `git checkout {path}`."
        )
    return read_text(path)


def canonical_split(
    clips: pd.DataFrame, protocol: str, name: str, settings: Mapping[str, Any], table: pd.DataFrame
) -> tuple[pd.Series | None, str]:
    """Take GTZAN's canonical split, without the clips that the manifest lacks, or None and the reason."""
    column = f"{protocol}_{name}"
    # how many there are changes none; `artist` is what size_matched follows on another dataset
    given = {key: value for key, value in settings.items() if key not in ("repeats", "artist")}
    # What is not given has the default that `make_split` takes.
    defaults = {"seed": 0, "duplicates": "use", "without": []}
    if defaults | given != defaults | CANONICAL_SETTINGS[protocol]:
        return None, "The settings are not the canonical ones."
    if column not in table:
        return None, f"There is no canonical {name} of {protocol}."
    assigned = table[table[column] != ""]
    there = assigned[assigned["clip_id"].isin(clips["clip_id"])]
    if len(there) < CANONICAL_PRESENT * len(assigned):
        return None, f"Only {len(there)} of the canonical split's {len(assigned)} clips are there."
    division = splits.as_series(dict(zip(there["clip_id"], there[column], strict=True)), clips)
    return division, f"{len(there)} of the canonical split's {len(assigned)} clips are there."


def write_gtzan_splits(catalogue: str | Path, output: str | Path) -> None:
    """Write GTZAN's canonical splits: a row per clip, a column per split, blank where the split leaves the clip out.

    They come from the catalogue alone, and were written once for each protocol version. A different table is a new
    version: then PROTOCOL_VERSION and CANONICAL_SHA256 change with it, and numbers of two versions are not compared.
    """
    known = tables.CATALOGUE.read(catalogue)
    clips = manifest_of_catalogue(known)
    published = dict(zip(known["clip_id"], known["fault_filtered"], strict=True))
    table = pd.DataFrame({"clip_id": clips["clip_id"]}).set_index("clip_id")
    for protocol, names in CANONICAL_NAMES.items():
        for name in names:
            division = splits.make_split(clips, protocol, name, CANONICAL_SETTINGS[protocol], published)
            table[f"{protocol}_{name}"] = division.reindex(table.index, fill_value="")
    Table(dict.fromkeys(["clip_id", *table.columns], TEXT)).write(output, table.reset_index())
    print("sha256", hashlib.sha256(Path(output).read_bytes()).hexdigest())


UNREADABLE = "jazz.00054"  # in a common copy of GTZAN, from which the pictures were made


def write_validation_split(catalogue: str | Path, output: str | Path) -> None:
    """Write a split for who has no test clip of GTZAN's fault-filtered split: its validation clips are the test.

    An eighth of the artists of its training clips, and another, become the validation clips, so that no artist that is
    known is in two subsets. Training clips of unknown artists stay in training.

    Parameters
    ----------
    catalogue : path
        What is known about GTZAN's clips (CSV).
    output : path
        CSV to write: clip_id, subset.
    """
    known = tables.CATALOGUE.read(catalogue)
    published = dict(zip(known["clip_id"], known["fault_filtered"], strict=True))
    there = manifest_of_catalogue(known)
    there = there[there["clip_id"].map(published).isin(["train", "valid"]) & (there["clip_id"] != UNREADABLE)]
    trained = there[there["clip_id"].map(published) == "train"]
    artist = {"test": 0.125, "valid": 0.125, "seed": 0}
    inner = splits.make_split(trained, "artist", "repeat0", artist, published)
    chosen = inner.index[inner != "train"]
    subset = there["clip_id"].map(published).replace("valid", "test")
    subset = subset.where(~there["clip_id"].isin(chosen), "valid")
    tables.SPLIT.write(output, pd.DataFrame({"clip_id": there["clip_id"], "subset": subset}))


def manifest_of_catalogue(known: pd.DataFrame) -> pd.DataFrame:
    """The manifest of a complete GTZAN as far as splits need it; equal md5s are duplicates of the first clip."""
    known = known.sort_values("clip_id", ignore_index=True)
    original = known.groupby("md5")["clip_id"].transform("first")
    clips = pd.DataFrame(
        {
            "clip_id": known["clip_id"],
            "genre": known["clip_id"].str.partition(".")[0],
            "artist": known["artist"],
            "group": known["artist_group"],
            "duplicate_of": original.where(original != known["clip_id"], ""),
        }
    )
    return clips.assign(group=artists.groups(clips).to_numpy())


def describe(clips: pd.DataFrame, division: pd.Series) -> dict[str, Any]:
    """Count a split: its sizes, and how many test clips have their artist or their own recording in training."""
    return {"unit": "clip"} | _describe(clips, division)


def describe_segments(clips: pd.DataFrame, division: pd.Series, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Count a split of segments: sizes in segments, and those of the test whose own clip is in training.

    What is counted of test clips is counted of the clips that have a segment in the test subset.
    """
    of_clips = pd.Series(division.to_numpy(), index=division.index.get_level_values("clip_id"), dtype="str")
    trained = of_clips.index[of_clips == "train"]
    return {
        "unit": "segment",
        "segments": {"length_s": settings["length_s"], "hop_s": settings["hop_s"]},
        **_describe(clips, of_clips),
        "test_segments_of_clips_in_train": int(((of_clips == "test") & of_clips.index.isin(trained)).sum()),
    }


def _describe(clips: pd.DataFrame, division: pd.Series) -> dict[str, Any]:
    """`division` has the subset of each clip or segment, indexed by clip_id."""
    members = {subset: set(division.index[division == subset]) for subset in SUBSETS}
    recording = artists.recordings(clips)
    names = {clip_id: artists.names(credit) for clip_id, credit in zip(clips["clip_id"], clips["artist"], strict=True)}
    trained = set().union(*(names[clip_id] for clip_id in members["train"]))
    trained_recordings = set(recording[list(members["train"])])
    known = [clip_id for clip_id in members["test"] if names[clip_id]]
    genre = clips.set_index("clip_id")["genre"]
    counts = pd.crosstab(division.index.map(genre), division.to_numpy())
    counts = counts.reindex(index=sorted(genre.unique()), columns=list(SUBSETS), fill_value=0)
    return {
        "counts": {subset: int((division == subset).sum()) for subset in SUBSETS},
        "genres": {name: {subset: int(row[subset]) for subset in SUBSETS} for name, row in counts.iterrows()},
        "clips_left_out": len(clips) - len(set(division.index)),
        "artists_known": round(sum(map(bool, names.values())) / max(len(clips), 1), 4),
        "test_clips_with_known_artist": len(known),
        "test_clips_sharing_artist_with_train": sum(bool(names[clip_id] & trained) for clip_id in known),
        "test_clips_duplicated_in_train": sum(recording[clip] in trained_recordings for clip in members["test"]),
    }
