"""The genre in the tags of a file: ID3, Vorbis comments, and the metadata of MP4.

Of each file there is a state, which JSON can hold: the genre as it stands in the tags, and what is needed to restore
it. To write a genre, and to undo this, is the same: the file gets another state. Everything else in its tags stays.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import mutagen
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Padding
from mutagen.id3 import ID3, TCON, Encoding, Frame, Frames, ID3v1SaveOptions
from mutagen.id3 import delete as delete_id3
from mutagen.id3._id3v1 import find_id3v1
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.ogg import OggPage
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from genrebench.common.cli import InputError

State = dict[str, Any]
FORMATS = "MP3, AIFF, WAV, FLAC, Ogg, Opus, Speex, MP4"
EMPTY = ("", "unknown")  # genres that are none; the second is what ID3 has for a number without a genre
NO_GENRE = 255  # of ID3v1
ID3V1_BYTES = 128  # the last one is the genre
NEW_ID3 = 4  # version of a tag that is made
SEPARATOR = "; "  # ID3v2.3 has one text; most players take this for several


@dataclass(frozen=True)
class Tags:
    """The genre of a file.

    Attributes
    ----------
    format : str
        Such as "MP3".
    state : dict
        The genre as it stands in the tags.
    elsewhere : str
        A genre in tags that are never written: APEv2 in an MP3, INFO in a WAV.
    """

    format: str
    state: State
    elsewhere: str = ""

    @property
    def genres(self) -> list[str]:
        """Names of the genres."""
        return _FAMILIES[self.format].genres(self.state)

    @property
    def empty(self) -> bool:
        """Whether there is no genre, in no tag."""
        return all(map(is_none, [*self.genres, self.elsewhere]))

    def with_genres(self, genres: Sequence[str]) -> State:
        """The state of this file with other genres."""
        return _FAMILIES[self.format].with_genres(self.state, genres)

    def same_genre(self, state: State) -> bool:
        """Whether the genre is that of another state of this file."""
        return self.genres == _FAMILIES[self.format].genres(state)


def is_none(genre: str) -> bool:
    """Whether what stands for a genre is none."""
    return genre.strip().lower() in EMPTY


def read(path: Path) -> Tags:
    """Read the genre of a file; raises InputError if its tags cannot be read, or are of a kind that is not written."""
    kind = _kind(path)
    return Tags(kind.__name__, _reading(path, _FAMILIES[kind.__name__].read, kind), _reading(path, _elsewhere, kind))


def write(path: Path, tags_format: str, state: State) -> None:
    """Have a file, which is not in use, take another state.

    Parameters
    ----------
    path : Path
        Its name may be any; that of a copy does not say what it is.
    tags_format : str
        The format, as of `Tags`.
    state : dict

    Raises
    ------
    InputError
        If the tags cannot be written as they should be: everything but the genre as before.
    OSError
        If the file cannot be written.
    """
    kind = next(kind for kind in _KINDS if kind.__name__ == tags_format)
    family = _KINDS[kind]
    others = _reading(path, family.others, kind)
    _reading(path, family.write, kind, state)
    if _reading(path, family.read, kind) != state:
        raise InputError(f"{path} does not take this genre: its tags read otherwise than they were written")
    kept = _reading(path, family.others, kind)
    if any(None not in (kept[name], value) and kept[name] != value for name, value in others.items()):
        raise InputError(f"{path} has tags that would change with the genre; write it with another program")


def _kind(path: Path) -> type:
    """The class of mutagen for a file."""
    found = _reading(path, lambda path: mutagen.File(path, options=list(_KINDS)))
    if found is None:
        raise InputError(f"{path} is of no format whose tags are written ({FORMATS})")
    return type(found)


def _reading(path: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of mutagen, which raises many kinds of errors for tags that are broken."""
    try:
        return function(path, *arguments)
    except InputError:
        raise
    except Exception as error:
        of_system = error.args[0] if isinstance(error, mutagen.MutagenError) and error.args else error
        if isinstance(of_system, OSError) and of_system.errno:  # the disk is full, or failed
            raise of_system from None
        done = "written" if function.__name__ == "write" else "read"
        what = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} has tags that cannot be {done} ({what[:120].replace(str(path), 'it')})") from None


class _Family(Protocol):
    """A way to keep tags in files of several kinds (classes of mutagen)."""

    def read(self, path: Path, kind: type) -> State:
        """Read the state."""

    def write(self, path: Path, kind: type, state: State) -> None:
        """Write the state."""

    def others(self, path: Path, kind: type) -> dict[str, Any]:
        """What must not change, by parts; None is a part that there is not."""

    def genres(self, state: State) -> list[str]:
        """The names of the genres."""

    def with_genres(self, state: State, genres: Sequence[str]) -> State:
        """The state with other genres."""


class _Unparsed(dict[str, Any]):
    """Frames that mutagen should know of, so that it reads their sizes right, and leave as they are."""

    def __contains__(self, name: object) -> bool:
        return name in Frames


class _Id3(_Family):
    """ID3v2 in MP3, AIFF and WAV, and ID3v1 in MP3.

    State: `id3v2`, the minor version or None, `genre`, the encoding and the texts of the frame TCON or None, and
    `id3v1`, the number of the genre or None. A frame of an unknown or broken kind stays as any other does: all of them
    are copied as bytes. A file that has ID3v1 only gets an ID3v2 with all that is in it, because players then read no
    other.
    """

    def read(self, path: Path, kind: type) -> State:
        frames = self._unparsed(path, kind)
        genre = None
        if frames is not None:
            self._check(path, frames)
            if any(frame.startswith(b"TCON") for frame in frames.unknown_frames):
                found = kind(path, translate=False, load_v1=False).tags["TCON"]
                genre = {"encoding": int(found.encoding), "text": list(found.text)}
        end = self._id3v1(path, kind)
        number = end[-1] if len(end) == ID3V1_BYTES else None
        version = None if frames is None else frames.version[1]  # one without frames is false
        return {"id3v2": version, "genre": genre, "id3v1": number}

    def write(self, path: Path, kind: type, state: State) -> None:
        end = self._id3v1(path, kind)
        tags = self._unparsed(path, kind)
        if tags is None and state["id3v2"] is not None:
            file = kind(path, translate=False)  # what ID3v1 has, if there is one
            if file.tags is None:
                file.add_tags()
            tags = file.tags
        if tags is not None:
            tags.delall("TCON")
            tags.unknown_frames = [frame for frame in tags.unknown_frames if not frame.startswith(b"TCON")]
            if state["id3v2"] is None and self._only_what_id3v1_has(path, kind):
                self._delete(path, kind)
            else:
                if state["genre"]:
                    tags.add(TCON(encoding=state["genre"]["encoding"], text=state["genre"]["text"]))
                version = state["id3v2"] or tags.version[1]
                id3v1 = {"v1": ID3v1SaveOptions.REMOVE} if end else {}
                tags.save(path, v2_version=version, v23_sep=None, **id3v1)
                if end:
                    with path.open("ab") as file:
                        file.write(end)
        if state["id3v1"] is not None and len(end) == ID3V1_BYTES:
            with path.open("r+b") as file:
                file.seek(-1, 2)
                file.write(bytes([state["id3v1"]]))

    def others(self, path: Path, kind: type) -> dict[str, Any]:
        tags = self._unparsed(path, kind)
        found: dict[str, Any] = {"frames": None, "version": None, "id3v1": self._id3v1(path, kind)[:-1]}
        if tags is not None:
            found["frames"] = [frame for frame in tags.unknown_frames if not frame.startswith(b"TCON")]
            found["version"] = tags.version[1]
        return found

    def genres(self, state: State) -> list[str]:
        if state["genre"]:
            return TCON(encoding=Encoding.UTF8, text=state["genre"]["text"]).genres
        number = state["id3v1"]
        return [] if number is None or number >= len(TCON.GENRES) else [TCON.GENRES[number]]

    def with_genres(self, state: State, genres: Sequence[str]) -> State:
        version = state["id3v2"] or NEW_ID3
        text = list(genres) if version == NEW_ID3 else [SEPARATOR.join(genres)]
        wide = Encoding.UTF8 if version == NEW_ID3 else Encoding.UTF16
        encoding = Encoding.LATIN1 if all(map(str.isascii, text)) else wide
        number = None
        if state["id3v1"] is not None:
            number = TCON.GENRES.index(genres[0]) if genres[0] in TCON.GENRES else NO_GENRE
        return {"id3v2": version, "genre": {"encoding": int(encoding), "text": text}, "id3v1": number}

    @staticmethod
    def _unparsed(path: Path, kind: type) -> ID3 | None:
        """The ID3v2 of a file, each of its frames as bytes, in `unknown_frames`."""
        tags = kind(path, translate=False, load_v1=False, known_frames=_Unparsed()).tags
        if tags is not None and tags.version[1] == 4 and tags.f_unsynch:  # which mutagen says of no tag that it writes
            tags.unknown_frames = [
                frame[:9] + bytes([frame[9] | Frame.FLAG24_UNSYNCH]) + frame[10:] for frame in tags.unknown_frames
            ]
        return tags

    @staticmethod
    def _check(path: Path, tags: ID3) -> None:
        """Raise InputError if a tag cannot be written as it is."""
        if tags._header and tags._header.f_footer:
            raise InputError(f"{path} has ID3v2.4 tags with a footer, which cannot be written")
        if tags.version[1] < 3:
            raise InputError(f"{path} has ID3v2.2 tags, which cannot be written; convert them to 2.3 first")
        counted = sum(map(len, tags.unknown_frames)) + tags._padding
        if not (tags.f_unsynch or tags.f_extended) and counted < tags.size - 10:
            raise InputError(f"{path} has broken ID3 tags: {tags.size - 10 - counted} bytes in them are no frame")

    @staticmethod
    def _id3v1(path: Path, kind: type) -> bytes:
        """The ID3v1 at the end of a file, if there is one."""
        if kind is not MP3:
            return b""
        with path.open("rb") as file:
            found, offset = find_id3v1(file)
            if found is None:
                return b""
            file.seek(offset, 2)
            return file.read()

    @staticmethod
    def _only_what_id3v1_has(path: Path, kind: type) -> bool:
        """Whether ID3v2 has nothing but a genre, and what ID3v1 has too."""
        frames = dict(kind(path, translate=False, load_v1=False).tags or {})
        known: dict[str, Any] = {}
        if kind is MP3:
            with path.open("rb") as file:
                known = find_id3v1(file)[0] or {}
        return {name: one for name, one in frames.items() if name != "TCON"} == {
            name: one for name, one in known.items() if name != "TCON"
        }

    @staticmethod
    def _delete(path: Path, kind: type) -> None:
        if kind is MP3:
            delete_id3(path, delete_v1=False)
        else:
            kind(path).tags.delete(path)


class _Vorbis(_Family):
    """Vorbis comments in FLAC and Ogg.

    State: `others`, how many comments are no genres, or None where there can be none yet, and `genre`, the place, the
    key as it is spelled, and the value of each that is one.
    """

    def read(self, path: Path, kind: type) -> State:
        tags = kind(path).tags
        pairs = [] if tags is None else list(iter(tags))
        genre = [[place, key, value] for place, (key, value) in enumerate(pairs) if key.lower() == "genre"]
        return {"others": None if tags is None else len(pairs) - len(genre), "genre": genre}

    def write(self, path: Path, kind: type, state: State) -> None:
        if kind is not FLAC:
            self._check_pages(path)
        file = kind(path)
        if file.tags is None:
            file.add_tags()
        pairs = [(key, value) for key, value in iter(file.tags) if key.lower() != "genre"]
        for place, key, value in state["genre"]:
            pairs.insert(place, (key, value))
        if not pairs and state["others"] is None:
            file.metadata_blocks.remove(file.tags)
        else:
            file.tags[:] = pairs
        file.save()

    def others(self, path: Path, kind: type) -> dict[str, Any]:
        file = kind(path)
        found: dict[str, Any] = {"comments": None, "vendor": None}
        if file.tags is not None:
            found["comments"] = [(key, value) for key, value in iter(file.tags) if key.lower() != "genre"]
            found["vendor"] = file.tags.vendor
        if kind is FLAC:
            blocks = [one for one in file.metadata_blocks if one is not file.tags and not isinstance(one, Padding)]
            found["blocks"] = [(one.code, one.write()) for one in blocks]
        return found

    def genres(self, state: State) -> list[str]:
        return [value for _, _, value in state["genre"]]

    def with_genres(self, state: State, genres: Sequence[str]) -> State:
        first, key, _ = state["genre"][0] if state["genre"] else (state["others"] or 0, "GENRE", "")
        return {
            "others": state["others"] or 0,
            "genre": [[first + number, key, genre] for number, genre in enumerate(genres)],
        }

    @staticmethod
    def _check_pages(path: Path) -> None:
        """Raise InputError if a page of Ogg is damaged: players leave it out, but not once it is numbered anew."""
        with path.open("rb") as file:
            while file.peek(1):
                start = file.tell()
                try:
                    page = OggPage(file)
                    file.seek(start)
                    whole = file.read(page.size) == page.write()
                except (EOFError, mutagen.MutagenError):
                    whole = False
                if not whole:
                    raise InputError(f"{path} has a damaged page at byte {start}")


class _Mp4(_Family):
    """The atom of genres in MP4. State: `genre`, its texts or None."""

    KEY = "\xa9gen"

    def read(self, path: Path, kind: type) -> State:
        found = (kind(path).tags or {}).get(self.KEY)
        return {"genre": found and list(found)}

    def write(self, path: Path, kind: type, state: State) -> None:
        file = kind(path)
        if file.tags is None:
            file.add_tags()
        if state["genre"]:
            file.tags[self.KEY] = state["genre"]
        else:
            file.tags.pop(self.KEY, None)
        file.save()

    def others(self, path: Path, kind: type) -> dict[str, Any]:
        tags = kind(path).tags
        kept = {} if tags is None else {key: repr(value) for key, value in tags.items() if key != self.KEY}
        return {"atoms": kept, "unknown": {} if tags is None else dict(tags._failed_atoms)}

    def genres(self, state: State) -> list[str]:
        return list(state["genre"] or [])

    def with_genres(self, state: State, genres: Sequence[str]) -> State:
        return {"genre": list(genres)}


_KINDS: dict[type, _Family] = {
    **dict.fromkeys([MP3, AIFF, WAVE], _Id3()),
    **dict.fromkeys([FLAC, OggVorbis, OggOpus, OggFLAC, OggSpeex], _Vorbis()),
    MP4: _Mp4(),
}
_FAMILIES = {kind.__name__: family for kind, family in _KINDS.items()}


def _elsewhere(path: Path, kind: type) -> str:
    """The genre in tags that are read and never written."""
    if kind is MP3:
        try:
            return str(APEv2(path).get("Genre", ""))
        except mutagen.MutagenError:
            return ""
    if kind is WAVE:
        with path.open("rb") as file:
            return _genre_of_info(file)
    return ""


def _genre_of_info(file: BinaryIO) -> str:
    """The genre in the list INFO of a WAV."""
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"LIST" and file.read(4) == b"INFO":
            data = file.read(min(size - 4, 1 << 20))
            while len(data) >= 8:
                name, length = struct.unpack("<4sI", data[:8])
                if name == b"IGNR":
                    return data[8 : 8 + length].rstrip(b"\0").decode("utf-8", "replace")
                data = data[8 + length + length % 2 :]
            return ""
        file.seek(size + size % 2 - (4 if name == b"LIST" else 0), 1)
    return ""
