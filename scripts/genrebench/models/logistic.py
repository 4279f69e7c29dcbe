"""Multinomial logistic regression on mel, chroma, wavelet and MFCC (Huang and Minami 2024, 4.4).

The paper states neither penalty nor solver; scikit-learn's defaults (L2, C = 1, L-BFGS) are our reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from genrebench.training.settings import Features, ScaledSettings, Seeds

if TYPE_CHECKING:
    from genrebench.training.data import Data
    from genrebench.training.sklearn_model import SklearnModel


class Settings(ScaledSettings):
    """Settings of the model; nothing is drawn, so one seed is enough."""

    features: Features = ["mel", "chroma", "wavelet", "mfcc"]
    seeds: Seeds = [0]
    C: float = Field(1.0, gt=0, description="Inverse strength of the L2 penalty.")
    max_iter: int = Field(1000, ge=1, description="Iterations of L-BFGS at most.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` changes nothing, because the problem is convex and solved to its optimum."""
    from sklearn.linear_model import LogisticRegression

    from genrebench.training.sklearn_model import SklearnModel

    estimator = LogisticRegression(C=settings["C"], max_iter=settings["max_iter"], random_state=seed)
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
