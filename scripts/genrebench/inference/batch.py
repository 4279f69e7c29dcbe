"""Predictions for many files: find the files, and predict their genres in several processes."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genrebench.audio import formats
from genrebench.common.cli import InputError
from genrebench.common.file_names import shortened
from genrebench.common.prediction import Prediction
from genrebench.common.workers import LIMIT_S, Failure, Workers, attempt

if TYPE_CHECKING:  # it imports what computes, which only the processes need
    from genrebench.inference.predictor import Predictor
    from genrebench.inference.zero_shot import ZeroShot

FEW = 8  # files that one process predicts as fast as several, which take a second each to start


@dataclass
class Found:
    """The files to predict, in order, and what else was found.

    Attributes
    ----------
    files : list of Path
        Files, and paths that do not exist, so that they get an error of their own.
    unreadable : list of str
        Folders whose content cannot be listed, and patterns that nothing matches: a sentence for each.
    passed_over : int
        Files in which macOS keeps attributes of others.
    """

    files: list[Path] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    passed_over: int = 0


def find_files(paths: Sequence[str]) -> Found:
    """Find the files that `paths` name: files, folders (all audio files below them) and patterns such as `**/*.mp3`.

    A pattern is looked for in the folders that are named beside it, which then give the files that match and no
    others; without a folder, in the working folder.
    """
    found = Found()
    names = [name for name in paths if _is_pattern(name)]
    folders = [Path(name) for name in paths if name not in names and Path(name).is_dir()]
    for name in paths:
        path = Path(name)
        if name in names:
            _add_pattern(found, name, folders)
        elif path in folders:
            if not names:
                _add_folder(found, path)
        else:
            found.files.append(path)
    return found


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not os.path.lexists(name)


def _add_folder(found: Found, folder: Path) -> None:
    def tell(error: OSError) -> None:
        found.unreadable.append(f"{error.filename} cannot be listed: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=tell):
        folders.sort()
        _add(found, (Path(place, name) for name in sorted(names) if formats.is_audio(name.removeprefix(formats.MACOS))))


def _add_pattern(found: Found, name: str, folders: Sequence[Path]) -> None:
    pattern = os.path.expanduser(name)  # noqa: PTH111 (in quotes, the shell does not)
    before = len(found.files)
    for folder in [Path()] if Path(pattern).is_absolute() or not folders else folders:
        matching = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (absolute patterns too)
        _add(found, (folder / one for one in sorted(matching)))
    if len(found.files) == before:
        found.unreadable.append(f"{name} matches no file in {', '.join(map(str, folders)) or Path.cwd()}")


def _add(found: Found, paths: Iterator[Path]) -> None:
    for path in paths:
        if path.name.startswith(formats.MACOS):
            found.passed_over += 1
        elif not path.is_dir():
            found.files.append(path)


def predictions(
    model: "Path | ZeroShot",
    paths: Sequence[Path],
    plot: Path | None = None,
    jobs: int | None = None,
    limit_s: float = LIMIT_S,
) -> Iterator[tuple[Path, Prediction | str]]:
    """Predict the genres of files.

    Parameters
    ----------
    model : Path or ZeroShot
        The folder of an exported model, or genres by their names.
    paths : sequence of Path
        The files.
    plot : Path, optional
        Folder for a plot of each file. Below it, the plots lie as the files do below the folder that they share.
    jobs : int, optional
        Processes; by default one for a few files, and as many as processors for many.
    limit_s : float
        Seconds that a file may take.

    Yields
    ------
    (Path, Prediction or str)
        Each file in the order of `paths`, with its prediction or the reason why there is none.

    Raises
    ------
    InputError
        If the model cannot be used.
    """
    with Workers(start, [model], processes(jobs, len(paths)), limit_s) as workers:
        for path, result in zip(paths, workers.map(_with_plots(paths, plot)), strict=True):
            yield path, f"{path} {result.reason}" if isinstance(result, Failure) else result


def _with_plots(paths: Sequence[Path], plot: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Each file with the place of its plot below the folder `plot`."""
    root = os.path.commonpath([path.parent.absolute() for path in paths]) if plot else ""
    for path in paths:
        yield path, plot and plot / shortened(str(path.absolute().relative_to(root)), ".png")


def processes(jobs: int | None, count: int) -> int:
    """How many processes predict `count` files: `jobs`, by default one for a few and all processors for many."""
    return jobs or (1 if count <= FEW else os.cpu_count() or 1)


def start(model: "Path | ZeroShot") -> partial[Prediction | str]:
    """Load a model; returns `predict` for it, of a file and the place of its plot."""
    if isinstance(model, Path):
        from genrebench.inference.predictor import Predictor

        return partial(predict, Predictor(model))
    from genrebench.inference.zero_shot import ZeroShotPredictor

    return partial(predict, ZeroShotPredictor(model))


def predict(predictor: "Predictor", paths: tuple[Path, Path | None]) -> Prediction | str:
    """Predict the genre of a file, and plot it to the second path.

    Returns the reason where there is no prediction. Where there is only no plot, the prediction says why.
    """
    path, plot = paths
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return f"{path} is no file"
        prediction = predictor.predict(path)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    if plot:
        result = attempt(partial(_write_plot, prediction), plot)
        prediction.no_plot = f"The plot of {path} {result.reason}" if isinstance(result, Failure) else result
    return prediction


def _write_plot(prediction: Prediction, plot: Path) -> str:
    """Write the plot of a prediction; returns why this is not possible, or nothing."""
    from genrebench.plots import prediction as prediction_plot  # matplotlib, 0.5 s

    try:
        prediction_plot.write(prediction, plot)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"The plot {plot} cannot be written: {error.strerror or error}"
    return ""
