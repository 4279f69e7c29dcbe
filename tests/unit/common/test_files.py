import json

import pytest

from genrebench.common import files
from genrebench.common.tables import TEXT, Table


def test_atomic_keeps_the_old_file_and_leaves_nothing_when_the_block_fails(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), files.atomic(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_atomic_replaces_what_a_killed_writer_left_and_whole_folders(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "stale").touch()
    (tmp_path / ".model.tmp").mkdir()
    (tmp_path / ".model.tmp" / "half").touch()
    with files.atomic(target) as temporary:
        assert not temporary.exists()
        temporary.mkdir()
        (temporary / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_rows_survive_a_round_trip_and_unknown_columns_are_an_error(tmp_path):
    rows = [{"a": "1", "b": 'x,"y"'}, {"a": "2", "b": "ü"}]
    files.write_rows(tmp_path / "t.csv", ("a", "b"), rows)
    assert files.read_rows(tmp_path / "t.csv") == rows
    with pytest.raises(ValueError):
        files.write_rows(tmp_path / "t.csv", ("a",), rows)
    assert files.read_rows(tmp_path / "t.csv") == rows


@pytest.mark.parametrize("odd", ["a\rb", "a\r\nb", "a\nb", 'a"b\r', "\r\n"])
def test_ends_of_lines_in_a_field_are_no_ends_of_rows(tmp_path, odd):
    rows = [{"one": odd, "two": "2"}, {"one": "1", "two": odd}]
    files.write_rows(tmp_path / "a.csv", ["one", "two"], rows)
    assert files.read_rows(tmp_path / "a.csv") == rows
    table = Table({"one": TEXT, "two": TEXT})
    table.write(tmp_path / "b.csv", rows)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert table.read(tmp_path / "b.csv").to_dict("records") == rows


def test_the_same_value_gives_the_same_json(tmp_path):
    files.write_json(tmp_path / "a.json", {"b": 1, "a": [2, "é"]})
    files.write_json(tmp_path / "b.json", {"a": [2, "é"], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [2, "é"], "b": 1}


def test_a_name_may_be_as_long_as_a_file_system_allows(tmp_path):
    for name in ("a" * 251 + ".csv", "歌" * 85, "A. " + "x" * 252):
        files.write_json(tmp_path / name, 1)
        assert files.read_json(tmp_path / name) == 1
    assert len(list(tmp_path.iterdir())) == 3
