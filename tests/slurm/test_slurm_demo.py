"""The whole demo on a real Slurm cluster, after `make demo` here."""

import subprocess
import time
from datetime import datetime
from itertools import pairwise

import pytest
from cluster import PROFILE, for_this_cluster, jobs, needs_slurm

from bench import bench_requests
from genrebench.workflow import dag
from project import ROOT, Project

pytestmark = [needs_slurm, pytest.mark.exhaustive]

RESULTS = [f"results/demo/{name}" for name in ("splits", "features", "runs", "evaluation", "export")]
TABLES = [f"results/demo/{name}" for name in ("manifest.csv", "rejected.csv", "leaderboard.csv", "papers.csv")]


def seconds(limit):
    """The seconds of a time limit as Slurm prints it, [days-]hours:minutes:seconds."""
    days, _, clock = limit.rpartition("-")
    hours, minutes, rest = map(int, clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


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


def test_results_of_the_demo_are_those_of_a_run_without_a_cluster(demo):
    here = Project(ROOT)
    assert here.jobs() == {}, "`make demo` comes first"
    assert demo.tree(*RESULTS) == here.tree(*RESULTS)
    assert all((demo.folder / name).read_bytes() == (ROOT / name).read_bytes() for name in TABLES)
