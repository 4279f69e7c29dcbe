import pandas as pd
import pytest

from genrebench.common import files
from genrebench.evaluation import hard_clips

GENRES = ("blues", "jazz", "rock")


def write_run(folder, model: str, *rows: tuple, seed: int = 0, subset: str = "test") -> dict:
    """Write predictions.csv from (clip, segment, genre, probability of blues, of jazz, of rock)."""
    run = {"model": model, "protocol": "artist", "split": "repeat0", "seed": str(seed)}
    path = folder / model / "artist/repeat0" / f"seed{seed}" / "predictions.csv"
    table = [
        {"clip_id": clip, "segment": segment, "subset": subset, "genre": genre, "predicted": ""}
        | dict(zip(GENRES, values, strict=True))
        for clip, segment, genre, *values in rows
    ]
    files.write_rows(path, list(table[0]), table)
    return run


def test_predictions_are_the_mean_over_the_segments_of_the_test_clips(tmp_path):
    tested = write_run(tmp_path, "cnn", ("a", 0, "jazz", 0.8, 0.2, 0), ("a", 1, "jazz", 0.4, 0.6, 0))
    trained = write_run(tmp_path, "svm", ("b", 0, "rock", 0, 0, 1), subset="train")
    (row,) = hard_clips.read_predictions(tmp_path, [tested, trained]).to_dict("records")
    assert row == tested | {
        "clip_id": "a",
        "genre": "jazz",
        "blues": pytest.approx(0.6),
        "jazz": pytest.approx(0.4),
        "rock": 0,
    }


def table(*rows: tuple) -> pd.DataFrame:
    """Predictions from (model, clip, genre, probability of blues, of jazz, of rock)."""
    run = {"protocol": "artist", "split": "repeat0", "seed": "0"}
    return pd.DataFrame(
        [
            run | {"model": model, "clip_id": clip, "genre": genre} | dict(zip(GENRES, values, strict=True))
            for model, clip, genre, *values in rows
        ]
    )


def test_a_model_predicts_by_the_mean_of_its_runs():
    (row,) = hard_clips.rank_clips(table(("cnn", "a", "jazz", 0.6, 0.4, 0), ("cnn", "a", "jazz", 0.1, 0.9, 0))).to_dict(
        "records"
    )
    assert (row["models"], row["wrong"], row["share"], row["guess"], row["guesses"]) == (1, 0, 0, "", 0)
    assert [row[f"p_{genre}"] for genre in GENRES] == pytest.approx([0.35, 0.65, 0])


def test_clips_are_ranked_by_the_share_of_models_that_are_wrong():
    rows = hard_clips.rank_clips(
        table(
            ("one", "a", "jazz", 0.6, 0.4, 0),
            ("one", "b", "jazz", 0.2, 0.8, 0),
            ("one", "c", "rock", 0.5, 0.4, 0.1),
            ("two", "a", "jazz", 0.1, 0.3, 0.6),
            ("two", "b", "jazz", 0.7, 0.3, 0),
            ("two", "c", "rock", 0.4, 0.3, 0.3),
            ("three", "a", "jazz", 0.2, 0.8, 0),
            ("three", "b", "jazz", 0, 1, 0),
            ("three", "c", "rock", 0.3, 0.4, 0.3),
        )
    ).to_dict("records")
    assert [(row["clip_id"], row["wrong"], row["models"], row["guess"], row["guesses"]) for row in rows] == [
        ("c", 3, 3, "blues", 2),
        ("a", 2, 3, "blues", 1),  # of equally many guesses the first by name
        ("b", 1, 3, "blues", 1),
    ]
    assert [rows[1][f"p_{genre}"] for genre in GENRES] == pytest.approx([0.3, 0.5, 0.2])
    assert [row["clip_id"] for row in hard_clips.hard(rows)] == ["c", "a"]


def test_a_genre_that_a_model_does_not_know_has_probability_0():
    known = table(("one", "a", "jazz", 0.6, 0.4, 0))
    other = table(("two", "a", "jazz", 0.6, 0.4, 0)).drop(columns="rock")
    (row,) = hard_clips.rank_clips(pd.concat([known, other], ignore_index=True)).to_dict("records")
    assert row["p_rock"] == 0
    assert row["wrong"] == 2
