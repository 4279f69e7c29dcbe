"""Predictions for many files: find the files, and predict their genres in several processes."""

import glob
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from genrebench.audio import formats
from genrebench.common.cli import InputError
from genrebench.common.file_names import shortened
from genrebench.common.prediction import Prediction
from genrebench.inference.predictor import Predictor

FEW = 8  # files that one process predicts as fast as several, which take a second each to start
AHEAD = 4  # files per process that are submitted before the first result is written


def find_files(paths: Iterable[str]) -> Iterator[Path]:
    """Find the files that `paths` name: files, folders (all audio files below them) and patterns such as `**/*.mp3`.

    A path that does not exist is returned as it is, so that it gets an error of its own.
    """
    for name in paths:
        path = Path(name)
        if path.is_dir():
            for place, folders, names in os.walk(path):
                folders.sort()
                yield from (Path(place, n) for n in sorted(names) if formats.is_audio(n))
        elif path.exists() or not glob.has_magic(name):
            yield path
        else:
            yield from map(Path, sorted(n for n in glob.glob(name, recursive=True) if Path(n).is_file()))  # noqa: PTH207 (absolute patterns too)


def predictions(
    folder: Path, paths: Sequence[Path], plot: Path | None = None, jobs: int | None = None
) -> Iterator[tuple[Path, Prediction | str]]:
    """Predict the genres of files.

    Parameters
    ----------
    folder : Path
        The exported model.
    paths : sequence of Path
        The files.
    plot : Path, optional
        Folder for a plot of each file. Below it, the plots lie as the files do below the folder that they share.
    jobs : int, optional
        Processes; by default one for a few files, and as many as processors for many.

    Yields
    ------
    (Path, Prediction or str)
        Each file in the order of `paths`, with its prediction or the reason why there is none.
    """
    root = os.path.commonpath([path.parent.absolute() for path in paths])
    plots = {path: plot and plot / shortened(str(path.absolute().relative_to(root)), ".png") for path in paths}
    jobs = jobs or (1 if len(paths) <= FEW else os.cpu_count() or 1)
    if jobs == 1:
        predictor = Predictor(folder)
        yield from ((path, predict(predictor, path, plots[path])) for path in paths)
        return
    # new processes, not copies of this one: threads of the libraries that compute do not survive a fork
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (folder,)) as pool:
        waiting: deque[tuple[Path, Future[Prediction | str]]] = deque()
        for path in paths:
            waiting.append((path, pool.submit(_predict, path, plots[path])))
            if len(waiting) > AHEAD * jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def predict(predictor: Predictor, path: Path, plot: Path | None = None) -> Prediction | str:
    """Predict the genre of one file, and plot it to `plot`; returns the reason where this is not possible."""
    try:
        prediction = predictor.predict(path)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}"
    if plot:
        from genrebench.plots import prediction as prediction_plot  # matplotlib, 0.5 s

        prediction_plot.write(prediction, plot)
    return prediction


_predictor: Predictor  # of a process of the pool


def _start(folder: Path) -> None:
    global _predictor
    _predictor = Predictor(folder)


def _predict(path: Path, plot: Path | None) -> Prediction | str:
    return predict(_predictor, path, plot)
