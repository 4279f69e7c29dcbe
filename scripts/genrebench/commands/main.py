"""The console command `genrebench`."""

import argparse
import io
import signal
import sys
from collections.abc import Sequence

from genrebench.commands import app, completion, plan, plot, predict, tag, update
from genrebench.common import cli
from genrebench.common.packages import version

SUBCOMMANDS = {
    "predict": predict,
    "tag": tag,
    "app": app,
    "update": update,
    "plot": plot,
    "plan": plan,
    "completion": completion,
}
INTERRUPTED = 130  # exit status, as shells have it after Ctrl+C


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; `arguments` are those of the command line by default.

    The process ends with status 1 and one sentence on stderr for what a person can mend, with 2 for a wrong option.
    """
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the encoding of a terminal lacks is written as an escape
            stream.reconfigure(errors="backslashreplace")
    options = vars(parser().parse_args(arguments))
    run = options.pop("run")
    try:
        cli.run(run, options)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `genrebench ... | head`
        cli.silence_stdout()
        sys.exit(1)


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command and its subcommands."""
    top = argparse.ArgumentParser(
        prog="genrebench", description="Classify music by genre with the models that genrebench has trained."
    )
    top.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="show the version and exit")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in SUBCOMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=f"examples:\n{module.EXAMPLES.rstrip()}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def _terminate(number: int, frame: object) -> None:
    """End as after any error: temporary files are removed, and the processes that were started are ended."""
    sys.exit(128 + number)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"genrebench {version('genrebench')}")
        parser.exit()
