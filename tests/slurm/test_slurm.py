"""The workflow on a real Slurm cluster, that of one_node.sh (`make test-slurm` starts it)."""

import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from bench import bench_requests
from genrebench import dag
from project import ROOT, Project, eventually

PROFILE = ["--workflow-profile", "profiles/slurm"]
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
SPLIT = "results/demo/splits/artist/repeat0.csv"
RESULTS = [f"results/demo/{name}" for name in ("splits", "features", "runs", "evaluation", "export")]
TABLES = [f"results/demo/{name}" for name in ("manifest.csv", "rejected.csv", "leaderboard.csv", "papers.csv")]


def answers():
    return shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, timeout=20).returncode == 0


pytestmark = pytest.mark.skipif(not answers(), reason="no Slurm answers")
of_the_demo = pytest.mark.xdist_group("demo")  # which one process runs, while another runs the other tests


def for_this_cluster(project):
    """The project with the partitions of one_node.sh: all that a site has to say."""
    shutil.copy(ROOT / "tests/slurm/partitions.yaml", project.folder / "profiles/slurm/partitions.yaml")
    return project


@pytest.fixture
def project(tiny, tmp_path):
    project = for_this_cluster(tiny.copy(tmp_path / "project"))
    yield project
    for job in jobs(project):
        subprocess.run(["scancel", job["JobId"]], check=True)


def jobs(project):
    """What Slurm knows of the jobs of a project, those that have ended too, in the order of their submission."""
    shown = subprocess.run(["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True).stdout
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.splitlines()]
    return [job for job in found if job.get("WorkDir") == str(project.folder)]


def in_queue(project):
    return [job for job in jobs(project) if job["JobState"] in ("PENDING", "RUNNING", "CONFIGURING", "COMPLETING")]


def seconds(limit):
    """The seconds of a time limit as Slurm prints it, [days-]hours:minutes:seconds."""
    days, _, clock = limit.rpartition("-")
    hours, minutes, rest = map(int, clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


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


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The project after the whole demo ran on the cluster."""
    project = Project(tmp_path_factory.mktemp("demo") / "project")
    subprocess.run(["git", "clone", "--quiet", ROOT, project.folder], check=True)
    for_this_cluster(project)
    began = time.monotonic()
    output = project.run("snakemake", *PROFILE)
    print(f"The demo on Slurm took {time.monotonic() - began:.0f} s, {len(jobs(project))} jobs of Slurm's.")
    assert "Trying to restart" not in output  # so no job was over its memory or time
    return project


@of_the_demo
def test_jobs_of_the_demo_land_where_they_should_and_trainings_wait_for_the_gpu(demo, monkeypatch):
    assert demo.jobs() == {}
    networks = [job for job in jobs(demo) if job["Comment"].startswith("rule_network_")]
    monkeypatch.chdir(demo.folder)
    trained = [job for job in dag.jobs({"all"})[0] if job.resources.get("gpu") and "train" in job.rule.name]
    assert len(networks) == len(trained) > 10
    assert {job["Partition"] for job in networks} == {"gpu"}
    assert {job["TresPerJob"] for job in networks} == {"gres:gpu:1"}
    spans = sorted((job["StartTime"], job["EndTime"]) for job in networks)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    others = [job for job in jobs(demo) if "TresPerJob" not in job]
    assert {job["Partition"] for job in others} == {"cpu"}
    assert len(jobs(demo)) < 70  # of 177 of Snakemake's


@of_the_demo
def test_jobs_of_the_demo_ask_for_what_they_need_and_more(demo, monkeypatch):
    monkeypatch.chdir(demo.folder)
    requests = bench_requests.requests()
    assert {"build_manifest", "extract_shard", "train_cnn", "build_report"} <= {row["rule"] for row in requests}
    for row in requests:
        assert row["used_mb"] <= 0.8 * row["asked_mb"], row
        assert row["used_s"] <= 0.5 * 60 * row["asked_min"], row
    for job in jobs(demo):
        took = datetime.fromisoformat(job["EndTime"]) - datetime.fromisoformat(job["StartTime"])
        assert took.total_seconds() <= 0.5 * seconds(job["TimeLimit"]), job


@of_the_demo
def test_results_of_the_demo_are_those_of_a_run_without_a_cluster(demo):
    here = Project(ROOT)
    assert here.jobs() == {}, "`make demo` comes first"
    assert demo.tree(*RESULTS) == here.tree(*RESULTS)
    assert all((demo.folder / name).read_bytes() == (ROOT / name).read_bytes() for name in TABLES)


def test_a_cluster_with_one_partition_needs_no_names(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.run("snakemake", *PROFILE, *QUICK, SPLIT)
    assert {job["Partition"] for job in jobs(project)} == {"cpu"}  # its default


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
    module.write_text(module.read_text() + "\nraise RuntimeError('this model is broken')\n")
    evaluations = ["results/demo/evaluation/logistic", "results/demo/evaluation/sgd"]
    output = project.run("snakemake", *PROFILE, *QUICK, "--retries", "0", *evaluations, check=False)
    assert "RuntimeError: this model is broken" in output
    assert re.search(r"log: results/demo/logs/train/sgd/\S+\.log", output)
    assert project.jobs(*evaluations) == {"train_sgd": 3, "evaluate_runs": 1}


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
