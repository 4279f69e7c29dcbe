"""`genrebench plan` in a checkout in which nothing was run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project as it is, nothing run yet."""
    folder = tmp_path_factory.mktemp("plan") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def run(folder, *command):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_counts_are_those_of_a_dry_run(checkout):
    dry = run(checkout, "snakemake", "--dry-run", "--cores", "2")
    expected = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.M)}
    planned = run(checkout, sys.executable, "-m", "genrebench", "plan", "--cores", "2", "--json")
    assert planned.returncode == 0, planned.stderr
    found = json.loads(planned.stdout)
    assert {row["rule"]: row["jobs"] for row in found["rules"]} | {"total": found["jobs"]} == expected
    assert found["clips"] == 150 and found["audio_seconds"] == 600
    assert found["core_seconds"] > 0 and all(row["core_seconds"] is not None for row in found["rules"])


def test_a_wrong_parameter_is_one_sentence(checkout):
    file = checkout / "params.yaml"
    text = file.read_text()
    try:
        file.write_text(text.replace("alpha: 0.0001", "alfa: 0.0001"))
        failed = run(checkout, sys.executable, "-m", "genrebench", "plan")
    finally:
        file.write_text(text)
    assert failed.returncode == 1
    assert re.fullmatch(r"error: params.yaml: models.sgd .*alpha.*\n", failed.stderr)
