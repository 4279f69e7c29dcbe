"""The folder of a dataset: which of its files are used, of which genre they are, and what is passed over and why.

Names alone decide, and nothing is decoded: so the index of a dataset, the manifest and the checks before a run agree.
The rules import this module, so it has to be light.
"""

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from genrebench.audio import formats
from genrebench.common import written
from genrebench.common.cli import InputError
from genrebench.common.formatting import printable

LAYOUT = "one subfolder per genre with audio files in it (or manifest.csv and features/*.npy)"
TIMESTAMP = ".snakemake_timestamp"  # what Snakemake leaves in a folder that it has made
LISTED = "clips.csv"  # what a person says about the clips
LISTED_COLUMNS = ("path", "artist", "group")
MANIFEST, FEATURES, OF_FEATURES = "manifest.csv", "features", (".npy", ".columns.txt")  # of one that comes as features
# Predictions have a column per genre beside these (see scripts/train_model.py).
RESERVED = {"clip_id", "segment", "subset", "genre", "predicted"}
PARTS = {"train", "training", "test", "testing", "valid", "validation", "val"}  # of a dataset that comes divided
# Folders that systems make, by their names in lower case: deleted files, previews, what was found after a crash.
SYSTEM = {
    **dict.fromkeys(("#recycle", "$recycle.bin", "recycler", "@recycle", ".trashes"), "a recycle bin"),
    **dict.fromkeys(("@eadir", ".@__thumb", "#snapshot", ".snapshot"), "a folder of a network storage"),
    **dict.fromkeys(("lost+found", "system volume information"), "a folder of a file system"),
    **dict.fromkeys(("__macosx", ".appledouble", ".spotlight-v100", ".fseventsd", ".temporaryitems"), "notes of macOS"),
}
TRASH = ".trash"  # and .Trash-1000, .Trash-1001, ...


class Entry(NamedTuple):
    """A file below a folder: its path, the path inside the folder (with slashes), and its status."""

    path: str
    inside: str
    status: os.stat_result


class Note(NamedTuple):
    """What is to be said about some files of a dataset: the sentence, how many they are, and one of them."""

    note: str
    files: int
    example: str


@dataclass(frozen=True)
class AudioFile:
    """An audio file of a dataset.

    Attributes
    ----------
    path : Path
        As the system has it.
    inside : str
        The path in the dataset, as the system has it.
    genre : str
        In the one spelling of the dataset.
    name : str
        The path below the folder of the genre, composed (NFC); of a dataset that comes divided, after the part.
    folders : tuple of str
        The folders below that of the genre: the first is an artist.
    """

    path: Path
    inside: str
    genre: str
    name: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """What a dataset's folder holds: its audio, sorted by path, what clips.csv says of it by path, and notes."""

    audio: tuple[AudioFile, ...]
    listed: Mapping[str, Mapping[str, str]]
    notes: tuple[Note, ...]


def read(folder: str | Path, known_genres: Collection[str] = ()) -> Contents:
    """Find the audio of a dataset, and what is to be said about the rest.

    Parameters
    ----------
    folder : path
        With `<genre>/.../<file>`, or `<part>/<genre>/.../<file>` where all parts are of `PARTS`; or features.
    known_genres : collection of str
        Genres whose spelling goes before that of the folder.

    Returns
    -------
    Contents
        Without audio if the dataset comes as features.

    Raises
    ------
    InputError
        If there is neither audio nor features, or both, if audio lies where it has no genre, if a folder cannot be
        read, or if clips.csv is wrong.
    """
    folder = Path(folder)
    used: list[Entry] = []
    passed: dict[str, list[str]] = defaultdict(list)
    for entry in sorted(walk(folder), key=lambda one: one.inside.split("/")):
        if entry.inside == TIMESTAMP:
            continue
        if reason := passed_over(entry):
            passed[reason].append(printable(entry.inside))
        elif formats.is_audio(entry.inside.rpartition("/")[2]):
            used.append(entry)
    notes = [Note(f"passed over: {reason}", len(paths), paths[0]) for reason, paths in sorted(passed.items())]
    _check_layout(folder, [entry.inside.split("/") for entry in used])
    divided = _is_divided(entry.inside.split("/") for entry in used)
    spelling = one_spelling((entry.inside.split("/")[divided] for entry in used), known_genres)
    refuse_reserved(spelling.values(), folder)
    audio = tuple(_audio_file(entry, divided, spelling) for entry in used)
    if divided:
        parts = ", ".join(sorted({entry.inside.split("/")[0] for entry in used}))
        sentence = f"{parts} are read as parts of the dataset, not as genres; the splits are made anew"
        notes.append(Note(sentence, len(audio), audio[0].inside))
    notes += _spelling_notes(audio, divided)
    listed, encoding = _read_listed(folder, audio)
    if encoding:
        notes.append(Note(f"{LISTED} is no UTF-8: it was read as {encoding}", len(listed), LISTED))
    return Contents(audio, listed, tuple(notes))


def used_files(folder: str | Path) -> Iterator[Entry]:
    """The files of a dataset that its manifest depends on, in any order."""
    return (entry for entry in walk(folder) if not passed_over(entry))


def walk(folder: str | Path) -> Iterator[Entry]:
    """All files below a folder, in any order.

    Links are followed, but not in a circle; one that leads nowhere is a file. Raises InputError for a folder that
    cannot be read, unless nothing in it is used.
    """
    return _walk(os.fspath(folder), "", frozenset())


def passed_over(entry: Entry) -> str | None:
    """Why a file of a dataset is no part of it; None if it is one."""
    *folders, name = entry.inside.split("/")
    if reason := _unused_folder(folders):
        return reason
    if printable(entry.inside) != entry.inside:
        return "a name that is no UTF-8, or has control characters; rename it"
    if name.startswith(formats.MACOS):
        return "notes of macOS (._*)"
    if not (stat.S_ISREG(entry.status.st_mode) or stat.S_ISLNK(entry.status.st_mode)):
        return "no regular file (a named pipe, a socket or a device)"
    if formats.is_audio(name) or entry.inside == MANIFEST:
        return None
    if folders == [FEATURES] and name.endswith(OF_FEATURES):
        return None
    if entry.inside == LISTED:
        return None if written.read(entry.path).rows else f"{LISTED} without a row"
    suffix = os.path.splitext(name)[1]  # noqa: PTH122  # a tenth of the time of pathlib
    return f"no suffix of audio ({suffix.lower() or 'none'})"


def one_spelling(names: Iterable[str], known: Collection[str] = ()) -> dict[str, str]:
    """The one spelling of each of these names of genres: names that differ in case, spaces or composition are the same.

    That is the spelling of `known`, else the first in the order of their characters, composed (NFC), without spaces at
    the ends.
    """
    by_key = defaultdict(set)
    for name in names:
        by_key[_key(name)].add(name)
    ours = {_key(name): name for name in known}
    return {
        name: ours.get(key) or min(" ".join(composed(one).split()) or one for one in spellings)
        for key, spellings in by_key.items()
        for name in spellings
    }


def refuse_reserved(genres: Iterable[str], where: Path) -> None:
    """Raise InputError for a genre that has the name of a column of every table."""
    if reserved := sorted(RESERVED & set(genres)):
        raise InputError(f"{where} has a genre called {reserved[0]}, the name of a column of every table; rename it")


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): macOS decomposes names, and both look the same."""
    return unicodedata.normalize("NFC", name)


def _key(name: str) -> str:
    return composed(" ".join(name.split()).casefold())


def _walk(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[Entry]:
    """The files below `folder`; `above` are the folders on the way, by which a circle of links is known."""
    try:
        here = os.stat(folder)  # noqa: PTH116  # os.scandir takes a third of the time of pathlib
        above |= {(here.st_dev, here.st_ino)}
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError as error:
        if _unused_folder(prefix.split("/")[:-1]):
            return
        place = printable(folder)
        raise InputError(f"{place} cannot be read ({error.strerror}): mend its permissions, or mount it") from None
    for entry in entries:
        inside = f"{prefix}{entry.name}"
        try:
            status = entry.stat()
        except OSError:  # a link that leads nowhere
            status = entry.stat(follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            yield Entry(entry.path, inside, status)
        elif (status.st_dev, status.st_ino) not in above:
            yield from _walk(entry.path, f"{inside}/", above)


def _unused_folder(folders: Sequence[str]) -> str | None:
    """Why nothing in these folders, one inside the other, is used; None if it may be."""
    for name in folders:
        lower = name.lower()
        if lower in SYSTEM or lower.partition("-")[0] == TRASH:
            return f"in {name}, {SYSTEM.get(lower, 'a recycle bin')}"
    if folders and folders[0].startswith("."):
        return f"in {printable(folders[0])}, a hidden folder, which is no genre"
    return None


def _check_layout(folder: Path, paths: Sequence[Sequence[str]]) -> None:
    """Raise InputError for audio where it has no genre; `paths` are those of the audio, by their parts."""
    comes_as_features = (folder / MANIFEST).is_file()
    if not paths:
        if not comes_as_features:
            raise InputError(f"{folder} holds no audio files; expected is {LAYOUT}")
        return
    if comes_as_features:
        raise InputError(
            f"{folder} has audio and {MANIFEST}, which stands for features; rename it, or remove the audio"
        )
    if astray := [parts[0] for parts in paths if len(parts) == 1]:
        raise InputError(f"{folder / astray[0]} lies in no genre's folder; expected is {LAYOUT}")
    genres = {parts[0] for parts in paths}
    if len(genres) == 1 and all(len(parts) > 2 for parts in paths):
        raise InputError(f"{folder} has only the folder {genres.pop()}, with folders in it; expected is {LAYOUT}")
    parts_of_it = sorted(name for name in genres if name.casefold() in PARTS)
    if len(parts_of_it) > 1 and not _is_divided(paths):
        raise InputError(
            f"{folder} has the folders {', '.join(parts_of_it)}, which are parts of a dataset and no genres, but also "
            f"audio that lies otherwise; expected is {LAYOUT}, in each part or without parts"
        )


def _is_divided(paths: Iterable[Sequence[str]]) -> bool:
    """Whether the first folders are parts, such as train and test, and the second ones genres."""
    paths = list(paths)
    parts = {path[0] for path in paths}
    return len(parts) > 1 and all(len(path) > 2 and path[0].casefold() in PARTS for path in paths)


def _audio_file(entry: Entry, divided: bool, spelling: Mapping[str, str]) -> AudioFile:
    parts = entry.inside.split("/")
    before, genre, after = parts[:divided], parts[divided], parts[divided + 1 :]
    name = composed("/".join([*before, *after]))
    return AudioFile(Path(entry.path), entry.inside, spelling[genre], name, tuple(after[:-1]))


def _spelling_notes(audio: Sequence[AudioFile], divided: bool) -> Iterator[Note]:
    """A note for each genre whose folders have several spellings."""
    of_genre: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in audio:
        of_genre[file.genre].append((file.inside.split("/")[divided], file.inside))
    for genre, found in sorted(of_genre.items()):
        spellings = sorted({spelling for spelling, _ in found})
        if len(spellings) > 1:
            folders = ", ".join(f'"{one}"' for one in spellings)
            sentence = (
                f"the folders {folders} are read as one genre, {genre}: their names differ only in case, spaces or the"
                " encoding of accents"
            )
            other = next(inside for spelling, inside in found if spelling == spellings[-1])
            yield Note(sentence, len(found), other)


def _read_listed(folder: Path, audio: Sequence[AudioFile]) -> tuple[dict[str, Mapping[str, str]], str | None]:
    """What clips.csv, if it is there, says of each file, by its path in the folder; and its encoding, if no UTF-8."""
    path = folder / LISTED
    if not path.is_file():
        return {}, None
    table = written.read(path)
    if not table.rows:
        return {}, None
    misspelt = [c for c in table.columns if c not in LISTED_COLUMNS and get_close_matches(c.lower(), LISTED_COLUMNS)]
    if misspelt or "path" not in table.columns or not {"artist", "group"} & set(table.columns):
        raise InputError(f"{path} has the columns {', '.join(table.columns)}; expected are path and artist or group")
    exact = {file.inside for file in audio}
    alike = defaultdict(list)
    for file in audio:
        alike[composed(file.inside)].append(file.inside)
    listed: dict[str, Mapping[str, str]] = {}
    unknown = []
    for row in table.rows:
        name = row["path"]
        # as people write paths: from Windows, from a file manager, in the other composition
        similar = alike.get(composed(name.strip().replace("\\", "/").removeprefix("./")), [])
        found = [name] if name in exact else similar
        if not found:
            unknown.append(name)
        elif len(found) > 1:
            raise InputError(f"{path} lists {name}, which may be any of {len(found)} files that look the same")
        elif found[0] in listed:
            raise InputError(f"{path} lists {name} more than once; a file has one row")
        else:
            listed[found[0]] = row
    if unknown:
        names = ", ".join(name or "(a blank path)" for name in unknown[:3]) + (" ..." if len(unknown) > 3 else "")
        of = f" (read as {table.encoding})" if table.encoding else ""
        raise InputError(f"{path}{of} lists {len(unknown)} files that are not in {folder}: {names}")
    return listed, table.encoding
