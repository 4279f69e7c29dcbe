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
    tables.MANIFEST.write(tmp_path / "manifest.csv", table)
    back = tables.MANIFEST.read(tmp_path / "manifest.csv")
    assert back.dtypes.astype(str).to_dict() == tables.MANIFEST.columns
    assert back["artist"].to_list() == table["artist"].to_list()
    assert back["sample_rate"].to_list() == [22050, pd.NA, 44100]
    assert back["duration_s"].round(6).equals(table["duration_s"].round(6))
    assert (back["md5"] == "").all()
    first = (tmp_path / "manifest.csv").read_bytes()
    tables.MANIFEST.write(tmp_path / "manifest.csv", back)
    assert (tmp_path / "manifest.csv").read_bytes() == first


def test_an_empty_table_has_its_header(tmp_path):
    tables.REJECTED.write(tmp_path / "rejected.csv", [])
    assert (tmp_path / "rejected.csv").read_text() == "path,genre,reason,detail\n"
    assert len(tables.REJECTED.read(tmp_path / "rejected.csv")) == 0


def test_other_columns_are_left_out(tmp_path):
    (tmp_path / "x.csv").write_text("\ufeffnote,subset,clip_id\nn,train,a\n", encoding="utf-8")
    assert tables.SPLIT.read(tmp_path / "x.csv").to_dict("records") == [{"clip_id": "a", "subset": "train"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clip_id,segment\na,0\n", "no column subset"),
        ("", "no column clip_id, segment, subset"),
        ("clip_id,segment,subset\na,one,train\n", "one"),
    ],
)
def test_a_faulty_table_is_named(tmp_path, text, words):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        tables.SEGMENT_SPLIT.read(tmp_path / "x.csv")


def test_no_table_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        tables.SPLIT.read(tmp_path / "none.csv")
