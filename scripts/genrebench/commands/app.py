"""Start a web page, on this machine only, that shows the genre of a recording."""

import argparse
import socket
from pathlib import Path

from genrebench.commands.options import add_model_options, add_timeout, port_number, positive_number
from genrebench.common.cli import InputError

HELP = "start a web page that predicts genres, on this machine only"
EXAMPLES = """\
  genrebench app
  genrebench app --model path/to/export --port 8000
"""
HOST = "127.0.0.1"  # only this machine can connect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_model_options(parser, "by default all of them, to choose from")
    parser.add_argument("--port", type=port_number, default=7860, help="0: any that is free (default: %(default)s)")
    parser.add_argument("--max-mb", type=positive_number, default=100, help="largest file in MB (default: %(default)g)")
    parser.add_argument(
        "--max-minutes",
        type=positive_number,
        default=30,
        help="longest recording in minutes (default: %(default)g)",
    )
    add_timeout(parser)


def run(model: str | None, results: Path | None, port: int, max_mb: float, max_minutes: float, timeout: float) -> None:
    """Serve the page until interrupted; raises InputError if it cannot be started."""
    from genrebench.inference.description import read_description
    from genrebench.inference.registry import default_results, find_model, usable_models

    results = results or default_results()
    if model or not usable_models(results):
        read_description(find_model(model, results))  # says at once what is wrong

    import uvicorn

    from genrebench.app import server

    application = server.build(results, model, max_mb, max_minutes, timeout)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()  # requests that come early wait
        except OSError as error:
            raise InputError(f"Port {port} cannot be used: {error.strerror}; choose another with --port") from None
        print(f"Open http://{HOST}:{listening.getsockname()[1]} in a browser; Ctrl+C ends it", flush=True)
        process = uvicorn.Server(uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=5))
        try:
            process.run(sockets=[listening])
        except KeyboardInterrupt:
            pass
