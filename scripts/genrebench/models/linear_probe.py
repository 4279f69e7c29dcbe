"""Linear probe: how well a linear classifier tells the genres apart by what a pretrained network heard of each clip.

The frames of a clip are pooled over time, each pooled value standardised by itself, and C chosen on the validation
clips. The probabilities of the support vector machine are the softmax of its scores, one class against the rest: their
order is that of the scores, but they are not calibrated (scikit-learn's calibration would take training clips away).
"""

from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from genrebench.training import data as training
from genrebench.training.data import Data
from genrebench.training.sklearn_model import SklearnModel

SETTINGS = {
    **training.POOLING,
    "classifier": {
        "description": "Logistic regression (multinomial) or a linear support vector machine (one against the rest).",
        "enum": ["logistic", "svm"],
    },
    "C": {
        "description": "Inverse strengths of the L2 penalty, of which validation chooses; of equals the smallest.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "number", "exclusiveMinimum": 0},
    },
    "max_iter": {"description": "Iterations of the solver at most.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` changes nothing, because both problems are convex."""
    candidates = [{"C": C} for C in sorted(settings["C"])]
    estimator = _estimator(settings["classifier"], settings["max_iter"], seed)
    return SklearnModel(estimator, data.pooled(settings["pooling"]), settings["scaler_fit_on"], candidates)


def _estimator(classifier: str, max_iter: int, seed: int) -> ClassifierMixin:
    if classifier == "logistic":
        return LogisticRegression(max_iter=max_iter, random_state=seed)
    # The primal problem draws no random numbers. At the default tolerance, 1e-4, scores differ in the second digit.
    return LinearSVC(dual=False, tol=1e-6, max_iter=max_iter, random_state=seed)
