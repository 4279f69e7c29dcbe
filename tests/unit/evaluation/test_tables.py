import pandas as pd
import pytest

from genrebench.common import cli
from genrebench.evaluation import tables

TABLE = tables.Table({"name": tables.TEXT, "count": tables.COUNT, "number": tables.NUMBER, "flag": tables.FLAG})


def test_what_is_written_is_read_again(tmp_path):
    rows = [
        {"name": "NA", "count": 3, "number": 0.123456789, "flag": True},
        {"name": None, "count": None, "number": None, "flag": None},
        {"name": "a, b", "count": 0, "number": float("inf"), "flag": False},
    ]
    TABLE.write(tmp_path / "table.csv", rows)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines == ["name,count,number,flag", "NA,3,0.123457,True", ",,,", '"a, b",0,inf,False']
    found = TABLE.read(tmp_path / "table.csv")
    assert [str(kind) for kind in found.dtypes] == ["str", "Int64", "float64", "boolean"]
    assert tables.rows(found) == [
        {"name": "NA", "count": 3, "number": 0.123457, "flag": True},
        {"name": "", "count": None, "number": None, "flag": None},
        {"name": "a, b", "count": 0, "number": float("inf"), "flag": False},
    ]


def test_numbers_without_a_format_lose_nothing(tmp_path):
    table = tables.Table({"number": tables.NUMBER}, number=None)
    table.write(tmp_path / "table.csv", [{"number": 1 / 3}])
    assert table.read(tmp_path / "table.csv")["number"].tolist() == [1 / 3]


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    TABLE.write(tmp_path / "table.csv", [])
    found = TABLE.read(tmp_path / "table.csv")
    assert found.empty
    assert list(found.columns) == list(TABLE.columns)


def test_further_columns_are_of_one_type_or_an_error(tmp_path):
    with pytest.raises(ValueError, match="p_jazz"):
        TABLE.frame([{"name": "a", "p_jazz": 0.5}])
    table = tables.Table({"name": tables.TEXT}, others=tables.NUMBER)
    table.write(tmp_path / "table.csv", pd.DataFrame({"name": ["a"], "p_jazz": [0.5], "p_rock": [None]}))
    assert tables.rows(table.read(tmp_path / "table.csv")) == [{"name": "a", "p_jazz": 0.5, "p_rock": None}]
    assert list(table.read(tmp_path / "table.csv", only=["p_jazz"]).columns) == ["p_jazz"]


def test_a_file_that_is_missing_or_of_another_version_is_refused(tmp_path):
    with pytest.raises(cli.InputError, match="missing"):
        TABLE.read(tmp_path / "table.csv")
    (tmp_path / "table.csv").write_text("name,count\n")
    with pytest.raises(cli.InputError, match="number, flag"):
        TABLE.read(tmp_path / "table.csv")
