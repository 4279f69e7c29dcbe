"""The server: what a request costs, and what it leaves behind. (tests/app has the page in a browser.)"""

import errno
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
import soundfile
import uvicorn

import worker_jobs
from exported_models import CLASSICAL, RATE, Corpus, tone
from genrebench.app import answers, example, server, uploads
from genrebench.common import files


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of results with an exported logistic regression, and damaged exports."""
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    corpus.train("logistic", CLASSICAL["logistic"])
    results = tmp_path_factory.mktemp("results")
    shutil.copytree(corpus.export("logistic"), results / "demo/export/best")
    description = files.read_json(results / "demo/export/best/export.json")
    damaged = {
        "text": b"no JSON",
        "bytes": b"\xff\xfe\0",
        "list": b"[]",
        "empty": b"",
        "deep": b"[" * 100_000,
        "number": b"9" * 10_000,
        "metrics": json.dumps(description | {"metrics": None}).encode(),
        "dataset": json.dumps(description | {"dataset": ["x"]}).encode(),
        "accuracy": json.dumps(description).replace("valid_accuracy", "other").encode(),
        "nan": json.dumps(description | {"confidence": {"min_probability": float("nan")}}).encode(),
    }
    for name, content in damaged.items():
        (results / "demo/export" / name).mkdir()
        (results / "demo/export" / name / "export.json").write_bytes(content)
    (results / "demo/export/folder/export.json").mkdir(parents=True)
    return results


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


@contextmanager
def serving(results, timeout=60.0):
    """The server in a thread; yields a function that sends a file, and returns status and answer."""
    process = uvicorn.Server(uvicorn.Config(server.build(results, None, 3, 5, timeout), port=0, log_level="critical"))
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        while not process.started:
            time.sleep(0.02)
            assert thread.is_alive()
        port = process.servers[0].sockets[0].getsockname()[1]

        def ask(body, **query):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            given = {"model": results / "demo/export/best", "name": "song.wav"} | query
            connection.request("POST", f"/predict?{urlencode(given)}", body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

        ask.port = port
        yield ask
    finally:
        process.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, tone("bass", 99, 2.0), RATE)
    return path.read_bytes()


def test_damaged_exports_are_left_out_and_numbers_are_bounded(results, temporary, song):
    with serving(results) as ask:
        assert ask(song)[1]["genre"] == "bass"
        for width in ("9" * 5000, "-1", "x"):
            status, answer = ask(song, width=width)
            assert status == 400 and "width" in answer["error"]
        assert ask(song, model=results / "demo/export/metrics")[0] == 404
    assert list(temporary.iterdir()) == []


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def test_a_program_needs_no_more_than_the_file(results, temporary, song):
    with serving(results) as ask:
        status, listed = get(ask.port, "/models")
        default, *_ = json.loads(listed)
        assert status == 200 and default["folder"] == str(results / "demo/export/best")
        connection = http.client.HTTPConnection("127.0.0.1", ask.port, timeout=60)
        connection.request("POST", "/predict", song)
        answer = json.loads(connection.getresponse().read())
        assert answer["genre"] == "bass" and "plot" not in answer
        assert {genre["name"] for genre in answer["genres"]} == set(default["genres"])
        assert "plot" in ask(song, width="400")[1]


def test_the_example_is_a_recording_that_gets_a_prediction(results, temporary):
    with serving(results) as ask:
        status, recording = get(ask.port, "/example")
        assert status == 200
        audio, rate = soundfile.read(io.BytesIO(recording))
        assert len(audio) / rate == pytest.approx(example.SECONDS)
        assert ask(recording, name=example.NAME)[0] == 200


def test_a_file_that_takes_too_long_or_ends_its_process_costs_one_answer(results, temporary, song, monkeypatch):
    monkeypatch.setattr(answers, "start", worker_jobs.answer_by_name)
    with serving(results, timeout=2) as ask:
        for name, reason in (("hang.wav", "longer than 2 s"), ("abort.wav", "SIGABRT"), ("memory.wav", "more memory")):
            status, answer = ask(song, name=name)
            assert status == 500 and answer["error"].startswith(f"{name} ") and reason in answer["error"]
            assert ask(song) == (200, {"file": "song.wav"})
    assert list(temporary.iterdir()) == []


def test_a_full_disk_is_one_sentence(results, temporary, song, monkeypatch):
    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    with serving(results) as ask:
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda p, *a, **k: Full() if p.name == "song.wav" else opened(p, *a, **k))
        status, answer = ask(song)
        assert status == 507 and answer == {"error": "song.wav cannot be stored: No space left on device"}
        monkeypatch.undo()
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
        status, answer = ask(song)
        assert status == 507 and "No such file" in answer["error"]


def test_a_fault_of_the_program_is_one_sentence(results, temporary, song, monkeypatch):
    monkeypatch.setattr(uploads, "file_name", lambda name: 1 / 0)
    with serving(results) as ask:
        status, answer = ask(song)
        assert status == 500 and "bug" in answer["error"]


KILLED = """
import os, signal, tempfile
from genrebench.app import uploads
with uploads.folder() as place:
    (place / "recording.webm").write_text("private")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_recordings_that_a_kill_left_are_removed_at_the_next_start(temporary):
    ended = subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(temporary)})
    assert ended.returncode == -signal.SIGKILL
    (temporary / f"{uploads.PREFIX}link").symlink_to("/")
    (temporary / "other").mkdir()
    (left,) = temporary.glob(f"{uploads.PREFIX}*/recording.webm")
    with uploads.folder() as in_use:
        uploads.remove_abandoned()
        assert in_use.is_dir()
    assert not left.exists()
    assert {path.name for path in temporary.iterdir()} == {f"{uploads.PREFIX}link", "other"}
