"""A colleague gets an experiment, and the numbers are the same, whatever is missing and whatever is killed."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from test_dvc import AFTER_SGD, lock, stages_run

from project import Project

pytestmark = pytest.mark.long

COLLECTED = [f"collect_{name}" for name in ("mel", "mfcc", "chroma", "wavelet", "tabular")]
RESULTS = tuple(f"results/demo/{name}" for name in ("splits", "features", "runs", "evaluation", "excerpts", "export"))


@pytest.fixture
def origin(reproduced, tmp_path):
    """The experiment, in a checkout whose remote is still empty."""
    return reproduced.copy(tmp_path / "origin")


def clone(origin, name="clone"):
    """A clone beside the original, so that the default remote, a folder beside the checkout, is the same."""
    folder = origin.folder.parent / name
    origin.run("git", "clone", "--quiet", str(origin.folder), str(folder))
    return Project(folder)


def restore(project):
    """`make restore`, after which no engine has anything to do."""
    output = project.run("python", "scripts/restore_run.py")
    assert project.jobs() == {}
    return output


def accuracy(project):
    return (project.folder / "results/demo/accuracy.json").read_text()


def reported(project):
    """The section of the report with the results."""
    page = (project.folder / "results/demo/report/index.html").read_text()
    return page.partition('<section id="results">')[2].partition("</section>")[0]


def commit(project, message):
    project.run("git", "commit", "--quiet", "--all", "-m", message)


def test_a_colleague_reproduces_exactly(origin):
    origin.run("dvc", "push", "--quiet")
    project = clone(origin)
    project.run("git", "config", "user.name", "colleague")
    project.run("git", "config", "user.email", "colleague@example.org")
    project.run("dvc", "pull", "--quiet")
    restore(project)
    assert "up to date" in project.run("dvc", "status")
    assert project.tree("data/raw/demo", *RESULTS) == origin.tree("data/raw/demo", *RESULTS)

    # another experiment runs what it must and no more, and the way back is a checkout
    first = reported(project)
    assert first == reported(origin)
    project.change("models.sgd.alpha", 0.3)
    old = lock(project)
    assert stages_run(project.run("dvc", "repro")) == AFTER_SGD
    new = lock(project)
    assert {name for name in old if old[name] != new[name]} == set(AFTER_SGD)
    assert new["train_sgd"]["outs"] != old["train_sgd"]["outs"]  # the model is the new one, not kept from before
    assert accuracy(project) != accuracy(origin)
    assert reported(project) != first
    commit(project, "another experiment")
    project.run("git", "checkout", "--quiet", "HEAD~1")
    project.run("dvc", "checkout", "--quiet")
    assert accuracy(project) == accuracy(origin)
    restore(project)
    assert stages_run(project.run("dvc", "repro")) == []
    assert reported(project) == first

    # from scratch, without even the store of extracted arrays, the hashes are the same
    for folder in ("results", ".cache", ".snakemake"):
        shutil.rmtree(project.folder / folder)
    project.run("dvc", "repro", "--force")
    assert (project.folder / "dvc.lock").read_bytes() == (origin.folder / "dvc.lock").read_bytes()


def test_the_results_are_of_use_without_the_raw_audio(origin):
    origin.run("dvc", "push", "--quiet")
    project = clone(origin)
    stages = project.run("dvc", "stage", "list", "--name-only").split()
    project.run("dvc", "pull", "--quiet", *(stage for stage in stages if stage != "render_demo"))
    assert "nothing needs it now: data/raw/demo" in restore(project)
    # a model needs the features only
    project.change("models.sgd.alpha", 0.3)
    jobs = project.jobs()
    assert jobs["train_sgd"] == 2 and not {"render_demo", "build_manifest", "collect_mel"} & set(jobs)
    assert stages_run(project.run("dvc", "repro", "--allow-missing")) == AFTER_SGD
    assert not (project.folder / "data/raw/demo").exists()
    assert project.jobs() == {}
    # a feature needs the audio, which comes from the remote
    project.change("features.mfcc.n_mfcc", 10)
    assert stages_run(project.run("dvc", "repro", "--pull", "--allow-missing", "collect_mfcc")) == ["collect_mfcc"]
    assert project.tree("data/raw/demo") == origin.tree("data/raw/demo")


def test_features_and_audio_may_be_left_out_of_a_push(origin):
    assert any((origin.folder / "results/demo/excerpts").iterdir())
    origin.run("python", "scripts/push_results.py", "--without", "audio", "features")
    project = clone(origin)
    project.run("dvc", "pull", "--quiet", "--allow-missing")
    assert not [path for path in project.folder.rglob("*") if path.suffix in (".mp3", ".wav")]
    pushed = {path.read_bytes() for path in (origin.folder.parent / "genrebench-store").rglob("*") if path.is_file()}
    assert pushed & set(origin.tree("results/demo/errors").values())
    assert not pushed & set(origin.tree("data/raw/demo", "results/demo/excerpts").values()) - {b""}
    assert "features/mel.npy" in restore(project)
    assert accuracy(project) == accuracy(origin)
    assert stages_run(project.run("dvc", "repro")) == ["render_demo", *COLLECTED, "study_errors"]
    assert (project.folder / "dvc.lock").read_bytes() == (origin.folder / "dvc.lock").read_bytes()
    assert project.tree(*RESULTS) == origin.tree(*RESULTS)
    restore(project)


def test_restore_touches_nothing_where_a_result_is_missing(origin):
    (origin.folder / "results/demo/leaderboard.csv").unlink()
    output = origin.run("python", "scripts/restore_run.py", check=False)
    assert "nothing was touched" in output and "leaderboard.csv: missing" in output


def test_a_queued_experiment_is_applied_and_restored(origin):
    origin.run("dvc", "exp", "run", "--queue", "--name", "strong", "--set-param", "models.sgd.alpha=0.3")
    origin.run("dvc", "exp", "run", "--run-all")
    before = accuracy(origin)
    origin.run("dvc", "exp", "apply", "strong")
    assert accuracy(origin) != before
    restore(origin)
    assert stages_run(origin.run("dvc", "repro")) == []


@pytest.mark.parametrize(
    ("shell", "kill"),  # the shell through which DVC starts a stage
    [
        ("/bin/sh", "DVC by SIGKILL"),
        ("/bin/bash", "the group by SIGINT"),
        pytest.param("/bin/sh", "the group by SIGINT", marks=pytest.mark.exhaustive),
        pytest.param("/bin/bash", "DVC by SIGKILL", marks=pytest.mark.exhaustive),
    ],
)
def test_after_an_interruption_the_same_command_ends_as_if_there_was_none(
    tiny, reproduced, tmp_path, monkeypatch, shell, kill
):
    monkeypatch.setenv("SHELL", shell)
    project = tiny.copy(tmp_path / "project")
    for stage in ("render_demo", "collect_mel", "train_sgd"):
        log = tmp_path / f"{stage}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["dvc", "repro", "train_sgd"],
                **{"cwd": project.folder, "stdout": output, "stderr": subprocess.STDOUT, "start_new_session": True},
            )
        # a job of that stage is at work
        while "Select jobs to execute" not in log.read_text().partition(f"Running stage '{stage}'")[2]:
            assert process.poll() is None, log.read_text()[-3000:]
            time.sleep(0.05)
        time.sleep(0.3)
        if kill == "DVC by SIGKILL":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) != 0
    project.run("dvc", "repro", "train_sgd")
    stages = lock(project)
    assert {"render_demo", "build_manifest", "collect_mel", "collect_mfcc", "make_splits", "train_sgd"} <= set(stages)
    assert stages == {name: lock(reproduced)[name] for name in stages}
