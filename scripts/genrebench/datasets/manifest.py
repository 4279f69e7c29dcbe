"""The manifest of a dataset: its usable clips, and the files that are rejected and why."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from genrebench.audio import decode
from genrebench.audio.fingerprint import fingerprint, near_duplicates
from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.common.formatting import counted
from genrebench.common.progress import progress
from genrebench.datasets import artists, precomputed, tables
from genrebench.workflow import dataset_folder
from genrebench.workflow.dataset_folder import AudioFile, Contents, Note


@dataclass
class Clip:
    """A file found in the dataset, and what was learned of it."""

    path: Path
    genre: str
    clip_id: str
    artist: str = ""
    group: str = ""  # as listed
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
        Section `manifest` of the parameters: min_duration_s, min_rms, and duplicates ("reject" or "group").
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
    if not clips:
        table = precomputed.read_manifest(dataset_dir)
        tables.REJECTED.write(rejected, [])
        tables.MANIFEST.write(manifest, table)
        print(f"{len(table)} clips, as the dataset lists them", file=sys.stderr)
        return
    known = tables.CATALOGUE.read(catalogue).set_index("clip_id").to_dict("index")
    set_artists(clips, contents, dataset_dir, known)
    limits = {"min_duration_s": settings["min_duration_s"], "min_rms": settings["min_rms"]}
    take_checked(clips, _check_all(clips, partial(check, sample_rate=sample_rate, **limits), jobs))
    mark_duplicates([clip for clip in clips if not clip.reason], settings["duplicates"] == "reject")
    kept = sorted((clip for clip in clips if not clip.reason), key=lambda clip: clip.clip_id)
    _tell_contradictions(kept)
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


def check(path: Path, sample_rate: int, min_duration_s: float, min_rms: float) -> Clip:
    """Decode one file and judge it by itself; the clip has either a `reason` or figures and a fingerprint."""
    clip = Clip(path, "", "")
    try:
        samples, original_rate = decode.decode(path)
    except (InputError, OSError) as error:
        clip.reason = "empty" if path.is_file() and path.stat().st_size == 0 else "unreadable"
        clip.detail = getattr(error, "strerror", None) or str(error).removeprefix(f"{path} ")
        return clip
    mono = decode.to_mono(samples, original_rate, sample_rate)
    if found := decode.fault(samples, original_rate, mono, min_duration_s, min_rms):
        clip.reason, clip.detail = found
    else:
        duration, summary = len(samples) / original_rate, decode.summary(mono)
        clip.figures = {
            "duration_s": duration,
            "sample_rate": original_rate,
            "channels": samples.shape[1],
            **summary,
            "md5": decode.md5(mono),
        }
        clip.fingerprint = fingerprint(mono, sample_rate)
    return clip


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


def set_artists(
    clips: Sequence[Clip], contents: Contents, folder: Path, catalogue: Mapping[str, Mapping[str, str]]
) -> None:
    """Fill in artist and group: from clips.csv, else `<genre>/<artist>/`, else the file's tags, else the catalogue.

    `clips` are those of `contents`, in its order; `catalogue` has what is known of GTZAN's clips, by clip_id: md5,
    artist and artist_group.
    """
    for clip, file in zip(clips, contents.audio, strict=True):
        entry = contents.listed.get(file.inside, {})
        clip.artist, clip.group = artists.find_artist(
            clip.path, file.folders, entry, _catalogued(clip, folder, catalogue)
        )


def take_checked(clips: Sequence[Clip], checked: Iterable[Clip]) -> None:
    """Put what `check` found of each file into its clip."""
    for clip, found in zip(clips, checked, strict=True):
        clip.figures, clip.fingerprint = found.figures, found.fingerprint
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


def _check_all(clips: Sequence[Clip], check: Any, jobs: int) -> Iterator[Clip]:
    with (
        ProcessPoolExecutor(jobs, initializer=cli.start_worker, initargs=(os.getpid(),)) as pool,
        progress("checked", len(clips), "files") as advance,
    ):
        for found in pool.map(check, [clip.path for clip in clips], chunksize=4):
            advance(1)
            yield found


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
