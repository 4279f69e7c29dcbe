"""What the page shows before there is a file: its HTML and the models."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from genrebench.app import example
from genrebench.audio import formats
from genrebench.common.formatting import interval, percent
from genrebench.inference.description import caveats, test_clips, trained_on
from genrebench.inference.registry import BEST

TEMPLATE = Path(__file__).with_name("page.html.j2")
STATIC = Path(__file__).with_name("static")


def render(models: Sequence[Mapping[str, Any]], max_mb: float, max_minutes: float) -> str:
    """The HTML of the page; `models` are what `describe` says of each."""
    facts = {"suffixes": sorted(formats.SUFFIXES), "example": example.NAME}
    return _template().render(models=models, max_mb=max_mb, max_minutes=max_minutes, **facts)


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
        "synthetic": description["synthetic"],
    }


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
