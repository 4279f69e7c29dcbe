"""LSTM on the frames of a mel spectrogram (Comparative analysis, of which there is only the abstract).

It states the input and that the network is an LSTM; the number of layers, their units and everything else are our
reading. No split of whole clips is known to give its 97.1%, while segments of one clip on both sides do: the model is
there for both, for whole clips and, with `segments`, for 3 s of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from genrebench.training.settings import Epochs, Features, KerasSettings, Layers, LstmSettings, Share, Units

if TYPE_CHECKING:
    import keras

    from genrebench.training.data import Data
    from genrebench.training.keras_model import KerasModel


class Settings(KerasSettings, LstmSettings):
    """Settings of the model."""

    features: Features = ["mel"]
    epochs: Epochs = 60
    units: Units = [128, 128]
    summary: Literal["last", "mean"] = Field(
        "mean",
        description=(
            "What is taken of the last LSTM layer: the mean of its outputs, or the last, the usual reading, which "
            "overfitted more on GTZAN."
        ),
    )
    dense: Layers = Field([64], description="Units of each dense layer before the last; may be empty.")
    dropout: Share = Field(0.3, description="Share of values dropped after each of these layers.")


def build(data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]) -> KerasModel:
    """The model for these data."""
    from genrebench.training.keras_model import KerasModel

    return KerasModel(architecture, data, settings, seed, compute)


def architecture(shapes: dict[str, tuple[int, ...]], genres: int, settings: dict[str, Any]) -> keras.Model:
    """From frames (frames, values), of several features side by side, to probabilities (genres,)."""
    import keras
    from keras import layers

    from genrebench.training import inputs

    given, x = inputs.sequence(shapes)
    x = inputs.fewer_steps(x, settings["max_steps"])
    *earlier, last = settings["units"]
    for units in earlier:
        x = layers.LSTM(units, return_sequences=True)(x)
        x = layers.Dropout(settings["dropout"])(x)
    x = layers.LSTM(last, return_sequences=settings["summary"] == "mean")(x)
    if settings["summary"] == "mean":
        x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(settings["dropout"])(x)
    for units in settings["dense"]:
        x = layers.Dense(units, activation="relu")(x)
        x = layers.Dropout(settings["dropout"])(x)
    return keras.Model(given, layers.Dense(genres, activation="softmax", dtype="float32")(x))
