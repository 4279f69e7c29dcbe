"""The engine of the neural networks: any Keras model in, trained on shuffled batches that are read as they are needed.

Keras runs on TensorFlow, JAX or PyTorch; nothing here knows which (genrebench.backend does). Everything that is drawn
is drawn from the seed, the epoch and the number of the batch, so that a training that goes on from a checkpoint ends
with the same bytes as one that was never interrupted.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from genrebench import augmentation, backend, files, storage
from genrebench.checkpoints import Checkpoints
from genrebench.job import InputError
from genrebench.training import Data, Feature, Scaler, best_row

SETTINGS = {
    "epochs": {"description": "Epochs at most.", "type": "integer", "minimum": 1},
    "batch_size": {"description": "Examples in a step of the optimiser.", "type": "integer", "minimum": 1},
    "optimizer": {"description": "An optimiser of Keras.", "enum": ["adam", "adamw", "sgd"]},
    "learning_rate": {"description": "The highest learning rate.", "type": "number", "exclusiveMinimum": 0},
    "warmup_epochs": {
        "description": "Epochs in which the learning rate rises to that.",
        "type": "number",
        "minimum": 0,
    },
    "schedule": {
        "description": "After that: constant, or cosine, falling to 0 at the last epoch (Loshchilov and Hutter 2017).",
        "enum": ["constant", "cosine"],
    },
    "early_stopping": {
        "description": "Epochs without a better one on the validation clips after which training ends; 0 goes on.",
        "type": "integer",
        "minimum": 0,
    },
    "class_weights": {
        "description": "balanced: each genre counts the same, however many clips it has; none: each clip does.",
        "enum": ["balanced", "none"],
    },
    "augmentation": {
        "description": "How training examples are changed at random; {} leaves them as they are.",
        "type": "object",
        "additionalProperties": False,
        "properties": augmentation.SETTINGS,
    },
}

Shapes = dict[str, tuple[int, ...]]
Architecture = Callable[[Shapes, int, dict[str, Any]], keras.Model]


class Neural:
    """A Keras model, the scaler of its inputs, and their training.

    `architecture(shapes, genres, settings)` builds the model from the shapes of an example's features (time first).
    `initialise(model, settings)`, if given, puts pretrained weights into it. Of all epochs the one with the highest
    accuracy on the validation clips is kept, of equals the one with the lowest loss there.
    """

    def __init__(
        self,
        architecture: Architecture,
        data: Data,
        settings: dict[str, Any],
        seed: int,
        numerics: dict[str, Any],
        initialise: Callable[[keras.Model, dict[str, Any]], None] | None = None,
    ):
        backend.prepare(numerics, seed)
        self.data = data
        self.settings = settings
        self.seed = seed
        self.scaler = Scaler(data.features, data.scaler_rows(settings["scaler_fit_on"]))
        self.shapes = {feature.name: _shape(feature) for feature in data.features}
        self.pictures = {feature.name for feature in data.features if not feature.has_time}
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
        self.class_weights = self._class_weights()
        self.seconds: list[float] = []  # of each epoch

    @property
    def parameters(self) -> int:
        """How many numbers the model has, trained or counted (those of batch normalisation)."""
        return self.model.count_params()

    def fit(self, folder: Path, key: str) -> list[dict[str, Any]]:
        """Train and return the history, a row per epoch; the model then has the weights of the best one.

        Goes on from the checkpoint in `folder`, if it is one of the training that `key` stands for. The last one stays:
        what the history and the weights are written to may be lost yet.
        Raises InputError where the loss is not finite.
        """
        checkpoints = Checkpoints(folder, key)
        history, best = self._resume(checkpoints)
        for epoch in range(len(history), self.settings["epochs"]):
            if self._stops_early(history):
                break
            started = time.perf_counter()
            row = {"epoch": epoch + 1, "learning_rate": float(self.model.optimizer.learning_rate)}
            row |= self._train_epoch(epoch) | self._validate(epoch)
            self.seconds.append(time.perf_counter() - started)
            history.append(row)
            if best_row(history) == epoch:
                best = _arrays(self.model.weights)
            facts = {"history": history, "seconds": self.seconds}
            checkpoints.save(self._state(), facts, best_row(history) + 1, best)
            print(_line(row, self.settings["epochs"], self.seconds[-1]), flush=True)
        for variable, value in zip(self.model.weights, best.values(), strict=True):
            variable.assign(value)
        print(f"the best epoch on the validation clips is {best_row(history) + 1} of {len(history)}")
        return history

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities (rows, genres)."""
        parts = [self.model.predict_on_batch(self._inputs(part)) for part in self._batches_of(rows)]
        if not parts:
            return np.empty((0, len(self.data.genres)))
        found = np.concatenate(parts, dtype=np.float64)[: len(rows)]
        return found / found.sum(axis=1, keepdims=True)  # of single precision they add up to 1 only nearly

    def save(self, folder: Path) -> None:
        """Write the scaler, the weights and what is needed to build the model again."""
        storage.save_arrays(folder / "scaler.npz", self.scaler.arrays())
        self.model.save_weights(folder / "model.weights.h5")
        description = {
            "settings": self.settings,
            "shapes": self.shapes,
            "genres": self.data.genres,
            "parameters": self.parameters,
        }
        files.write_json(folder / "model.json", description)

    def _optimizer(self) -> keras.Optimizer:
        settings = self.settings
        steps = -(-len(self.data.rows["train"]) // settings["batch_size"])
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

    def _class_weights(self) -> np.ndarray:
        """(genres,)."""
        labels = self.data.labels[self.data.rows["train"]]
        choice = None if self.settings["class_weights"] == "none" else "balanced"
        return compute_class_weight(choice, classes=np.arange(len(self.data.genres)), y=labels).astype(np.float32)

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        """Accuracy and loss (with the penalties of regularisers), the mean over the epoch's steps."""
        steps, sums = 0, dict.fromkeys(("accuracy", "loss"), 0.0)
        for inputs, targets in self._batches(epoch):
            figures = self.model.train_on_batch(inputs, targets, targets @ self.class_weights, return_dict=True)
            if not np.isfinite(figures["loss"]):
                raise self._diverged(f"The loss is {figures['loss']} in epoch {epoch + 1}")
            steps += 1
            sums = {name: total + float(figures[name]) for name, total in sums.items()}
        return {name: total / steps for name, total in sums.items()}

    def _batches(self, epoch: int) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """The shuffled batches of an epoch: inputs, and targets (examples, genres). One is read while one trains."""
        parts = self._batches_of(np.random.default_rng([self.seed, epoch]).permutation(self.data.rows["train"]))
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._batch, epoch, 0, parts[0])
            for number, part in enumerate(parts[1:], 1):
                batch = coming.result()
                coming = reader.submit(self._batch, epoch, number, part)
                yield batch
            yield coming.result()

    def _batches_of(self, rows: np.ndarray) -> list[np.ndarray]:
        """Rows in batches of one size, the last filled up with the first rows: another size would be compiled anew."""
        size = self.settings["batch_size"]
        return list(np.resize(rows, (-(-len(rows) // size), size)))

    def _batch(self, epoch: int, number: int, rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        random = np.random.default_rng([self.seed, epoch, number])
        settings = self.settings["augmentation"]
        starts = random.uniform(*self.data.spans[rows].T) if settings.get("crop") else None
        targets = np.eye(len(self.data.genres), dtype=np.float32)[self.data.labels[rows]]
        return augmentation.augment(self._inputs(rows, starts), targets, settings, self.pictures, random)

    def _inputs(self, rows: np.ndarray, starts: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Standardised features of these rows, time first; of segments that start elsewhere, if `starts` says so."""
        inputs = {}
        for feature in self.data.features:
            values = feature.values[rows] if starts is None else feature.values.at(rows, starts)
            values = self.scaler.standardise(feature, values)
            inputs[feature.name] = np.ascontiguousarray(np.moveaxis(values, -1, 1)) if feature.has_time else values
        return inputs

    def _validate(self, epoch: int) -> dict[str, float]:
        """Accuracy and loss on the validation clips, each the mean of its segments."""
        rows = self.data.rows["valid"]
        predicted = self.predict(rows)
        if not np.isfinite(predicted).all():
            raise self._diverged(f"The predictions are not finite after epoch {epoch + 1}")
        return {f"val_{name}": value for name, value in self.data.scores(rows, predicted).items()}

    def _diverged(self, what: str) -> InputError:
        return InputError(
            f"{what}: training has diverged. Lower the model's learning_rate, which is "
            f"{self.settings['learning_rate']}, or lengthen warmup_epochs."
        )

    def _stops_early(self, history: list[dict[str, Any]]) -> bool:
        patience = self.settings["early_stopping"]
        return bool(patience and history) and len(history) - 1 - best_row(history) >= patience

    def _variables(self) -> list[Any]:
        """All that a training changes: weights, states of random generators, and those of the optimiser."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def _state(self) -> dict[str, np.ndarray]:
        return _arrays(self._variables())

    def _resume(self, checkpoints: Checkpoints) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """The history and the best weights so far; the model, its optimiser and the random states are as they were."""
        found = checkpoints.load()
        if found is None:
            return [], {}
        state, facts, best = found
        for variable, value in zip(self._variables(), state.values(), strict=True):
            variable.assign(value)
        self.seconds = facts["seconds"]
        print(f"going on after epoch {len(facts['history'])}, where the training was interrupted", flush=True)
        return facts["history"], best


def _shape(feature: Feature) -> tuple[int, ...]:
    """The shape of a feature of one example as the model gets it: time first."""
    shape = feature.values.shape[1:]
    return (shape[-1], *shape[:-1]) if feature.has_time else shape


def _arrays(variables: list[Any]) -> dict[str, np.ndarray]:
    return {f"{i:05}": keras.ops.convert_to_numpy(variable.value) for i, variable in enumerate(variables)}


def _line(row: dict[str, Any], epochs: int, seconds: float) -> str:
    return (
        f"epoch {row['epoch']:3} of {epochs}: accuracy {row['accuracy']:.3f} in training, {row['val_accuracy']:.3f} in "
        f"validation; loss {row['loss']:.3f} and {row['val_loss']:.3f}; learning rate {row['learning_rate']:.2e}; "
        f"{seconds:.1f} s"
    )
