import pytest

from genrebench.common import written
from genrebench.common.cli import InputError


def test_blank_rows_and_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1\n,\n\n2,3\n , \n")
    table = written.read(tmp_path / "a.csv")
    assert table.columns == ("a", "b")
    assert list(table.rows) == [{"a": "1", "b": ""}, {"a": "2", "b": "3"}]


def test_a_file_without_a_line_has_no_columns(tmp_path):
    (tmp_path / "a.csv").touch()
    assert written.read(tmp_path / "a.csv").columns == ()


@pytest.mark.parametrize("data", [b"a,b\n\x81\x00", b"\xff\xfea"])
def test_what_is_no_text_is_named(tmp_path, data):
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(InputError, match="cannot be read: it is neither"):
        written.read(tmp_path / "a.csv")
