"""A remote in S3: the real client of DVC's against a real server, which keeps its buckets in a folder."""

import os
import re
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from project import Project, eventually

RCLONE = shutil.which("rclone", path=Path(sys.executable).parent)
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (find_spec("dvc_s3") and RCLONE), reason="not installed: `make s3 test-tools`"),
]

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "a-secret", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server(tmp_path):
    """A server with one bucket: its address and the folder of the bucket."""
    bucket = tmp_path / "buckets/music"
    bucket.mkdir(parents=True)
    port = free_port()
    keys = f"{CREDENTIALS['AWS_ACCESS_KEY_ID']},{CREDENTIALS['AWS_SECRET_ACCESS_KEY']}"
    command = [RCLONE, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", keys, "--config", ""]
    process = subprocess.Popen([*command, bucket.parent])
    try:
        eventually(lambda: listens(port), seconds=20)
        yield f"http://127.0.0.1:{port}", bucket
    finally:
        process.terminate()
        process.wait()


def use(project, address):
    project.run("dvc", "remote", "add", "--default", "s3", "s3://music/genrebench")
    project.run("dvc", "remote", "modify", "s3", "endpointurl", address)


def test_a_clone_pulls_from_s3_and_nothing_is_to_be_done(reproduced, server, tmp_path):
    address, bucket = server
    origin = reproduced.copy(tmp_path / "origin")
    use(origin, address)
    origin.run("git", "commit", "--quiet", "--all", "-m", "remote")
    origin.run("dvc", "push", "--quiet", env=CREDENTIALS)
    assert any(path.is_file() for path in (bucket / "genrebench/files/md5").rglob("*"))
    origin.run("git", "clone", "--quiet", str(origin.folder), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.run("dvc", "pull", "--quiet", env=CREDENTIALS)
    clone.run("python", "scripts/restore_run.py")
    assert clone.jobs() == {}
    assert "up to date" in clone.run("dvc", "status")
    assert clone.tree("data/raw/demo", "results/demo/runs") == origin.tree("data/raw/demo", "results/demo/runs")


def test_wrong_keys_are_refused(reproduced, server, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    use(project, server[0])
    result = subprocess.run(
        [Path(sys.executable).with_name("dvc"), "push"],
        **{"cwd": project.folder, "capture_output": True, "text": True},
        env={**os.environ, **CREDENTIALS, "AWS_SECRET_ACCESS_KEY": "another"},
    )
    assert result.returncode
    refusal = r"Forbidden|AccessDenied|Access Denied|SignatureDoesNotMatch|\(403\)"
    assert re.search(refusal, result.stderr), result.stderr
    assert not list(server[1].rglob("*.*"))


def test_an_unreachable_server_is_named(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    address = f"http://127.0.0.1:{free_port()}"
    use(project, address)
    once = {**CREDENTIALS, "AWS_MAX_ATTEMPTS": "1"}
    output = project.run("dvc", "push", "results/demo/accuracy.json", env=once, check=False)
    assert f'Could not connect to the endpoint URL: "{address}' in output, output
