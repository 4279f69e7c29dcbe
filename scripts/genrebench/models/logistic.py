"""Multinomial logistic regression on mel, chroma, wavelet and MFCC (paper 001, 4.4).

The paper states neither penalty nor solver; scikit-learn's defaults (L2, C = 1, L-BFGS) are our reading.
"""

from typing import Any

from sklearn.linear_model import LogisticRegression

from genrebench.training.data import Data
from genrebench.training.sklearn_model import SklearnModel

SETTINGS = {
    "C": {"description": "Inverse strength of the L2 penalty.", "type": "number", "exclusiveMinimum": 0},
    "max_iter": {"description": "Iterations of L-BFGS at most.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` changes nothing, because the problem is convex and solved to its optimum."""
    estimator = LogisticRegression(C=settings["C"], max_iter=settings["max_iter"], random_state=seed)
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
