"""The manifest of a dataset: its usable clips, and the files that are rejected and why."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from genrebench.audio import decode, distortion
from genrebench.audio.fingerprint import fingerprint, near_duplicates
from genrebench.audio.plausibility import Limits, RejectedError
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.formatting import counted
from genrebench.common.progress import progress
from genrebench.common.workers import Failure, Workers
from genrebench.datasets import artists, faults, precomputed, tables
from genrebench.workflow import dataset_folder
from genrebench.workflow.dataset_folder import AudioFile, Contents, Note

TOLD = 10  # clips whose warnings are printed


@dataclass
class Clip:
    """A file found in the dataset, and what was learned of it."""

    path: Path
    genre: str
    clip_id: str
    artist: str = ""
    group: str = ""  # as listed
    faults: str = ""
    figures: dict[str, Any] = field(default_factory=dict)  # columns of the manifest from duration_s on
    fingerprint: np.ndarray | None = None
    reason: str = ""  # why it is rejected, if it is
    detail: str = ""
    duplicate_of: str = ""


def build_manifest(
    dataset_dir: Path,
    sample_rate: int,
    settings: Mapping[str, Any],
    catalogue: str | Path,
    jobs: int,
    manifest: str | Path,
    rejected: str | Path,
    notes: str | Path,
) -> None:
    """Check every file of a dataset, and write the usable clips, the rejected files and notes about the rest.

    Parameters
    ----------
    dataset_dir : Path
        data/raw/<dataset>
    sample_rate : int
        Hz at which clips are compared and measured.
    settings : mapping
        Section `manifest` of the parameters: the limits (`genrebench.audio.plausibility.Limits`), and duplicates
        ("reject" or "group").
    catalogue : path
        What is known about GTZAN's clips (CSV).
    jobs : int
        Processes.
    manifest, rejected, notes : path
        CSV files to write (`genrebench.datasets.tables`): the clips by clip_id, the other audio files by path, and what
        is to be said about the files of the folder.
    """
    contents = dataset_folder.read(dataset_dir)
    tell(contents.notes)
    tables.NOTES.write(notes, [note._asdict() for note in contents.notes])
    clips = clips_of(contents)
    known = tables.CATALOGUE.read(catalogue).set_index("clip_id").to_dict("index")
    if not clips:
        table = precomputed.read_manifest(dataset_dir)
        table = table.assign(faults=faults.of_catalogue(table, known))
        tables.REJECTED.write(rejected, [])
        tables.MANIFEST.write(manifest, table)
        print(f"{len(table)} clips, as the dataset lists them", file=sys.stderr)
        return
    set_known(clips, contents, dataset_dir, known)
    take_checked(clips, check_all(clips, sample_rate, Limits.of(settings), jobs))
    mark_duplicates([clip for clip in clips if not clip.reason], settings["duplicates"] == "reject")
    kept = sorted((clip for clip in clips if not clip.reason), key=lambda clip: clip.clip_id)
    _tell_contradictions(kept)
    tell_warnings(kept)
    others = [clip for clip in clips if clip.reason]
    if not kept:
        raise InputError(
            f"none of the {len(clips)} files in {dataset_dir} is usable; {others[0].path}: {others[0].detail}"
        )
    tables.REJECTED.write(
        rejected,
        [
            {"path": clip.path.as_posix(), "genre": clip.genre, "reason": clip.reason, "detail": clip.detail}
            for clip in others
        ],
    )
    tables.MANIFEST.write(manifest, as_table(kept))
    print(f"checked {len(clips)} files: {len(kept)} kept, {len(others)} rejected", file=sys.stderr)


def as_table(clips: Sequence[Clip]) -> pd.DataFrame:
    """The clips as rows of the manifest, with their groups (`genrebench.datasets.artists.groups`)."""
    table = pd.DataFrame(
        [
            {
                "clip_id": clip.clip_id,
                "path": clip.path.as_posix(),
                "genre": clip.genre,
                "artist": clip.artist,
                "group": clip.group,
                "duplicate_of": clip.duplicate_of,
                "faults": clip.faults,
                **clip.figures,
            }
            for clip in clips
        ]
    )
    return table.assign(group=artists.groups(table).to_numpy())


def clips_of(contents: Contents) -> list[Clip]:
    """The audio files of a dataset as clips, in their order.

    A clip's id is its path inside the genre's folder without the suffix, after "<genre>.": GTZAN's own names. Where two
    files would have the same, the later keeps its suffix.
    """
    clips: list[Clip] = []
    taken: set[str] = set()
    for file in contents.audio:
        clip_id = next(one for one in _ids(file) if one not in taken)
        taken.add(clip_id)
        clips.append(Clip(file.path, file.genre, clip_id))
    return clips


def check(path: Path, sample_rate: int, limits: Limits) -> Clip:
    """Decode one file and judge it by itself; the clip has either a `reason` or figures and a fingerprint."""
    clip = Clip(path, "", "")
    try:
        recording = decode.read(path, limits)
    except RejectedError as error:
        clip.reason, clip.detail = error.reason, error.detail
        return clip
    distortions = distortion.warnings(np.asarray(recording.samples), recording.sample_rate)
    clip.faults = faults.DISTORTED if distortions else ""
    mono = np.asarray(decode.resample(recording.samples, recording.sample_rate, sample_rate))
    clip.figures = {
        "duration_s": recording.seconds,
        "sample_rate": recording.sample_rate,
        "channels": recording.channels,
        **decode.summary(mono),
        "md5": decode.md5(mono),
        "warnings": "; ".join(recording.warnings + distortions),
    }
    clip.fingerprint = fingerprint(mono, sample_rate)
    return clip


def check_all(clips: Sequence[Clip], sample_rate: int, limits: Limits, jobs: int) -> Iterator[Clip]:
    """Yield what `check` finds of each clip's file, in their order; one that ends its process is unreadable."""
    with (
        progress("checked", len(clips), "files") as advance,
        Workers(_checking, [sample_rate, limits], jobs) as workers,
    ):
        for clip, found in zip(clips, workers.map(clip.path for clip in clips), strict=True):
            advance(1)
            failed = isinstance(found, Failure)
            yield Clip(clip.path, "", "", reason="unreadable", detail=found.reason) if failed else found


def tell_warnings(clips: Sequence[Clip]) -> None:
    """Print what is to be said of the usable clips, of the first `TOLD` one by one."""
    warned = [clip for clip in clips if clip.figures.get("warnings")]
    for clip in warned[:TOLD]:
        print(f"note: {clip.path}: {clip.figures['warnings']}", file=sys.stderr)
    if len(warned) > TOLD:
        print(f"note: {len(warned)} files have such notes; the column warnings has all", file=sys.stderr)


def mark_duplicates(clips: Sequence[Clip], reject: bool) -> None:
    """Mark the clips that repeat an earlier one, exactly or nearly; reject them, or keep them as `duplicate_of`."""
    from scipy.cluster.hierarchy import DisjointSet

    first: dict[str, Clip] = {}
    for clip in clips:
        original = first.setdefault(clip.figures["md5"], clip)
        if original is not clip:
            _mark(clip, original, "duplicate", "its decoded audio is the same", reject)
    distinct = list(first.values())
    pairs = near_duplicates([clip.fingerprint for clip in distinct if clip.fingerprint is not None])
    recordings = DisjointSet(range(len(distinct)))
    for i, j, *_ in pairs:
        recordings.merge(i, j)
    found = {
        (i, j): f"shifted by {offset:+.2f} s, {rate:.0%} of its fingerprint differs" for i, j, offset, rate in pairs
    }
    for members in recordings.subsets():
        original, *others = sorted(members)
        for other in others:
            how = found.get((original, other), "each sounds like a third clip")
            _mark(distinct[other], distinct[original], "near duplicate", how, reject)


def set_known(
    clips: Sequence[Clip], contents: Contents, folder: Path, catalogue: Mapping[str, Mapping[str, str]]
) -> None:
    """Fill in artist and group, from clips.csv, else `<genre>/<artist>/`, else tags, else the catalogue, and faults.

    `clips` are those of `contents`, in its order; `catalogue` has what is known of GTZAN's clips, by clip_id: md5,
    artist, artist_group and faults.
    """
    for clip, file in zip(clips, contents.audio, strict=True):
        entry = contents.listed.get(file.inside, {})
        known = _catalogued(clip, folder, catalogue)
        clip.artist, clip.group = artists.find_artist(clip.path, file.folders, entry, known)
        clip.faults = known.get("faults", "")


def take_checked(clips: Sequence[Clip], checked: Iterable[Clip]) -> None:
    """Put what `check` found of each file into its clip."""
    for clip, found in zip(clips, checked, strict=True):
        clip.figures, clip.fingerprint = found.figures, found.fingerprint
        clip.faults = faults.joined(clip.faults, found.faults)
        clip.reason, clip.detail = found.reason, found.detail


def tell(notes: Iterable[Note]) -> None:
    """Print what is to be said about the files of a folder."""
    for note in notes:
        print(f"note: {note.note}: {counted(note.files, 'file')}, such as {note.example}", file=sys.stderr)


def _ids(file: AudioFile) -> Iterator[str]:
    """What a clip may be called: the shortest first, until no other has it."""
    yield _with_genre(file.genre, str(PurePosixPath(file.name).with_suffix("")))
    yield _with_genre(file.genre, file.name)
    yield file.inside
    yield from (f"{file.inside} {number}" for number in count(2))


def _with_genre(genre: str, name: str) -> str:
    return name if name.startswith(f"{genre}.") else f"{genre}.{name}"


def _mark(clip: Clip, original: Clip, reason: str, how: str, reject: bool) -> None:
    clip.duplicate_of = original.clip_id
    if reject:
        clip.reason = reason
        clip.detail = f"of {original.path.as_posix()}: {how}"
        if clip.genre != original.genre:
            clip.detail += f" (labelled {clip.genre} here and {original.genre} there)"


def _checking(sample_rate: int, limits: Limits) -> partial[Clip]:
    return partial(check, sample_rate=sample_rate, limits=limits)


def _tell_contradictions(kept: Sequence[Clip]) -> None:
    genre = {clip.clip_id: clip.genre for clip in kept}
    for clip in kept:
        if clip.duplicate_of and genre[clip.duplicate_of] != clip.genre:
            print(f"note: {clip.path} repeats {clip.duplicate_of}, so its labels contradict", file=sys.stderr)


def _catalogued(clip: Clip, folder: Path, catalogue: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """What the catalogue of GTZAN says of a clip, if it is that clip and not another of the same name."""
    known = catalogue.get(clip.clip_id, {})
    if not known or folder.name == "gtzan":
        return known  # in data/raw/gtzan every file was compared when it came, .au files by their samples
    try:
        return known if files.md5_file(clip.path) == known["md5"] else {}
    except OSError:  # `check` tells of it
        return {}
