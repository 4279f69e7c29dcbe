import os

from genrebench.common import files
from genrebench.workflow import file_index


def test_index_changes_with_content_only(tmp_path):
    folder, index = tmp_path / "raw", tmp_path / "cache" / "raw.csv"
    (folder / "jazz").mkdir(parents=True)
    clip = folder / "jazz" / "a.wav"
    clip.write_bytes(b"one")
    (folder / ".hidden").write_bytes(b"no")
    assert [row["path"] for row in file_index.update(folder, index)] == ["jazz/a.wav"]
    before, stamp = index.read_bytes(), index.stat().st_mtime_ns

    os.utime(clip, ns=(1, 1))  # a touch, or a fresh checkout
    file_index.update(folder, index)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == (before, stamp)

    clip.write_bytes(b"two")  # of the same size
    file_index.update(folder, index)
    changed = index.read_bytes()
    assert changed != before
    assert files.read_rows(index)[0]["md5"] == files.md5_file(clip)

    (folder / "jazz" / "b.wav").write_bytes(b"three")
    assert len(file_index.update(folder, index)) == 2
    clip.unlink()
    assert [row["path"] for row in file_index.update(folder, index)] == ["jazz/b.wav"]


def test_unchanged_files_are_not_read_again(tmp_path, monkeypatch):
    folder, index = tmp_path / "raw", tmp_path / "raw.csv"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text(name)
    file_index.update(folder, index)
    read = []
    md5_file = files.md5_file
    monkeypatch.setattr(files, "md5_file", lambda path: read.append(path.name) or md5_file(path))
    (folder / "c").write_text("c")
    file_index.update(folder, index)
    assert read == ["c"]


def test_a_name_that_is_not_utf8_and_a_file_that_cannot_be_read_are_left_to_the_manifest(tmp_path, monkeypatch):
    folder, index = tmp_path / "raw", tmp_path / "raw.csv"
    folder.mkdir()
    (folder / "a\udcff.wav").write_text("a")
    (folder / "b.wav").write_text("b")
    md5_file = files.md5_file

    def refuse(path):
        if path.name == "b.wav":
            raise PermissionError
        return md5_file(path)

    monkeypatch.setattr(files, "md5_file", refuse)
    rows = file_index.update(folder, index)
    assert [(row["path"], bool(row["md5"])) for row in rows] == [("a\\udcff.wav", True), ("b.wav", False)]
    monkeypatch.undo()
    assert all(row["md5"] for row in file_index.update(folder, index))
