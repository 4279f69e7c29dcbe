"""Write the genre of music files into their tags: where there is none, and where the model does not abstain.

Without --write, the command shows what it would do. What it writes is kept in a journal, and --undo restores the old
tags. Nothing but the genre changes. The exit status is 1 if a file is refused.
"""

import argparse
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from genrebench.commands import music_files
from genrebench.commands.options import add_model_options, add_timeout, positive, probability
from genrebench.common.cli import InputError
from genrebench.common.formatting import NONE, counted, printable
from genrebench.common.progress import progress

if TYPE_CHECKING:
    from genrebench.tagging.batch import Outcome

HELP = "write the genre of audio files into their tags"
EXAMPLES = """\
  genrebench tag ~/Music                              # what would be written
  genrebench tag ~/Music --write
  genrebench tag ~/Music --names names.yaml --top 2 --at-least 0.3 --write
  genrebench tag --undo                               # the last --write
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders, or patterns in quotes ('**/*.mp3')")
    parser.add_argument("--write", action="store_true", help="write the tags, instead of showing what would be written")
    parser.add_argument("--overwrite", action="store_true", help="also where there is a genre")
    parser.add_argument("--top", type=positive, metavar="N", help="at most N genres of a file (default: 1)")
    parser.add_argument(
        "--at-least",
        type=probability,
        metavar="P",
        help="only genres of this probability, and without --top all of them (by default any for the first genre, "
        "and 0.2 for others)",
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="how to write genres: YAML (hiphop: Rap), or CSV with the columns genre and name; a genre with a blank "
        "name is not written",
    )
    parser.add_argument("--journal", type=Path, metavar="FILE", help="journal to add to (default: a new one)")
    parser.add_argument(
        "--undo",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="JOURNAL",
        help="restore the old genres of a journal, by default of the last one",
    )
    add_model_options(parser, "by default the best")
    parser.add_argument(
        "--jobs", type=positive, help="processes (by default all processors, for more than a few files)"
    )
    add_timeout(parser)


def run(
    paths: Sequence[str],
    write: bool,
    overwrite: bool,
    top: int | None,
    at_least: float | None,
    names: Path | None,
    journal: Path | None,
    undo: Path | None,
    model: str | None,
    results: Path | None,
    jobs: int | None,
    timeout: float,
) -> None:
    """Tag all files that `paths` name, or undo; exits with status 1 if a file is refused."""
    if undo is not None:
        if paths or write:
            raise InputError("--undo takes no files, and writes at once: it restores those of the journal")
        _undo(undo)
        return
    if not paths:
        raise InputError("Name files or folders: genrebench tag ~/Music")
    from genrebench.inference.description import read_description, summary
    from genrebench.inference.registry import default_results, find_model
    from genrebench.tagging import batch, choice
    from genrebench.tagging.journal import Journal

    folder = find_model(model, results or default_results())
    description = read_description(folder)
    genres = description["genres"]
    given = choice.read_names(names, genres) if names else {one: choice.default_name(one) for one in genres}
    chosen = choice.Choice(given, top, at_least)
    found = music_files.find(paths)
    print(printable(summary(description)), file=sys.stderr)
    try:
        opened = Journal(journal) if write else None  # first of all: nothing is written without it
    except OSError as error:
        raise InputError(f"The journal {error.filename} cannot be written: {error.strerror}; see --journal") from None
    done = _Done()
    with opened or nullcontext():
        outcomes = batch.tag(folder, description["model"], found.files, chosen, opened, overwrite, jobs, timeout)
        width = max(map(len, given.values())) + len(" 100%")
        try:
            _show(outcomes, len(found.files), done, lambda outcome: f"{_genres(outcome):{width}}  {_path(outcome)}")
        finally:  # also after Ctrl+C
            done.tell("written" if write else "would be written", "had a genre before", "low confidence, or no name")
            if opened and done.counts["written"]:
                which = f" {shlex.quote(str(opened.path))}" if journal else ""
                print(f"`genrebench tag --undo{which}` restores the old tags from {opened.path}", file=sys.stderr)
            elif done.counts["written"]:
                print("Nothing was written; --write does it", file=sys.stderr)
    if done.counts["refused"] or found.unreadable:
        sys.exit(1)


def _undo(journal: Path) -> None:
    from genrebench.tagging import batch
    from genrebench.tagging.journal import Entries, last

    path = last() if journal == Path() else journal
    entries = Entries(path)
    print(f"Undoing {path}: {counted(len(entries), 'file')}", file=sys.stderr)
    done = _Done()
    try:
        _show(batch.undo(entries), len(entries), done, lambda outcome: f"restored  {_path(outcome)}")
    finally:
        done.tell("restored", "had the old genre already", "")
    if done.counts["refused"]:
        sys.exit(1)


class _Done:
    """What became of the files so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.genres: Counter[str] = Counter()
        self.started = time.monotonic()

    def add(self, outcome: "Outcome") -> None:
        """Count a file."""
        self.counts[outcome.kind] += 1
        if outcome.kind == "written":
            self.genres.update(list(outcome.genres))

    def tell(self, written: str, kept: str, abstained: str) -> None:
        """Print the totals."""
        elapsed = time.monotonic() - self.started
        if not (total := self.counts.total()):
            return
        print(music_files.pace(total, elapsed), file=sys.stderr)
        by_genre = ", ".join(f"{genre} {count}" for genre, count in self.genres.most_common())
        reasons = {
            "written": written + (f": {by_genre}" if by_genre else ""),
            "kept": kept,
            "abstained": f"not written: {abstained}",
            "refused": "refused; the lines above say why",
        }
        for kind, text in reasons.items():
            if self.counts[kind]:
                print(f"{self.counts[kind]:7} {printable(text)}", file=sys.stderr)


def _show(outcomes: Iterator["Outcome"], count: int, done: _Done, line: Callable[["Outcome"], str]) -> None:
    """Print a line for each file of which there is something to say, and count all."""
    with progress("processed", count, "files") as advance:
        for outcome in outcomes:
            done.add(outcome)
            if outcome.kind == "refused":
                _print(f"error: {printable(outcome.reason)}", sys.stderr)
            elif outcome.kind != "kept":
                _print(line(outcome), sys.stdout)
            advance(1)


def _genres(outcome: "Outcome") -> str:
    return ", ".join(f"{name} {p:.0%}" for name, p in outcome.genres.items()) or NONE


def _path(outcome: "Outcome") -> str:
    return printable(f"{outcome.path}  ({outcome.reason})" if outcome.reason else str(outcome.path))


def _print(line: str, file: TextIO) -> None:
    """Print a line above the bar of a terminal."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=file)
    else:
        print(line, file=file, flush=True)
