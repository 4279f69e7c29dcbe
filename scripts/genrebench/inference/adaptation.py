"""Adapt a linear classifier to a few new clips without losing what it learned before (MAP adaptation)."""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from genrebench.training import linear

ITERATIONS = 2000  # of L-BFGS at most


def adapt(
    coef: np.ndarray,
    intercept: np.ndarray,
    inputs: np.ndarray,
    labels: np.ndarray,
    counts: np.ndarray,
    penalty: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Adapt the weights of a multinomial logistic regression.

    They minimise the cross-entropy of the examples plus `penalty` / 2 times the squared distance of all weights from
    the given ones, intercepts included: without a penalty on it, the intercept of a class that has no new clip would
    fall without end. This is maximum a posteriori adaptation [1]_.

    Parameters
    ----------
    coef : ndarray of shape (n_classes, n_values), or (1, n_values) for two classes
        Weights before.
    intercept : ndarray of shape (n_classes,) or (1,)
        Intercepts before.
    inputs : ndarray of shape (n_examples, n_values)
    labels : ndarray of shape (n_examples,)
        The class of each example, from 0.
    counts : ndarray of shape (n_examples,)
        The weight of each example.
    penalty : float

    Returns
    -------
    coef, intercept : ndarray
        Of the shapes and dtypes given.

    References
    ----------
    .. [1] Chelba and Acero (2004), Adaptation of maximum entropy capitalizer: little data can help a lot, EMNLP,
       W04-3237.
    """
    change = _Change(linear.scores(coef, intercept, inputs), counts, penalty)
    # the intercept is the weight of a constant
    with_constant = np.hstack([inputs, np.ones((len(inputs), 1), inputs.dtype)])
    with threadpool_limits(1):  # sums depend on the number of threads, and small products take longer by several
        linear.fit_in_span(change, with_constant, labels)
    return (coef + change.coef_[:, :-1]).astype(coef.dtype), (intercept + change.coef_[:, -1]).astype(intercept.dtype)


@dataclass
class _Change:
    """What is added to the weights, `coef_` (n_rows, n_values), fitted like an estimator of scikit-learn.

    `scores` (n_examples, n_rows) are those of the weights before.
    """

    scores: np.ndarray
    counts: np.ndarray
    penalty: float
    coef_: np.ndarray = field(init=False)

    def fit(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Fit it to `inputs` (n_examples, n_values)."""
        width = self.scores.shape[1]
        # of unit norm, whatever the number of values: the first steps of L-BFGS then have the right length
        scale = np.sqrt(np.square(inputs).sum(axis=1).mean())
        unit = inputs.astype(np.float64) / scale
        penalty = self.penalty / scale**2
        target = np.eye(max(width, 2))[labels]

        def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
            change = flat.reshape(width, -1)
            every = linear.of_all_classes(self.scores + unit @ change.T)
            logs = log_softmax(every, axis=1)
            loss = -self.counts @ (logs * target).sum(axis=1)
            residual = (self.counts[:, None] * (np.exp(logs) - target))[:, -width:]
            gradient = residual.T @ unit + penalty * change
            return loss + penalty / 2 * np.square(change).sum(), gradient.ravel()

        start = np.zeros(width * unit.shape[1])
        options = {"maxiter": ITERATIONS, "maxfun": 2 * ITERATIONS, "gtol": 1e-8 * self.counts.sum(), "ftol": 1e-14}
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
        self.coef_ = found.x.reshape(width, -1) / scale
