"""Tagging many files one by one: several processes read tags and predict genres, this one writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.common.workers import LIMIT_S, Failure, Workers
from genrebench.inference import batch
from genrebench.tagging import rewriting, tags
from genrebench.tagging.choice import Choice
from genrebench.tagging.journal import Entries, Journal


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    path : Path
    kind : str
        `written` (or would be), `kept`: it has a genre, or has its old one again; `abstained`: no genre is written;
        `refused`: it cannot be predicted or written.
    genres : dict
        The names that were written, with their probabilities.
    reason : str
        Why nothing is written.
    """

    path: Path
    kind: Literal["written", "kept", "abstained", "refused"]
    genres: dict[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Examined:
    """A file that can be written: as what it was seen, its tags, and its prediction."""

    seen: rewriting.Seen
    tags: tags.Tags
    prediction: Prediction


def tag(
    folder: Path,
    model: str,
    paths: Sequence[Path],
    choice: Choice,
    journal: Journal | None,
    overwrite: bool = False,
    jobs: int | None = None,
    limit_s: float = LIMIT_S,
) -> Iterator[Outcome]:
    """Write the genres of files into their tags.

    Parameters
    ----------
    folder : Path
        The exported model.
    model : str
        What the journal calls it.
    paths : sequence of Path
        The files.
    choice : Choice
        Which genres are written.
    journal : Journal, optional
        Gets what is written; without one, nothing is written.
    overwrite : bool
        Whether a genre is replaced that is there.
    jobs : int, optional
        Processes, as of `inference.batch.predictions`.
    limit_s : float
        Seconds that a file may take.

    Yields
    ------
    Outcome
        In the order of `paths`.

    Raises
    ------
    InputError
        If the folder holds no model that this version reads, or the journal cannot be written.
    """
    with Workers(start, [folder, overwrite], batch.processes(jobs, len(paths)), limit_s) as workers:
        for path, found in zip(paths, workers.map(paths), strict=True):
            if isinstance(found, Failure):
                yield Outcome(path, "refused", reason=f"{path} {found.reason}")
            elif isinstance(found, str):
                yield Outcome(path, "refused", reason=found)
            elif found is None:
                yield Outcome(path, "kept")
            else:
                genres, reason = choice.of(found.prediction)
                if genres and journal:
                    reason = _write(path, found, found.tags.with_genres(list(genres)), journal, model, genres)
                    yield Outcome(path, "refused" if reason else "written", genres, reason)
                else:
                    yield Outcome(path, "written" if genres else "abstained", genres, reason)


def start(folder: Path, overwrite: bool) -> "partial[Examined | str | None]":
    """Load a model; returns `examine` for it."""
    return partial(examine, batch.start(folder), overwrite)


def examine(predict: "partial[Prediction | str]", overwrite: bool, path: Path) -> Examined | str | None:
    """See what can be done with a file; returns a sentence where nothing can, and None where nothing has to."""
    try:
        seen: rewriting.Seen | str
        try:
            seen = rewriting.look(path)
        except InputError as error:
            seen = str(error)
            if not path.is_file():
                return seen
        found = tags.read(path)
        if not found.empty and not overwrite:
            return None
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    if isinstance(seen, str):  # it matters only now: what has a genre may be read-only
        return seen
    prediction = predict((path, None))
    return prediction if isinstance(prediction, str) else Examined(seen, found, prediction)


def undo(entries: Entries) -> Iterator[Outcome]:
    """Restore the old genre of each file of a journal, whose genre is still the one that was written."""
    for entry in entries:
        path = Path(entry["path"])
        try:
            seen = rewriting.look(path)
            found = tags.read(path)
            if found.format != entry["format"]:
                raise InputError(f"{path} is another file: it was {entry['format']}, and is {found.format}")
            if found.same_genre(entry["old"]):
                yield Outcome(path, "kept")
            elif not found.same_genre(entry["new"]):
                raise InputError(f"{path} has the genre {', '.join(found.genres)} by now, which stays")
            else:
                rewriting.rewrite(
                    path, seen, partial(tags.write, tags_format=found.format, state=entry["old"]), lambda: None
                )
                yield Outcome(path, "written")
        except InputError as error:
            yield Outcome(path, "refused", reason=str(error))
        except OSError as error:
            yield Outcome(path, "refused", reason=f"{path} cannot be restored: {error.strerror or error}")
        except (LookupError, TypeError, ValueError):  # a state that no version has written
            yield Outcome(path, "refused", reason=f"{path} stays: what the journal has of it is damaged")


def _write(
    path: Path, found: Examined, state: tags.State, journal: Journal, model: str, genres: dict[str, float]
) -> str:
    """Write a state into a file, and into the journal; returns why this is not possible, or nothing."""

    def record() -> None:
        facts = {"genres": genres, "model": model}
        try:
            journal.add(path, found.tags.format, found.tags.state, state, facts)
        except OSError as error:
            raise _JournalError(f"The journal {journal.path} cannot be written: {error.strerror or error}") from None

    try:
        rewriting.rewrite(path, found.seen, partial(tags.write, tags_format=found.tags.format, state=state), record)
    except _JournalError as error:
        raise InputError(f"{error}. Nothing is written without it") from None
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}"
    return ""


class _JournalError(Exception):
    """Ends the run, where another error would end the work on one file."""
