import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import wave
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from genrebench.common import cli, files, progress
from genrebench.datasets import gtzan

REAL = Path("../shared/data/gtzan_audio")
CATALOGUE = Path("data/catalogue/gtzan.csv")
CLIPS = ["blues.00000", "blues.00001", "jazz.00054", "rock.00099"]


def samples_of(clip):
    return np.random.default_rng(CLIPS.index(clip)).integers(-3000, 3000, 2205, dtype=np.int16)


def wav_of(clip):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setparams((1, 2, 22050, 0, "NONE", ""))
        writer.writeframes(samples_of(clip).astype("<i2").tobytes())
    return buffer.getvalue()


@pytest.fixture
def md5s():
    return {clip: hashlib.md5(wav_of(clip)).hexdigest() for clip in CLIPS}


@pytest.fixture
def source(tmp_path):
    """A copy as Kaggle has it, on a Mac."""
    for clip in CLIPS:
        path = tmp_path / "source" / "Data" / "genres_original" / clip.split(".")[0] / f"{clip}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_of(clip))
        (path.parent / f"._{clip}.wav").write_bytes(b"junk")
    (tmp_path / "source" / "Data" / "features_30_sec.csv").write_text("filename\n")
    (tmp_path / "source" / "Data" / "pop.00000.wav").write_bytes(wav_of(CLIPS[0]))  # none of the known
    return tmp_path / "source"


def bytes_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def pack(source, path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(source.rglob("*")):
                archive.write(file, file.relative_to(source))
    else:
        with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
            archive.add(source, "genres")
    return path


@pytest.mark.parametrize("form", ["folder", "clips.zip", "clips.tar", "clips.tar.gz"])
def test_clips_are_taken_and_the_source_stays(form, source, tmp_path, md5s):
    copy = source if form == "folder" else pack(source, tmp_path / form)
    before = bytes_below(source) if form == "folder" else copy.read_bytes()
    output = tmp_path / "raw"
    assert gtzan.missing_clips(output, md5s) == CLIPS
    assert gtzan.take_clips(copy, output, md5s) == 4
    assert bytes_below(output) == {f"{clip.split('.')[0]}/{clip}.wav": wav_of(clip) for clip in CLIPS}
    assert (bytes_below(source) if form == "folder" else copy.read_bytes()) == before
    assert gtzan.check_clips(output, md5s) == {
        "published": 4,
        "verified": 4,
        "by_suffix": {".wav": 4, ".au": 0},
        "missing": [],
        "altered": [],
        "unreadable": [],
    }


def test_missing_altered_and_unreadable_are_told_apart_and_nothing_is_replaced(source, tmp_path, md5s):
    output = tmp_path / "raw"
    for clip, content in {"blues.00000": wav_of("rock.00099"), "jazz.00054": b"not audio"}.items():
        path = output / clip.split(".")[0] / f"{clip}.wav"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (output / "blues" / "blues.00001.wav").symlink_to("nowhere")
    next(source.rglob("rock.00099.wav")).unlink()

    assert gtzan.missing_clips(output, md5s) == ["rock.00099"]
    gtzan.take_clips(source, output, md5s)
    report = gtzan.check_clips(output, md5s)
    assert report["missing"] == ["rock.00099"]
    assert report["altered"] == ["blues.00000"]
    assert report["unreadable"] == ["blues.00001", "jazz.00054"]
    assert bytes_below(output) == {
        "blues/blues.00000.wav": wav_of("rock.00099"),
        "jazz/jazz.00054.wav": b"not audio",
    }


def test_a_published_file_that_cannot_be_read_is_unreadable(tmp_path):
    path = tmp_path / "jazz" / "jazz.00054.wav"
    path.parent.mkdir()
    path.write_bytes(b"not audio")
    assert gtzan.check_clips(tmp_path, {"jazz.00054": files.md5_file(path)})["unreadable"] == ["jazz.00054"]


def test_au_has_the_md5_of_the_wav(tmp_path, md5s):
    for clip in CLIPS:
        path = tmp_path / "source" / f"{clip}.au"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, samples_of(clip), 22050, format="AU", subtype="PCM_16", endian="BIG")
    data = bytearray(path.read_bytes())
    assert data[:4] == b".snd"
    data[-1] ^= 1  # one bit of the last sample
    path.write_bytes(data)
    gtzan.take_clips(tmp_path / "source", tmp_path / "raw", md5s)
    report = gtzan.check_clips(tmp_path / "raw", md5s)
    assert (report["verified"], report["altered"]) == (3, ["rock.00099"])
    assert report["by_suffix"] == {".wav": 0, ".au": 4}


def test_a_clip_that_is_there_in_the_other_form_is_not_taken_twice(source, tmp_path, md5s):
    path = tmp_path / "raw" / "blues" / "blues.00000.au"
    path.parent.mkdir(parents=True)
    soundfile.write(path, samples_of("blues.00000"), 22050, format="AU", subtype="PCM_16")
    gtzan.take_clips(source, tmp_path / "raw", md5s)
    assert not (path.parent / "blues.00000.wav").exists()
    assert gtzan.check_clips(tmp_path / "raw", md5s)["verified"] == 4


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real clips of ../shared/data")
def test_real_clips_have_the_published_md5_as_wav_and_as_au(tmp_path):
    published = {row["clip_id"]: row["md5"] for row in files.read_rows(CATALOGUE)}
    for path in [next((REAL / genre).glob("*.wav")) for genre in ("blues", "classical", "rock")]:
        samples, sample_rate = soundfile.read(path, dtype="int16")
        au = tmp_path / f"{path.stem}.au"
        soundfile.write(au, samples, sample_rate, format="AU", subtype="PCM_16", endian="BIG")
        assert gtzan.md5_of_clip(path) == gtzan.md5_of_clip(au) == published[path.stem]


# Archives that are not what they should be


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
@pytest.mark.parametrize("name", ["../blues.00000.wav", "/tmp/blues.00000.wav", "a/../../x.txt", "C:\\blues.00000.wav"])
def test_an_archive_that_points_out_of_itself_is_refused(name, suffix, tmp_path, md5s):
    path = tmp_path / "in" / f"clips{suffix}"
    path.parent.mkdir()
    if suffix == ".tar":
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"bad"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"bad")
    with pytest.raises(cli.InputError, match="points out of the archive"):
        gtzan.take_clips(path, tmp_path / "in" / "raw", md5s)
    assert list(bytes_below(tmp_path)) == [f"in/clips{suffix}"]


def test_links_in_an_archive_are_not_taken(tmp_path, md5s):
    (tmp_path / "secret").write_bytes(b"secret")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for kind, clip in (
            (tarfile.SYMTYPE, "blues.00000"),
            (tarfile.LNKTYPE, "blues.00001"),
            (tarfile.FIFOTYPE, "jazz.00054"),
        ):
            member = tarfile.TarInfo(f"{clip}.wav")
            member.type, member.linkname = kind, str(tmp_path / "secret")
            archive.addfile(member)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("blues.00000.wav")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, str(tmp_path / "secret"))
    for name in ("a.tar", "a.zip"):
        assert gtzan.take_clips(tmp_path / name, tmp_path / "raw", md5s) == 0
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_an_archive_that_is_too_big_is_refused(suffix, source, tmp_path, md5s, monkeypatch):
    path = pack(source, tmp_path / f"clips{suffix}")
    monkeypatch.setattr(gtzan, "MAX_BYTES", 5000)
    with pytest.raises(cli.InputError, match="holds more than"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)
    assert sum(map(len, bytes_below(tmp_path / "raw").values())) <= 5000


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_of_an_archive_that_is_a_bomb_little_is_written_and_nothing_stays(suffix, tmp_path, md5s, monkeypatch):
    path, wav, written = tmp_path / f"bomb{suffix}", tmp_path / "blues.00000.wav", []
    with wav.open("wb") as file:
        file.truncate(100_000_000)
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(wav, wav.name)
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.add(wav, wav.name)
    assert path.stat().st_size < 200_000
    atomic = files.atomic

    @contextmanager
    def counting(target):
        with atomic(target) as temporary:
            try:
                yield temporary
            finally:
                written.append(temporary.stat().st_size)

    monkeypatch.setattr(files, "atomic", counting)
    with pytest.raises(cli.InputError, match=r"a clip of more than 10 MB"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)
    assert max(written) <= gtzan.MAX_CLIP_BYTES
    assert bytes_below(tmp_path / "raw") == {}


def test_a_zip_that_announces_too_much_is_refused_before_anything_is_written(source, tmp_path, md5s, monkeypatch):
    path = pack(source, tmp_path / "clips.zip")
    monkeypatch.setattr(gtzan, "MAX_BYTES", 5000)
    with pytest.raises(cli.InputError, match="holds more than"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)
    assert not (tmp_path / "raw").exists()


def test_a_zip_that_says_less_than_it_has_is_damaged(tmp_path, md5s):
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("blues.00000.wav", bytes(50_000))
    path.write_bytes(path.read_bytes().replace((50_000).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    with pytest.raises(cli.InputError, match="damaged"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)
    assert bytes_below(tmp_path / "raw") == {}


def test_a_header_that_fills_the_memory_is_not_read(tmp_path, md5s):
    path = tmp_path / "clips.tar"
    with path.open("wb") as file:
        member = tarfile.TarInfo("x")
        member.type, member.size = tarfile.XHDTYPE, 8 << 30
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.truncate(1 << 20)
    with pytest.raises(cli.InputError, match=r"damaged|neither"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)


def test_a_named_pipe_or_a_device_is_no_source(tmp_path, md5s):
    os.mkfifo(tmp_path / "clips.tar")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/blues.00000.wav")
    for source in (tmp_path / "clips.tar", Path("/dev/zero")):
        with pytest.raises(cli.InputError, match="neither a folder nor a file"):
            gtzan.take_clips(source, tmp_path / "raw", md5s)
    assert gtzan.take_clips(tmp_path / "folder", tmp_path / "raw", md5s) == 0


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_damaged_archive_leaves_no_half_clip(suffix, source, tmp_path, md5s):
    path = pack(source, tmp_path / f"clips{suffix}")
    data = bytearray(path.read_bytes())
    if suffix == ".zip":  # its directory is at the end, so what is cut off is recognised as no archive at all
        data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    else:
        data = data[: len(data) // 2]
    path.write_bytes(data)
    with pytest.raises(cli.InputError, match="damaged or incomplete"):
        gtzan.take_clips(path, tmp_path / "raw", md5s)
    for name, content in bytes_below(tmp_path / "raw").items():
        assert content == wav_of(Path(name).stem)


def test_what_is_neither_folder_nor_archive_is_named(tmp_path, md5s):
    (tmp_path / "notes.txt").write_text("no archive")
    with pytest.raises(cli.InputError, match=r"notes.txt is neither a folder nor an archive"):
        gtzan.take_clips(tmp_path / "notes.txt", tmp_path / "raw", md5s)
    with pytest.raises(cli.InputError, match="There is no"):
        gtzan.take_clips(tmp_path / "absent", tmp_path / "raw", md5s)


# Downloads


class Server(ThreadingHTTPServer):
    """Serves `content` at any path but /absent; each number in `breaks` ends one answer after so many bytes."""

    def __init__(self, content=b"", ranges=True, breaks=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.breaks = content, ranges, list(breaks)
        self.version, self.asked, self.with_length = '"1"', [], True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/genres.tar.gz"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, start = self.server, 0
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if self.path == "/absent":
            return self.send_error(404)
        if wanted and server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(server.content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        else:
            self.send_response(200)
        body = server.content[start:]
        if server.with_length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", server.version)
        # As some servers label .tar.gz: the file must arrive as it is all the same.
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body[: server.breaks.pop(0)] if server.breaks else body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(*arguments, **options):
    server = Server(*arguments, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CONTENT = np.random.default_rng(1).bytes(3_000_000)


def test_a_download_that_breaks_off_is_continued(tmp_path):
    with serving(CONTENT, breaks=[1_500_000, 700_000]) as server:
        path = gtzan.download(server.url, tmp_path / "cache", pause_s=0)
        assert path.read_bytes() == CONTENT
        starts = [int(wanted[6:-1]) for wanted in server.asked[1:]]
        assert len(starts) == 2 and 0 < starts[0] < starts[1] <= 2_200_000
        # What is complete is not asked for again.
        gtzan.download(server.url, tmp_path / "cache")
        assert len(server.asked) == 3
        gtzan.forget_download(server.url, tmp_path / "cache")
        assert bytes_below(tmp_path) == {}


def test_a_later_call_continues_an_earlier_one(tmp_path):
    with serving(CONTENT, breaks=[2_000_000, 0, 0, 0]) as server:
        with pytest.raises(gtzan.DownloadError, match=r"127\.0\.0\.1"):
            gtzan.download(server.url, tmp_path, pause_s=0)
        asked = len(server.asked)
        server.breaks.clear()
        assert gtzan.download(server.url, tmp_path).read_bytes() == CONTENT
        assert len(server.asked) == asked + 1 and server.asked[-1] not in (None, "bytes=0-")


@pytest.mark.parametrize("change", ["no ranges", "other version", "shorter", "longer"])
def test_a_download_that_cannot_be_continued_begins_again(change, tmp_path):
    with serving(CONTENT, breaks=[2_000_000, 0, 0, 0]) as server:
        with pytest.raises(gtzan.DownloadError):
            gtzan.download(server.url, tmp_path, pause_s=0)
        server.breaks.clear()
        if change == "no ranges":
            server.ranges = False
        if change == "other version":
            server.version = '"2"'
        server.content = {
            "other version": CONTENT[::-1],
            "shorter": CONTENT[:900_000],
            "longer": b"more" + CONTENT,
        }.get(change, CONTENT)
        assert gtzan.download(server.url, tmp_path).read_bytes() == server.content


def test_a_server_without_ranges_that_always_breaks_off_is_given_up(tmp_path):
    with serving(CONTENT, ranges=False, breaks=[1_000_000] * 20) as server:
        with pytest.raises(gtzan.DownloadError):
            gtzan.download(server.url, tmp_path, pause_s=0)
        assert len(server.asked) == 1 + gtzan.ATTEMPTS


def test_a_length_need_not_be_given(tmp_path):
    with serving(CONTENT) as server:
        server.with_length = False
        assert gtzan.download(server.url, tmp_path).read_bytes() == CONTENT


def test_a_full_disk_is_foreseen(tmp_path, monkeypatch):
    monkeypatch.setattr(gtzan.shutil, "disk_usage", lambda _: SimpleNamespace(free=4_000_000))
    with serving(CONTENT) as server, pytest.raises(cli.InputError, match="Make room"):
        gtzan.download(server.url, tmp_path)


def test_progress_is_written_in_lines_where_there_is_no_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1)
    with serving(CONTENT) as server:
        gtzan.download(server.url, tmp_path)
    lines = [line.rpartition(", ") for line in capsys.readouterr().err.splitlines()]
    assert [line for line, _, _ in lines] == [f"downloaded {done} of 3 MB" for done in (1, 2, 3)]
    assert all(float(rate.removesuffix(" per second")) > 0 for _, _, rate in lines)


# The command


def fetch(tmp_path, md5s, *options):
    with (tmp_path / "catalogue.csv").open("w") as file:
        csv.writer(file).writerows([("clip_id", "md5"), *md5s.items()])
    command = [sys.executable, "scripts/fetch_gtzan.py", "--output", tmp_path / "raw", "--cache", tmp_path / "cache"]
    command += ["--catalogue", tmp_path / "catalogue.csv", "--report", tmp_path / "fetch.json", *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def test_command_takes_the_next_mirror_and_then_nothing_more(source, tmp_path, md5s):
    archive = pack(source, tmp_path / "genres.tar.gz").read_bytes()
    with serving(archive) as server, serving(b"<html>moved</html>") as page:
        absent = f"http://127.0.0.1:{server.server_port}/absent"
        for _ in range(2):
            run = fetch(tmp_path, md5s, "--mirrors", absent, page.url, server.url)
            assert run.returncode == 0, run.stderr
            assert "4 of 4 clips" in run.stderr
        assert len(server.asked) == 2 and len(page.asked) == 1
    report = json.loads((tmp_path / "fetch.json").read_text())
    assert report["verified"] == 4
    assert bytes_below(tmp_path / "cache") == {}
    assert str(tmp_path) not in json.dumps(report)


def test_command_names_every_failure_and_the_way_out(tmp_path, md5s):
    with serving() as server:
        absent = f"http://127.0.0.1:{server.server_port}/absent"
        run = fetch(tmp_path, md5s, "--mirrors", absent, server.url)
    assert run.returncode == 1
    assert f"{absent}: 404 Not Found" in run.stderr and f"{server.url}: " in run.stderr
    assert "local.yaml (gtzan: /path/to/it)" in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "fetch.json").exists()


def test_command_names_what_is_wrong_with_a_source(source, tmp_path, md5s):
    next(source.rglob("jazz.00054.wav")).write_bytes(b"not audio")
    next(source.rglob("rock.00099.wav")).unlink()
    run = fetch(tmp_path, md5s, "--source", source, "--mirrors", "http://127.0.0.1:9/never-asked")
    assert run.returncode == 0, run.stderr
    assert "2 of 4 clips" in run.stderr
    assert "1 missing: rock.00099" in run.stderr
    assert "1 unreadable (jazz.00054 is so in the published WAV files): jazz.00054" in run.stderr

    (tmp_path / "empty").mkdir()
    run = fetch(tmp_path, md5s, "--source", tmp_path / "empty")
    assert run.returncode == 1 and "has no clip of GTZAN" in run.stderr.splitlines()[-1]


def test_local_yaml_names_a_copy_or_is_told_what_is_wrong(tmp_path):
    local = tmp_path / "local.yaml"
    assert gtzan.local_source(local) is None
    local.write_text("gtzan:\n")
    assert gtzan.local_source(local) is None
    local.write_text(f"gtzan: {tmp_path}\n")
    assert gtzan.local_source(local) == str(tmp_path)
    for text, words in (
        ("gtzan: /nowhere/at/all", "does not exist"),
        ("gtzn: x", "one key: gtzan"),
        ("[1]", "one key"),
        ("gtzan: ~nobody-of-this-name/gtzan", "~nobody-of-this-name/gtzan, which does not exist"),
        ("gtzan: a\ngtzan: b", "twice"),
        ("gtzan: [", "not valid YAML"),
    ):
        local.write_text(text)
        with pytest.raises(cli.InputError, match=words):
            gtzan.local_source(local)
