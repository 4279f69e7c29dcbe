"""Linear classifier trained with stochastic gradient descent (Huang and Minami 2024, 4.5).

The paper does not name the loss. Ours is the logistic one, because it gives probabilities; scikit-learn's default, the
hinge loss, does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from genrebench.training.settings import Features, ScaledSettings

if TYPE_CHECKING:
    from genrebench.training.data import Data
    from genrebench.training.sklearn_model import SklearnModel


class Settings(ScaledSettings):
    """Settings of the model."""

    features: Features = ["mel", "chroma", "wavelet", "mfcc"]
    alpha: float = Field(0.0001, gt=0, description="Strength of the L2 penalty.")
    max_iter: int = Field(1000, ge=1, description="Passes over the training clips at most.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` orders the clips."""
    from sklearn.linear_model import SGDClassifier

    from genrebench.training.sklearn_model import SklearnModel

    estimator = SGDClassifier(
        loss="log_loss", alpha=settings["alpha"], max_iter=settings["max_iter"], random_state=seed
    )
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
