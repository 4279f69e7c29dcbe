"""Support vector machine on means and standard deviations over time: a cheap model of segments, for the leakage study.

Its Gaussian kernel looks for training examples that are like the one in question, so it gains much where segments of
the same clip are in training. It has one C for all protocols: chosen on the validation segments it would itself be a
choice that leaks. The probabilities are the softmax of its scores; their order is that of the scores, but they are not
calibrated.
"""

from typing import Any

from sklearn.svm import SVC

from genrebench.training import data as training
from genrebench.training.data import Data
from genrebench.training.sklearn_model import SklearnModel

SETTINGS = {
    **training.POOLING,
    "C": {"description": "Inverse strength of the L2 penalty.", "type": "number", "exclusiveMinimum": 0},
}


class KernelMachine(SklearnModel):
    """A support vector machine, whose parameters are its support vectors and their coefficients."""

    @property
    def parameters(self) -> int:
        """How many numbers the fit has found."""
        return self.estimator.support_vectors_.size + self.estimator.dual_coef_.size + self.estimator.intercept_.size


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; nothing is drawn."""
    # the kernel's width is scikit-learn's: 1 / (columns x variance), of standardised columns 1 / columns
    estimator = SVC(C=settings["C"], break_ties=True)
    return KernelMachine(estimator, data.pooled(settings["pooling"]), settings["scaler_fit_on"])
