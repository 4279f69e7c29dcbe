import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score

from genrebench.common import scoring
from genrebench.evaluation import metrics

GENRES = ["jazz", "blues", "rock"]  # not in alphabetical order on purpose


def random_case(clips: int = 60) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.7] * len(GENRES), size=clips)
    return [GENRES[i] for i in rng.integers(len(GENRES), size=clips)], probabilities


def test_scores_are_those_of_scikit_learn():
    true, probabilities = random_case()
    predicted = np.array(GENRES)[probabilities.argmax(axis=1)]
    scores = metrics.score(true, probabilities, GENRES)
    assert scores["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    for name, function in {"precision": precision_score, "recall": recall_score, "f1": f1_score}.items():
        assert scores[f"macro_{name}"] == pytest.approx(function(true, predicted, average="macro"))
        each = function(true, predicted, average=None, labels=GENRES)
        assert [scores["genres"][genre][name] for genre in GENRES] == pytest.approx(each)
    in_order = probabilities[:, [1, 0, 2]]  # blues, jazz, rock, as scikit-learn sorts labels
    assert scores["log_loss"] == pytest.approx(log_loss(true, in_order, labels=sorted(GENRES)))


def test_scores_of_a_case_computed_by_hand():
    # true a a a b; predicted a a b b: precision 1, 1/2; recall 2/3, 1; F1 4/5, 2/3
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5 - 1e-9, 0.5 + 1e-9]])
    scores = metrics.score(["a", "a", "a", "b"], probabilities, ["a", "b"])
    assert scores["accuracy"] == 0.75
    assert scores["genres"]["a"] == pytest.approx({"precision": 1, "recall": 2 / 3, "f1": 0.8, "support": 3})
    assert scores["genres"]["b"] == pytest.approx({"precision": 0.5, "recall": 1, "f1": 2 / 3, "support": 1})
    assert scores["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert scores["majority_accuracy"] == 0.75
    assert scores["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.5]).mean(), rel=1e-6)


def test_the_calibration_error_is_that_of_the_curve_of_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(0.05, 1, 500)
    right = rng.uniform(size=500) < probabilities**2
    found = metrics.calibration(right, probabilities)
    accuracy, probability = calibration_curve(right, probabilities, n_bins=15)
    assert [one["accuracy"] for one in found["bins"]] == pytest.approx(list(accuracy))
    assert [one["probability"] for one in found["bins"]] == pytest.approx(list(probability))
    counts, _ = np.histogram(probabilities, np.linspace(0, 1, 16))
    assert [one["count"] for one in found["bins"]] == counts[counts > 0].tolist()
    assert found["error"] == pytest.approx(np.average(np.abs(accuracy - probability), weights=counts[counts > 0]))
    assert found["cases"] == 500


def test_the_calibration_error_by_hand():
    """Four cases at 90% of which two are right, one at 100% that is right, as one at 0% is not."""
    found = metrics.calibration([True, True, False, False, True, False], [0.9, 0.9, 0.9, 0.9, 1.0, 0.0])
    assert found["error"] == pytest.approx(4 / 6 * 0.4)
    assert [(one["count"], one["accuracy"]) for one in found["bins"]] == [(1, 0), (4, 0.5), (1, 1)]
    true, probabilities = random_case()
    right = np.array(true) == np.array(GENRES)[probabilities.argmax(axis=1)]
    expected = metrics.calibration(right, probabilities.max(axis=1))["error"]
    assert metrics.score(true, probabilities, GENRES)["calibration_error"] == expected


def test_a_genre_without_clips_has_no_score_and_does_not_lower_the_average():
    scores = metrics.score(["a", "b"], np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]), ["a", "b", "c"])
    assert scores["genres"]["c"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert scores["macro_f1"] == 1.0


def test_a_certain_mistake_leaves_the_log_loss_finite():
    assert metrics.score(["a"], np.array([[0.0, 1.0]]), ["a", "b"])["log_loss"] == pytest.approx(
        -np.log(1e-15), rel=1e-3
    )


@pytest.mark.parametrize(
    ("true", "probabilities", "message"),
    [
        ([], np.zeros((0, 2)), "no clips"),
        (["z"], np.array([[0.5, 0.5]]), "no probability column for the genre z"),
        (["a"], np.array([[np.nan, 0.5]]), "1 rows have probabilities not finite"),
    ],
)
def test_what_cannot_be_scored_is_refused(true, probabilities, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(true, probabilities, ["a", "b"])


def test_segments_are_averaged_per_clip():
    clips, probabilities = scoring.average_segments(
        ["x", "y", "x", "x"], np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.1, 0.9]])
    )
    assert clips == ["x", "y"]
    np.testing.assert_allclose(probabilities, [[0.4, 0.6], [0.3, 0.7]])


def test_confusion_counts_true_by_predicted():
    counts = metrics.confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b", "c"])
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
