"""Options that several subcommands have."""

import argparse
from pathlib import Path


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
        default=Path("results"),
        metavar="RESULTS",
        help="folder of results in which exported models are looked for (default: %(default)s)",
    )
