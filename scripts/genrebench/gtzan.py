"""Getting GTZAN: download its archive, take its clips from an archive or a folder, verify each of them."""

import hashlib
import io
import os
import re
import shutil
import sys
import tarfile
import time
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

import requests
import soundfile
import urllib3
from tqdm import tqdm

from genrebench import files, job

CLIP_NAME = re.compile(r"([a-z]+\.[0-9]{5})\.(wav|au)", re.IGNORECASE)
MAX_CLIP_BYTES = 8 * 2**20  # a clip has 1.3 MB
MAX_ARCHIVE_BYTES = 8 * 2**30  # unpacked; the archives that circulate have 1.3 to 2 GB
CHUNK_BYTES = 2**20
TIMEOUT_S = (10, 60)  # to connect, and between two pieces of the answer
ATTEMPTS = 5  # in a row that bring no byte, before the next mirror
PAUSE_S = 1.0
LINE_EVERY_S = 10.0


class MirrorFailed(Exception):
    """One mirror does not give the archive; the message says why."""


# ---- download


def download_first(mirrors: list[str], folder: str | Path) -> Path:
    """Download the archive from the first mirror that gives it, and return its path in `folder`.

    A partial download stays in `folder` and is continued the next time. Raises `job.InputError` with the failure
    of each mirror if all fail.
    """
    failures = []
    for url in mirrors:
        try:
            return download(url, folder)
        except MirrorFailed as failure:
            failures.append(f"{url}: {failure}")
            print(f"{failures[-1]}; trying the next mirror", file=sys.stderr, flush=True)
    raise job.InputError(
        f"GTZAN could not be downloaded ({'; '.join(failures) or 'no mirror is given'}). If you have a copy, a folder "
        "or an archive, write `gtzan: /path/to/it` in local.yaml; or name another mirror in params.yaml, gtzan.mirrors."
    )


def download(url: str, folder: str | Path) -> Path:
    """Download `url` into `folder`, continuing what an earlier call left; raises `MirrorFailed`."""
    name = PurePosixPath(urlsplit(url).path).name or "archive"
    path = Path(folder, f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{name}")
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part, validator = path.with_name(path.name + ".part"), path.with_name(path.name + ".json")
    fruitless = 0
    while True:
        before = _size(part)
        try:
            if _fetch(url, part, validator):
                break
            failure = "the connection broke off"
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = _cause(error)
        fruitless = 0 if _size(part) > before else fruitless + 1
        if fruitless == ATTEMPTS:
            raise MirrorFailed(f"{failure} at {_size(part) / 1e6:.1f} MB") from None
        time.sleep(PAUSE_S)
    if not is_archive(part):
        part.unlink()
        raise MirrorFailed("the answer is no archive")
    part.replace(path)
    validator.unlink(missing_ok=True)
    return path


def _fetch(url: str, part: Path, validator: Path) -> bool:
    """Append what is missing of `url` to `part`; whether it is then complete."""
    known = files.read_json(validator) if validator.is_file() else {}
    have = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if have and known.get("validator"):
        # If-Range: a file that has changed since is sent whole (RFC 9110, 13.1.5).
        headers |= {"Range": f"bytes={have}-", "If-Range": known["validator"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        if response.status_code == 416:  # nothing after `have`: complete, or another file than before
            if have == known.get("bytes"):
                return True
            part.unlink()
            return False
        if response.status_code not in (200, 206):
            raise MirrorFailed(f"HTTP status {response.status_code} {response.reason}".strip())
        if response.status_code == 206:
            span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
            if not span or int(span[1]) != have or int(span[2]) != known.get("bytes"):
                part.unlink()
                return False
            total = known["bytes"]
        else:
            have = 0
            length = response.headers.get("Content-Length")
            total = int(length) if length else None
            etag = response.headers.get("ETag", "")
            # A weak ETag does not promise the same bytes.
            strong = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
            files.write_json(validator, {"validator": strong if total else None, "bytes": total})
        _check_space(part.parent, total, have)
        with part.open("ab" if have else "wb") as file, _progress(url, total, have) as advance:
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                advance(len(chunk))
    return total is None or _size(part) == total


def _check_space(folder: Path, total: int | None, have: int) -> None:
    # The archive, and about as much again for its clips.
    needed = 2 * (total or 0) - have
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise job.InputError(
            f"GTZAN needs {needed / 1e9:.1f} GB of disk and {folder} has {free / 1e9:.1f} GB free: make room and "
            "start again; the download continues where it is."
        )


@contextmanager
def _progress(url: str, total: int | None, have: int) -> Iterator[Callable[[int], Any]]:
    """Yield a function of the number of new bytes: a bar on a terminal, elsewhere one line per 10 s."""
    host = urlsplit(url).netloc
    if sys.stderr.isatty():
        with tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=host) as bar:
            yield bar.update
        return
    done, next_line = have, time.monotonic() + LINE_EVERY_S

    def advance(n: int) -> None:
        nonlocal done, next_line
        done += n
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + LINE_EVERY_S
            print(f"{host}: {_of(done, total)}", file=sys.stderr, flush=True)

    print(f"{host}: from {_of(have, total)}", file=sys.stderr, flush=True)
    yield advance
    print(f"{host}: {_of(done, total)}", file=sys.stderr, flush=True)


def _of(done: int, total: int | None) -> str:
    return f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"


def _cause(error: Exception) -> str:
    return "no answer in time" if isinstance(error, requests.Timeout) else f"no connection ({type(error).__name__})"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


# ---- taking clips


def is_archive(path: str | Path) -> bool:
    """Whether a file is a tar (compressed or not) or a zip."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def take_clips(source: str | Path, output: str | Path, known: set[str]) -> int:
    """Copy the clips of a folder or an archive that `output` lacks to <output>/<genre>/; return how many.

    A clip is a file called <clip_id>.wav or <clip_id>.au with a `known` clip_id, in whatever folder. What is in
    `output` is never overwritten or removed, and the source is only read. Nothing of an archive is written under a
    name of the archive's, and its links are not followed. Raises `job.InputError` for a source that is neither, a
    damaged archive, one with names that lead outside it, and one that is too large.
    """
    source = Path(source)
    if source.is_dir():
        clips = _clips_of_folder(source)
    elif source.is_file() and zipfile.is_zipfile(source):
        clips = _clips_of_zip(source)
    elif source.is_file() and tarfile.is_tarfile(source):
        clips = _clips_of_tar(source)
    else:
        raise job.InputError(f"{source} is no folder and no .tar.gz, .tar or .zip archive: name one that holds GTZAN.")
    taken = 0
    try:
        for clip, suffix, open_clip in clips:
            if clip not in known or find_clip(output, clip):
                continue
            with files.atomic(Path(output, genre_of(clip), clip + suffix)) as temporary, open_clip() as content:
                _copy(content, temporary, clip)
            taken += 1
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise job.InputError(
            f"{source} is damaged or cannot be unpacked ({error}), after {taken} new clips: give another copy."
        ) from None
    return taken


def find_clip(folder: str | Path, clip: str) -> Path | None:
    """Path of a clip in <folder>/<genre>/, as .wav or .au, or None."""
    paths = (Path(folder, genre_of(clip), clip + suffix) for suffix in (".wav", ".au"))
    return next((path for path in paths if path.exists()), None)


def genre_of(clip: str) -> str:
    """Genre of a GTZAN clip_id: jazz.00054 is jazz."""
    return clip.split(".")[0]


Clip = tuple[str, str, Callable[[], IO[bytes]]]  # clip_id, suffix, and what opens its bytes


def _clips_of_folder(folder: Path) -> Iterator[Clip]:
    for parent, subfolders, names in os.walk(folder):
        subfolders.sort()
        for name in sorted(names, key=_wav_first):
            if match := CLIP_NAME.fullmatch(name):
                yield *_clip(match), partial(open, Path(parent, name), "rb")


def _clips_of_tar(path: Path) -> Iterator[Clip]:
    unpacked = 0
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            unpacked += member.size
            _check_member(path, member.name, unpacked)
            if (match := _match(member.name)) and member.isreg():
                yield *_clip(match), partial(archive.extractfile, member)


def _clips_of_zip(path: Path) -> Iterator[Clip]:
    unpacked = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            unpacked += member.file_size
            _check_member(path, member.filename, unpacked)
            is_link = (member.external_attr >> 28) == 0xA  # the upper half is the Unix mode
            if (match := _match(member.filename)) and not is_link:
                yield *_clip(match), partial(archive.open, member)


def _check_member(path: Path, name: str, unpacked: int) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or re.match(r"[A-Za-z]:", name):
        raise job.InputError(f"{path} holds {name!r}, a name that leads outside the archive: give another copy.")
    if unpacked > MAX_ARCHIVE_BYTES:
        raise job.InputError(f"{path} unpacks to more than {MAX_ARCHIVE_BYTES / 2**30:.0f} GB: that is not GTZAN.")


def _match(name: str) -> re.Match | None:
    return CLIP_NAME.fullmatch(PurePosixPath(name).name)


def _clip(match: re.Match) -> tuple[str, str]:
    return match[1].lower(), "." + match[2].lower()


def _wav_first(name: str) -> tuple[str, bool, str]:
    return name.rsplit(".", 1)[0], not name.lower().endswith(".wav"), name


def _copy(content: IO[bytes], path: Path, clip: str) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(_Limited(content, clip), file)


class _Limited:
    """A file that refuses to be longer than a clip can be, whatever an archive's header says."""

    def __init__(self, content: IO[bytes], clip: str) -> None:
        self.content, self.clip, self.left = content, clip, MAX_CLIP_BYTES

    def read(self, n: int) -> bytes:
        data = self.content.read(n)
        self.left -= len(data)
        if self.left < 0:
            raise job.InputError(f"{self.clip} is larger than {MAX_CLIP_BYTES / 2**20:.0f} MB: that is not GTZAN.")
        return data


# ---- verifying


def verify(folder: str | Path, md5: dict[str, str]) -> dict[str, Any]:
    """Compare every clip in <folder>/<genre>/ with its reference `md5` (clip_id -> md5 of the reference WAV).

    Returns the clip_ids that are verified (a number), missing, altered (other samples than the reference's) and
    unreadable. A clip in another container, .au or a WAV with other chunks, is verified through its samples.
    """
    report: dict[str, Any] = {"clips": len(md5), "verified": 0, "missing": [], "altered": [], "unreadable": []}
    for clip, reference in sorted(md5.items()):
        path = find_clip(folder, clip)
        if path is None:
            report["missing"].append(clip)
        elif files.md5_file(path) == reference:
            report["verified"] += 1
        else:
            try:
                if reference_md5(path) == reference:
                    report["verified"] += 1
                else:
                    report["altered"].append(clip)
            except soundfile.SoundFileError:
                report["unreadable"].append(clip)
    return report


def reference_md5(path: str | Path) -> str:
    """MD5 of the WAV file with the shortest header (44 bytes) that holds the samples of `path`, as 16 bit.

    GTZAN's reference files are such WAVs. Raises `soundfile.SoundFileError` if the file cannot be decoded.
    """
    samples, sample_rate = soundfile.read(path, dtype="int16", always_2d=True)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return hashlib.md5(content.getvalue()).hexdigest()
