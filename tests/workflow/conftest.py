"""A project of its own for every test: a checkout with a tiny demo corpus, copied from one that was run once."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
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
    "seeds": [0],
}


class Project:
    """A checkout in a folder, with the commands that people type."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, *command, check=True, env=None):
        """Run a command in the project; return what it printed (both streams)."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **(env or {}),
        }
        result = subprocess.run(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert not check or result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-5000:]}"
        return result.stdout

    def snakemake(self, *options, **kwargs):
        return self.run("snakemake", "--cores", "2", *options, **kwargs)

    def jobs(self, *options):
        """What a dry run would do: number of jobs by rule."""
        output = self.snakemake("--dry-run", *options)
        return {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", output, re.M) if name != "total"}

    def change(self, path, value):
        """Set a parameter in params.yaml."""
        self._edit(path, lambda node, key: node.update({key: value}))

    def remove(self, path):
        """Take an entry out of params.yaml."""
        self._edit(path, dict.pop)

    def _edit(self, path, edit):
        file = self.folder / "params.yaml"
        params = yaml.safe_load(file.read_text())
        node = params
        *parents, last = path.split(".")
        for part in parents:
            node = node[part]
        edit(node, last)
        file.write_text(yaml.safe_dump(params, sort_keys=False))

    def make_user_folder(self, name="mine", clips=5):
        """A folder of the user's: two genres of the demo, without what the demo says about artists."""
        for genre in ("jazz", "metal"):
            target = self.folder / "data/raw" / name / genre
            target.mkdir(parents=True, exist_ok=True)
            wavs = [
                path for path in (self.folder / "data/raw/demo" / genre).glob("*.wav") if path.stat().st_size > 40_000
            ]
            for number in range(clips):
                source = sorted(wavs)[number % len(wavs)]
                # other contents for every clip, so that none is a duplicate
                (target / f"song {number}.wav").write_bytes(source.read_bytes()[: -500 * number or None])
        self.change("dataset", name)

    def tree(self, *folders):
        """Contents of all files below these folders, by path, without what the engines leave there."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for folder in folders
            for path in sorted((self.folder / folder).rglob("*"))
            if path.is_file() and path.name != ".snakemake_timestamp"
        }

    def copy(self, folder):
        """A copy that the engines take for the same project (times of modification are kept)."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


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


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory, worker_id):
    """The same, after `snakemake`. Copy it, do not change it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"  # one for all of xdist's workers
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "project").exists():
            project = tiny.copy(folder / "started")
            project.snakemake()
            project.folder.rename(folder / "project")
    return Project(folder / "project")


@pytest.fixture
def project(finished, tmp_path):
    """A finished project of the test's own."""
    return finished.copy(tmp_path / "project")
