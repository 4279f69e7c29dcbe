from pathlib import Path

import pytest

from genrebench.common import files
from genrebench.workflow import file_index
from restore_run import _index_absent_audio


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone that has the tables of a user's dataset."""
    monkeypatch.chdir(tmp_path)
    Path("results/mine").mkdir(parents=True)
    files.write_rows("results/mine/manifest.csv", ("clip_id", "path"), [{"clip_id": "b", "path": "data/raw/mine/x/b"}])
    files.write_rows("results/mine/rejected.csv", ("path",), [{"path": "data/raw/mine/x/a"}])
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/mine.dvc").touch()


def test_absent_audio_is_listed_from_the_manifest(clone):
    _index_absent_audio("mine")
    assert [row["path"] for row in file_index.read_listing(".cache/mine/raw.json")] == ["x/a", "x/b"]
    assert files.read_json(".cache/mine/raw.json")["files"] == 2


def test_audio_that_is_there_is_not(clone):
    Path("data/raw/mine").mkdir()
    _index_absent_audio("mine")
    assert not Path(".cache").exists()


def test_the_demo_can_be_rendered_and_is_not(clone):
    _index_absent_audio("demo")
    assert not Path(".cache").exists()
