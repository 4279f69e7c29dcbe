"""The manifest of a dataset: its usable clips, and the files that are rejected and why."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genrebench.audio import decode
from genrebench.audio.fingerprint import fingerprint, near_duplicates
from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.common.progress import progress
from genrebench.common.tables import read_text
from genrebench.datasets import artists, precomputed, tables

# Predictions have a column per genre beside these (see scripts/train_model.py).
RESERVED = {"clip_id", "segment", "subset", "genre", "predicted"}
LAYOUT = "one subfolder per genre with audio files in it (or manifest.csv and features/*.npy)"


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
) -> None:
    """Check every file of a dataset, and write the usable clips and the rejected files.

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
    manifest, rejected : path
        CSV files to write (`genrebench.datasets.tables`): the clips by clip_id, the other files by path.
    """
    clips = find_clips(dataset_dir)
    if not clips:
        table = precomputed.read_manifest(dataset_dir)
        refuse_reserved(set(table["genre"]), dataset_dir / "manifest.csv")
        tables.REJECTED.write(rejected, [])
        tables.MANIFEST.write(manifest, table)
        print(f"{len(table)} clips, as the dataset lists them", file=sys.stderr)
        return
    known = tables.CATALOGUE.read(catalogue).set_index("clip_id").to_dict("index")
    set_artists(clips, dataset_dir, known)
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


def find_clips(folder: Path) -> list[Clip]:
    """The audio files of a dataset, sorted by path: `<genre>/.../<file>`.

    A clip's id is its path inside the genre's folder without the suffix, after "<genre>.": GTZAN's own names. Where two
    files would have the same, the later keeps its suffix. None if the dataset brings features. Raises InputError if
    there is neither, or both, or if files lie where they have no genre.
    """
    clips: list[Clip] = []
    taken: set[str] = set()
    for path in sorted(_walk(folder)):
        inside = path.relative_to(folder)
        if not _is_utf8(inside):
            raise InputError(f"{folder} holds a file whose name is not UTF-8: {os.fsencode(inside)!r}; rename it")
        if len(inside.parts) == 1:
            raise InputError(f"{path} lies in no genre's folder; expected is {LAYOUT}")
        clip_id = next(one for one in _ids(inside) if one not in taken)
        taken.add(clip_id)
        clips.append(Clip(path, inside.parts[0], clip_id))
    genres = {clip.genre for clip in clips}
    if len(genres) == 1 and all(len(clip.path.relative_to(folder).parts) > 2 for clip in clips):
        raise InputError(f"{folder} has only the folder {genres.pop()}, with folders in it; expected is {LAYOUT}")
    refuse_reserved(genres, folder)
    brings_features = (folder / "manifest.csv").is_file()
    if clips and brings_features:
        raise InputError(
            f"{folder} has audio and manifest.csv, which stands for features; rename it, or remove the audio"
        )
    if not clips and not brings_features:
        raise InputError(f"{folder} holds no audio files; expected is {LAYOUT}")
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


def set_artists(clips: Sequence[Clip], folder: Path, catalogue: Mapping[str, Mapping[str, str]]) -> None:
    """Fill in artist and group: from clips.csv, else `<genre>/<artist>/`, else the file's tags, else the catalogue.

    `catalogue` has what is known of GTZAN's clips, by clip_id: md5, artist and artist_group.
    """
    listed = _read_listed(folder, clips)
    for clip in clips:
        entry = listed.get(clip.path.relative_to(folder).as_posix(), {})
        inside = clip.path.relative_to(folder / clip.genre).parts[:-1]
        known = _catalogued(clip, folder, catalogue)
        clip.artist, clip.group = artists.find_artist(clip.path, inside, entry, known)


def take_checked(clips: Sequence[Clip], checked: Iterable[Clip]) -> None:
    """Put what `check` found of each file into its clip."""
    for clip, found in zip(clips, checked, strict=True):
        clip.figures, clip.fingerprint = found.figures, found.fingerprint
        clip.reason, clip.detail = found.reason, found.detail


def refuse_reserved(genres: set[str], where: Path) -> None:
    """Raise InputError for a genre that has the name of a column of every table."""
    if reserved := sorted(genres & RESERVED):
        raise InputError(f"{where} has a genre called {reserved[0]}, the name of a column of every table; rename it")


def _walk(folder: Path, above: tuple[Path, ...] = ()) -> Iterable[Path]:
    above = (*above, folder.resolve())
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.resolve() not in above:  # else a link makes a circle
                yield from _walk(path, above)
        elif path.suffix.lower() in decode.SUFFIXES:
            yield path


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _ids(inside: Path) -> tuple[str, str, str]:
    """What a clip may be called, by its path in the dataset; the last can belong to no other."""
    genre = inside.parts[0]
    name = Path(*inside.parts[1:])
    return _with_genre(genre, name.with_suffix("").as_posix()), _with_genre(genre, name.as_posix()), inside.as_posix()


def _with_genre(genre: str, name: str) -> str:
    return name if name.startswith(f"{genre}.") else f"{genre}.{name}"


def _mark(clip: Clip, original: Clip, reason: str, how: str, reject: bool) -> None:
    clip.duplicate_of = original.clip_id
    if reject:
        clip.reason = reason
        clip.detail = f"of {original.path.as_posix()}: {how}"
        if clip.genre != original.genre:
            clip.detail += f" (labelled {clip.genre} here and {original.genre} there)"


def _read_listed(folder: Path, clips: Sequence[Clip]) -> dict[str, dict[str, str]]:
    """What clips.csv, if it is there, says of each file, by its path in the folder."""
    path = folder / "clips.csv"
    if not path.is_file():
        return {}
    table = read_text(path)
    if not len(table):
        return {}
    columns, expected = list(table.columns), list(tables.CLIPS.columns)
    misspelt = [c for c in columns if c not in expected and get_close_matches(c.lower(), expected)]
    if misspelt or "path" not in columns or not {"artist", "group"} & set(columns):
        raise InputError(f"{path} has the columns {', '.join(columns)}; expected are path and artist or group")
    unknown = table["path"][~table["path"].isin({clip.path.relative_to(folder).as_posix() for clip in clips})]
    if len(unknown):
        names = ", ".join(unknown[:3]) + (" ..." if len(unknown) > 3 else "")
        raise InputError(f"{path} lists {len(unknown)} files that are not in {folder}: {names}")
    if table["path"].duplicated().any():
        twice = table["path"][table["path"].duplicated()].iloc[0]
        raise InputError(f"{path} lists {twice} more than once; a file has one row")
    return table.set_index("path").to_dict("index")


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
