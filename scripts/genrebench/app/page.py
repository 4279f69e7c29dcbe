"""What the page shows: its HTML, the models, and a prediction with its plot."""

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from genrebench.audio import decode, formats
from genrebench.common.formatting import interval, percent
from genrebench.common.prediction import Prediction
from genrebench.inference.description import caveats, test_clips, trained_on
from genrebench.inference.registry import BEST
from genrebench.plots import prediction as prediction_plot
from genrebench.plots import style

TEMPLATE = Path(__file__).with_name("page.html.j2")
STATIC = Path(__file__).with_name("static")
NARROWEST, WIDEST, PIXELS = 300, 1400, 100  # of the plot: CSS pixels, and how many of them are an inch


def render(models: Mapping[str, dict[str, Any]], max_mb: float, max_minutes: float) -> str:
    """The HTML of the page; `models` are folders of exported models and their descriptions."""
    shown = [describe(folder, description) for folder, description in models.items()]
    return _template().render(models=shown, max_mb=max_mb, max_minutes=max_minutes, suffixes=sorted(formats.SUFFIXES))


def describe(folder: str, description: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a model."""
    figures = description["metrics"]
    best = " (best in validation)" if Path(folder).name == BEST else ""
    return {
        "folder": folder,
        "name": f"{description['model']} on {trained_on(description)}{best}",
        "genres": description["genres"],
        "test": f"Accuracy {percent(figures['accuracy'], 0)} on {test_clips(description)}",
        "interval": f"95% interval {interval(figures['accuracy_low'], figures['accuracy_high'], 0)}%",
        "protocol": description["run"]["protocol"],
        "majority": percent(figures["majority_accuracy"], 0),
        "caveats": caveats(description),
    }


def answer(prediction: Prediction, width: float) -> dict[str, Any]:
    """What the page shows of a prediction; `width` is that of the plot in inches.

    `plot` has the picture as a URL, and where its time axis begins and ends, as fractions of the width.
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
        "low_confidence": prediction.low_confidence,
        "genres": [{"name": g, "probability": p, "colour": colour[g]} for g, p in prediction.ranked()],
        "plot": {
            "url": f"data:image/png;base64,{base64.b64encode(image).decode()}",
            "start": time.x0,
            "end": time.x1,
        },
    }


def plot_width(pixels: str) -> float:
    """The width of the plot in inches, from that of the page in CSS pixels."""
    wanted = int(pixels) if pixels.isdecimal() else WIDEST
    return min(max(wanted, NARROWEST), WIDEST) / PIXELS


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
