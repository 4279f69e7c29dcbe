"""Say which genres audio files are: `python scripts/predict.py song.mp3`, with what `snakemake export` made."""

import argparse
import csv
import glob
import json
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from genrebench.audio import decode
from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.inference.predictor import Prediction, Predictor, read_description
from genrebench.inference.registry import about, find_model

FEW = 8  # files that one process hears as fast as several, which take a second each to start
AHEAD = 4  # files per process that are handed out before the first answer is written
SHOWN = 3  # genres of a line
BAR = 30  # characters of a probability of 1
FAILED = 1  # exit status where a file got no answer


def predict(
    paths: Sequence[str],
    model: str | None,
    results: Path,
    kind: str,
    output: Path | None,
    plot: Path | None,
    jobs: int | None,
) -> int:
    """Answer for all files that `paths` (files, folders, patterns) name; how many got no answer.

    Answers are written as they come, as a table for people or as CSV or JSON (`kind`; of JSON a line per file), to
    `output` or the terminal. `plot` is the folder for a plot of each file.
    """
    folder = find_model(model, results)
    description = read_description(folder)
    found = list(find_files(paths))
    if not found:
        raise InputError(f"There is no audio file in {', '.join(paths)}; audio files end in {_suffixes()}")
    print(about(description), file=sys.stderr)
    failed = 0
    with _destination(output) as file:
        writer = WRITERS[kind](file, description["genres"], len(found))
        for path, answer in _progress(answers(folder, found, plot, jobs), len(found), file):
            if isinstance(answer, str):
                failed += 1
                print(f"error: {answer}", file=sys.stderr)
            writer.write(path, answer)
    if failed and len(found) > 1:
        print(f"{failed} of {len(found)} files got no answer; the lines above say why", file=sys.stderr)
    return failed


def find_files(paths: Iterable[str]) -> Iterator[Path]:
    """The files that paths name: a file itself, the audio files of a folder and all below it, those of a pattern.

    What is not there is named as it stands: it gets an answer too, that it is not there.
    """
    for name in paths:
        path = Path(name)
        if path.is_dir():
            for place, folders, names in os.walk(path):
                folders.sort()
                yield from (Path(place, n) for n in sorted(names) if Path(n).suffix.lower() in decode.SUFFIXES)
        elif path.exists() or not glob.has_magic(name):
            yield path
        else:
            yield from map(Path, sorted(n for n in glob.glob(name, recursive=True) if Path(n).is_file()))  # noqa: PTH207 (absolute patterns too)


def answers(
    folder: Path, paths: Sequence[Path], plot: Path | None, jobs: int | None
) -> Iterator[tuple[Path, Prediction | str]]:
    """Each file with its prediction, or a sentence why there is none, in the order of `paths`.

    Below the folder `plot` the plots lie as the files do below the folder that they have in common.
    """
    above = os.path.commonpath([path.parent.absolute() for path in paths])
    places = {path: plot and plot / f"{path.absolute().relative_to(above)}.png" for path in paths}
    jobs = jobs or (1 if len(paths) <= FEW else os.cpu_count() or 1)
    if jobs == 1:
        predictor = Predictor(folder)
        yield from ((path, answer(predictor, path, places[path])) for path in paths)
        return
    # new processes, not copies of this one: libraries that compute on threads do not outlive a copy
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (folder,)) as pool:
        waiting: deque[tuple[Path, Future[Prediction | str]]] = deque()
        for path in paths:
            waiting.append((path, pool.submit(_answer, path, places[path])))
            if len(waiting) > AHEAD * jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def answer(predictor: Predictor, path: Path, plot: Path | None) -> Prediction | str:
    """The prediction of one file, or a sentence why there is none; `plot` is where its plot goes, if it is wanted."""
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


class Table:
    """Answers for people: of one file a line for each genre, of several a line for each file."""

    def __init__(self, file: TextIO, genres: Sequence[str], count: int):
        self.file, self.single = file, count == 1
        self.width = max(map(len, genres))

    def write(self, path: Path, answer: Prediction | str) -> None:
        """Write the answer for one file."""
        if isinstance(answer, str):
            return  # said already
        if not self.single:
            shown = "  ".join(f"{genre:{self.width}} {p:4.0%}" for genre, p in answer.ranked()[:SHOWN])
            note = f"  unsure: {answer.doubts}" if answer.doubts else ""
            print(f"{shown}  {path}{note}", file=self.file, flush=True)
            return
        print(f"{path} ({_duration(answer.seconds)})", file=self.file)
        for genre, p in answer.ranked():
            print(f"  {genre:{self.width}} {p:6.1%} {'█' * round(BAR * p)}".rstrip(), file=self.file)
        if answer.doubts:
            print(f"  unsure: {answer.doubts}", file=self.file)


class Csv:
    """Answers as CSV: path, genre, unsure (why), error, seconds, and one column per genre."""

    def __init__(self, file: TextIO, genres: Sequence[str], count: int):
        self.genres = genres
        self.writer = csv.writer(file, lineterminator="\n")
        self.writer.writerow(["path", "genre", "unsure", "error", "seconds", *genres])

    def write(self, path: Path, answer: Prediction | str) -> None:
        """Write the answer for one file."""
        if isinstance(answer, str):
            self.writer.writerow([path, "", "", answer, "", *("" for _ in self.genres)])
        else:
            numbers = (f"{p:.9g}" for p in answer.probabilities)
            self.writer.writerow([path, answer.genre, answer.doubts, "", f"{answer.seconds:.6f}", *numbers])


class Json:
    """Answers as JSON, a line for each file, with the curve over time."""

    def __init__(self, file: TextIO, genres: Sequence[str], count: int):
        self.file = file

    def write(self, path: Path, answer: Prediction | str) -> None:
        """Write the answer for one file."""
        facts: dict[str, Any] = {"path": str(path)}
        if isinstance(answer, str):
            facts["error"] = answer
        else:
            facts |= {
                "seconds": answer.seconds,
                "genre": answer.genre,
                "unsure": answer.doubts or None,
                "probabilities": dict(zip(answer.genres, answer.probabilities.tolist(), strict=True)),
                "curve": [
                    {"start": start, "end": end, "probabilities": values}
                    for (start, end), values in zip(answer.spans, answer.curve.tolist(), strict=True)
                ],
            }
        print(json.dumps(facts, ensure_ascii=False), file=self.file, flush=True)


WRITERS = {"table": Table, "csv": Csv, "json": Json}
_predictor: Predictor  # of a process of the pool


def _start(folder: Path) -> None:
    global _predictor
    _predictor = Predictor(folder)


def _answer(path: Path, plot: Path | None) -> Prediction | str:
    return answer(_predictor, path, plot)


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with files.atomic(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file


def _progress(found: Iterator[Any], count: int, file: TextIO) -> Iterator[Any]:
    """The same, with a bar where a person waits for a file, or for another command, to be written."""
    if count == 1 or not sys.stderr.isatty() or file.isatty():
        return found
    from tqdm import tqdm

    return tqdm(found, total=count, unit=" files")


def _duration(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02}"


def _suffixes() -> str:
    return ", ".join(sorted(decode.SUFFIXES))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"The exit status is {FAILED} if a file got no answer."
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or patterns in quotes ('**/*.mp3')")
    parser.add_argument("--model", help="folder of an exported model, or the name of one in results/ (else the best)")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where exported models are looked for")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", dest="kind", action="store_const", const="json", help="a line of JSON for each file")
    kind.add_argument("--csv", dest="kind", action="store_const", const="csv", help="CSV, a column for each genre")
    parser.add_argument("--output", type=Path, help="file to write instead of the terminal")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="write a plot over time of each file there")
    parser.add_argument("--jobs", type=int, help="processes side by side (else as many as processors, for many files)")
    parser.set_defaults(kind="table")
    return parser.parse_args()


def _main(**options: Any) -> None:
    try:
        if predict(**options):
            sys.exit(FAILED)
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    cli.run(_main, vars(arguments()))
