import pandas as pd
import pytest

from genrebench.common.cli import InputError
from genrebench.datasets import tables


def test_what_is_written_is_read(tmp_path):
    table = pd.DataFrame(
        {
            "clip_id": ["a", "b", "c"],
            "artist": ["NA", "", 'Earth, Wind & "Fire"'],
            "duration_s": [1.5, None, 2 / 3],
            "sample_rate": pd.array([22050, None, 44100], dtype="Int64"),
        }
    )
    tables.write(tmp_path / "manifest.csv", table, tables.MANIFEST)
    back = tables.read(tmp_path / "manifest.csv", tables.MANIFEST)
    assert back.dtypes.astype(str).to_dict() == tables.MANIFEST
    assert back["artist"].to_list() == table["artist"].to_list()
    assert back["sample_rate"].to_list() == [22050, pd.NA, 44100]
    assert back["duration_s"].round(6).equals(table["duration_s"].round(6))
    assert (back["md5"] == "").all()
    first = (tmp_path / "manifest.csv").read_bytes()
    tables.write(tmp_path / "manifest.csv", back, tables.MANIFEST)
    assert (tmp_path / "manifest.csv").read_bytes() == first


def test_an_empty_table_has_its_header(tmp_path):
    tables.write(tmp_path / "rejected.csv", pd.DataFrame(), tables.REJECTED)
    assert (tmp_path / "rejected.csv").read_text() == "path,genre,reason,detail\n"
    assert len(tables.read(tmp_path / "rejected.csv", tables.REJECTED)) == 0


def test_other_columns_are_left_out(tmp_path):
    (tmp_path / "x.csv").write_text("\ufeffnote,subset,clip_id\nn,train,a\n", encoding="utf-8")
    assert tables.read(tmp_path / "x.csv", tables.SPLIT).to_dict("records") == [{"clip_id": "a", "subset": "train"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clip_id,segment\na,0\n", "lacks subset"),
        ("", "lacks clip_id, segment, subset"),
        ("clip_id,segment,subset\na,one,train\n", "segment must be a number"),
        ("clip_id,segment,subset\na,,train\n", "segment must be a number"),
    ],
)
def test_a_faulty_table_is_named(tmp_path, text, words):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        tables.read(tmp_path / "x.csv", tables.SEGMENT_SPLIT)


def test_no_table_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        tables.read(tmp_path / "none.csv", tables.SPLIT)
