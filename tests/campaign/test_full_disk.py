"""A disk that is full at any moment: one line says so, what was there stays, and with room the command ends."""

import os
import subprocess

import pytest
import soundfile

from exported_models import PITCHES, RATE, tone
from project import Project

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk"),
]

KB = 1024


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many kilobytes, or changes the size of the one that it mounted."""
    folder = tmp_path / "disk"

    def sized(kilobytes):
        size = f"size={kilobytes}k"
        if folder.exists():
            subprocess.run(["mount", "-o", f"remount,{size}", folder], check=True)
        else:
            folder.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "genrebench-test", folder], check=True)
        return Project(folder)

    yield sized
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    for genre in PITCHES:
        (folder / genre).mkdir()
        for number in range(30):  # so that the table of predictions does not fit on a page of memory
            soundfile.write(folder / genre / f"{number}.wav", tone(genre, 100 + number, 2), RATE)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "{songs}", "--model", "{exported}", "--csv", "--output", "answers.csv"],
        ["predict", "{songs}", "--model", "{exported}", "--plot", "plots"],
        ["update", "{exported}", "{songs}", "--output", "updated"],
    ],
    ids=["predict", "plot", "update"],
)
def test_commands_say_that_the_disk_is_full(small_disk, exported, songs, arguments):
    arguments = [argument.format(songs=songs, exported=exported) for argument in arguments]
    said = small_disk(4).run("genrebench", *arguments, check=False)
    assert "Traceback" not in said
    assert "No space left" in said
    assert not [path for path in small_disk(4).folder.rglob("*.tmp*")]
    small_disk(100_000).run("genrebench", *arguments)


def test_workflow_goes_on_when_there_is_room(tiny, small_disk):
    """The disk fills at several stages of the tiny project."""
    needed = sum(path.stat().st_size for path in tiny.folder.rglob("*") if path.is_file()) // KB
    filled = 0
    project = small_disk(2 * needed + 2000)
    subprocess.run(["cp", "--archive", f"{tiny.folder}/.", project.folder], check=True)
    used = int(subprocess.check_output(["du", "-sk", project.folder]).split()[0])
    for more in (100, 600, 2000, 4000, 8000):  # kB
        small_disk(used + more)
        # Python leaves half a compiled module on a full disk, which is not the project's to mend
        said = project.snakemake("--keep-going", check=False, env={"PYTHONDONTWRITEBYTECODE": "1"})
        if "No space left" in said:
            filled += 1
            assert "MissingOutputException" not in said
        used = max(used, int(subprocess.check_output(["du", "-sk", project.folder]).split()[0]))
    assert filled
    small_disk(1_000_000)
    project.snakemake()
    assert (project.folder / "results/demo/report.html").is_file()
    assert not project.jobs()
