"""The loop over epochs of all networks, whatever library computes them.

Random numbers depend on the seed, the epoch and the number of the batch alone. So a training that resumes from a
checkpoint ends with the same bytes as one that was never interrupted.
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
from genrebench.training.data import Data, best_row, kept_row

Inputs = dict[str, np.ndarray]


class Trainer(ABC):
    """A network and its training.

    The weights that are kept are those of the last epoch or, with `keep: best`, of the one with the highest accuracy on
    the validation clips, of equals that with the lowest loss there. Subclasses implement what depends on the library.

    Parameters
    ----------
    data
        The examples.
    settings
        The settings of the model.
    seed
        Seed of the order of the examples and of augmentation.
    rows
        Rows to train on; by default those of the training clips.

    Attributes
    ----------
    class_weights
        Weight of each genre in the loss, (genres,).
    seconds
        Seconds of each epoch.
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
        """The number of weights."""

    @abstractmethod
    def inputs(self, rows: np.ndarray, starts: np.ndarray | None = None) -> Inputs:
        """Read the inputs of the network, by feature, of these rows; of segments at `starts` (seconds), if given."""

    @abstractmethod
    def step(self, inputs: Inputs, targets: np.ndarray, epoch: int, number: int) -> dict[str, float]:
        """Make a step of the optimiser on batch `number` of an epoch; return its `accuracy` and `loss`.

        `targets` are shares of the genres, (examples, genres).
        """

    @abstractmethod
    def probabilities(self, inputs: Inputs) -> np.ndarray:
        """Return the probabilities (examples, genres) of a batch."""

    @abstractmethod
    def learning_rate(self, epoch: int) -> float:
        """Return the learning rate at the beginning of an epoch."""

    @abstractmethod
    def state(self) -> Arrays:
        """Return all that training changes: weights, optimiser, random generators."""

    @abstractmethod
    def restore(self, state: Arrays) -> None:
        """Set what `state` returned."""

    @abstractmethod
    def weights(self) -> Arrays:
        """Return what predictions depend on."""

    @abstractmethod
    def use(self, weights: Arrays) -> None:
        """Set what `weights` returned."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what prediction needs into an existing folder."""

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """Return `backend` (name and version) and `device` (CPU, or the name of the GPU)."""

    def fit(self, folder: Path, key: str) -> list[dict[str, Any]]:
        """Train, then set the weights of the epoch that is kept.

        Parameters
        ----------
        folder
            Folder of the checkpoints. The last one stays until the caller has written the results.
        key
            A digest of all that the training depends on; a checkpoint with the same key is resumed.

        Returns
        -------
        history
            A row per epoch: epoch, learning_rate, accuracy, loss, val_accuracy, val_loss.

        Raises
        ------
        InputError
            If the loss or a prediction is not finite.
        """
        checkpoints = Checkpoints(folder, key)
        history, kept = self._resume(checkpoints)
        for epoch in range(len(history), self.settings["epochs"]):
            if self._stops_early(history):
                break
            started = time.perf_counter()
            row = {"epoch": epoch + 1, "learning_rate": self.learning_rate(epoch)}
            row |= self._train_epoch(epoch) | self._validate(epoch)
            self.seconds.append(time.perf_counter() - started)
            history.append(row)
            if self.kept(history) == epoch:
                kept = self.weights()
            facts = {"history": history, "seconds": self.seconds}
            checkpoints.save(self.state(), facts, self.kept(history) + 1, kept)
            print(_line(row, self.settings["epochs"], self.seconds[-1]), flush=True)
        self.use(kept)
        print(f"the weights are those of epoch {self.kept(history) + 1} of {len(history)}")
        return history

    def kept(self, history: list[dict[str, Any]]) -> int:
        """The row of `history` whose weights are kept."""
        return kept_row(history, self.settings["keep"])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return probabilities (rows, genres), which sum to 1 in double precision."""
        parts = [self.probabilities(self.inputs(part)) for part in self._batches_of(rows)]
        if not parts:
            return np.empty((0, len(self.data.genres)))
        found = np.concatenate(parts, dtype=np.float64)[: len(rows)]
        return found / found.sum(axis=1, keepdims=True)

    def steps_per_epoch(self) -> int:
        """The number of batches of an epoch."""
        return -(-len(self.rows) // self.settings["batch_size"])

    def _class_weights(self) -> np.ndarray:
        """(genres,)."""
        labels = self.data.labels[self.rows]
        choice = None if self.settings["class_weights"] == "none" else "balanced"
        return compute_class_weight(choice, classes=np.arange(len(self.data.genres)), y=labels).astype(np.float32)

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        """Return accuracy and loss (with the penalties of regularisers), means over the steps."""
        sums = dict.fromkeys(("accuracy", "loss"), 0.0)
        for number, (inputs, targets) in enumerate(self._batches(epoch)):
            figures = self.step(inputs, targets, epoch, number)
            if not np.isfinite(figures["loss"]):
                raise self._diverged(f"The loss is {figures['loss']} in epoch {epoch + 1}")
            sums = {name: total + float(figures[name]) for name, total in sums.items()}
        return {name: total / self.steps_per_epoch() for name, total in sums.items()}

    def _batches(self, epoch: int) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """Yield the shuffled batches, inputs and targets (examples, genres); the next one is read in the meantime."""
        parts = self._batches_of(np.random.default_rng([self.seed, epoch]).permutation(self.rows))
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._batch, epoch, 0, parts[0])
            for number, part in enumerate(parts[1:], 1):
                batch = coming.result()
                coming = reader.submit(self._batch, epoch, number, part)
                yield batch
            yield coming.result()

    def _batches_of(self, rows: np.ndarray) -> list[np.ndarray]:
        """Split rows into batches of one size, the last filled up with the first rows: each size is compiled anew."""
        size = self.settings["batch_size"]
        return list(np.resize(rows, (-(-len(rows) // size), size)))

    def _batch(self, epoch: int, number: int, rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        random = np.random.default_rng([self.seed, epoch, number])
        settings = self.settings.get("augmentation", {})
        starts = random.uniform(*self.data.spans[rows].T) if settings.get("crop") else None
        targets = np.eye(len(self.data.genres), dtype=np.float32)[self.data.labels[rows]]
        return augmentation.augment(self.inputs(rows, starts), targets, settings, self.pictures, random)

    def _validate(self, epoch: int) -> dict[str, float]:
        """Return accuracy and loss on the validation clips, whose predictions are means over segments."""
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
        """Restore the last checkpoint; return the history and the weights that are kept so far."""
        found = checkpoints.load()
        if found is None:
            return [], {}
        state, facts, kept = found
        self.restore(state)
        self.seconds = facts["seconds"]
        print(f"going on after epoch {len(facts['history'])}, where the training was interrupted", flush=True)
        return facts["history"], kept


def _line(row: dict[str, Any], epochs: int, seconds: float) -> str:
    return (
        f"epoch {row['epoch']:3} of {epochs}: accuracy {row['accuracy']:.3f} in training, {row['val_accuracy']:.3f} in "
        f"validation; loss {row['loss']:.3f} and {row['val_loss']:.3f}; learning rate {row['learning_rate']:.2e}; "
        f"{seconds:.1f} s"
    )
