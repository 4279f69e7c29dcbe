"""Networks of Keras: scaler, optimiser, and the loop of genrebench.training.loop.

Keras runs on TensorFlow, JAX or PyTorch; only genrebench.training.backend knows which.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from genrebench.common import files
from genrebench.training import backend, serialization
from genrebench.training.checkpoints import Arrays
from genrebench.training.data import Data, Feature, Scaler
from genrebench.training.loop import Inputs, Trainer

Shapes = dict[str, tuple[int, ...]]
Architecture = Callable[[Shapes, int, dict[str, Any]], keras.Model]


class KerasModel(Trainer):
    """A Keras model, the scaler of its inputs, and their training.

    Parameters
    ----------
    architecture
        Function (shapes, genres, settings) that builds the model; `shapes` are those of one example by feature, with
        time as the first axis.
    data, settings, seed
        As for `Trainer`.
    compute
        The section `compute` of the parameters.
    initialise
        Function (model, settings) that sets pretrained weights.
    """

    def __init__(
        self,
        architecture: Architecture,
        data: Data,
        settings: dict[str, Any],
        seed: int,
        compute: dict[str, Any],
        initialise: Callable[[keras.Model, dict[str, Any]], None] | None = None,
    ):
        backend.prepare(compute, seed)
        super().__init__(data, settings, seed)
        self.scaler = Scaler(data.features, data.scaler_rows(settings["scaler_fit_on"]))
        self.shapes = {feature.name: _shape(feature) for feature in data.features}
        self.pictures = frozenset(feature.name for feature in data.features if not feature.has_time)
        self.model = architecture(self.shapes, len(data.genres), settings)
        if initialise:
            initialise(self.model, settings)
        self.model.compile(
            optimizer=self._optimizer(),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=backend.compiles(),
        )
        # Variables that came to be in the first step would have TensorFlow trace it twice.
        self.model.optimizer.build(self.model.trainable_variables)
        nothing = np.zeros((1, len(data.genres)), np.float32)
        self.model.compute_metrics(None, nothing, nothing)

    @property
    def parameters(self) -> int:
        """The number of weights, those of batch normalisation included."""
        return self.model.count_params()

    def inputs(self, rows: np.ndarray, starts: np.ndarray | None = None) -> Inputs:
        """Read standardised features of these rows, as `Scaler.network_input` returns them."""
        return {feature.name: self.scaler.network_input(feature, rows, starts) for feature in self.data.features}

    def step(self, inputs: Inputs, targets: np.ndarray, epoch: int, number: int) -> dict[str, float]:
        """Make a step of the optimiser; return `accuracy`, and `loss` with the penalties of regularisers."""
        return self.model.train_on_batch(inputs, targets, targets @ self.class_weights, return_dict=True)

    def probabilities(self, inputs: Inputs) -> np.ndarray:
        """Return the probabilities (examples, genres) of a batch."""
        return self.model.predict_on_batch(inputs)

    def learning_rate(self, epoch: int) -> float:
        """Return the learning rate of the optimiser, which is at the beginning of the epoch."""
        return float(self.model.optimizer.learning_rate)

    def state(self) -> Arrays:
        """Return weights and the states of random generators and of the optimiser."""
        return _arrays(self._variables())

    def restore(self, state: Arrays) -> None:
        """Set what `state` returned."""
        _assign(self._variables(), state)

    def weights(self) -> Arrays:
        """Return the weights, those of batch normalisation included."""
        return _arrays(self.model.weights)

    def use(self, weights: Arrays) -> None:
        """Set what `weights` returned."""
        _assign(self.model.weights, weights)

    def save(self, folder: Path) -> None:
        """Write the scaler, the weights, and the settings and shapes that the model is built from."""
        serialization.save_arrays(folder / "scaler.npz", self.scaler.arrays())
        self.model.save_weights(folder / "model.weights.h5")
        description = {
            "settings": self.settings,
            "shapes": self.shapes,
            "genres": self.data.genres,
            "parameters": self.parameters,
        }
        files.write_json(folder / "model.json", description)

    def describe(self) -> dict[str, str]:
        """Return `backend` (name and version) and `device` (CPU, or the name of the GPU)."""
        return backend.describe()

    def _optimizer(self) -> keras.Optimizer:
        settings = self.settings
        steps = self.steps_per_epoch()
        warmup = round(settings["warmup_epochs"] * steps)
        peak = settings["learning_rate"]
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=peak / (warmup + 1),  # the first step is to change something too
            decay_steps=max(1, settings["epochs"] * steps - warmup),
            alpha=1.0 if settings["schedule"] == "constant" else 0.0,
            warmup_target=peak if warmup else None,
            warmup_steps=warmup,
        )
        return keras.optimizers.get({"class_name": settings["optimizer"], "config": {"learning_rate": schedule}})

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]


def load(
    folder: Path, architecture: Architecture, features: Sequence[str], compute: dict[str, Any]
) -> tuple[keras.Model, Scaler]:
    """Load a trained network and the scaler of its inputs, as `KerasModel.save` wrote them.

    Parameters
    ----------
    folder : path
    architecture : callable
        That of the network's training.
    features : sequence of str
        Its features, in the order of the training.
    compute : dict
        Section `compute` of the training.
    """
    backend.prepare(compute, seed=0)
    description = files.read_json(folder / "model.json")
    shapes = {name: tuple(description["shapes"][name]) for name in features}
    model = architecture(shapes, len(description["genres"]), description["settings"])
    model.load_weights(folder / "model.weights.h5")
    model.compile(jit_compile=backend.compiles())
    return model, Scaler.load(folder / "scaler.npz")


def _shape(feature: Feature) -> tuple[int, ...]:
    """The shape of a feature of one example as a network gets it: time first."""
    shape = feature.values.shape[1:]
    return (shape[-1], *shape[:-1]) if feature.has_time else shape


def _arrays(variables: list[Any]) -> Arrays:
    return {f"{i:05}": keras.ops.convert_to_numpy(variable.value) for i, variable in enumerate(variables)}


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values.values(), strict=True):
        variable.assign(value)
