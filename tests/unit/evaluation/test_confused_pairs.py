import pandas as pd

from genrebench.evaluation import tables
from genrebench.evaluation.confused_pairs import rank_pairs

NAMES = {"b": "blues", "j": "jazz", "r": "rock"}


def rank(*rows: str) -> list[dict]:
    """The pairs from rows of protocol, model, genre and predicted genre; genres by their first letters."""
    tested = pd.DataFrame([row.split() for row in rows], columns=["protocol", "model", "genre", "predicted"])
    tested[["genre", "predicted"]] = tested[["genre", "predicted"]].map(NAMES.get)
    return tables.rows(tables.CONFUSED_PAIRS.frame(rank_pairs(tested)))


def test_a_pair_is_ranked_by_the_share_of_its_clips_that_are_confused():
    rows = rank(
        *["artist cnn r r"] * 5,  # rock and jazz: 3 of 10 confused
        *["artist cnn r j", "artist cnn j r", "artist cnn j r", "artist cnn j j"],
        *["artist cnn j b"],  # blues and jazz: 3 of 6
        *["artist cnn b j", "artist cnn b j"],
    )
    assert [tuple(row.values()) for row in rows] == [
        ("artist", "cnn", 1, "blues", "jazz", 6, 3, 0.5, 2, 1),
        ("artist", "cnn", 2, "jazz", "rock", 10, 3, 0.3, 2, 1),
    ]


def test_protocols_and_models_have_ranks_of_their_own():
    rows = rank("artist rnn b j", "artist cnn b j", "kfold cnn b r", "kfold cnn b j", "kfold cnn r r")
    assert [(row["protocol"], row["model"], row["rank"], row["other"], row["share"]) for row in rows] == [
        ("artist", "cnn", 1, "jazz", 1),
        ("artist", "rnn", 1, "jazz", 1),
        ("kfold", "cnn", 1, "jazz", 0.5),  # of 2 blues; jazz has no test clip
        ("kfold", "cnn", 2, "rock", 1 / 3),
    ]


def test_without_errors_there_is_no_pair():
    assert rank("artist cnn b b", "artist cnn j j") == []
    assert rank() == []
