"""Small workflows on a real Slurm cluster, that of one_node.sh (`make test-slurm` starts it)."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import PROFILE, for_this_cluster, jobs, needs_slurm

from project import eventually

pytestmark = needs_slurm

QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
SPLIT = "results/demo/splits/artist/repeat0.csv"


@pytest.fixture
def project(tiny, tmp_path):
    project = for_this_cluster(tiny.copy(tmp_path / "project"))
    yield project
    for job in jobs(project):
        subprocess.run(["scancel", job["JobId"]], check=True)


def in_queue(project):
    return [job for job in jobs(project) if job["JobState"] in ("PENDING", "RUNNING", "CONFIGURING", "COMPLETING")]


def start(project, *targets):
    """Start Snakemake in the background; return it when one of its jobs runs."""
    path = project.folder / "output.txt"
    with path.open("w") as output:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "snakemake", *PROFILE, *QUICK, *targets],
            **{"cwd": project.folder, "stdout": output, "stderr": subprocess.STDOUT},
        )

    def running():
        assert process.poll() is None, path.read_text()
        return any(job["JobState"] == "RUNNING" for job in jobs(project))

    eventually(running)
    return process


def test_a_cluster_with_one_partition_needs_no_names(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.run("snakemake", *PROFILE, *QUICK, SPLIT)
    assert {job["Partition"] for job in jobs(project)} == {"cpu"}  # its default


def test_trainings_wait_for_the_one_gpu_and_end_with_the_bytes_of_a_run_without_a_cluster(project, tmp_path):
    """One small network, two seeds: what the whole demo of test_slurm_demo.py shows of all of them."""
    project.change("models.mel_lstm", {"epochs": 1, "max_steps": 8, "seeds": [0, 1], "protocols": ["artist"]})
    here = project.copy(tmp_path / "here")
    output = project.run("snakemake", *PROFILE, *QUICK, "runs_mel_lstm")
    assert "Trying to restart" not in output
    trainings = [job for job in jobs(project) if "train_mel_lstm" in job["Comment"] or "network" in job["Comment"]]
    assert [(job["Partition"], job["TresPerJob"]) for job in trainings] == [("gpu", "gres:gpu:1")] * 2
    first, second = sorted(trainings, key=lambda job: job["StartTime"])
    assert first["EndTime"] <= second["StartTime"]
    assert {job["Partition"] for job in jobs(project) if "TresPerJob" not in job} == {"cpu"}
    here.snakemake("runs_mel_lstm")
    assert project.jobs("runs_mel_lstm") == {}
    results = [f"results/demo/{name}" for name in ("splits", "features", "runs")]
    assert project.tree(*results) == here.tree(*results) != {}


def test_a_job_over_its_memory_is_tried_again_with_more(project):
    script = project.folder / "scripts/make_split.py"
    script.write_text(script.read_text() + "    import time\n    hog = b'x' * 1_000_000_000\n    time.sleep(4)\n")
    output = project.run("snakemake", *PROFILE, *QUICK, SPLIT)
    asked = [job["MinMemoryNode"] for job in jobs(project) if "make_split" in job["Comment"]]
    assert asked == ["700M", "1400M"]
    assert "Trying to restart" in output
    assert (project.folder / SPLIT).is_file()


def test_a_failing_job_is_reported_with_its_log_and_the_rest_goes_on(project):
    module = project.folder / "scripts/genrebench/models/sgd.py"
    module.write_text(module.read_text() + "\n\ndef build(*_):\n    raise RuntimeError('this model is broken')\n")
    evaluations = ["results/demo/evaluation/logistic", "results/demo/evaluation/sgd"]
    output = project.run("snakemake", *PROFILE, *QUICK, "--retries", "0", *evaluations, check=False)
    assert "RuntimeError: this model is broken" in output
    assert re.search(r"log: results/demo/logs/train/sgd/\S+\.log", output)
    assert project.jobs(*evaluations) == {"train_sgd": 2, "evaluate_model": 1}


def test_an_interrupted_submission_cancels_its_jobs_and_a_rerun_continues(project):
    process = start(project, SPLIT)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    eventually(lambda: not in_queue(project), seconds=20)
    project.run("snakemake", *PROFILE, *QUICK, SPLIT)
    assert project.jobs(SPLIT) == {}


def test_after_a_kill_what_it_left_is_cancelled_and_what_ended_meanwhile_is_known(project):
    process = start(project, SPLIT)
    process.kill()
    process.wait()
    eventually(lambda: not in_queue(project))  # the demo was rendered, and nobody was there to see it
    assert "render_demo" not in project.jobs(SPLIT)
    project.change("demo.artists_per_genre", 20)  # some seconds of work
    assert project.jobs(SPLIT)["render_demo"] == 1
    process = start(project, SPLIT)
    process.kill()
    process.wait()
    orphans = {job["JobId"] for job in in_queue(project)}
    assert orphans
    output = project.run("snakemake", *PROFILE, *QUICK, SPLIT)
    assert "Cancelling 1 jobs" in output
    assert {job["JobId"]: job["JobState"] for job in jobs(project) if job["JobId"] in orphans} == {
        number: "CANCELLED" for number in orphans
    }
    assert project.jobs(SPLIT) == {}


def test_dvc_runs_its_stages_on_the_cluster(project):
    project.run("dvc", "repro", "make_splits", env={"GENREBENCH_PROFILE": "profiles/slurm"})
    assert {job["Comment"].split("_wildcards")[0] for job in jobs(project)} == {
        "rule_render_demo", "rule_build_manifest", "rule_make_split"
    }  # fmt: skip
    assert "up to date" in project.run("dvc", "status", "make_splits")
    assert "GENREBENCH_PROFILE" in (project.folder / "dvc.lock").read_text()
