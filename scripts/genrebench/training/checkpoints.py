"""What a training has reached, kept outside of its outputs, so that a killed job goes on where it was."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.training import serialization

Arrays = dict[str, np.ndarray]


class Checkpoints:
    """The last checkpoint of one training, in a folder of its own.

    `key` stands for all that the training depends on: a checkpoint of another key is of another training and is not
    read. The best epoch's weights have a file of their own, written before the checkpoint that names it, so that a
    kill at any moment leaves a checkpoint with all that belongs to it.
    """

    def __init__(self, folder: str | Path, key: str):
        self.folder = Path(folder)
        self.key = key

    def save(self, state: Arrays, facts: dict[str, Any], best_epoch: int, best: Arrays) -> None:
        """Keep `state`, and the weights `best` of `best_epoch`. `facts` is what JSON can hold."""
        if not self._best(best_epoch).is_file():
            serialization.save_arrays(self._best(best_epoch), best)
        about = {"key": self.key, "best_epoch": best_epoch, "facts": facts}
        serialization.save_arrays(self.folder / "last.npz", {**state, "about": np.array(json.dumps(about))})
        for path in self.folder.glob("best*.npz"):
            if path != self._best(best_epoch):
                path.unlink()

    def load(self) -> tuple[Arrays, dict[str, Any], Arrays] | None:
        """The state, the facts and the best weights; None, and no folder, where there is nothing to go on from."""
        try:
            state = _read(self.folder / "last.npz")
            about = json.loads(str(state.pop("about")))
            if about["key"] == self.key:
                return state, about["facts"], _read(self._best(about["best_epoch"]))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            pass  # none yet, or a damaged disk: the training begins anew
        self.clear()
        return None

    def clear(self) -> None:
        """Remove the folder: the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best{epoch}.npz"


def _read(path: Path) -> Arrays:
    with np.load(path) as archive:
        return dict(archive)
