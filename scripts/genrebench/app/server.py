"""A page on which a person drops an audio file and sees what an exported model says of it (Starlette).

GET  /                                     the page: app/page.html.j2, with the models that can be asked
GET  /static/<name>                        its style and its program
POST /predict?model=<>&name=<>&width=<>    a file as the body; the answer as JSON, or {"error": a sentence}

The page asks for nothing from elsewhere, and its policy has the browser refuse what would. A file that is sent stands
in a temporary folder while it is heard; no other trace of it is kept.
"""

import base64
import tempfile
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio
import jinja2
import soundfile
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from genrebench.audio import decode
from genrebench.common.cli import InputError
from genrebench.inference.predictor import DESCRIPTION, Prediction, Predictor, read_description
from genrebench.inference.registry import BEST, find_model, usable_models
from genrebench.plots import prediction as prediction_plot
from genrebench.plots import style

PAGE = Path(__file__).parents[3] / "app"
HOSTS = ["127.0.0.1", "localhost"]  # another name that leads here is a trick of a page elsewhere (DNS rebinding)
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
PER_SECOND = 2 * 48_000  # samples of stereo at 48 kHz, by which what a file takes in memory is counted
NARROWEST, WIDEST, PIXELS = 300, 1400, 100  # of the plot: CSS pixels, and how many are an inch
KEPT = 4  # models in memory
UNKNOWN = 2**62  # frames that libsndfile tells of a file whose head does not say how long it is, or more
LONGEST = 200  # bytes, of a file's name


class RefusedError(InputError):
    """A request that gets no answer: the message says why, and `status` is that of HTTP."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


def build(results: Path, model: str | None, max_mb: float, max_minutes: float) -> Starlette:
    """The application that asks `model` (as `exported.find_model` understands it), or any below `results`.

    Files are at most `max_mb` megabytes, and hold at most as many samples as `max_minutes` minutes of stereo at 48 kHz.
    Raises InputError if there is no model.
    """
    service = Service(results, model, max_mb, max_minutes)
    return Starlette(
        routes=[
            Route("/", service.page),
            Route("/predict", service.predict, methods=["POST"]),
            Mount("/static", StaticFiles(directory=PAGE / "static")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers={RefusedError: _refuse},
    )


class Service:
    """The page and its answers; see `build`."""

    def __init__(self, results: Path, model: str | None, max_mb: float, max_minutes: float):
        self.results, self.model, self.max_mb, self.max_minutes = results, model, max_mb, max_minutes
        if not self.models():
            folder = find_model(None, results)  # raises InputError if nothing was exported
            read_description(folder)  # raises it if this is no model
        self.template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
            (PAGE / "page.html.j2").read_text(encoding="utf-8")
        )
        self.one_at_a_time = anyio.CapacityLimiter(1)

    def models(self) -> dict[str, dict[str, Any]]:
        """Folder and description of the models that can be asked, the one that is asked first in front."""
        if self.model:
            folder = find_model(self.model, self.results)
            return {str(folder): read_description(folder)}
        return {str(folder): description for folder, description in usable_models(self.results).items()}

    async def page(self, request: Request) -> Response:
        """The page, with the models of now."""
        models = [describe(folder, description) for folder, description in self.models().items()]
        if not models:
            raise RefusedError(f"There is no exported model below {self.results} any more", 404)
        page = self.template.render(
            models=models, max_mb=self.max_mb, max_minutes=self.max_minutes, suffixes=sorted(decode.SUFFIXES)
        )
        return HTMLResponse(page, headers=HEADERS)

    async def predict(self, request: Request) -> Response:
        """What a model says of the file that is the request's body."""
        self._require_own_page(request)
        query = request.query_params
        folder = query.get("model", "")
        if folder not in self.models():
            raise RefusedError("This model is no longer there; load the page again.", 404)
        with tempfile.TemporaryDirectory(prefix="genrebench-") as temporary:
            path = Path(temporary) / _file_name(query.get("name", ""))
            await self._receive(request, path)
            width = _width(query.get("width", ""))
            answer = await run_sync(self._hear, Path(folder), path, width, limiter=self.one_at_a_time)
        return JSONResponse(answer, headers=HEADERS)

    def _require_own_page(self, request: Request) -> None:
        """Another page in the same browser may send requests here too, though it cannot read the answers."""
        origin = request.headers.get("origin")
        if origin and origin != f"http://{request.headers['host']}":
            raise RefusedError("Only this page may ask.", 403)

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

    def _hear(self, folder: Path, path: Path, width: float) -> dict[str, Any]:
        try:
            if path.stat().st_size:
                self._require_memory(path)
            predictor = _predictor(folder, (folder / DESCRIPTION).stat().st_mtime_ns)
            return answer(predictor.predict(path), width)
        except InputError as error:
            raise RefusedError(str(error).replace(f"{path.parent}/", ""), 422) from None
        except MemoryError:
            raise RefusedError(f"{path.name} needs more memory than there is", 422) from None
        except Exception:
            traceback.print_exc()  # where the page was started
            raise RefusedError(
                f"{path.name}: the program failed, which is its own fault; the terminal has the details", 500
            ) from None

    def _require_memory(self, path: Path) -> None:
        """Raise RefusedError for a small file that holds hours, before it is decoded."""
        minutes = stored_samples(path) / PER_SECOND / 60
        if minutes > self.max_minutes:
            raise RefusedError(
                f"{path.name} is too long: it takes as much memory as {minutes:.0f} minutes of stereo at 48 kHz; "
                f"the limit of this page is {self.max_minutes:g} (`--max-minutes`)",
                413,
            )


def describe(folder: str, description: dict[str, Any]) -> dict[str, Any]:
    """What the page says of a model."""
    figures = description["metrics"]
    best = " (the best in validation)" if Path(folder).name == BEST else ""
    return {
        "folder": folder,
        "name": f"{description['model']} on {description['dataset']}{best}",
        "genres": description["genres"],
        "test": f"Right on {figures['accuracy']:.0%} of {figures['n_test']} test clips",
        "interval": f"95% interval {figures['accuracy_low']:.0%} to {figures['accuracy_high']:.0%}",
        "protocol": description["run"]["protocol"],
        "majority": f"{figures['majority_accuracy']:.0%}",
        "caveats": description["caveats"],
    }


def answer(prediction: Prediction, width: float) -> dict[str, Any]:
    """What the page shows of a prediction; `width` of the plot in inches.

    `plot` has the picture as a URL, and where its axis of time begins and ends, as fractions of its width.
    """
    colour = style.colours(prediction.genres)
    samples = decode.load(prediction.path, prediction_plot.SAMPLE_RATE)
    figure = prediction_plot.draw(prediction, samples, width, over_time_only=True)
    image = style.to_png(figure, dpi=2 * PIXELS)  # twice as fine, for screens that are
    time = figure.axes[0].get_position()
    return {
        "file": prediction.path.name,
        "seconds": prediction.seconds,
        "genre": prediction.genre,
        "doubts": prediction.doubts,
        "genres": [{"name": g, "probability": p, "colour": colour[g]} for g, p in prediction.ranked()],
        "plot": {
            "url": f"data:image/png;base64,{base64.b64encode(image).decode()}",
            "start": time.x0,
            "end": time.x1,
        },
    }


def stored_samples(path: Path) -> float:
    """How many samples (of all channels) a file holds, without decoding it; 0 if that shows only in decoding."""
    try:
        info = soundfile.info(path)
        if info.frames < UNKNOWN:
            return info.frames * info.channels
    except soundfile.LibsndfileError:
        pass
    import av  # 0.1 s, and seldom needed

    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            packets = (packet for packet in container.demux(stream) if packet.duration)
            seconds = sum(float(packet.duration * packet.time_base) for packet in packets)
            return seconds * stream.rate * stream.channels
    except (av.FFmpegError, ValueError, IndexError, AttributeError):
        return 0  # the decoder says what is wrong with it


@lru_cache(KEPT)
def _predictor(folder: Path, changed: int) -> Predictor:
    """The model of a folder, as it was `changed`."""
    return Predictor(folder)


def _file_name(name: str) -> str:
    """The last part of a name that came with a file, as one that this machine can write."""
    last = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    while len(last.encode()) > LONGEST:
        last = last[1:]  # the suffix stays
    return last if last.strip(".") else "file"


def _width(pixels: str) -> float:
    """The width of the plot in inches, from that of the page in CSS pixels."""
    wanted = int(pixels) if pixels.isdecimal() else WIDEST
    return min(max(wanted, NARROWEST), WIDEST) / PIXELS


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse({"error": str(error)}, error.status, HEADERS)
