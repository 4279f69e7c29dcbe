"""GTZAN: downloading it, taking its clips from a folder or an archive, and checking them against their MD5s."""

import hashlib
import io
import re
import shutil
import sys
import tarfile
import time
import wave
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import requests
import soundfile
import urllib3

from genrebench.common import cli, files
from genrebench.common.progress import progress
from genrebench.datasets import tables
from genrebench.workflow import settings_file

SUFFIXES = (".wav", ".au")
MAX_BYTES = 8 << 30  # of an archive's contents: GTZAN has 1.3 GB, and the copies with images and tables a little more
MAX_CLIP_BYTES = 10 << 20  # of a clip: GTZAN's have 1.3 MB
ATTEMPTS = 3  # of a download in succession that bring nothing new
TIMEOUT_S = (30, 60)  # to connect, and between two blocks
BLOCK_BYTES = 1 << 20

NAMED = 20  # clips in the summary; the report names all
HINTS = {
    "missing": "",
    "altered": "kept as they are; delete them and run this again to get the published ones",
    "unreadable": "jazz.00054 is so in the published WAV files",
}

Member = tuple[str, Callable[[], Any]]  # its name, and what opens it


class DownloadError(Exception):
    """A mirror did not give the file: the message says why."""


def fetch_gtzan(
    output: str,
    path_to_catalogue: str,
    path_to_report: str,
    source: str | None,
    local: str | None,
    mirrors: Sequence[str],
    path_to_cache: str,
) -> None:
    """Put the clips that are not in `output` there, and write which are missing, altered or unreadable.

    Parameters
    ----------
    output : path
        data/raw/gtzan
    path_to_catalogue : path
        The published MD5 of each clip (CSV).
    path_to_report : path
        JSON to write (`check_clips`).
    source : path, optional
        A folder or an archive with GTZAN; without it, and without one in `local`, the mirrors are asked.
    local : path, optional
        YAML whose key `gtzan` names the source on this machine, if the file is there.
    mirrors : sequence of str
        Addresses of genres.tar.gz, tried in turn.
    path_to_cache : path
        Folder of downloads that are not complete.
    """
    catalogue = tables.CATALOGUE.read(path_to_catalogue, only=("clip_id", "md5"))
    md5s = dict(zip(catalogue["clip_id"], catalogue["md5"], strict=True))
    if missing_clips(output, md5s):
        source = source or local_source(local)
        if source is None:
            _take_from_mirrors(mirrors, output, md5s, path_to_cache)
        elif take_clips(source, output, md5s) == 0:
            raise cli.InputError(f"{source} has no clip of GTZAN: they have names such as blues.00000.wav (or .au).")
    report = check_clips(output, md5s)
    files.write_json(path_to_report, report)
    print(_summary(report, output), file=sys.stderr)


def _take_from_mirrors(mirrors: Sequence[str], output: str, clips: Collection[str], cache: str) -> None:
    failures = []
    for url in mirrors:
        print(f"downloading {url}", file=sys.stderr, flush=True)
        try:
            archive = download(url, cache)
        except DownloadError as failure:
            failures.append(str(failure))
            continue
        try:
            found = take_clips(archive, output, clips)
        except cli.InputError as error:
            found = 0
            failures.append(f"{url}: {error}")
        else:
            if found == 0:
                failures.append(f"{url}: an archive without a clip of GTZAN")
        # Of no more use: its clips are in `output`, or it has none.
        forget_download(url, cache)
        if found:
            return
    raise cli.InputError(
        "No mirror gave GTZAN:\n  " + "\n  ".join(failures) + "\nIf you have a copy, write its place, a folder or "
        "an archive, into local.yaml (gtzan: /path/to/it). A download that broke off goes on where it stopped."
    )


def _summary(report: Mapping[str, Any], output: str) -> str:
    lines = [f"GTZAN: {report['verified']} of {report['published']} clips are in {output} as published"]
    for state, hint in HINTS.items():
        if clips := report[state]:
            more = f" and {len(clips) - NAMED} more" if len(clips) > NAMED else ""
            lines.append(f"{len(clips)} {state}{f' ({hint})' if hint else ''}: {', '.join(clips[:NAMED])}{more}")
    return "\n".join(lines)


def download(url: str, folder: str | Path, pause_s: float = 1.0) -> Path:
    """Download `url` into `folder` and return the file's path, continuing what an earlier call left there.

    A transfer that breaks off is continued by a Range request (RFC 9110, section 14), or begun again where the
    server knows no ranges or has another version by now. It is given up with a `DownloadError` after an HTTP
    error, or when `ATTEMPTS` in succession, with `pause_s` seconds between them, bring nothing new.
    """
    part, state = _names(url, folder)
    furthest, failures = 0, 0
    while True:
        try:
            _continue_download(url, part, state)
            return part
        except requests.HTTPError as error:
            answer = error.response
            reason = error if answer is None else f"{answer.status_code} {answer.reason}"
            raise DownloadError(f"{url}: {reason}") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            arrived = part.stat().st_size if part.exists() else 0
            failures = 0 if arrived > furthest else failures + 1
            furthest = max(furthest, arrived)
            if failures == ATTEMPTS:
                raise DownloadError(f"{url}: {error}") from error
            time.sleep(pause_s)


def forget_download(url: str, folder: str | Path) -> None:
    """Remove what `download` has put into `folder` for this `url`."""
    for path in _names(url, folder):
        path.unlink(missing_ok=True)


def _names(url: str, folder: str | Path) -> tuple[Path, Path]:
    # Mirrors are kept apart, because they may hold different versions.
    name = hashlib.md5(url.encode()).hexdigest()
    return Path(folder, f"{name}.part"), Path(folder, f"{name}.json")


def _continue_download(url: str, part: Path, state: Path) -> None:
    known = files.read_json(state) if state.exists() and part.exists() else {}
    arrived = part.stat().st_size if known else 0
    if known and arrived == known["length"]:
        return
    # Not decompressed on the way: the length and the ranges are those of the archive.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={arrived}-"} if arrived else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        if arrived and response.status_code != 200:
            if not _continues(response, known, arrived):
                response.close()
                part.unlink()
                return _continue_download(url, part, state)
        else:
            response.raise_for_status()
            known, arrived = {"length": _length(response), "version": _version(response)}, 0
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"")  # before its description, so that the two always fit
            files.write_json(state, known)
        _require_room(part, known["length"], arrived)
        with part.open("ab") as file, progress("downloaded", known["length"], "MB", 1e6, arrived) as advance:
            for block in response.raw.stream(BLOCK_BYTES, decode_content=False):
                file.write(block)
                advance(len(block))
    if known["length"] not in (None, part.stat().st_size):
        raise requests.ConnectionError(f"{part.stat().st_size} of {known['length']} bytes came")


def _continues(response: requests.Response, known: Mapping[str, Any], arrived: int) -> bool:
    if response.status_code not in (206, 416):
        response.raise_for_status()
    expected = f"bytes {arrived}-{(known['length'] or 0) - 1}/{known['length']}"
    return (
        response.status_code == 206
        and response.headers.get("Content-Range") == expected
        and _version(response) == known["version"]
    )


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length")
    return None if length is None else int(length)


def _version(response: requests.Response) -> str | None:
    return response.headers.get("ETag") or response.headers.get("Last-Modified")


def _require_room(part: Path, length: int | None, arrived: int) -> None:
    needed, free = 2 * (length or 0) - arrived, shutil.disk_usage(part.parent).free  # the unpacked clips included
    if needed > free:
        raise cli.InputError(
            f"Getting GTZAN takes another {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room and "
            "run this again: the download goes on where it stopped."
        )


def missing_clips(output: str | Path, clips: Collection[str]) -> list[str]:
    """Those of `clips` that have no file `<genre>/<clip_id>.wav` or `.au` under `output`."""
    return sorted(clip for clip in clips if _file_of(output, clip) is None)


def take_clips(source: str | Path, output: str | Path, clips: Collection[str]) -> int:
    """Copy `clips` out of `source` to `<output>/<genre>/`, and return how many of them `source` has.

    `source` is a folder, or an archive (.zip, .tar, .tar.gz), with files of the names `<clip_id>.wav` or `.au` at
    any depth; everything else in it is ignored, and so are links in an archive. Nothing that is in `output` is
    replaced, and no path of an archive is ever used as a path here. InputError if `source` is neither, if it
    cannot be read to its end, if a path in it points out of it, if it says that it holds more than `MAX_BYTES`, or if
    a clip has more than `MAX_CLIP_BYTES`, whatever the archive says of it.
    """
    found = set()
    try:
        with progress("copied", len(clips), "clips") as advance:
            for name, open_member in _members(Path(source)):
                path = PurePosixPath(name)
                if path.suffix not in SUFFIXES or path.stem not in clips:
                    continue
                if path.stem not in found:
                    found.add(path.stem)
                    advance(1)
                if _file_of(output, path.stem) is None:
                    with open_member() as reader, files.atomic(_path(output, path.stem, path.suffix)) as temporary:
                        _copy(reader, temporary, name, source)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise cli.InputError(f"{source} is damaged or incomplete ({error}). Get it anew.") from error
    return len(found)


def _copy(reader: Any, path: Path, name: str, source: str | Path) -> None:
    """Write what a member of `source` has; an archive may say less of its size than there is."""
    left = MAX_CLIP_BYTES
    with path.open("wb") as writer:
        while block := reader.read(BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise cli.InputError(
                    f"{source} has a clip of more than {MAX_CLIP_BYTES / 1e6:.0f} MB ({name!r}). It is not GTZAN."
                )
            writer.write(block)


def _members(source: Path) -> Iterator[Member]:
    """Names and openers of the plain files of a folder or an archive."""
    if source.is_dir():
        # Listed before the first copy: the output may lie inside.
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            yield path.name, partial(path.open, "rb")
    elif not source.exists():
        raise cli.InputError(f"There is no {source}. Name a folder or an archive (.zip, .tar, .tar.gz) of GTZAN.")
    elif not source.is_file():  # a named pipe, a device: to read one may never end
        raise cli.InputError(f"{source} is neither a folder nor a file. Name a folder or an archive of GTZAN.")
    elif zipfile.is_zipfile(source):
        yield from _members_of_zip(source)
    elif _is_tar(source):
        yield from _members_of_tar(source)
    else:
        raise cli.InputError(f"{source} is neither a folder nor an archive (.zip, .tar, .tar.gz).")


def _is_tar(source: Path) -> bool:
    try:
        return tarfile.is_tarfile(source)
    except (zlib.error, EOFError):
        return False


def _members_of_zip(source: Path) -> Iterator[Member]:
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)  # before anything is written
        for member in members:
            _require_safe(source, member.filename, total)
            if member.flag_bits & 1:
                raise cli.InputError(f"{source} is encrypted. Decrypt it first.")
            # The upper half of the attributes is the Unix mode; zero where the archive was made elsewhere.
            kind = member.external_attr >> 16 & 0o170000
            if kind in (0, 0o100000) and not member.is_dir():
                yield member.filename.replace("\\", "/"), partial(archive.open, member)


class _Member(tarfile.TarInfo):
    """A member of a tar whose extended header, which is read as a whole, is a header's size."""

    @classmethod
    def frombuf(cls, *arguments: Any) -> "_Member":
        """Read a header."""
        member = super().frombuf(*arguments)
        if member.type not in tarfile.REGULAR_TYPES and member.size > BLOCK_BYTES:
            raise tarfile.HeaderError(f"a header of {member.size} bytes")
        return member


def _members_of_tar(source: Path) -> Iterator[Member]:
    with tarfile.open(source, tarinfo=_Member) as archive:
        total = 0
        for member in archive:
            total += member.size
            _require_safe(source, member.name, total)
            if member.isreg():
                yield member.name, partial(archive.extractfile, member)


def _require_safe(source: Path, name: str, total: int) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name):
        raise cli.InputError(f"{source} has a file that points out of the archive ({name!r}). It is not GTZAN.")
    if total > MAX_BYTES:
        raise cli.InputError(f"{source} holds more than {MAX_BYTES / 1e9:.1f} GB. It is not GTZAN.")


def check_clips(output: str | Path, md5s: Mapping[str, str]) -> dict[str, Any]:
    """Compare the clips under `output` with their published `md5s` (by clip_id).

    Returns the number `published`, the number `verified`, how many are there `by_suffix`, and the sorted
    clip_ids of those `missing`, `altered` (readable, but not what was published) and `unreadable`.
    """
    by_suffix = dict.fromkeys(SUFFIXES, 0)
    lists: dict[str, list[str]] = {"missing": [], "altered": [], "unreadable": [], "verified": []}
    with progress("checked", len(md5s), "clips") as advance:
        for clip, md5 in sorted(md5s.items()):
            advance(1)
            path = _file_of(output, clip)
            if path is None:
                lists["missing"].append(clip)
                continue
            by_suffix[path.suffix] += 1
            try:
                lists["verified" if md5_of_clip(path) == md5 else "altered"].append(clip)
            except (OSError, soundfile.LibsndfileError):
                lists["unreadable"].append(clip)
    return lists | {"published": len(md5s), "verified": len(lists["verified"]), "by_suffix": by_suffix}


def md5_of_clip(path: str | Path) -> str:
    """Hex MD5 of a clip as a WAV file; an .au of the same samples has the same.

    The published WAV files are 16 bit, with a header of 44 bytes and nothing after the samples, which is what
    the standard library writes. `soundfile.LibsndfileError` if the file cannot be read as audio.
    """
    path = Path(path)
    if path.suffix == ".wav":
        soundfile.info(path)
        return files.md5_file(path)
    samples, sample_rate = soundfile.read(path, dtype="int16", always_2d=True)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(samples.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return hashlib.md5(buffer.getbuffer()).hexdigest()


def _path(output: str | Path, clip: str, suffix: str) -> Path:
    return Path(output, clip.partition(".")[0], clip + suffix)


def _file_of(output: str | Path, clip: str) -> Path | None:
    paths = (_path(output, clip, suffix) for suffix in SUFFIXES)
    # A broken link is the user's too: it is not replaced.
    return next((path for path in paths if path.exists() or path.is_symlink()), None)


def local_source(path: str | Path | None) -> str | None:
    """The folder or archive that the key `gtzan` of a local.yaml names, or None; raises InputError if it is wrong."""
    if path is None or not Path(path).is_file():
        return None
    settings = settings_file.read(path) or {}
    if not isinstance(settings, dict) or set(settings) - {"gtzan"}:
        found = settings_file.short(settings)
        raise cli.InputError(f"{path} holds {found}, but may hold one key: gtzan, a folder or an archive of GTZAN")
    if settings.get("gtzan") is None:
        return None
    source = files.expand_user(str(settings["gtzan"]))
    if not source.exists():
        raise cli.InputError(f"{path}: gtzan is {source}, which does not exist")
    return str(source)
