"""Checkpoints of trainings, outside of their outputs, so that a killed job resumes."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.training import serialization

Arrays = dict[str, np.ndarray]


class Checkpoints:
    """The last checkpoint of one training.

    The weights that are kept are in a file of their own, written before the checkpoint that names it. So a kill at
    any moment leaves a complete checkpoint.

    Parameters
    ----------
    folder
        A folder for this training alone.
    key
        A digest of all that the training depends on. A checkpoint with another key is not read.
    """

    def __init__(self, folder: str | Path, key: str):
        self.folder = Path(folder)
        self.key = key

    def save(self, state: Arrays, facts: dict[str, Any], kept_epoch: int, kept: Arrays) -> None:
        """Write a checkpoint.

        Parameters
        ----------
        state
            Arrays that the training goes on from.
        facts
            The rest of the state, as JSON can hold it.
        kept_epoch, kept
            The epoch whose weights are kept so far, and these.
        """
        if not self._kept(kept_epoch).is_file():
            serialization.save_arrays(self._kept(kept_epoch), kept)
        about = {"key": self.key, "kept_epoch": kept_epoch, "facts": facts}
        serialization.save_arrays(self.folder / "last.npz", {**state, "about": np.array(json.dumps(about))})
        for path in self.folder.glob("kept*.npz"):
            if path != self._kept(kept_epoch):
                path.unlink()

    def load(self) -> tuple[Arrays, dict[str, Any], Arrays] | None:
        """Return (state, facts, kept weights); or None, and remove the folder, where there is nothing to resume."""
        try:
            state = _read(self.folder / "last.npz")
            about = json.loads(str(state.pop("about")))
            if about["key"] == self.key:
                return state, about["facts"], _read(self._kept(about["kept_epoch"]))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            pass  # none yet, or damaged: the training begins anew
        self.clear()
        return None

    def clear(self) -> None:
        """Remove the folder: the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, epoch: int) -> Path:
        return self.folder / f"kept{epoch}.npz"


def _read(path: Path) -> Arrays:
    with np.load(path) as archive:
        return dict(archive)
