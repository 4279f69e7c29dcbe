"""Random forest on mel, chroma, wavelet and MFCC (paper 001, 4.6).

The paper does not give its size; scikit-learn's defaults (100 trees, the square root of the values at each split) are
our reading.
"""

from typing import Any

from sklearn.ensemble import RandomForestClassifier

from genrebench.training.data import Data
from genrebench.training.sklearn_model import SklearnModel

SETTINGS = {
    "n_estimators": {"description": "Trees.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` draws clips and values for the trees."""
    estimator = RandomForestClassifier(
        n_estimators=settings["n_estimators"], random_state=seed, n_jobs=compute["threads"]
    )
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
