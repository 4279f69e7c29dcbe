"""The clips of a dataset: which files are usable, who plays, and which clips sound the same."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from genrebench.audio import decode
from genrebench.audio.fingerprint import fingerprint, near_duplicates
from genrebench.common import files
from genrebench.common.cli import InputError

COLUMNS = (
    "clip_id",
    "path",
    "genre",
    "artist",
    "group",
    "duplicate_of",
    "duration_s",
    "sample_rate",
    "channels",
    "mean_amplitude",
    "rms_amplitude",
    "max_amplitude",
    "md5",
)
REJECTED_COLUMNS = ("path", "genre", "reason", "detail")
CLIPS_CSV_COLUMNS = ("path", "artist", "group")
NO_ARTIST = {"unknown", "unknown artist", "<unknown>", "various", "various artists", "va", "n/a"}  # in tags
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
    group: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    fingerprint: np.ndarray | None = None
    reason: str = ""  # why it is rejected, if it is
    detail: str = ""
    duplicate_of: str = ""


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
    _refuse_reserved(genres, folder)
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
            "duration_s": f"{duration:.6f}",
            "sample_rate": original_rate,
            "channels": samples.shape[1],
            **{name: f"{value:.6f}" for name, value in summary.items()},
            "md5": decode.md5(mono),
        }
        clip.fingerprint = fingerprint(mono, sample_rate)
    return clip


def mark_duplicates(clips: list[Clip], reject: bool) -> None:
    """Mark the clips that repeat an earlier one, exactly or nearly; reject them, or keep them as `duplicate_of`."""
    first: dict[str, Clip] = {}
    for clip in clips:
        original = first.setdefault(clip.figures["md5"], clip)
        if original is not clip:
            _mark(clip, original, "duplicate", "its decoded audio is the same", reject)
    distinct = list(first.values())
    pairs = near_duplicates([clip.fingerprint for clip in distinct])
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


def set_artists(clips: list[Clip], folder: Path, catalogue: dict[str, dict[str, str]]) -> None:
    """Fill in artist and group: from clips.csv, else `<genre>/<artist>/`, else the file's tags, else the catalogue."""
    listed = _read_listed(folder, clips)
    for clip in clips:
        entry = listed.get(clip.path.relative_to(folder).as_posix(), {})
        known = _catalogued(clip, folder, catalogue)
        inside = clip.path.relative_to(folder / clip.genre)
        clip.artist = (
            _artist(entry.get("artist"))
            or _artist(inside.parts[0] if len(inside.parts) > 1 else "")
            or _artist(_tagged_artist(clip.path))
            or known.get("artist", "")
        )
        clip.group = (entry.get("group") or "").strip() or (
            f"catalogue:{known['artist_group']}" if known.get("artist_group") else ""
        )


def groups(clips: Iterable[Clip]) -> dict[str, str]:
    """The group of each clip_id: clips of one artist (in any case), one listed group, or one recording are together.

    A group is named by its artist if all its clips have the same, else by its first clip.
    """
    clips = list(clips)
    sets = DisjointSet([clip.clip_id for clip in clips])
    first: dict[tuple[str, str], str] = {}
    for clip in clips:
        for kind in ("artist", "group"):
            if name := getattr(clip, kind):
                sets.merge(clip.clip_id, first.setdefault((kind, name.casefold()), clip.clip_id))
        if clip.duplicate_of:
            sets.merge(clip.clip_id, clip.duplicate_of)
    artist = {clip.clip_id: clip.artist for clip in clips}
    names = {}
    for members in sets.subsets():
        artists = {artist[member] for member in members}
        name = min(artists) if len({one.casefold() for one in artists}) == 1 else ""
        names.update(dict.fromkeys(members, name or min(members)))
    return names


def row(clip: Clip) -> dict[str, Any]:
    """The clip as a row of the manifest, without its group."""
    return {
        "clip_id": clip.clip_id,
        "path": clip.path.as_posix(),
        "genre": clip.genre,
        "artist": clip.artist,
        "duplicate_of": clip.duplicate_of,
        **clip.figures,
    }


def read_precomputed(folder: Path) -> list[dict[str, str]]:
    """The rows of a dataset that brings features, in the order of its own manifest.csv, checked.

    Raises InputError for missing columns, blank or repeated ids, blank genres, and features with other numbers of rows.
    """
    path = folder / "manifest.csv"
    rows = files.read_rows(path)
    missing = {"clip_id", "genre"} - set(rows[0] if rows else ())
    if missing:
        raise InputError(
            f"{path} lacks {' and '.join(sorted(missing))}: it needs a row per clip and the columns clip_id, genre"
        )
    seen: set[str] = set()
    for number, entry in enumerate(rows, 2):
        if not entry["clip_id"] or not entry["genre"]:
            raise InputError(f"{path}, line {number}: clip_id or genre is blank")
        if entry["clip_id"] in seen:
            raise InputError(f"{path}, line {number}: clip_id {entry['clip_id']} stands there twice")
        seen.add(entry["clip_id"])
    _refuse_reserved({entry["genre"] for entry in rows}, path)
    features = sorted((folder / "features").glob("*.npy"))
    if not features:
        raise InputError(f"{folder} has manifest.csv, but neither audio nor features/*.npy; expected is {LAYOUT}")
    for feature in features:
        count = _row_count(feature)
        if count != len(rows):
            raise InputError(f"{feature} has {count} rows, but {path} has {len(rows)}; they must be the same clips")
    for number, entry in enumerate(rows, 2):
        if not re.fullmatch(r"(\d+(\.\d*)?)?", entry.get("duration_s") or ""):
            raise InputError(f"{path}, line {number}: duration_s is {entry['duration_s']!r}, and no number of seconds")
    artists = {entry["clip_id"]: entry.get("artist") or "" for entry in rows}
    together = groups(
        Clip(Path(), entry["genre"], entry["clip_id"], artists[entry["clip_id"]], entry.get("group") or "")
        for entry in rows
    )
    return [
        {
            "clip_id": entry["clip_id"],
            "genre": entry["genre"],
            "artist": artists[entry["clip_id"]],
            "group": together[entry["clip_id"]],
            "duration_s": entry.get("duration_s") or "",
        }
        for entry in rows
    ]


def _refuse_reserved(genres: set[str], where: Path) -> None:
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


def _artist(name: str | None) -> str:
    name = " ".join((name or "").split())
    return "" if name.casefold() in NO_ARTIST else name


def _row_count(feature: Path) -> int:
    try:
        values = np.load(feature, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise InputError(f"{feature} is no array of numbers in NumPy's format: {error}") from None
    if values.ndim == 0 or not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        raise InputError(
            f"{feature} holds {values.dtype} of shape {values.shape}; expected is a row of numbers per clip"
        )
    return len(values)


def _mark(clip: Clip, original: Clip, reason: str, how: str, reject: bool) -> None:
    clip.duplicate_of = original.clip_id
    if reject:
        clip.reason = reason
        clip.detail = f"of {original.path.as_posix()}: {how}"
        if clip.genre != original.genre:
            clip.detail += f" (labelled {clip.genre} here and {original.genre} there)"


def _read_listed(folder: Path, clips: list[Clip]) -> dict[str, dict[str, str]]:
    path = folder / "clips.csv"
    if not path.is_file():
        return {}
    rows = files.read_rows(path)
    columns = [str(column) for column in rows[0]] if rows else []
    misspelt = [c for c in columns if c not in CLIPS_CSV_COLUMNS and get_close_matches(c.lower(), CLIPS_CSV_COLUMNS)]
    if rows and (misspelt or "path" not in columns or not {"artist", "group"} & set(columns)):
        raise InputError(f"{path} has the columns {', '.join(columns)}; expected are path and artist or group")
    there = {clip.path.relative_to(folder).as_posix() for clip in clips}
    unknown = [entry["path"] for entry in rows if entry["path"] not in there]
    if unknown:
        names = ", ".join(unknown[:3]) + (" ..." if len(unknown) > 3 else "")
        raise InputError(f"{path} lists {len(unknown)} files that are not in {folder}: {names}")
    listed = {entry["path"]: entry for entry in rows}
    if len(listed) < len(rows):
        twice = next(name for name in listed if sum(entry["path"] == name for entry in rows) > 1)
        raise InputError(f"{path} lists {twice} more than once; a file has one row")
    return listed


def _catalogued(clip: Clip, folder: Path, catalogue: dict[str, dict[str, str]]) -> dict[str, str]:
    """What the catalogue of GTZAN says of a clip, if it is that clip and not another of the same name."""
    known = catalogue.get(clip.clip_id, {})
    if not known or folder.name == "gtzan":
        return known  # in data/raw/gtzan every file was compared when it came, .au files by their samples
    try:
        return known if files.md5_file(clip.path) == known["md5"] else {}
    except OSError:  # `check` tells of it
        return {}


def _tagged_artist(path: Path) -> str:
    import mutagen

    try:
        tags = mutagen.File(path, easy=True)
        return str((tags or {}).get("artist", [""])[0])
    except Exception:  # a broken tag says nothing about the audio, and mutagen raises many kinds of errors
        return ""
