import pandas as pd
import pytest
from PIL import Image

from genrebench.evaluation import tables
from genrebench.reporting.sections import scores

GENRES = ["jazz", "pop", "rock"]


def predictions(*rows: tuple) -> pd.DataFrame:
    """Test predictions from (model, seed, clip, genre, predicted, its probability)."""
    columns = ["model", "seed", "clip_id", "genre", "predicted", "probability"]
    frame = pd.DataFrame(rows, columns=columns).assign(protocol="artist", split="repeat0")
    for genre in GENRES:
        frame[genre] = frame["probability"].where(frame["predicted"] == genre, 0.0)
    return frame.drop(columns="probability").assign(right=frame["genre"] == frame["predicted"])


def test_confusions_are_summed_over_runs():
    frame = predictions(
        *[("cnn", seed, "a", "jazz", "jazz", 0.9) for seed in (0, 1)], ("cnn", 1, "b", "rock", "jazz", 0.5)
    )
    (found,) = scores.confusions(frame, GENRES, ["stratified", "artist"])["artist"]
    assert (found["model"], found["runs"]) == ("cnn", 2)
    assert [[cell["count"] for cell in row] for row in found["cells"]] == [[2, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert found["cells"][2][0]["share"] == 1


def test_genre_scores_are_means_over_runs_and_blank_without_test_clips():
    rows = [
        {"protocol": "artist", "model": "cnn", "genre": genre, "precision": f1, "recall": f1, "f1": f1}
        for genre, f1 in (("jazz", 0.5), ("jazz", 1.0), ("rock", 0.25))
    ]
    (row,) = scores.genre_scores(pd.DataFrame(rows), GENRES, ["artist"])["artist"]
    assert {genre: one["f1"] for genre, one in row["scores"].items()} == {"jazz": 0.75, "pop": None, "rock": 0.25}


def test_the_most_probable_errors_of_the_best_model_come_first():
    frame = predictions(
        ("cnn", 0, "a", "jazz", "rock", 0.6), ("cnn", 1, "a", "jazz", "rock", 0.8), ("cnn", 0, "b", "rock", "pop", 0.9),
        ("cnn", 0, "c", "rock", "rock", 1.0), ("svm", 0, "a", "jazz", "pop", 1.0),
    )  # fmt: skip
    board = [{"protocol": "artist", "model": model, "accuracy_mean": a} for model, a in (("cnn", 0.5), ("svm", 0.1))]
    found = scores.confident_errors(board, frame, "artist")
    assert found["model"] == "cnn"
    assert [(one["clip_id"], one["predicted"], one["runs"]) for one in found["clips"]] == [
        ("b", "pop", 1),
        ("a", "rock", 2),
    ]
    assert found["clips"][1]["probability"] == pytest.approx(0.7)
    assert scores.confident_errors([], frame, None) is None


def test_the_better_model_of_a_pair_comes_first():
    pair = {"protocol": "artist", "model": "a", "other": "b", "difference": -0.25, "only_model": 1, "only_other": 9}
    other = pair | {"other": "c", "different": False, "p_holm": 0.5}
    facts = scores.describe_comparisons([pair | {"different": True, "p_holm": 0.01}, other])["artist"]
    (found,) = facts["different"]
    assert facts["tested"] == 2
    assert (found["better"], found["worse"], found["difference"]) == ("b", "a", 0.25)
    assert (found["only_model"], found["only_other"]) == (9, 1)


def test_models_are_ordered_by_the_quoted_protocol():
    rows = [
        {"model": model, "protocol": protocol, "unit": "clip", "accuracy_mean": accuracy}
        for model, protocol, accuracy in (("a", "artist", 0.5), ("b", "artist", 0.6), ("a", "stratified", 0.9))
    ]
    assert list(scores.accuracy_by_model(rows, "artist")) == ["b", "a"]
    assert list(scores.accuracy_by_model(rows, None)) == ["a", "b"]


def test_robustness_is_read_with_its_protocol_and_plot(tmp_path):
    rows = [
        {"model": "cnn", "protocol": "artist", "condition": "clean", "runs": 1, "clips": 9, "accuracy": 0.75},
        {"model": "cnn", "protocol": "artist", "condition": "dull", "runs": 1, "clips": 9, "accuracy": 0.5}
        | {"difference": -0.25, "difference_low": -0.5, "difference_high": 0.0},
    ]
    tables.ROBUSTNESS.write(tmp_path / "robustness.csv", rows)
    (tmp_path / "plots").mkdir()
    Image.new("RGB", (1, 1)).save(tmp_path / "plots/robustness.png")
    found = scores.describe_robustness(tmp_path)
    assert found["protocol"] == "artist"
    assert [(row["condition"], row["difference"]) for row in found["rows"]] == [("clean", None), ("dull", -0.25)]
    assert found["plot"].startswith("data:image/png")
    assert len(found["findings"]) == 2
