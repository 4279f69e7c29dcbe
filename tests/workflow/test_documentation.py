"""The commands of the documentation, run as a reader would, on the tiny corpus."""

import json
import shutil
import sys

import pytest
import soundfile
import yaml

from documented import blocks_of
from project import ROOT

NEW_MODELS = ROOT / "docs/adding_a_model.md"
# The pages of which each command is run, but for those that begin so: why not here.
NOT_RUN = {
    "README.md": {
        "make test": "it is this",
        "make plan": "GTZAN would be downloaded",
        "snakemake --cores 8 --resources gpu=1": "GTZAN would be downloaded",
        "snakemake --cores 8 leakage": "GTZAN would be downloaded",
        "genrebench app": "it runs until it is stopped; see tests/app",
    },
    "docs/tagging.md": {"beet genrebench": "beets may not be installed; see tests/unit/beetsplug"},
    "docs/classifying.md": {
        "genrebench app": "it runs until it is stopped; see tests/app",
        "curl": "the page does not run; see tests/app and tests/unit/app",
        "genrebench plot": "it reads the presets of the checkout that is installed; see tests/unit/commands",
        "genrebench update": "it needs clips that are new; see tests/unit/inference/test_update.py",
        "make speech": "it installs PyTorch",
        "python scripts/fetch_weights.py": "weights would be downloaded",
        "genrebench predict song.mp3 --zero-shot": "it needs these weights; see tests/speech/test_zero_shot.py",
        "python tests/bench/compare_abstaining.py": "it needs clips of GTZAN",
    },
}
# Pages that one reader goes through.
TOGETHER = [["README.md"], ["docs/classifying.md", "docs/tagging.md"]]


@pytest.fixture
def reader(project, tmp_path, monkeypatch):
    """A project with music beside it, as its reader has: ~/Music, song.mp3."""
    home = tmp_path / "home"
    # the demo has too few clips of a genre that are whole and no duplicates
    for genre, sources in {"jazz": ("jazz", "blues", "classical"), "metal": ("metal", "rock", "pop")}.items():
        clips = [clip for source in sources for clip in (project.folder / "data/raw/demo" / source).glob("*.wav")]
        for number, clip in enumerate(sorted(clip for clip in clips if clip.stat().st_size > 40_000)):
            target = home / "Music/labelled" / genre / f"artist {number}" / f"{number}.wav"
            target.parent.mkdir(parents=True)
            shutil.copy(clip, target)
    samples, rate = soundfile.read(target)
    soundfile.write(project.folder / "song.mp3", samples, rate)
    project.snakemake("results/demo/export/logistic")
    (project.folder / ".venv").symlink_to(sys.prefix)
    monkeypatch.setenv("HOME", str(home))
    return project


def in_test(command):
    """The same command, where it would set the environment up again without doing so."""
    return command.replace("make ", "make --old-file .venv/ready ", 1) if command.startswith("make ") else command


@pytest.mark.long
@pytest.mark.parametrize("read", TOGETHER, ids=" ".join)
def test_a_reader_can_run_the_commands_of(read, reader):
    for page in read:
        passed_over = set()
        for block in blocks_of(ROOT / page):
            if block.language == "yaml" and block.title in ("", "params.yaml"):
                add_settings(reader, block.text)
            for command in block.commands if block.language == "bash" else ():
                begins = [start for start in NOT_RUN[page] if command.startswith(start)]
                passed_over.update(begins)
                if not begins:
                    reader.run("bash", "-c", in_test(command))
        assert passed_over == set(NOT_RUN[page]), "an exception for a command that is not there"


@pytest.mark.long
def test_the_models_of_the_documentation_can_be_added(project):
    """The module, the entry and the rule of each, taken from the page to the letter."""
    for block in blocks_of(NEW_MODELS):
        path = project.folder / block.title
        if block.language == "python":
            path.write_text(block.text)
        elif block.language == "snakemake":
            path.write_text(f"{path.read_text()}\n\n{block.text}\n")
        elif block.title == "params.yaml":
            add_settings(project, block.text)
    project.snakemake()
    accuracy = json.loads((project.folder / "results/demo/accuracy.json").read_text())
    assert {"stratified", "artist"} <= set(accuracy["knn"]) and set(accuracy["plain_cnn"]) == {"artist"}
    project.run("python", "scripts/write_dvc_yaml.py")
    assert {"train_knn", "train_plain_cnn"} <= yaml.safe_load((project.folder / "dvc.yaml").read_text())[
        "stages"
    ].keys()


def add_settings(project, text):
    """Merge a block of YAML into params.yaml."""

    def merge(given, path=()):
        for key, value in given.items():
            where = ".".join((*path, key))
            if isinstance(value, dict) and len(path) == 0 and key in params:
                merge(value, (*path, key))
            else:
                project.change(where, value)

    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    merge(yaml.safe_load(text))
