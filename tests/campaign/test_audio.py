"""Thousands of damaged files: each is answered or refused in one line, and none costs the others theirs."""

import collections
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile_audio import sound_files, write_damaged

from exported_models import LIMITS, RATE
from project import ROOT

pytestmark = pytest.mark.exhaustive

COUNT = int(os.environ.get("CAMPAIGN_AUDIO", "2000"))
GENRES = ("jazz", "metal", "rock")
MB = 1500  # of the largest process; imports take a third
SECONDS_EACH = 2.0  # with what is started, and beside other work


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A dataset of damaged files, and a sound one of each format in each genre."""
    folder = tmp_path_factory.mktemp("damaged")
    for number, path in enumerate(write_damaged(folder, COUNT)):
        genre = folder / GENRES[number % len(GENRES)]
        genre.mkdir(exist_ok=True)
        path.rename(genre / path.name)
    for name, data in sound_files().items():
        (folder / GENRES[0] / f"sound {name}").write_bytes(data)
    return folder


def all_files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def run(command, folder):
    """Run a command, and watch its memory; what it printed to stderr."""
    errors = folder / "stderr.txt"
    started = time.monotonic()
    with errors.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=file, start_new_session=True)
        largest = 0
        while process.poll() is None:
            largest = max(largest, memory_of_session(process.pid))
            time.sleep(0.2)
            assert time.monotonic() - started < 60 + SECONDS_EACH * COUNT, "it hangs"
    said = errors.read_text(errors="replace")
    print(f"{COUNT} files: {time.monotonic() - started:.0f} s, at most {largest / 1e6:.0f} MB in one process")
    assert largest < MB * 1e6
    assert "Traceback" not in said, said[-3000:]
    return process.returncode, said


def memory_of_session(session):
    """Resident bytes of the largest process of a session."""
    largest = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[3]) == session:
            largest = max(largest, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
    return largest


def test_predict_answers_every_file(damaged, exported, tmp_path):
    command = [Path(sys.executable).with_name("genrebench"), "predict", "--model", exported, damaged]
    status, _ = run([*command, "--csv", "--output", tmp_path / "answers.csv", "--jobs", "2"], tmp_path)
    rows = list(csv.DictReader((tmp_path / "answers.csv").open(newline="", encoding="utf-8")))
    assert {Path(row["path"]) for row in rows} == all_files(damaged)
    refused = [row for row in rows if not row["genre"]]
    assert status == bool(refused)
    assert all(row["error"] and "\n" not in row["error"] for row in refused)
    print(f"{len(rows) - len(refused)} answered, {len(refused)} refused")
    assert not [row["path"] for row in refused if Path(row["path"]).name.startswith("sound ")]


def test_manifest_accounts_for_every_file(damaged, tmp_path):
    script = [sys.executable, ROOT / "scripts/build_manifest.py", "--dataset-dir", damaged, "--sample-rate", str(RATE)]
    settings = ["--settings", json.dumps(LIMITS | {"duplicates": "keep"}), "--jobs", "2"]
    catalogue = ["--catalogue", ROOT / "data/catalogue/gtzan.csv"]
    outputs = [
        "--manifest",
        tmp_path / "manifest.csv",
        "--rejected",
        tmp_path / "rejected.csv",
        "--notes",
        tmp_path / "notes.csv",
    ]
    status, _ = run([*script, *settings, *catalogue, *outputs], tmp_path)
    assert status == 0
    kept, rejected = (
        list(csv.DictReader((tmp_path / f"{name}.csv").open(newline=""))) for name in ("manifest", "rejected")
    )
    paths = collections.Counter(Path(row["path"]).name for row in [*kept, *rejected])
    assert paths == collections.Counter(path.name for path in all_files(damaged))
    assert all(row["reason"] and row["detail"] for row in rejected)
    print(f"{len(kept)} kept, {len(rejected)} rejected: {collections.Counter(row['reason'] for row in rejected)}")
