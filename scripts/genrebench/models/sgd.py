"""Linear classifier trained with stochastic gradient descent on mel, chroma, wavelet and MFCC (paper 001, 4.5).

The paper does not name the loss. Logistic loss is our default, because it gives probabilities; scikit-learn's own
default, the hinge loss, does not. `modified_huber` is the smooth relative of the hinge that does.
"""

from typing import Any

from sklearn.linear_model import SGDClassifier

from genrebench.classical import Classical
from genrebench.training import Data

SETTINGS = {
    "loss": {"description": "What is minimised.", "enum": ["log_loss", "modified_huber"]},
    "alpha": {"description": "Strength of the L2 penalty.", "type": "number", "exclusiveMinimum": 0},
    "max_iter": {"description": "Passes over the training clips at most.", "type": "integer", "minimum": 1},
}


def build(data: Data, settings: dict[str, Any], seed: int, threads: int) -> Classical:
    """The model for these data; `seed` orders the clips."""
    estimator = SGDClassifier(
        loss=settings["loss"], alpha=settings["alpha"], max_iter=settings["max_iter"], random_state=seed
    )
    return Classical(estimator, data, settings["scaler_fit_on"])
