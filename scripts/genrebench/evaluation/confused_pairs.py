"""The pairs of genres that each model confuses, the most confused first.

This study looks at test clips and their genres, after all models are trained: nothing is trained or chosen by it.
"""

import pandas as pd


def rank_pairs(tested: pd.DataFrame) -> pd.DataFrame:
    """The rows of confused_pairs.csv (`tables.CONFUSED_PAIRS`): a row per protocol, model and pair that is confused.

    Parameters
    ----------
    tested
        Test predictions of all runs, with protocol, model, genre and predicted (`predictions.read`).

    Returns
    -------
    DataFrame
        `genre` and `other` are the pair, in alphabetical order; `cases` the test clips of both (segments, where these
        are counted), summed over splits and seeds; `genre_as_other` and `other_as_genre` how many of them are taken for
        the other genre, `confused` the sum of the two, and `share` that sum as a fraction of `cases`. `rank` counts
        from 1 within a protocol and model, by share, then by number, then by name.
    """
    of_model = ["protocol", "model"]
    cases = tested.groupby([*of_model, "genre"]).size()
    wrong = tested[tested["genre"] != tested["predicted"]]
    ordered = wrong["genre"] < wrong["predicted"]
    pairs = wrong[of_model].assign(
        genre=wrong["genre"].where(ordered, wrong["predicted"]),
        other=wrong["predicted"].where(ordered, wrong["genre"]),
        genre_as_other=ordered.astype(int),
        other_as_genre=(~ordered).astype(int),
    )
    found = pairs.groupby([*of_model, "genre", "other"], as_index=False).sum()
    # a genre without test clips can be predicted, too
    found["cases"] = sum(
        cases.reindex(pd.MultiIndex.from_frame(found[[*of_model, name]]), fill_value=0).to_numpy()
        for name in ("genre", "other")
    )
    found["confused"] = found["genre_as_other"] + found["other_as_genre"]
    found["share"] = found["confused"] / found["cases"]
    found = found.sort_values(
        [*of_model, "share", "confused", "genre", "other"],
        ascending=[True, True, False, False, True, True],
        ignore_index=True,
    )
    return found.assign(rank=found.groupby(of_model).cumcount() + 1)
