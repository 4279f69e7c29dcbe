import re

from genrebench.common import files
from genrebench.evaluation import tables
from genrebench.reporting.sections import studies


def row(clip: str, wrong: int, guess: str = "blues", artist: str = "") -> dict:
    return {
        **{"protocol": "artist", "clip_id": clip, "genre": "jazz", "artist": artist, "models": 3, "wrong": wrong},
        **{"share": wrong / 3, "guess": guess if wrong else "", "guesses": wrong, "p_blues": 0.9, "p_jazz": 0.1},
    }


def test_hard_clips_are_described_with_picture_excerpt_and_suspected_label(tmp_path):
    rows = [row("a", 3, artist="x"), row("b", 3, artist="x"), row("c", 2, "rock", "y"), row("d", 0)]
    tables.HARD_CLIPS.write(tmp_path / "errors.csv", rows)
    tables.LABELS.write(tmp_path / "labels.csv", [{"clip_id": "a", "genre": "jazz", "suspected": True}])
    for name in ("a.png", "b.mp3"):
        (tmp_path / name).write_bytes(b"data")
    found = studies.describe_errors(tmp_path / "errors.csv", tmp_path, tmp_path, tmp_path / "labels.csv")
    assert (found["hard"], len(found["clips"])) == (3, 4)
    assert [card["clip_id"] for card in found["cards"]] == ["a", "b", "c"]
    assert [card["suspected"] for card in found["cards"]] == [True, False, False]
    assert [card["picture"] is not None for card in found["cards"]] == [True, False, False]
    assert [card["excerpt"] is not None for card in found["cards"]] == [False, True, False]
    assert found["cards"][0]["probabilities"][0] == {"genre": "blues", "probability": 0.9, "true": False}
    hard, all_models, confusion, artists = found["sentences"]
    assert "3 of 4 test clips" in hard and "3 models" in hard
    assert re.findall(r"\d+", all_models) == ["2", "1"]  # wrong for all, right for all
    assert "jazz predicted as blues (2 clips)" in confusion
    assert "2 hard clips" in artists and "1 artist " in artists


def test_no_clips_have_no_sentences():
    assert studies.sum_up([]) == []


def test_of_many_genres_the_first_are_shown_and_the_label():
    many = {"genre": "last"} | {f"p_g{i:02}": 0.03 - i / 1000 for i in range(20)} | {"p_last": 0.0001}
    shown = [one["genre"] for one in studies.probabilities(many)]
    assert shown == [*(f"g{i:02}" for i in range(studies.GENRES_SHOWN - 1)), "last"]


def test_saliency_is_summed_up_by_model(tmp_path):
    clip = {"predicted": "jazz", "genre": "jazz", "largest": -1.0, "low": 0.25}
    facts = {"models": {"cnn": {"a": clip, "b": clip | {"genre": "rock", "low": 0.75}}}, "unavailable": {"svm": "no"}}
    files.write_json(tmp_path / "saliency.json", facts)
    found = studies.describe_saliency(tmp_path / "saliency.json")
    assert (found["models"], found["unavailable"]) == (["cnn"], {"svm": "no"})
    (sentence,) = found["sentences"]
    assert all(text in sentence for text in ("cnn", "1 of 2 clips", "2.00", "50%"))
