"""Linear classifier trained with stochastic gradient descent on mel, chroma, wavelet and MFCC (paper 001, 4.5).

The paper does not name the loss. Ours is the logistic one, because it gives probabilities; scikit-learn's default, the
hinge loss, does not.
"""

from typing import Any

from sklearn.linear_model import SGDClassifier

from genrebench.training.data import Data
from genrebench.training.sklearn_model import SklearnModel

SETTINGS = {
    "alpha": {"description": "Strength of the L2 penalty.", "type": "number", "exclusiveMinimum": 0},
    "max_iter": {"description": "Passes over the training clips at most.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; `seed` orders the clips."""
    estimator = SGDClassifier(
        loss="log_loss", alpha=settings["alpha"], max_iter=settings["max_iter"], random_state=seed
    )
    return SklearnModel(estimator, data, settings["scaler_fit_on"])
