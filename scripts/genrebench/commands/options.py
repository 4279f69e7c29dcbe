"""Options that several subcommands have."""

import argparse
from pathlib import Path

from genrebench.common.workers import LIMIT_S

LARGEST = 1_000_000  # of options that are numbers
LAST_PORT = 65535


def add_model_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Declare how the model is chosen; `default` says what is taken without a choice."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help=f"folder of an exported model, or the name of one in RESULTS/*/export ({default})",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="RESULTS",
        help="folder of results in which exported models are looked for (default: results here, or that of the "
        "checkout in which genrebench is installed if only that has any)",
    )


def positive(text: str) -> int:
    """Read an option that is a whole number from 1."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {LARGEST}")
    return int(text)


def port_number(text: str) -> int:
    """Read an option that is the number of a port."""
    if not text.isascii() or not text.isdigit() or not int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a port, 0 to {LAST_PORT}")
    return int(text)


def positive_number(text: str) -> float:
    """Read an option that is a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, and at most {LARGEST}")
    return number


def probability(text: str) -> float:
    """Read an option that is a probability."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability above 0, and at most 1")
    return number


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Declare how long a file may take."""
    parser.add_argument(
        "--timeout",
        type=positive,
        default=int(LIMIT_S),
        metavar="SECONDS",
        help="after which a file is given up (default: %(default)s)",
    )
