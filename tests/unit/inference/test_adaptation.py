"""Linear adaptation against scikit-learn, and at its limits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genrebench.inference.adaptation import adapt
from genrebench.training import linear


def problem(clips, values, classes, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(clips) % classes
    centres = random.standard_normal((classes, values))
    return (centres[labels] + 1.5 * random.standard_normal((clips, values))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("values", [6, 200])  # fewer values than clips, and more: there it is fitted in their span
def test_from_nothing_it_is_logistic_regression(values, classes):
    inputs, labels = problem(40, values, classes)
    counts = np.random.default_rng(1).uniform(0.2, 2, 40)
    rows = 1 if classes == 2 else classes
    coef, intercept = adapt(np.zeros((rows, values)), np.zeros(rows), inputs, labels, counts, penalty=8.0)
    with_constant = np.hstack([inputs, np.ones((40, 1))])
    reference = LogisticRegression(C=1 / 8, fit_intercept=False, tol=1e-10, max_iter=10000)
    reference.fit(with_constant, labels, sample_weight=counts)
    np.testing.assert_allclose(np.hstack([coef, intercept[:, None]]), reference.coef_, atol=2e-5)


@pytest.mark.parametrize("rows", [1, 3])
def test_it_is_where_the_gradient_of_loss_and_penalty_is_zero(rows):
    inputs, labels = problem(30, 100, max(rows, 2), seed=2)
    random = np.random.default_rng(3)
    old, old_intercept = random.standard_normal((rows, 100)), random.standard_normal(rows)
    coef, intercept = adapt(old, old_intercept, inputs, labels, np.ones(30), penalty=5.0)
    residual = (linear.probabilities(coef, intercept, inputs) - np.eye(max(rows, 2))[labels])[:, -rows:]
    np.testing.assert_allclose(residual.T @ inputs, -5.0 * (coef - old), atol=1e-3)
    np.testing.assert_allclose(residual.sum(axis=0), -5.0 * (intercept - old_intercept), atol=1e-3)


def test_a_strong_penalty_keeps_the_weights_and_a_weak_one_learns_the_clips():
    inputs, labels = problem(30, 100, 3, seed=4)
    old = np.random.default_rng(5).standard_normal((3, 100)).astype(np.float32)
    kept, _ = adapt(old, np.zeros(3), inputs, labels, np.ones(30), penalty=1e12)
    np.testing.assert_allclose(kept, old, atol=1e-6)
    learned = adapt(old, np.zeros(3), inputs, labels, np.ones(30), penalty=1e-3)
    assert (linear.probabilities(*learned, inputs).argmax(axis=1) == labels).all()
    assert learned[0].dtype == np.float32


def test_scores_in_the_thousands_as_those_of_hinge_losses_are_no_obstacle():
    inputs, labels = problem(30, 100, 3, seed=6)
    old = 1000 * np.random.default_rng(7).standard_normal((3, 100))
    found = adapt(old, np.zeros(3), inputs, labels, np.ones(30), penalty=1e-3)
    assert np.isfinite(found[0]).all()
    assert (linear.probabilities(*found, inputs).argmax(axis=1) == labels).all()


def test_classes_without_a_clip_keep_a_finite_intercept():
    inputs, labels = problem(30, 100, 2, seed=8)
    _, intercept = adapt(np.zeros((3, 100)), np.zeros(3), inputs, labels, np.ones(30), penalty=1.0)
    assert -1 < intercept[2] < 0
