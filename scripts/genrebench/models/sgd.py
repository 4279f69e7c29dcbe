"""Linear classifier trained with stochastic gradient descent on mel, chroma, wavelet and MFCC (paper 001, 4.5).

The paper does not name the loss. Ours is the logistic one, because it gives probabilities; scikit-learn's default, the
hinge loss, does not.
"""

from typing import Any

import numpy as np
from sklearn.linear_model import SGDClassifier

from genrebench.classical import Classical, softmax_of_scores
from genrebench.training import Data

SETTINGS = {
    "alpha": {"description": "Strength of the L2 penalty.", "type": "number", "exclusiveMinimum": 0},
    "max_iter": {"description": "Passes over the training clips at most.", "type": "integer", "minimum": 1},
}


class OneAgainstRest(SGDClassifier):
    """`SGDClassifier` whose probabilities keep the order of its scores.

    scikit-learn normalises the sigmoids of the scores (Zadrozny and Elkan 2002). With thousands of inputs scores are
    in the thousands, sigmoids are 0 or 1 to the last digit, and the genre would be chosen by the alphabet.
    """

    def predict_proba(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities (rows, classes): the softmax of the scores, the most probable being what `predict` says."""
        return softmax_of_scores(self, inputs)


def build(data: Data, settings: dict[str, Any], seed: int, numerics: dict[str, Any]) -> Classical:
    """The model for these data; `seed` orders the clips."""
    estimator = OneAgainstRest(
        loss="log_loss", alpha=settings["alpha"], max_iter=settings["max_iter"], random_state=seed
    )
    return Classical(estimator, data, settings["scaler_fit_on"])
