import pandas as pd
import pytest

from genrebench.evaluation import hard_clips

GENRES = ("blues", "jazz", "rock")


def rank(*rows: tuple) -> list[dict]:
    """The ranked clips from (model, clip, genre, probability of blues, of jazz, of rock)."""
    tested = pd.DataFrame(rows, columns=["model", "clip_id", "genre", *GENRES])
    return hard_clips.rank_clips(hard_clips.verdicts(tested)).to_dict("records")


def test_a_model_predicts_by_the_mean_of_its_runs():
    (row,) = rank(("cnn", "a", "jazz", 0.6, 0.4, 0), ("cnn", "a", "jazz", 0.1, 0.9, 0))
    assert (row["models"], row["wrong"], row["share"], row["guesses"]) == (1, 0, 0, 0)
    assert [row[f"p_{genre}"] for genre in GENRES] == pytest.approx([0.35, 0.65, 0])


def test_clips_are_ranked_by_the_share_of_models_that_are_wrong():
    rows = rank(
        *[("one", "a", "jazz", 0.6, 0.4, 0), ("one", "b", "jazz", 0.2, 0.8, 0), ("one", "c", "rock", 0.5, 0.4, 0.1)],
        *[("two", "a", "jazz", 0.1, 0.3, 0.6), ("two", "b", "jazz", 0.7, 0.3, 0), ("two", "c", "rock", 0.4, 0.3, 0.3)],
        *[("six", "a", "jazz", 0.2, 0.8, 0), ("six", "b", "jazz", 0, 1, 0), ("six", "c", "rock", 0.3, 0.4, 0.3)],
    )
    assert [(row["clip_id"], row["wrong"], row["models"], row["guess"], row["guesses"]) for row in rows] == [
        ("c", 3, 3, "blues", 2),
        ("a", 2, 3, "blues", 1),  # of equally many guesses the first by name
        ("b", 1, 3, "blues", 1),
    ]
    assert [rows[1][f"p_{genre}"] for genre in GENRES] == pytest.approx([0.3, 0.5, 0.2])
    assert [row["clip_id"] for row in hard_clips.hard(rows)] == ["c", "a"]
