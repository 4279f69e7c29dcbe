"""The name of a run, which is also the path of its folder: model/protocol/split/seed0."""

from pathlib import PurePath
from typing import NamedTuple

PREFIX = "seed"


class RunKey(NamedTuple):
    """One training: a model, on one split of a protocol, with one seed."""

    model: str
    protocol: str
    split: str
    seed: int

    @classmethod
    def parse(cls, path: str | PurePath) -> "RunKey":
        """The run whose folder has this path, of which the last four parts count.

        Raises
        ------
        ValueError
            If `path` is not that of a run.
        """
        parts = PurePath(path).parts[-4:]
        if len(parts) != 4 or not parts[-1].startswith(PREFIX):
            raise ValueError(f"{path} is not the path of a run, model/protocol/split/{PREFIX}<number>")
        return cls(*parts[:3], int(parts[3].removeprefix(PREFIX)))

    def __str__(self) -> str:
        """The path, relative to the folder of all runs."""
        return f"{self.model}/{self.within_model}"

    @property
    def within_model(self) -> str:
        """The path, relative to the folder of the model's runs."""
        return f"{self.protocol}/{self.split}/{PREFIX}{self.seed}"
