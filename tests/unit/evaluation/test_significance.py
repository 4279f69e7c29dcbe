"""Tests of models against one another, held to published examples and to the libraries that define them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.svm import SVC

from genrebench.evaluation import significance, tables


def test_mcnemar_is_exact():
    """The doubled tail of a coin that is thrown for each case on which the two differ."""
    first = np.array([True] * 30 + [True] * 9 + [False] * 2 + [False] * 5)
    second = np.array([True] * 30 + [False] * 9 + [True] * 2 + [False] * 5)
    only_first, only_second, p = significance.exact_mcnemar(first, second)
    assert (only_first, only_second) == (9, 2)
    assert p == pytest.approx(stats.binomtest(2, 11, 0.5).pvalue)
    assert significance.exact_mcnemar(first, first) == (0, 0, 1.0)


def test_mcnemar_of_a_published_table():
    """Agresti (2002), Categorical Data Analysis, table 10.1: 150 and 86 of 1600 changed their mind."""
    first = np.repeat([True, True, False, False], [794, 150, 86, 570])
    second = np.repeat([True, False, True, False], [794, 150, 86, 570])
    only_first, only_second, p = significance.exact_mcnemar(first, second)
    assert (only_first, only_second) == (150, 86)
    assert p == pytest.approx(3.7e-5, rel=0.02)  # exact; z = 4.17 for large samples


def test_holm_multiplies_the_smallest_most():
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # by hand
    assert significance.holm([]) == []


def test_the_corrected_t_is_that_of_the_example_of_scikit_learn():
    """Statistical comparison of models using grid search: t is 0.750 and p, of one side, 0.227."""
    values, genres = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    grid = [{"kernel": ["linear"]}, {"kernel": ["rbf"]}]
    search = GridSearchCV(SVC(random_state=0), grid, scoring="roc_auc", cv=folds).fit(values, genres)
    linear, rbf = (
        np.array([search.cv_results_[f"split{split}_test_score"][model] for split in range(100)]) for model in (0, 1)
    )
    t, p = significance.corrected_t(rbf - linear, 90, 10)
    assert t == pytest.approx(0.750, abs=5e-4)
    assert p / 2 == pytest.approx(0.227, abs=5e-4)


def test_the_corrected_t_of_what_does_not_vary():
    assert significance.corrected_t([0.1], 60, 20) == (None, None)
    assert significance.corrected_t([0.0, 0.0, 0.0], 60, 20) == (0.0, 1.0)
    assert significance.corrected_t([-0.1, -0.1, -0.1], 60, 20) == (-np.inf, 0.0)


def decisions(model, split, seed, text):
    """A clip per character, upper case where its genre was found."""
    return [
        {"model": model, "split": split, "seed": seed, "clip_id": clip.lower(), "right": clip.isupper()}
        for clip in text
    ]


def test_models_are_compared_on_the_clips_that_both_tested():
    rows = (
        decisions("a", "repeat0", 0, "ABCd")
        + decisions("a", "repeat0", 1, "abcd")
        + decisions("a", "repeat1", 0, "EFgh")
    )
    rows += (
        decisions("b", "repeat0", 0, "ABcd")
        + decisions("b", "repeat1", 0, "efgh")
        + decisions("b", "repeat2", 0, "XYZ")
    )
    sizes = {"repeat0": (8, 4), "repeat1": (8, 4)}
    (found,) = significance.compare_all("artist", pd.DataFrame(rows), ["a", "b"], sizes)
    assert (found["clips"], found["accuracy"], found["other_accuracy"]) == (8, 5 / 8, 2 / 8)
    assert (found["only_model"], found["only_other"]) == (3, 0)
    assert found["p_mcnemar"] == pytest.approx(0.25)
    assert found["splits"] == 2
    assert (found["t"], found["p_resampled"]) == pytest.approx(significance.corrected_t([0.25, 0.5], 8, 4))


def test_of_several_runs_a_clip_counts_by_the_first_that_both_have():
    rows = decisions("a", "repeat0", 0, "Ab") + decisions("a", "repeat0", 1, "aB") + decisions("b", "repeat0", 1, "ab")
    (found,) = significance.compare_all("artist", pd.DataFrame(rows), ["a", "b"], {"repeat0": (8, 2)})
    assert (found["clips"], found["accuracy"], found["only_model"]) == (2, 0.5, 1)


def test_pairs_are_corrected_together_and_what_cannot_be_tested_is_not_counted():
    rows = decisions("good", "fixed", 0, "ABCDEFGHIJ") + decisions("bad", "fixed", 0, "abcdefghij")
    rows += decisions("worse", "fixed", 0, "abcdefghij") + decisions("elsewhere", "fold0", 0, "ABCDEFGHIJ")
    models = ["good", "bad", "worse", "elsewhere"]
    rows = significance.compare_all("artist", pd.DataFrame(rows), models, {"fixed": (30, 10), "fold0": (30, 10)})
    found = {(row["model"], row["other"]): row for row in rows}
    assert len(rows) == 6
    assert found["good", "bad"]["p_holm"] == pytest.approx(3 * 2 / 2**10)
    assert found["good", "bad"]["different"]
    assert found["bad", "worse"]["p_holm"] == 1
    assert not found["bad", "worse"]["different"]
    assert found["good", "elsewhere"]["p_holm"] is None
    assert found["good", "elsewhere"]["clips"] == 0
    assert {row["t"] for row in rows} == {None}
    assert set(rows[0]) == set(tables.COMPARISONS.columns)
