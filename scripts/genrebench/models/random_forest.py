"""Random forest on mel, chroma, wavelet and MFCC (Huang and Minami 2024, 4.6).

The paper does not give its size; scikit-learn's defaults (100 trees, the square root of the values at each split) are
our reading.
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
    n_estimators: int = Field(100, ge=1, description="Trees.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` draws clips and values for the trees."""
    from sklearn.ensemble import RandomForestClassifier

    from genrebench.training.sklearn_model import SklearnModel

    estimator = RandomForestClassifier(
        n_estimators=settings["n_estimators"], random_state=seed, n_jobs=compute["threads"]
    )
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
