"""Draw the first clip of each genre over time, small enough for many on a page: rule plot_genres."""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.plots.clip import draw_genres


def plot_genres(features: list[str], settings: list[dict[str, Any]], **drawing: Any) -> None:
    """Draw with the settings of these features; see `genrebench.plots.clip.draw_genres`."""
    draw_genres(settings=dict(zip(features, settings, strict=True)), **drawing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--caches", dest="descriptions", type=Path, nargs="*", default=[], help="JSON of each cache")
    parser.add_argument("--features", nargs="*", default=[], help="names of the drawn features")
    parser.add_argument("--settings", nargs="*", default=[], type=json.loads, help="settings of each as JSON")
    parser.add_argument(
        "--audio", dest="audio_settings", required=True, type=json.loads, help="section `audio` as JSON"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    cli.run(plot_genres, vars(parser.parse_args()))
