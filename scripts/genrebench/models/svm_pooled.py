"""Support vector machine on means and standard deviations over time: a cheap model of segments, for the leakage study.

Its Gaussian kernel looks for training examples that are like the one in question, so it gains much where segments of
the same clip are in training. It has one C for all protocols: chosen on the validation segments it would itself be a
choice that leaks. The probabilities are the softmax of its scores; their order is that of the scores, but they are not
calibrated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from genrebench.training.settings import Features, PoolingSettings, ScaledSettings, Seeds, Segments, SegmentSettings

if TYPE_CHECKING:
    from genrebench.training.data import Data
    from genrebench.training.sklearn_model import SklearnModel


class Settings(ScaledSettings, PoolingSettings):
    """Settings of the model; nothing is drawn, so one seed is enough."""

    features: Features = ["mel"]
    seeds: Seeds = [0]
    segments: Segments = SegmentSettings(length_s=3.0, hop_s=3.0)
    C: float = Field(10.0, gt=0, description="Inverse strength of the L2 penalty.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> SklearnModel:
    """The model for these data; nothing is drawn."""
    from sklearn.svm import SVC

    from genrebench.training.sklearn_model import SklearnModel

    # the kernel's width is scikit-learn's: 1 / (columns x variance), of standardised columns 1 / columns
    estimator = SVC(C=settings["C"], break_ties=True)
    return SklearnModel(estimator, data.pooled(settings["pooling"]), settings["scaler_fit_on"])
