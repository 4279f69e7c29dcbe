from pathlib import Path

import numpy as np
import pytest

from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.tagging import choice
from genrebench.tagging.choice import Choice

GENRES = ["hiphop", "jazz", "rock"]
NAMES = {genre: choice.default_name(genre) for genre in GENRES}


def prediction(*probabilities, low_confidence=""):
    return Prediction(Path("a.mp3"), 30.0, GENRES, np.array(probabilities), [], np.empty((0, 3)), low_confidence)


def chosen(given, *probabilities):
    return list(given.of(prediction(*probabilities))[0])


def test_by_default_it_is_the_most_probable_genre():
    assert chosen(Choice(NAMES), 0.34, 0.33, 0.33) == ["Hip-Hop"]
    assert Choice(NAMES).of(prediction(0.1, 0.7, 0.2)) == ({"Jazz": 0.7}, "")


def test_where_the_model_abstains_there_is_none_and_the_reason():
    assert Choice(NAMES, top=3).of(prediction(0.4, 0.3, 0.3, low_confidence="why")) == ({}, "why")


def test_several_genres_need_a_probability():
    assert chosen(Choice(NAMES, top=2), 0.6, 0.3, 0.1) == ["Hip-Hop", "Jazz"]
    assert chosen(Choice(NAMES, top=3), 0.1, 0.3, 0.6) == ["Rock", "Jazz"]
    assert chosen(Choice(NAMES, top=3), 0.19, 0.02, 0.18) == ["Hip-Hop"]  # the first has any
    assert chosen(Choice(NAMES, at_least=0.1), 0.6, 0.3, 0.1) == ["Hip-Hop", "Jazz", "Rock"]
    assert chosen(Choice(NAMES, top=2, at_least=0.1), 0.6, 0.3, 0.1) == ["Hip-Hop", "Jazz"]
    found, reason = Choice(NAMES, at_least=0.7).of(prediction(0.6, 0.3, 0.1))
    assert not found and "70%" in reason


def test_genres_of_one_name_are_one_and_a_blank_name_is_none():
    names = {"hiphop": "Urban", "jazz": "Urban", "rock": ""}
    assert Choice(names, at_least=0.1).of(prediction(0.3, 0.2, 0.5))[0] == {"Urban": 0.3}
    assert Choice(names).of(prediction(0.3, 0.2, 0.5))[0] == {}


def test_default_names_are_those_of_id3():
    assert NAMES == {"hiphop": "Hip-Hop", "jazz": "Jazz", "rock": "Rock"}
    assert choice.default_name("acid_jazz") == "Acid Jazz" and choice.default_name("gqom") == "gqom"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n.yaml", "hiphop: Rap\njazz: ''\n"),
        ("n.yml", "hiphop: Rap\njazz:\n"),
        ("n.csv", "genre,name\nhiphop,Rap\njazz,\n"),
        ("n.csv", "name;genre;note\nRap;hiphop;x\n;jazz;\n"),
    ],
)
def test_names_are_read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert choice.read_names(tmp_path / name, GENRES) == {"hiphop": "Rap", "jazz": "", "rock": "Rock"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n.yaml", "polka: Polka\n"),
        ("n.yaml", "1: One\n"),
        ("n.yaml", "- hiphop\n"),
        ("n.yaml", "hiphop: 3\n"),
        ("n.yaml", 'hiphop: "a\\nb"\n'),
        ("n.yaml", "hiphop: [\n"),
        ("n.csv", "hiphop,Rap\n"),
        ("n.csv", "genre,name\npolka,Polka\n"),
    ],
)
def test_what_are_no_names_is_one_sentence(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=name):
        choice.read_names(tmp_path / name, GENRES)
    with pytest.raises(InputError, match="none"):
        choice.read_names(tmp_path / f"none{Path(name).suffix}", GENRES)
