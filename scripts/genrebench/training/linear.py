"""Linear classifiers with more values than clips: how they are fitted, and what they say."""

from typing import Any

import numpy as np
from scipy.special import softmax

COLUMNS = 65536  # of the inputs that are in double precision at a time


def probabilities(coef: np.ndarray, intercept: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Probabilities (rows, classes) of a linear classifier: the softmax of its `scores`.

    `coef` is (classes, values), or (1, values) of two classes, `inputs` (rows, values). The most probable class is that
    of the highest score. (scikit-learn normalises the sigmoids of the scores of stochastic gradient descent, Zadrozny
    and Elkan 2002: with thousands of inputs scores are in the thousands, sigmoids are 0 or 1 to the last digit, and the
    genre would be chosen by the alphabet.)
    """
    return softmax_of_scores(scores(coef, intercept, inputs))


def scores(coef: np.ndarray, intercept: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Scores (rows, classes) of a linear classifier, or (rows, 1) of one of two classes.

    Sums are in double precision, so that they do not depend on how many rows there are.
    """
    sums = np.broadcast_to(intercept, (len(inputs), len(coef))).astype(np.float64)
    for at in range(0, inputs.shape[1], COLUMNS):
        some = slice(at, at + COLUMNS)
        sums += inputs[:, some].astype(np.float64) @ coef[:, some].T.astype(np.float64)
    return sums


def softmax_of_scores(scores: np.ndarray) -> np.ndarray:
    """Probabilities (rows, classes) of scores: (rows, classes), or of two classes (rows,) or (rows, 1)."""
    return softmax(of_all_classes(scores.reshape(len(scores), -1)), axis=1)


def of_all_classes(scores: np.ndarray) -> np.ndarray:
    """The same scores (rows, classes), with 0 for the first of two classes where only the second has any."""
    return np.hstack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


def fit_in_span(estimator: Any, inputs: np.ndarray, labels: np.ndarray) -> None:
    """Fit in the span of the training clips, then turn the weights back.

    With fewer clips (n) than values (d), a linear model with an L2 penalty has its solution in the span of the clips,
    and losses and penalty see only inner products, which a rotation keeps. So the fit on n coordinates instead of d
    is the same model at a thousandth of the cost (Hastie and Tibshirani 2004, Efficient quadratic regularization for
    expression arrays, Biostatistics 5). The same holds, step by step, for stochastic gradient descent.
    """
    clips, size = inputs.shape
    if size <= clips:
        estimator.fit(inputs, labels)
        return
    # inputs = rotated @ basis.T, the columns of basis (d, n) being orthonormal
    gram = (inputs @ inputs.T).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    keep = values > values.max() * clips * np.finfo(np.float32).eps
    scale = np.sqrt(values[keep])
    estimator.fit(vectors[:, keep] * scale, labels)
    estimator.coef_ = ((estimator.coef_ / scale) @ vectors[:, keep].T).astype(np.float32) @ inputs
    estimator.n_features_in_ = size
