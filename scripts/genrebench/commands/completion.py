"""Print a script that completes the command in a shell, when Tab is pressed."""

import argparse
from pathlib import Path

HELP = "print a script for tab completion"
EXAMPLES = """\
  genrebench completion bash >> ~/.bashrc
  genrebench completion zsh > ~/.zfunc/_genrebench
  genrebench completion fish > ~/.config/fish/completions/genrebench.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def run(shell: str) -> None:
    """Print the script."""
    import shtab

    from genrebench.commands.main import SUBCOMMANDS, parser

    top = parser()
    (subparsers,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    for name in SUBCOMMANDS:
        for action in subparsers.choices[name]._actions:
            if action.type is Path or action.metavar in ("PATH", "MODEL"):
                action.complete = shtab.FILE
    print(shtab.complete(top, shell))
