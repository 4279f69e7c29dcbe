"""Which genres of a prediction are written, and by which names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen.id3 import TCON

from genrebench.common import written
from genrebench.common.cli import InputError
from genrebench.common.formatting import percent
from genrebench.common.prediction import Prediction
from genrebench.workflow import settings_file

FURTHER = 0.2  # the least probability of a genre beside the most probable one
COLUMNS = ("genre", "name")


@dataclass(frozen=True)
class Choice:
    """How genres are chosen.

    Attributes
    ----------
    names : mapping of str to str
        The name of each genre of the model; a genre with a blank one is not written.
    top : int, optional
        The most genres of a file; by default one, or with `at_least` all.
    at_least : float, optional
        The least probability of a genre; by default any for the most probable one, and 0.2 for others.
    """

    names: Mapping[str, str]
    top: int | None = None
    at_least: float | None = None

    def of(self, prediction: Prediction) -> tuple[dict[str, float], str]:
        """The names to write with their probabilities, and where there are none, why."""
        if prediction.low_confidence:
            return {}, prediction.low_confidence
        first, *others = prediction.ranked()
        least = FURTHER if self.at_least is None else self.at_least
        top = self.top or (1 if self.at_least is None else len(prediction.genres))
        likely = [pair for pair in others if pair[1] >= least]
        if first[1] >= (self.at_least or 0):
            likely.insert(0, first)
        if not likely:
            return {}, f"no genre reaches {percent(self.at_least, 0)}"
        found: dict[str, float] = {}
        for genre, probability in likely[:top]:
            if name := self.names[genre]:
                found.setdefault(name, probability)
        return found, "" if found else f"{likely[0][0]} has no name"


def default_name(genre: str) -> str:
    """The name of a genre: as ID3 spells it, if it has it ("hiphop" is "Hip-Hop"), otherwise that of the model."""
    return _STANDARD.get(_letters(genre), genre)


def read_names(path: Path, genres: Sequence[str]) -> dict[str, str]:
    """Read the names of a model's genres: YAML that maps them, or CSV with the columns `genre` and `name`.

    A genre that is not in it keeps its name; one with a blank name is not written.

    Raises
    ------
    InputError
        If the file cannot be read, or has a genre that the model does not know.
    """
    given = _of_yaml(path) if path.suffix.lower() in (".yaml", ".yml") else _of_csv(path)
    if unknown := [str(genre) for genre in given if genre not in genres]:
        raise InputError(
            f"{path} has {', '.join(unknown[:5])}, which the model does not know; its genres are {', '.join(genres)}"
        )
    if odd := [name for name in given.values() if not name.isprintable()]:
        raise InputError(f"{path} has the name {odd[0]!r}, which cannot be printed")
    return {genre: default_name(genre) for genre in genres} | given


def _of_yaml(path: Path) -> dict[str, str]:
    found: Any = settings_file.read(path)
    if not isinstance(found, dict) or not all(isinstance(name, str | None) for name in found.values()):
        raise InputError(f"{path} is no map of genres to names, such as `hiphop: Rap`")
    return {genre: (name or "").strip() for genre, name in found.items()}


def _of_csv(path: Path) -> dict[str, str]:
    table = written.read(path)
    if not set(COLUMNS) <= set(table.columns):
        raise InputError(f"{path} has no columns {' and '.join(COLUMNS)}")
    return {row["genre"].strip(): row["name"].strip() for row in table.rows}


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


_STANDARD = {_letters(name): name for name in reversed(TCON.GENRES)}
