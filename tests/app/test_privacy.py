"""Predictions contact nobody: the system's calls are recorded where there is no network (strace, a network namespace).

Calls of native libraries are seen too, which no hook of Python's sees. ONNX Runtime's telemetry begins ten seconds
after a model is loaded.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import soundfile

from exported_models import CNN, NETWORKS, RATE, Corpus, tone
from project import ROOT

pytestmark = pytest.mark.long

SHIPPED = ROOT / "data/models/gtzan"
WAIT_S = 15  # longer than the telemetry of ONNX Runtime waits
# The loopback device of a new namespace is down, and the page needs it.
START = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as one:
    fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
"""
# Every address that is asked for is one of these calls' argument; what is sent to a connected peer has none.
STRACE = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]
ADDRESS = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*sa_family=")
# The page, and a person who opens it, sends a file to each of two models, and waits; Ctrl+C ends it.
VISIT = """
import http.client, json, os, signal, subprocess, sys, time
from pathlib import Path
from urllib.parse import quote
wait_s, song, first, second, *command = sys.argv[1:]
process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
try:
    address = process.stdout.readline().split()[1].removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=120)
    connection.request("GET", "/")
    assert b"<html" in connection.getresponse().read()
    answers = []
    for model in (first, second):
        connection.request("POST", f"/predict?model={quote(model)}&name=song.wav", Path(song).read_bytes())
        answers.append(json.loads(connection.getresponse().read()))
    time.sleep(float(wait_s))
finally:
    os.killpg(process.pid, signal.SIGINT)
    process.wait(60)
print(json.dumps(answers))
"""
CONNECT = "import socket; socket.socket().connect_ex(('192.0.2.1', 443))"
RESOLVE = """
import socket
try:
    socket.getaddrinfo("example.org", 443)
except OSError:
    pass
"""
SESSION = """
import sys, time
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def denied():
    """The beginning of a command that runs another where there is no network: in a namespace of its own."""
    options = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
    command = ["unshare", *options, sys.executable, "-c", START]
    if not shutil.which("strace") or not shutil.which("unshare"):
        pytest.skip("needs strace and unshare (apt-get install strace util-linux)")
    tried = subprocess.run([*command, "strace", "-f", "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this machine allows no namespace, or no tracing: {tried.stderr.strip()}")
    return command


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An exported network, which ONNX Runtime computes, where the page finds it."""
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    corpus.train("cnn", CNN | {"epochs": 1}, NETWORKS)
    folder = tmp_path_factory.mktemp("results") / "tones/export/best"
    return shutil.copytree(corpus.export("cnn"), folder)


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, tone("bass", 99, 4.0), RATE)
    return path


@pytest.fixture
def environment(tmp_path):
    """That of a person who never used it: nothing is kept from earlier, and nothing says that this is a test."""
    (tmp_path / "home").mkdir()
    hints = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "CI", "GITHUB_ACTIONS", "XDG_CACHE_HOME")
    # with a name, which PyTorch else looks up, and that is a call to a socket of this machine
    own = {"HOME": str(tmp_path / "home"), "USER": "somebody"}
    return {name: value for name, value in os.environ.items() if name not in hints} | own


def run(denied, environment, record, command, before=()):
    """Run a command without a network; what it says, and the calls with an address, of it and of its children."""
    command = [*denied, *before, *STRACE, record, *command]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, [line for line in record.read_text().splitlines() if ADDRESS.search(line)]


@pytest.mark.parametrize(("program", "seen"), [(CONNECT, r'"192\.0\.2\.1"'), (RESOLVE, r"AF_INET6?, sin6?_port=htons")])
def test_a_process_that_contacts_somebody_is_seen(program, seen, denied, environment, tmp_path):
    inner = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"]
    _, calls = run(denied, environment, tmp_path / "calls", inner)
    assert any(re.search(seen, call) for call in calls)


def test_the_telemetry_of_the_runtime_is_seen_where_nobody_switches_it_off(denied, environment, exported, tmp_path):
    """What the other tests would see, if the library did not switch it off."""
    command = [sys.executable, "-c", SESSION, next(exported.rglob("*.onnx")), str(WAIT_S)]
    _, calls = run(denied, environment, tmp_path / "calls", command)
    if not calls:
        pytest.skip("this build of ONNX Runtime contacts nobody, or no server of names is configured here")


@pytest.mark.parametrize("model", ["shipped", "exported"])
def test_predict_contacts_nobody(model, denied, environment, exported, song, tmp_path):
    folder = SHIPPED if model == "shipped" else exported
    options = ["--model", folder, "--json", "--plot", tmp_path / "plots"]
    command = [sys.executable, "-m", "genrebench", "predict", song, *options]
    said, calls = run(denied, environment, tmp_path / "calls", command)
    assert sum(json.loads(said)["probabilities"].values()) == pytest.approx(1)
    assert calls == []


def test_genres_by_their_names_contact_nobody(denied, environment, song, tmp_path):
    for package in ("torch", "transformers", "safetensors"):
        pytest.importorskip(package)
    import tiny_encoders

    options = ["--zero-shot", "techno,house", "--encoder", tiny_encoders.clap(tmp_path / "clap"), "--json"]
    command = [sys.executable, "-m", "genrebench", "predict", song, *options]
    said, calls = run(denied, environment, tmp_path / "calls", command)
    assert set(json.loads(said)["probabilities"]) == {"techno", "house"}
    assert calls == []


def test_the_page_contacts_nobody(denied, environment, exported, song, tmp_path):
    command = [sys.executable, "-m", "genrebench", "app", "--results", exported.parents[2], "--port", "0"]
    visit = [sys.executable, "-c", VISIT, str(WAIT_S), song, exported, SHIPPED]
    said, calls = run(denied, environment, tmp_path / "calls", command, visit)
    answers = json.loads(said)
    assert [len(answer["genres"]) for answer in answers] == [3, 10]
    assert calls == []
