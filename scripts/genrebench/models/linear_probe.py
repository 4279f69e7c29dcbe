"""Linear probe: how well a linear classifier tells the genres apart by the embedding of a pretrained network.

The frames of a clip are pooled over time, each pooled value standardised by itself, and C chosen on the validation
clips. The probabilities of the support vector machine are the softmax of its scores, one class against the rest: their
order is that of the scores, but they are not calibrated (scikit-learn's calibration would take training clips away).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from genrebench.common.strict_model import Distinct
from genrebench.training.settings import Features, Pooling, PoolingSettings, ScaledSettings, Seeds

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

    from genrebench.training.data import Data
    from genrebench.training.sklearn_model import SklearnModel


class Settings(ScaledSettings, PoolingSettings):
    """Settings of the model; nothing is drawn, so one seed is enough."""

    features: Features = ["yamnet"]
    seeds: Seeds = [0]
    pooling: Pooling = ["mean", "std", "max"]
    classifier: Literal["logistic", "svm"] = Field(
        "logistic",
        description="Logistic regression (multinomial) or a linear support vector machine (one against the rest).",
    )
    C: Distinct[Annotated[float, Field(gt=0)]] = Field(
        [0.0001, 0.001, 0.01, 0.1, 1.0],
        min_length=1,
        description="Inverse strengths of the L2 penalty, of which validation chooses; of equals the smallest.",
    )
    max_iter: int = Field(1000, ge=1, description="Iterations of the solver at most.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` changes nothing, because both problems are convex."""
    from genrebench.training.sklearn_model import SklearnModel

    candidates = [{"C": C} for C in sorted(settings["C"])]
    estimator = _estimator(settings["classifier"], settings["max_iter"], seed)
    return SklearnModel(estimator, data.pooled(settings["pooling"]), settings["scaler_fit_on"], candidates)


def _estimator(classifier: str, max_iter: int, seed: int) -> ClassifierMixin:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if classifier == "logistic":
        return LogisticRegression(max_iter=max_iter, random_state=seed)
    # The primal problem draws no random numbers. At the default tolerance, 1e-4, scores differ in the second digit.
    return LinearSVC(dual=False, tol=1e-6, max_iter=max_iter, random_state=seed)
