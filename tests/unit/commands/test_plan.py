"""`genrebench plan` in a checkout in which nothing was run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project import ROOT

PARAMS = {
    "dataset": "demo",
    "suite": ["logistic", "sgd"],
    "demo": {"seed": 1, "artists_per_genre": 5, "clips_per_artist": 3, "duration_s": 4.0},
    "features": {name: {} for name in ("mel", "mfcc", "chroma", "wavelet", "tabular")},
    "models": {"logistic": {"features": ["mel", "mfcc"]}, "sgd": {"features": ["mel"]}},
    "study": {"labels": {"features": ["tabular"]}, "saliency": {"models": []}},
    "leakage": {"models": ["sgd"]},
}
# the library of the checkout, as the console command has it where it is installed
PLAN = """
import sys
sys.path.insert(0, "scripts")
from genrebench.commands.main import main
main(["plan", *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project with parameters of its own, nothing run yet."""
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
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    return folder


def run(folder, *command):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_counts_are_those_of_a_dry_run(checkout):
    dry = run(checkout, "snakemake", "--dry-run", "--cores", "2")
    expected = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.M)}
    assert expected["train_sgd"] > 0, dry.stderr
    planned = run(checkout, sys.executable, "-c", PLAN, "--cores", "2", "--json")
    assert planned.returncode == 0, planned.stderr
    found = json.loads(planned.stdout)
    assert {row["rule"]: row["jobs"] for row in found["rules"]} | {"total": found["jobs"]} == expected
    assert found["clips"] == 150 and found["audio_seconds"] == 600
    assert found["core_seconds"] > 0
    assert [row["rule"] for row in found["rules"] if row["core_seconds"] is None] == []


def test_a_wrong_parameter_is_one_sentence(checkout):
    file = checkout / "params.yaml"
    text = file.read_text()
    try:
        file.write_text(yaml.safe_dump(PARAMS | {"suite": "all", "models": {"sgd": {"alfa": 0.1}}}))
        failed = run(checkout, sys.executable, "-c", PLAN)
    finally:
        file.write_text(text)
    assert failed.returncode == 1
    assert re.fullmatch(r"error: params.yaml: models.sgd.*alpha.*\n", failed.stderr)
