"""What the page answers to a file: the prediction with its plot. A process of its own computes it.

So a file that ends its process, or takes too long, costs one answer, and not the page.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.inference.description import DESCRIPTION
from genrebench.inference.predictor import Predictor
from genrebench.plots import prediction as prediction_plot
from genrebench.plots import style

PIXELS = 100  # of CSS in an inch of the plot
KEPT = 4  # models in memory


@dataclass(frozen=True)
class Question:
    """A file, the folder of the model that is asked, and the width of the plot in CSS pixels (None: no plot)."""

    path: Path
    folder: Path
    width: int | None


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer, with the status of HTTP."""

    sentence: str
    status: int


def start(max_minutes: float) -> partial[dict[str, Any] | Refusal]:
    """Return `answer` for files of at most so many minutes."""
    return partial(answer, max_minutes)


def answer(max_minutes: float, question: Question) -> dict[str, Any] | Refusal:
    """Predict the genre of a file; returns what the page shows, or why there is nothing to show."""
    path, folder = question.path, question.folder
    try:
        predictor = _predictor(folder, (folder / DESCRIPTION).stat().st_mtime_ns)
        prediction = predictor.predict(path, 60 * max_minutes)
    except InputError as error:
        return Refusal(str(error).replace(f"{path.parent}/", ""), 422)
    return show(prediction) | ({} if question.width is None else {"plot": plot(prediction, question.width / PIXELS)})


def show(prediction: Prediction) -> dict[str, Any]:
    """What the page shows of a prediction beside its plot."""
    colour = style.colours(prediction.genres)
    return {
        "file": prediction.path.name,
        "seconds": prediction.seconds,
        "genre": prediction.genre,
        "low_confidence": prediction.low_confidence,
        "warnings": prediction.warnings,
        "genres": [{"name": g, "probability": p, "colour": colour[g]} for g, p in prediction.ranked()],
    }


def plot(prediction: Prediction, width: float) -> dict[str, Any]:
    """The plot of a prediction as a URL, and where its time axis begins and ends, as fractions of the width.

    `width` is in inches.
    """
    figure = prediction_plot.draw(prediction, prediction_plot.read(prediction), width, over_time_only=True)
    image = style.to_png(figure, dpi=2 * PIXELS)  # twice as fine, for screens that are
    time = figure.axes[0].get_position()
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return {"url": url, "start": time.x0, "end": time.x1}


@lru_cache(KEPT)
def _predictor(folder: Path, changed: int) -> Predictor:
    """The model in a folder; `changed` is when it was written, so that a new export is loaded again."""
    return Predictor(folder)
