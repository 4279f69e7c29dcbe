"""Predict the genre of audio files with an exported model.

Formats: whatever libsndfile or FFmpeg reads. The exit status is 1 if a file has no prediction, or no plot.
"""

import argparse
import errno
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from genrebench.commands import music_files
from genrebench.commands.options import add_model_options, add_timeout, positive
from genrebench.common import files
from genrebench.common.cli import InputError, silence_stdout
from genrebench.common.formatting import printable
from genrebench.common.progress import progress

HELP = "predict the genre of audio files"
EXAMPLES = """\
  genrebench predict song.mp3
  genrebench predict ~/Music '**/*.flac' --csv --output genres.csv
  genrebench predict --model path/to/export song.mp3 --plot plots/
  genrebench predict --zero-shot "techno,house,ambient" ~/Music
"""
PROMPT = "This audio is a {} song."  # LAION's example, of GTZAN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or patterns in quotes ('**/*.mp3')")
    add_model_options(parser, "by default the best")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", dest="kind", action="store_const", const="json", help="one line of JSON for each file")
    kind.add_argument("--csv", dest="kind", action="store_const", const="csv", help="CSV with a column for each genre")
    parser.add_argument(
        "--zero-shot",
        metavar="GENRES",
        help='genres of your own, "techno,house,ambient", by their names, without a model',
    )
    parser.add_argument(
        "--prompt",
        default=PROMPT,
        metavar="TEXT",
        help="sentence of --zero-shot in which a genre takes the place of {} (default: %(default)s)",
    )
    parser.add_argument(
        "--encoder",
        metavar="ENCODER",
        help="of --zero-shot: folder of its weights, or their page on Hugging Face's hub (default: LAION's CLAP)",
    )
    parser.add_argument("--output", type=Path, help="file to write instead of the terminal")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="plot each file over time to this folder")
    parser.add_argument(
        "--jobs", type=positive, help="processes (by default all processors, for more than a few files)"
    )
    add_timeout(parser)
    parser.set_defaults(kind="table")


def run(
    paths: Sequence[str],
    model: str | None,
    results: Path | None,
    kind: str,
    zero_shot: str | None,
    prompt: str,
    encoder: str | None,
    output: Path | None,
    plot: Path | None,
    jobs: int | None,
    timeout: float,
) -> None:
    """Predict all files that `paths` name, and exit with status 1 if one has no prediction, or no plot."""
    with _destination(output) as file:  # first of all: it would be a pity to have nowhere to write to in the end
        if zero_shot is None:
            used, description, summary = _exported(model, results)
        else:
            used, description, summary = _by_names(zero_shot, prompt, encoder, model)

        from genrebench.inference import batch
        from genrebench.inference.writers import WRITERS

        found = music_files.find(paths)
        print(printable(summary), file=sys.stderr)
        count, failed, unplotted = len(found.files), 0, 0
        writer = WRITERS[kind](file, description, count)
        started = time.monotonic()
        # where results appear in a terminal, they are the progress
        unseen = count == 1 or file.isatty()
        shown = nullcontext(lambda amount: None) if unseen else progress("predicted", count, "files")
        with shown as advance:
            for path, result in batch.predictions(used, found.files, plot, jobs, timeout):
                if isinstance(result, str):
                    failed += 1
                    music_files.tell(result)
                elif result.no_plot:
                    unplotted += 1
                    music_files.tell(result.no_plot)
                writer.write(path, result)
                advance(1)
    if count > 1:
        print(music_files.pace(count, time.monotonic() - started), file=sys.stderr)
    if failed and count > 1:
        print(f"{failed} of {count} files have no prediction; the lines above say why", file=sys.stderr)
    if failed or unplotted or found.unreadable:
        sys.exit(1)


def _exported(model: str | None, results: Path | None) -> tuple[Any, dict[str, Any], str]:
    """An exported model, its description, and the line that says what it is."""
    from genrebench.inference.description import read_description, summary
    from genrebench.inference.registry import default_results, find_model

    folder = find_model(model, results or default_results())
    description = read_description(folder)
    return folder, description, summary(description)


def _by_names(genres: str, prompt: str, encoder: str | None, model: str | None) -> tuple[Any, dict[str, Any], str]:
    """The same of genres by their names."""
    if model is not None:
        raise InputError("--zero-shot takes no --model, but an --encoder")
    from genrebench.inference import zero_shot

    asked = zero_shot.ask(genres, prompt, encoder or zero_shot.HANDLE)
    return asked, asked.description, asked.summary


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    """Open what is written to: the terminal, or a file that is there, under its name, when it is complete.

    A link stays, and the file that it leads to is replaced; a device or a pipe is written to. Raises InputError where
    this is not possible, before anything is computed, and where there is no room left.
    """
    try:
        if output is None:
            yield sys.stdout
            sys.stdout.flush()
        elif output.is_dir():
            raise InputError(f"{output} is a folder; --output takes the name of a file")
        elif output.exists() and not output.is_file():
            with output.open("w", newline="", encoding="utf-8") as file:
                yield file
        else:
            with files.atomic(_end_of_links(output)) as temporary:
                with temporary.open("w", newline="", encoding="utf-8") as file:
                    yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        if output is None:
            silence_stdout()
        raise InputError(f"{output or 'Standard output'} cannot be written: {error.strerror or error}") from None


def _end_of_links(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError:  # what older versions of Python raise instead of OSError
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
