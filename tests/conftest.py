"""What all tests need before they import anything, and what several folders of tests share."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project import ROOT, Project

# What is started in the background of a script ignores SIGINT, and so would what the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# librosa compiles some of its functions when it is imported. Processes that do so at the same time, in a new
# environment, can leave a cache that crashes all that read it: each worker has its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".cache" / "numba" / WORKER)

# The whole params.yaml of the tiny project, whose presets add nothing: no test depends on what a user has in theirs.
TINY = {
    "dataset": "demo",
    "suite": "auto",
    "demo": {"seed": 1, "artists_per_genre": 3, "clips_per_artist": 1, "duration_s": 1.2},
    "audio": {"sample_rate": 22050, "duration": "longest"},
    "manifest": {},
    "compute": {"threads": 1},
    "study": {},
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
        "stratified": {"test": 0.34, "valid": 0.33},
        "artist": {"test": 0.34, "valid": 0.33},
        "fault_filtered": {},
    },
    "leakage": {"models": ["sgd"]},
    "seeds": [0],
    "ablation": {
        **{"models": {"logistic": {}}, "features": ["mel", "mfcc"], "protocol": "artist"},
        **{"permutations": 3, "pca": 0.9},
    },
    "models": {
        "logistic": {},
        "sgd": {"features": ["mel", "mfcc"], "alpha": 0.0001},
        "linear_probe": {},
    },
}


def pytest_collection_finish():
    """TensorFlow works on one thread, as in a run: once a test has used it, that could not be said any more."""
    if "keras" in sys.modules:
        from genrebench.encoders import saved_model

        saved_model.tensorflow()


@pytest.fixture
def small_disk(tmp_path):
    """A folder that is a disk of 1 MB of its own: root alone can have one."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


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
    (project.folder / "params.yaml").write_text(yaml.safe_dump(TINY, sort_keys=False))
    for preset in (project.folder / "config/presets").glob("*.yaml"):
        preset.write_text("suite: all\n")
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
