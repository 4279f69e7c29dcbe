"""Start a page on this machine where a person drops an audio file and sees its genres: `make app`."""

import argparse
import socket
from pathlib import Path

from genrebench.common import cli
from genrebench.common.cli import InputError

HOST = "127.0.0.1"  # nobody but this machine


def serve_app(model: str | None, results: Path, port: int, max_mb: float, max_minutes: float) -> None:
    """Serve the page at `port` (0: any that is free) until interrupted; InputError if it cannot be started."""
    try:
        import uvicorn

        from genrebench.app import server as app
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: `make app` installs what the page needs") from None
    application = app.build(results, model, max_mb, max_minutes)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()  # who comes early waits
        except OSError as error:
            raise InputError(f"Port {port} cannot be used: {error.strerror}; choose another with --port") from None
        print(f"Open http://{HOST}:{listening.getsockname()[1]} in a browser; Ctrl+C ends it", flush=True)
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=5))
        server.run(sockets=[listening])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="folder of an exported model, or the name of one in results/ (else all)")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where exported models are looked for")
    parser.add_argument("--port", type=int, default=7860, help="0: any that is free (%(default)s)")
    parser.add_argument("--max-mb", type=float, default=100, help="largest file in megabytes (%(default)g)")
    parser.add_argument(
        "--max-minutes",
        type=float,
        default=30,
        help="longest file, counted as stereo at 48 kHz (%(default)g, which take about 2 GB of memory)",
    )
    return parser.parse_args()


def _main(**options: object) -> None:
    try:
        serve_app(**options)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    cli.run(_main, vars(arguments()))
