"""LSTM on hand-made features, joined frame by frame (Li, IV.E.2 b).

The paper states two LSTM layers and a dense output, dropout and recurrent dropout, L2 and Adam, and 107.46 thousand
parameters. LSTMs of 128 and 32 units on 40 values per frame (20 MFCCs, 12 chroma, 7 of spectral contrast, 1 centroid)
have 107,466. That is the network of a public script for GTZAN (ruohoruotsi, LSTM-Music-Genre-Classification), whose
dropout of 0.05 and recurrent dropout of 0.35 are the defaults here. The strength of L2 is our choice; it is on the
weights of all layers, not on the biases.

Augmentation is read as in `feature_cnn`. Features that the ablation selects are those of the entry
`feature_lstm-selected`.

With recurrent dropout no backend has a fast LSTM for a GPU: each frame is a step of a loop. `max_steps` shortens the
sequences, which the paper does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from genrebench.training.settings import (
    Augmentation,
    AugmentationSettings,
    Epochs,
    Features,
    KerasSettings,
    LstmSettings,
    Schedule,
    Seeds,
    Share,
    Units,
)

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings, LstmSettings):
    """Settings of the model; the paper has five runs."""

    features: Features = ["mfcc_20", "chroma_12", "spectral_contrast", "spectral_centroid"]
    seeds: Seeds = [0, 1, 2, 3, 4]
    epochs: Epochs = 100
    schedule: Schedule = "constant"
    augmentation: Augmentation = AugmentationSettings(excerpt=0.8, noise=0.1)
    units: Units = [128, 32]
    dropout: Share = Field(0.05, description="Share of an LSTM layer's inputs that are dropped.")
    recurrent_dropout: Share = Field(
        0.35, description="Share of an LSTM layer's state that is dropped from step to step."
    )
    l2: float = Field(0.001, ge=0, description="Strength of the L2 penalty on the weights.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    return [f"frames averaged to {settings['max_steps']} steps"] if settings["max_steps"] else []


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From features of one hop (frames, values) to probabilities (genres,)."""
    import keras
    from keras import layers, regularizers

    from genrebench.training import inputs

    penalty = regularizers.L2(settings["l2"])
    given, x = inputs.sequence(shapes)
    x = inputs.fewer_steps(x, settings["max_steps"])
    for number, units in enumerate(settings["units"], 1):
        x = layers.LSTM(
            units,
            return_sequences=number < len(settings["units"]),
            dropout=settings["dropout"],
            recurrent_dropout=settings["recurrent_dropout"],
            kernel_regularizer=penalty,
            recurrent_regularizer=penalty,
        )(x)
    x = layers.Dense(genres, activation="softmax", kernel_regularizer=penalty, dtype="float32")(x)
    return keras.Model(given, x)
