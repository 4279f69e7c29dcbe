"""A project of its own for every test: a checkout with a tiny demo corpus, copied from one that was run once."""

import fcntl
import shutil
import subprocess
from contextlib import contextmanager

import pytest
import yaml

from project import ROOT, Project

TINY = {
    "demo": {"seed": 1, "artists_per_genre": 3, "clips_per_artist": 1, "duration_s": 1.2},
    "features": {
        "mel": {"n_fft": 512, "hop_length": 256, "n_mels": 16},
        "mfcc": {"n_fft": 512, "hop_length": 256, "n_mels": 16, "n_mfcc": 8},
        "chroma": {"n_fft": 2048, "hop_length": 512, "n_chroma": 12},
        "wavelet": {"wavelet": "haar", "levels": 5},
        "tabular": {
            **{"n_fft": 512, "hop_length": 256, "n_mfcc": 8, "n_chroma": 12},
            **{"columns": ["rms", "spectral_centroid", "mfcc"], "statistics": ["mean", "var"]},
        },
        "yamnet": {"handle": "https://example.org/yamnet"},
    },
    "protocols": {
        "stratified": {"test": 0.34, "valid": 0.33, "repeats": 1, "seed": 0, "duplicates": "use"},
        "artist": {"test": 0.34, "valid": 0.33, "repeats": 1, "seed": 0, "duplicates": "use"},
        "fault_filtered": {},
    },
    "leakage": {"models": ["sgd"]},
    "seeds": [0],
    "ablation": {
        **{"models": {"logistic": {}}, "features": ["mel", "mfcc"], "protocol": "artist"},
        **{"permutations": 3, "pca": 0.9},
    },
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The checkout with the tiny parameters, committed, nothing run yet. Copy it, do not change it."""
    project = Project(tmp_path_factory.mktemp("tiny") / "project")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and not name.startswith("tests/") and name != "dvc.lock" and (ROOT / name).is_file():
            (project.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project.folder / name)
    for section, value in TINY.items():
        project.change(section, value)
    project.change("models.sgd.features", ["mel", "mfcc"])
    project.change("models.sgd.for_dataset", {})
    models = yaml.safe_load((ROOT / "params.yaml").read_text())["models"]
    for name in set(models) - {"logistic", "sgd", "embedding_probe"}:
        project.remove(f"models.{name}")
    project.run("python", "scripts/write_dvc_yaml.py")
    for command in (
        "init",
        "config user.name test",
        "config user.email test@example.org",
        "add --all",
        "commit -m tiny",
    ):
        project.run("git", *command.split())
    return project


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
    """A finished project of the test's own."""
    return finished.copy(tmp_path / "project")
