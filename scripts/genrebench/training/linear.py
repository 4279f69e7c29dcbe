"""Linear classifiers with more values than clips: fitting and probabilities."""

from typing import Any

import numpy as np
from scipy.special import softmax

COLUMNS = 65536  # of the inputs that are in double precision at a time


def probabilities(coef: np.ndarray, intercept: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the probabilities of a linear classifier, the softmax of its `scores`.

    The most probable class is that of the highest score. scikit-learn normalises the sigmoids of the scores of
    stochastic gradient descent instead (Zadrozny and Elkan 2002). With thousands of values scores are in the thousands,
    all sigmoids are 0 or 1, and the first of several classes with 1 would win.

    Parameters
    ----------
    coef, intercept
        (classes, values) and (classes,); of two classes (1, values) and (1,).
    inputs
        (rows, values).

    Returns
    -------
    probabilities
        (rows, classes), float64.
    """
    return softmax_of_scores(scores(coef, intercept, inputs))


def scores(coef: np.ndarray, intercept: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the scores of a linear classifier, (rows, classes), or (rows, 1) of two classes.

    Parameters are those of `probabilities`. Sums are in double precision, so that they do not depend on the number of
    rows.
    """
    sums = np.broadcast_to(intercept, (len(inputs), len(coef))).astype(np.float64)
    for at in range(0, inputs.shape[1], COLUMNS):
        some = slice(at, at + COLUMNS)
        sums += inputs[:, some].astype(np.float64) @ coef[:, some].T.astype(np.float64)
    return sums


def softmax_of_scores(scores: np.ndarray) -> np.ndarray:
    """Return probabilities (rows, classes) of scores (rows, classes); of two classes also (rows,) or (rows, 1)."""
    return softmax(of_all_classes(scores.reshape(len(scores), -1)), axis=1)


def of_all_classes(scores: np.ndarray) -> np.ndarray:
    """Return scores as (rows, classes): where only the second of two classes has any, the first gets 0."""
    return np.hstack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


def fit_in_span(estimator: Any, inputs: np.ndarray, labels: np.ndarray) -> None:
    """Fit a linear classifier with an L2 penalty in the span of the training clips, then rotate its weights back.

    With fewer clips (n) than values (d) the solution lies in the span of the clips, and losses and penalty depend on
    inner products only, which a rotation keeps. So the fit on n coordinates gives the same model as the fit on d
    values, at a thousandth of the cost. The same holds for each step of stochastic gradient descent.

    Parameters
    ----------
    estimator
        A linear classifier of scikit-learn; its `coef_` becomes (classes, d).
    inputs
        Standardised values, (n, d).
    labels
        Class of each row, (n,).

    References
    ----------
    Hastie and Tibshirani (2004), Efficient quadratic regularization for expression arrays, Biostatistics 5.
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
