"""The loop over epochs that all networks share, whatever library computes them.

Everything that is drawn is drawn from the seed, the epoch and the number of the batch, so that a training that goes on
from a checkpoint ends with the same bytes as one that was never interrupted.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from genrebench.common.cli import InputError
from genrebench.training import augmentation
from genrebench.training.checkpoints import Arrays, Checkpoints
from genrebench.training.data import Data, best_row

Inputs = dict[str, np.ndarray]


class Trainer(ABC):
    """A network and its training; of all epochs the one with the highest accuracy on the validation clips is kept.

    Of equals it is the one with the lowest loss there. It trains on `rows`, those of the training clips if no others
    are given. What a library does is left to subclasses: `inputs`, `step`, `probabilities`, `learning_rate`, and the
    arrays that a training changes (`state`, `restore`, `weights`, `use`).
    """

    pictures: frozenset[str] = frozenset()  # features whose last axis is time

    def __init__(self, data: Data, settings: dict[str, Any], seed: int, rows: np.ndarray | None = None):
        self.data = data
        self.settings = settings
        self.seed = seed
        self.rows = data.rows["train"] if rows is None else rows
        self.class_weights = self._class_weights()
        self.seconds: list[float] = []  # of each epoch

    @property
    @abstractmethod
    def parameters(self) -> int:
        """How many numbers the network has."""

    @abstractmethod
    def inputs(self, rows: np.ndarray, starts: np.ndarray | None = None) -> Inputs:
        """What the network reads of these rows, by feature; of segments that start elsewhere, if `starts` says so."""

    @abstractmethod
    def step(self, inputs: Inputs, targets: np.ndarray, epoch: int, number: int) -> dict[str, float]:
        """A step of the optimiser on a batch, of which an epoch has several; its `accuracy` and `loss`.

        `targets` are (examples, genres).
        """

    @abstractmethod
    def probabilities(self, inputs: Inputs) -> np.ndarray:
        """(examples, genres)."""

    @abstractmethod
    def learning_rate(self, epoch: int) -> float:
        """At the beginning of an epoch."""

    @abstractmethod
    def state(self) -> Arrays:
        """All that a training changes: weights, the optimiser, random generators."""

    @abstractmethod
    def restore(self, state: Arrays) -> None:
        """Go back to a `state`."""

    @abstractmethod
    def weights(self) -> Arrays:
        """What predictions depend on."""

    @abstractmethod
    def use(self, weights: Arrays) -> None:
        """Take these `weights`."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what is needed to predict into an existing folder."""

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """The `backend` with its version, and the `device` that it computes on."""

    def fit(self, folder: Path, key: str) -> list[dict[str, Any]]:
        """Train and return the history, a row per epoch; the network then has the weights of the best one.

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
            row = {"epoch": epoch + 1, "learning_rate": self.learning_rate(epoch)}
            row |= self._train_epoch(epoch) | self._validate(epoch)
            self.seconds.append(time.perf_counter() - started)
            history.append(row)
            if best_row(history) == epoch:
                best = self.weights()
            facts = {"history": history, "seconds": self.seconds}
            checkpoints.save(self.state(), facts, best_row(history) + 1, best)
            print(_line(row, self.settings["epochs"], self.seconds[-1]), flush=True)
        self.use(best)
        print(f"the best epoch on the validation clips is {best_row(history) + 1} of {len(history)}")
        return history

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities (rows, genres)."""
        parts = [self.probabilities(self.inputs(part)) for part in self._batches_of(rows)]
        if not parts:
            return np.empty((0, len(self.data.genres)))
        found = np.concatenate(parts, dtype=np.float64)[: len(rows)]
        return found / found.sum(axis=1, keepdims=True)  # of single precision they add up to 1 only nearly

    def steps_per_epoch(self) -> int:
        """Batches of the training rows."""
        return -(-len(self.rows) // self.settings["batch_size"])

    def _class_weights(self) -> np.ndarray:
        """(genres,)."""
        labels = self.data.labels[self.rows]
        choice = None if self.settings["class_weights"] == "none" else "balanced"
        return compute_class_weight(choice, classes=np.arange(len(self.data.genres)), y=labels).astype(np.float32)

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        """Accuracy and loss (with the penalties of regularisers), the mean over the epoch's steps."""
        sums = dict.fromkeys(("accuracy", "loss"), 0.0)
        for number, (inputs, targets) in enumerate(self._batches(epoch)):
            figures = self.step(inputs, targets, epoch, number)
            if not np.isfinite(figures["loss"]):
                raise self._diverged(f"The loss is {figures['loss']} in epoch {epoch + 1}")
            sums = {name: total + float(figures[name]) for name, total in sums.items()}
        return {name: total / self.steps_per_epoch() for name, total in sums.items()}

    def _batches(self, epoch: int) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """The shuffled batches of an epoch: inputs, and targets (examples, genres). One is read while one trains."""
        parts = self._batches_of(np.random.default_rng([self.seed, epoch]).permutation(self.rows))
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
        settings = self.settings.get("augmentation", {})
        starts = random.uniform(*self.data.spans[rows].T) if settings.get("crop") else None
        targets = np.eye(len(self.data.genres), dtype=np.float32)[self.data.labels[rows]]
        return augmentation.augment(self.inputs(rows, starts), targets, settings, self.pictures, random)

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

    def _resume(self, checkpoints: Checkpoints) -> tuple[list[dict[str, Any]], Arrays]:
        """The history and the best weights so far; the network and its optimiser are as they were."""
        found = checkpoints.load()
        if found is None:
            return [], {}
        state, facts, best = found
        self.restore(state)
        self.seconds = facts["seconds"]
        print(f"going on after epoch {len(facts['history'])}, where the training was interrupted", flush=True)
        return facts["history"], best


def _line(row: dict[str, Any], epochs: int, seconds: float) -> str:
    return (
        f"epoch {row['epoch']:3} of {epochs}: accuracy {row['accuracy']:.3f} in training, {row['val_accuracy']:.3f} in "
        f"validation; loss {row['loss']:.3f} and {row['val_loss']:.3f}; learning rate {row['learning_rate']:.2e}; "
        f"{seconds:.1f} s"
    )
