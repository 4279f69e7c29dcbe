"""A checkout of the project in a folder of a test's own, with the commands that people type."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
# rules that read the evaluations of all models
STUDIES = (
    "compare_models",
    "compare_papers",
    "compare_claims",
    "compare_stability",
    "study_leakage",
    "study_errors",
    "draw_saliency",
)


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


def eventually(condition, seconds=60):
    """The value of a condition as soon as it holds."""
    for _ in range(5 * seconds):
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")
