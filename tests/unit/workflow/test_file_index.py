import json
import os

import pytest

from genrebench.common import files
from genrebench.workflow import dataset_folder, file_index
from genrebench.workflow.file_index import State


@pytest.fixture
def folder(tmp_path):
    """A folder with one clip, and its index up to date."""
    (tmp_path / "raw" / "jazz").mkdir(parents=True)
    (tmp_path / "raw" / "jazz" / "a.wav").write_bytes(b"one")
    (tmp_path / "raw" / ".hidden").write_bytes(b"no")
    file_index.update(tmp_path / "raw", tmp_path / "cache" / "raw.json")
    return tmp_path / "raw"


@pytest.fixture
def index(tmp_path):
    return tmp_path / "cache" / "raw.json"


def tree(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_the_index_changes_with_contents_only(folder, index):
    before = index.read_bytes()
    assert json.loads(before)["files"] == 1
    os.utime(folder / "jazz" / "a.wav", ns=(1, 1))
    (row,) = file_index.update(folder, index)
    assert index.read_bytes() == before and row["mtime_ns"] == "1"
    (folder / "jazz" / "a.wav").write_bytes(b"two")  # of the same size
    (row,) = file_index.update(folder, index)
    assert index.read_bytes() != before and row["md5"] == files.md5_file(folder / "jazz" / "a.wav")


def test_comparing_tells_touched_from_changed_and_writes_nothing(folder, index):
    clip = folder / "jazz" / "a.wav"
    compared = []

    def compare():
        before = tree(index.parent)
        compared.append(file_index.compare(folder, index))
        assert tree(index.parent) == before

    compare()
    os.utime(clip, ns=(1, 1))
    compare()
    clip.write_bytes(b"another size")
    compare()
    file_index.update(folder, index)
    (folder / "jazz" / "b.wav").write_bytes(b"")
    compare()
    (folder / "jazz" / "b.wav").unlink()
    compare()
    clip.rename(folder / "jazz" / "c.wav")
    compare()
    changed = State.CHANGED
    assert compared == [State.CURRENT, State.TOUCHED, changed, changed, State.CURRENT, changed]


@pytest.mark.parametrize("lost", [".json", ".csv"])
def test_without_index_or_listing_it_is_not_up_to_date(folder, index, lost):
    index.with_suffix(lost).unlink()
    assert file_index.compare(folder, index) == State.CHANGED


def test_an_index_that_lags_behind_its_listing_is_not_up_to_date(folder, index):
    """As after a kill between the two."""
    (folder / "jazz" / "a.wav").write_bytes(b"two")
    file_index.update_listing(folder, file_index.listing_of(index))
    assert file_index.compare(folder, index) == State.CHANGED


def test_what_no_manifest_uses_changes_nothing_of_a_dataset(folder, index):
    def compare():
        return file_index.compare(folder, index, dataset_folder.used_files)

    file_index.update(folder, index, dataset_folder.used_files)
    (folder / "jazz" / "Thumbs.db").write_bytes(b"x")
    (folder / "#recycle").mkdir()
    (folder / "#recycle" / "b.wav").write_bytes(b"x")
    os.mkfifo(folder / "jazz" / "pipe.wav")
    (folder / "clips.csv").write_text("path,artist\n")
    assert compare() == State.CURRENT
    (folder / "clips.csv").write_text("path,artist\njazz/a.wav,A\n")
    assert compare() == State.CHANGED
    (folder / "clips.csv").unlink()
    assert compare() == State.CURRENT
    (folder / "jazz" / ".38 Special").mkdir()
    (folder / "jazz" / ".38 Special" / "b.mp2").write_bytes(b"x")
    assert compare() == State.CHANGED


def test_unchanged_files_are_not_read_again(folder, index, monkeypatch):
    read = []
    md5_file = files.md5_file
    monkeypatch.setattr(files, "md5_file", lambda path: read.append(os.path.basename(path)) or md5_file(path))  # noqa: PTH119
    (folder / "c").write_text("c")
    file_index.update(folder, index)
    assert read == ["c"]


def test_a_name_that_is_not_utf8_and_a_file_that_cannot_be_read_are_left_to_the_manifest(tmp_path, monkeypatch):
    folder, index = tmp_path / "raw", tmp_path / "raw.json"
    folder.mkdir()
    (folder / "a\udcff.wav").write_text("a")
    (folder / "b.wav").write_text("b")
    md5_file = files.md5_file

    def refuse(path):
        if path.endswith("b.wav"):
            raise PermissionError
        return md5_file(path)

    monkeypatch.setattr(files, "md5_file", refuse)
    rows = file_index.update(folder, index)
    assert [(row["path"], bool(row["md5"])) for row in rows] == [("a\\udcff.wav", True), ("b.wav", False)]
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert file_index.compare(folder, index) == State.CURRENT
    monkeypatch.undo()
    assert file_index.compare(folder, index) == State.TOUCHED
    assert all(row["md5"] for row in file_index.update(folder, index))


def test_links_are_followed_but_not_in_a_circle(folder, index, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.wav").write_bytes(b"x")
    (folder / "rock").symlink_to(tmp_path / "elsewhere")
    (folder / "jazz" / "again").symlink_to(folder)
    rows = file_index.update(folder, index)
    assert [row["path"] for row in rows] == ["jazz/a.wav", "rock/x.wav"]


def test_a_folder_that_is_not_here_is_indexed_by_its_paths(index):
    file_index.write([{"path": "x/a"}, {"path": "x/b"}], index)
    assert files.read_json(index)["files"] == 2
    assert [row["path"] for row in file_index.read_listing(index)] == ["x/a", "x/b"]
