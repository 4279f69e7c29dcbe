"""The server of the page on which a person drops an audio file and sees its genre (Starlette).

GET  /                                     the page, page.html.j2, with the models to choose from
GET  /static/<name>                        its style and its script
GET  /example                              a rendered recording to try, as FLAC
GET  /models                               the models as JSON, the default one first
POST /predict?model=<>&name=<>&width=<>    a file as the body; the prediction as JSON, or {"error": a sentence}

Of /predict all parameters may be left out: without `model` it is the default one, and without `width`, in CSS pixels,
the answer has no plot. docs/classifying.md says what an answer has.

The page loads nothing from other hosts, and its content security policy forbids the browser to do so. An uploaded file
is in a temporary folder while it is processed, and is then deleted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from genrebench.app import answers, example, page, uploads
from genrebench.common.cli import InputError
from genrebench.common.workers import Failure, Workers
from genrebench.inference.description import read_description
from genrebench.inference.registry import find_model, usable_models

HOSTS = ["127.0.0.1", "localhost"]  # another name that resolves to this machine is an attack (DNS rebinding)
POLICY = "; ".join(
    [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:",
        "media-src blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ]
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MEGABYTE = 1_000_000
NARROWEST, WIDEST = 300, 1400  # of the plot, in CSS pixels
LONGEST = 5  # digits of a number


class RefusedError(InputError):
    """A request that is refused: the message says why, and `status` is that of HTTP."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


def build(results: Path, model: str | None, max_mb: float, max_minutes: float, timeout: float) -> Starlette:
    """Build the application.

    Parameters
    ----------
    results : Path
        Folder of results with the exported models.
    model : str or None
        The model (as `registry.find_model` takes it); by default all of them, to choose from.
    max_mb : float
        The largest file in megabytes.
    max_minutes : float
        The longest recording.
    timeout : float
        Seconds after which a file is given up.

    Raises
    ------
    InputError
        If there is no model.
    """
    service = Service(results, model, max_mb, max_minutes, timeout)
    return Starlette(
        routes=[
            Route("/", service.page),
            Route("/example", service.example),
            Route("/models", service.describe_models),
            Route("/predict", service.predict, methods=["POST"]),
            Mount("/static", StaticFiles(directory=page.STATIC)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers={RefusedError: _refuse, Exception: _fail},
        lifespan=service.lifespan,
    )


class Service:
    """The page and its predictions; see `build`."""

    def __init__(self, results: Path, model: str | None, max_mb: float, max_minutes: float, timeout: float):
        self.results, self.model, self.max_mb, self.max_minutes = results, model, max_mb, max_minutes
        if not self.models():
            folder = find_model(None, results)  # raises InputError if nothing was exported
            read_description(folder)  # raises it if this is no model
        self.one_at_a_time = anyio.CapacityLimiter(1)
        self.workers = Workers(answers.start, [max_minutes], 1, timeout)

    @asynccontextmanager
    async def lifespan(self, application: Starlette) -> AsyncIterator[None]:
        """Remove what a page that was killed has left, and in the end the process that predicts."""
        uploads.remove_abandoned()
        with self.workers:
            yield

    def models(self) -> dict[str, dict[str, Any]]:
        """Folder and description of the models to choose from; the first one is the default."""
        if self.model:
            folder = find_model(self.model, self.results)
            return {str(folder): read_description(folder)}
        return {str(folder): description for folder, description in usable_models(self.results).items()}

    async def page(self, request: Request) -> Response:
        """The page, with the models that exist now."""
        return HTMLResponse(page.render(self._described(), self.max_mb, self.max_minutes), headers=HEADERS)

    async def describe_models(self, request: Request) -> Response:
        """What the page shows of the models that exist now."""
        return JSONResponse(self._described(), headers=HEADERS)

    async def example(self, request: Request) -> Response:
        """A recording to try."""
        return Response(await run_sync(example.recording), headers=HEADERS, media_type="audio/flac")

    def _described(self) -> list[dict[str, Any]]:
        models = self.models()
        if not models:
            raise RefusedError(f"There is no exported model in {self.results} any more", 404)
        return [page.describe(folder, description) for folder, description in models.items()]

    async def predict(self, request: Request) -> Response:
        """The prediction of a model for the file that is the request's body."""
        self._check_origin(request)
        query = request.query_params
        models = self.models()
        folder = query.get("model") or next(iter(models), "")
        if folder not in models:
            raise RefusedError("This model does not exist (any more); GET /models lists those that do.", 404)
        width = plot_width(query.get("width", ""))
        name = uploads.file_name(query.get("name", ""))
        try:
            with uploads.folder() as temporary:
                path = temporary / name
                await self._receive(request, path)
                question = answers.Question(path, Path(folder), width)
                answer = await run_sync(self._ask, question, limiter=self.one_at_a_time)
        except OSError as error:
            raise RefusedError(f"{name} cannot be stored: {error.strerror or error}", 507) from None
        return JSONResponse(answer, headers=HEADERS)

    def _check_origin(self, request: Request) -> None:
        """Refuse requests of other pages in the same browser, which could send files though not read the answers."""
        origin = request.headers.get("origin")
        if origin and origin != f"http://{request.headers['host']}":
            raise RefusedError("Only this page may send files.", 403)

    async def _receive(self, request: Request, path: Path) -> None:
        limit = self.max_mb * MEGABYTE
        sentence = f"{path.name} is larger than {self.max_mb:g} MB, the limit of this page (`--max-mb`)"
        if int(request.headers.get("content-length", 0)) > limit:
            raise RefusedError(sentence, 413)
        size = 0
        with path.open("wb") as file:
            try:
                async for part in request.stream():
                    size += len(part)
                    if size > limit:
                        raise RefusedError(sentence, 413)
                    file.write(part)
            except ClientDisconnect:
                raise RefusedError(f"{path.name} did not arrive completely", 400) from None

    def _ask(self, question: answers.Question) -> dict[str, Any]:
        result = next(self.workers.map([question]))
        if isinstance(result, Failure):
            raise RefusedError(f"{question.path.name} {result.reason}", 500)
        if isinstance(result, answers.Refusal):
            raise RefusedError(result.sentence, result.status)
        return result


def plot_width(pixels: str) -> int | None:
    """Read the width of the plot in CSS pixels, which is kept within limits; raises RefusedError if it is no number."""
    if not pixels:
        return None
    if not (pixels.isascii() and pixels.isdigit() and len(pixels) <= LONGEST):
        raise RefusedError(f"`width` is a number of pixels with at most {LONGEST} digits.", 400)
    return min(max(int(pixels), NARROWEST), WIDEST)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse({"error": str(error)}, error.status, HEADERS)


async def _fail(request: Request, error: Exception) -> Response:
    """Answer a fault of the program; its traceback is in the terminal."""
    return JSONResponse(
        {"error": "The program failed, which is a bug; the terminal has the details."}, 500, headers=HEADERS
    )
