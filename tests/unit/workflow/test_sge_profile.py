"""profiles/sge with qsub, qstat and qacct that only say what they are told; tests/sge has the real ones."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project import ROOT

PROFILE = ROOT / "profiles/sge"


@pytest.fixture
def grid_engine(tmp_path, monkeypatch):
    """A folder with programs that print a text of this name and end with its first line."""
    for name in ("qsub", "qstat", "qacct", "qdel"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {name}.arguments\n. ./{name}.says\n')
        program.chmod(0o755)
        (tmp_path / f"{name}.says").write_text("exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def submit(folder, properties, *options):
    """What submit.py prints and its exit status, and the options that qsub got."""
    script = folder / ".snakemake/tmp.it's one/job.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f"#!/bin/sh\n# properties = {json.dumps(properties)}\ntrue && exit 0 || exit 1\n")
    arguments = ["--pe", "smp", "--memory", "h_vmem", "--memory-per", "slot", "--gpu", "gpu", *options, str(script)]
    done = subprocess.run([sys.executable, PROFILE / "submit.py", *arguments], capture_output=True, text=True)
    return done, (folder / "qsub.arguments").read_text().splitlines()


def properties(threads=1, **resources):
    return {"type": "single", "rule": "train_cnn", "threads": threads, "resources": {"tmpdir": "<TBD>", **resources}}


@pytest.mark.parametrize(
    ("given", "options", "requests"),
    [
        (properties(), [], []),
        (properties(mem_mb=1000, runtime=2), [], ["-l", "h_vmem=1000M", "-l", "h_rt=120"]),
        (properties(4, mem_mb=1001, gpu=0), [], ["-pe", "smp", "4", "-l", "h_vmem=251M"]),
        (
            properties(4, mem_mb=1001, gpu=2),
            ["--memory-per", "job"],
            ["-pe", "smp", "4", "-l", "h_vmem=1001M", "-l", "gpu=2"],
        ),
        (properties(), ["--", "-q", "long.q"], ["-q", "long.q"]),
    ],
)
def test_what_is_requested(grid_engine, given, options, requests):
    (grid_engine / "qsub.says").write_text("cat > submitted; echo a word from the site; echo 17")
    done, arguments = submit(grid_engine, given, *options)
    assert (done.returncode, done.stdout) == (0, "17\n")
    assert arguments[arguments.index("-o") + 2 :] == requests
    assert arguments[arguments.index("-N") + 1] == "train_cnn"
    assert (grid_engine / ".snakemake/sge").is_dir(), "where the logs of jobs go"


def test_group_of_jobs(grid_engine):
    (grid_engine / "qsub.says").write_text("echo 17")
    group = {"type": "group", "groupid": "shards", "threads": 1, "resources": {}}
    _, arguments = submit(grid_engine, group)
    assert arguments[arguments.index("-N") + 1] == "group_shards"


def test_refused(grid_engine):
    (grid_engine / "qsub.says").write_text("echo no such queue >&2; exit 1")
    done, _ = submit(grid_engine, properties(), "--", "-q", "none.q")
    assert done.returncode == 1
    assert "no such queue" in done.stderr and "-q none.q" in done.stderr


def status(folder):
    done = subprocess.run([PROFILE / "status.sh", "17"], capture_output=True, text=True)
    assert done.returncode == 0
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize(("code", "expected"), [(0, "success"), (1, "failed")])
def test_job_that_ended(grid_engine, code, expected):
    """Its script says so, also where accounting cannot be read."""
    (grid_engine / "qsub.says").write_text("cat > submitted; echo 17")
    submit(grid_engine, properties())
    script = (grid_engine / "submitted").read_text().replace("true &&", "true &&" if code == 0 else "false &&")
    subprocess.run(["bash"], input=script, text=True, env={**os.environ, "JOB_ID": "17"})
    assert status(grid_engine)[0] == expected


@pytest.mark.parametrize("says", ["echo job_number: 17", "echo cannot reach the master >&2; exit 1"])
def test_job_that_runs(grid_engine, says):
    (grid_engine / "qstat.says").write_text(says)
    assert status(grid_engine)[0] == "running"


def test_job_that_cannot_start(grid_engine):
    (grid_engine / "qstat.says").write_text("echo 'error reason 1: no such folder'")
    (grid_engine / "qdel.says").write_text("")
    assert status(grid_engine) == ("failed", "error reason 1: no such folder\n")
    assert (grid_engine / "qdel.arguments").read_text() == "17\n"


@pytest.mark.parametrize(("code", "failed", "expected"), [(0, 0, "success"), (137, 0, "failed"), (0, 100, "failed")])
def test_job_that_left_no_word(grid_engine, code, failed, expected):
    (grid_engine / "qstat.says").write_text("echo 'Following jobs do not exist: 17' >&2; exit 1")
    (grid_engine / "qacct.says").write_text(f"echo 'failed       {failed} : why'; echo 'exit_status  {code}'")
    answer, why = status(grid_engine)
    assert answer == expected
    assert ("did not end by itself" in why) == (expected == "failed")


def test_names_of_the_site_stand_in_one_place():
    """In the submit command; and no limit on GPUs, which the cluster counts."""
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    slurm = yaml.safe_load(Path(ROOT, "profiles/slurm/config.yaml").read_text())
    for key in ("cores", "group-components", "resources", "set-resource-scopes", "max-checksum-file-size"):
        assert profile[key] == slurm[key]  # what is about the workflow, and not about a cluster
    names = set(re.findall(r"--(?:pe|memory|gpu) (\S+)", profile.pop("cluster-generic-submit-cmd")))
    others = [json.dumps(profile), (PROFILE / "status.sh").read_text()]
    assert names == {"smp", "mem_free", "gpu"}
    assert not any(re.search(rf"\b{name}\b", text) for name in names for text in others)
    assert Path(ROOT, profile["cluster-generic-status-cmd"]).stat().st_mode & 0o100
