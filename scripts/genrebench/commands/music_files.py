"""The files that people name, and what is said of those that cannot be had."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genrebench.common.cli import InputError
from genrebench.common.formatting import counted, printable, seconds

if TYPE_CHECKING:  # it imports what help and errors need not wait for
    from genrebench.inference.batch import Found


def find(paths: Sequence[str]) -> "Found":
    """Find the files that `paths` name, and tell of what cannot be listed; raises InputError if there is none."""
    from genrebench.audio import formats
    from genrebench.inference import batch

    found = batch.find_files(paths)
    for sentence in found.unreadable:
        tell(sentence)
    if found.passed_over:
        print(f"passed over: {counted(found.passed_over, 'file')} of macOS's attributes (._*)", file=sys.stderr)
    if not found.files:
        suffixes = ", ".join(sorted(formats.SUFFIXES))
        raise InputError(f"There is no audio file in {', '.join(paths)}; audio files end in {suffixes}")
    return found


def tell(sentence: str) -> None:
    """Print what is wrong with one file, while the others go on."""
    print(f"error: {printable(sentence)}", file=sys.stderr)


def pace(count: int, elapsed: float) -> str:
    """How many files took how many seconds."""
    return f"{counted(count, 'file')} in {seconds(elapsed)}, {count / elapsed:.1f} per second"
