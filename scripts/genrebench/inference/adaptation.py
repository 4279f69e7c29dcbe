"""Linear classifiers that go on learning from a few new clips without losing what they know."""

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
    """New `coef` (classes, values) and `intercept` (classes,), or (1, values) and (1,) of two classes.

    They minimise the cross-entropy of `inputs` (rows, values) with these `labels`, each row counted `counts` times,
    plus penalty / 2 times the squared distance of all weights, intercepts too, from the given ones: the maximum a
    posteriori adaptation of Chelba and Acero (2004, Adaptation of maximum entropy capitalizer: little data can help a
    lot, EMNLP, W04-3237). Without a penalty on the intercepts, those of classes that have no new clip would fall
    without end.
    """
    change = _Change(linear.scores(coef, intercept, inputs), counts, penalty)
    # the intercept is the weight of a constant
    with_constant = np.hstack([inputs, np.ones((len(inputs), 1), inputs.dtype)])
    with threadpool_limits(1):  # sums depend on how many there are, and small products take longer by several
        linear.fit_in_span(change, with_constant, labels)
    return (coef + change.coef_[:, :-1]).astype(coef.dtype), (intercept + change.coef_[:, -1]).astype(intercept.dtype)


@dataclass
class _Change:
    """What is added to the weights, `coef_` (rows of the weights, values), fitted like an estimator of scikit-learn.

    `scores` (clips, rows of the weights) are those of the weights before.
    """

    scores: np.ndarray
    counts: np.ndarray
    penalty: float
    coef_: np.ndarray = field(init=False)

    def fit(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Fit it to `inputs` (clips, values)."""
        width = self.scores.shape[1]
        # of unit size, whatever the number of values: L-BFGS then begins with steps of the right length
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
