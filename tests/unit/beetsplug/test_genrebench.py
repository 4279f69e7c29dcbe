"""The plugin in beets itself, with a library in a temporary folder."""

import subprocess
import sys

import pytest
import yaml

pytest.importorskip("beets", reason="not installed: `make beets`")

from exported_models import RATE, sure_logistic, tone
from tagged_audio import describe, genre_of, make

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return sure_logistic(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def music(tmp_path):
    """An album to import: one file has a genre, one is no music inside."""
    folder = tmp_path / "music"
    folder.mkdir()
    for number, genre in enumerate(("bass", "bass", "treble")):
        make(folder / f"{number}.flac", tone(genre, 90 + number, 1.4), RATE)
    describe(make(folder / "3.mp3", tone("bass", 93, 1.4), RATE), "Enka")
    make(folder / "4.wav", tone("bass", 93, 0.2), RATE)  # too short
    return folder


@pytest.fixture
def beet(tmp_path, model, monkeypatch):
    """Calls beets; its configuration is that of the project's test, with settings of the plugin."""
    monkeypatch.setenv("BEETSDIR", str(tmp_path))
    (tmp_path / "names.yaml").write_text("bass: Dub\ntreble: Polka\n")

    def call(*arguments, status=0, **settings):
        config = {
            **{"directory": str(tmp_path / "library"), "library": str(tmp_path / "library.db")},
            **{"plugins": "genrebench", "import": {"copy": True, "autotag": False}},
            "genrebench": {"model": str(model), "names": "names.yaml", **settings},
        }
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        done = subprocess.run([sys.executable, "-m", "beets", *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


def genres(beet, *query):
    return beet("ls", "-f", "$genres", *query).stdout.splitlines()


def files(tmp_path):
    return [
        genre_of(path) for path in sorted((tmp_path / "library").rglob("*.*"), key=lambda path: path.stat().st_size)
    ]


def test_an_import_sets_genres_where_there_is_none(beet, music, tmp_path):
    done = beet("import", "-q", str(music))
    assert "4.wav" in done.stderr  # and the import went on
    assert sorted(genres(beet)) == ["", "Dub", "Dub", "Enka", "Polka"]
    assert sorted(map(str, files(tmp_path))) == ["['Dub']", "['Dub']", "['Enka']", "['Polka']", "[]"]
    assert beet("ls", "-a", "-f", "$genres").stdout.split() == ["Dub"]
    assert [genre_of(music / f"{number}.flac") for number in range(3)] == [[], [], []]  # copies were tagged


def test_an_import_that_writes_nothing_sets_genres_in_the_library(beet, music, tmp_path):
    beet("import", "-q", "--nowrite", str(music))
    assert sorted(genres(beet)) == ["", "Dub", "Dub", "Enka", "Polka"] and files(tmp_path).count([]) == 4


def test_the_command_sets_what_a_query_matches(beet, music, tmp_path):
    beet("import", "-q", str(music), auto=False)
    assert sorted(genres(beet)) == ["", "", "", "", "Enka"]
    shown = beet("genrebench", "--pretend")
    assert sum(line.startswith(("Dub: ", "Polka: ")) for line in shown.stdout.splitlines()) == 3
    assert sorted(genres(beet)) == ["", "", "", "", "Enka"] and files(tmp_path).count([]) == 4
    beet("genrebench", "genres::^$", "format:FLAC")
    assert sorted(genres(beet)) == ["", "Dub", "Dub", "Enka", "Polka"]
    assert files(tmp_path).count(["Dub"]) == 2
    assert beet("ls", "-a", "-f", "$genres").stdout.split() == ["Dub"]
    beet("genrebench", "--force", "format:MP3")
    assert genres(beet, "format:MP3") == ["Dub"]


def test_wrong_settings_are_one_sentence(beet, music):
    beet("import", "-q", str(music), auto=False)
    for settings in ({"model": "none"}, {"names": "none.yaml"}, {"top": "many"}):
        done = beet("genrebench", status=1, **settings)
        assert done.stderr.strip().splitlines()[-1]
