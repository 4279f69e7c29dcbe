"""Random forest on mel, chroma, wavelet and MFCC (paper 001, 4.6).

The paper does not give its size; scikit-learn's defaults (100 trees, the square root of the values at each split) are
our reading.
"""

from typing import Any

from sklearn.ensemble import RandomForestClassifier

from genrebench.classical import Classical
from genrebench.training import Data

SETTINGS = {
    "n_estimators": {"description": "Trees.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, numerics: dict[str, Any]) -> Classical:
    """The model for these data; `seed` draws clips and values for the trees."""
    estimator = RandomForestClassifier(
        n_estimators=settings["n_estimators"], random_state=seed, n_jobs=numerics["threads"]
    )
    return Classical(estimator, data, settings["scaler_fit_on"])
