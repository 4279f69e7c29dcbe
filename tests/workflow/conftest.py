"""A project of its own for every test: a checkout with a tiny demo corpus, copied from one that was run once."""

import fcntl
import shutil
from contextlib import contextmanager

import pytest

from project import Project


@contextmanager
def made_once(name, tmp_path_factory, worker_id):
    """The folder `name` of all of xdist's workers, held by one of them at a time."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder / "started", ignore_errors=True)
        yield folder


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory, worker_id):
    """The same, after `snakemake`. Copy it, do not change it."""
    with made_once("finished", tmp_path_factory, worker_id) as folder:
        if not (folder / "project").exists():
            project = tiny.copy(folder / "started")
            project.snakemake()
            project.folder.rename(folder / "project")
    return Project(folder / "project")


@pytest.fixture(scope="session")
def reproduced(tiny, tmp_path_factory, worker_id):
    """The tiny checkout after `dvc repro` and a commit. Copy it, do not change it."""
    with made_once("reproduced", tmp_path_factory, worker_id) as folder:
        if not (folder / "project").exists():
            project = tiny.copy(folder / "started")
            project.run("dvc", "repro")
            project.run("git", "add", "--all")
            project.run("git", "commit", "--quiet", "-m", "first experiment")
            project.folder.rename(folder / "project")
    return Project(folder / "project")


@pytest.fixture
def project(finished, tmp_path):
    """A finished project of the test's own, in a folder whose name has a space."""
    return finished.copy(tmp_path / "a project")
