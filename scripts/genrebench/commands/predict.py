"""Predict the genre of audio files with an exported model.

Formats: whatever libsndfile or FFmpeg reads. The exit status is 1 if a file has no prediction.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from genrebench.commands.options import add_model_options
from genrebench.common import files
from genrebench.common.cli import InputError

HELP = "predict the genre of audio files"
EXAMPLES = """\
  genrebench predict song.mp3
  genrebench predict ~/Music '**/*.flac' --csv --output genres.csv
  genrebench predict --model path/to/export song.mp3 --plot plots/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or patterns in quotes ('**/*.mp3')")
    add_model_options(parser, "by default the best")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", dest="kind", action="store_const", const="json", help="one line of JSON for each file")
    kind.add_argument("--csv", dest="kind", action="store_const", const="csv", help="CSV with a column for each genre")
    parser.add_argument("--output", type=Path, help="file to write instead of the terminal")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="plot each file over time to this folder")
    parser.add_argument("--jobs", type=int, help="processes (by default all processors, for more than a few files)")
    parser.set_defaults(kind="table")


def run(
    paths: Sequence[str],
    model: str | None,
    results: Path,
    kind: str,
    output: Path | None,
    plot: Path | None,
    jobs: int | None,
) -> None:
    """Predict all files that `paths` name, and exit with status 1 if one has no prediction."""
    from genrebench.inference.description import read_description, summary
    from genrebench.inference.registry import find_model

    folder = find_model(model, results)
    description = read_description(folder)

    from genrebench.audio import formats
    from genrebench.inference import batch
    from genrebench.inference.writers import WRITERS

    found = list(batch.find_files(paths))
    if not found:
        suffixes = ", ".join(sorted(formats.SUFFIXES))
        raise InputError(f"There is no audio file in {', '.join(paths)}; audio files end in {suffixes}")
    print(summary(description), file=sys.stderr)
    failed = 0
    with _destination(output) as file:
        writer = WRITERS[kind](file, description["genres"], len(found))
        for path, result in _progress(batch.predictions(folder, found, plot, jobs), len(found), file):
            if isinstance(result, str):
                failed += 1
                print(f"error: {result}", file=sys.stderr)
            writer.write(path, result)
    if failed and len(found) > 1:
        print(f"{failed} of {len(found)} files have no prediction; the lines above say why", file=sys.stderr)
    if failed:
        sys.exit(1)


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with files.atomic(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file


def _progress(found: Iterator[Any], count: int, file: TextIO) -> Iterator[Any]:
    """Show a progress bar where a person waits for a file, or for another command, to be written."""
    if count == 1 or not sys.stderr.isatty() or file.isatty():
        return found
    from tqdm import tqdm

    return tqdm(found, total=count, unit=" files")
