"""Draw the first clip of each genre over time, small enough for many on a page."""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.plots import clip as clip_plot
from genrebench.plots import style

# About 50 kB a clip: dots per inch, colours in the file, what stands side by side, and shades of a spectrum.
DPI, PALETTE, COLUMNS, SHADES = 96, 64, 200, 20


def plot_genres(
    manifest: Path, features: list[str], settings: list[dict[str, Any]], reading: dict[str, Any], output: Path
) -> None:
    """Write `output`/<genre>.png for the first clip of each genre of `manifest` that has audio.

    `features` with their `settings`, and `reading` (section `audio`), are entries of params.yaml.
    """
    first: dict[str, dict[str, str]] = {}
    for clip in files.read_rows(manifest):
        if clip["path"]:
            first.setdefault(clip["genre"], clip)
    with files.atomic(output) as folder:
        folder.mkdir()
        for genre, clip in sorted(first.items()):
            view = clip_plot.look(clip["path"], dict(zip(features, settings, strict=True)), reading)
            view.columns, view.shades = COLUMNS, SHADES
            figure = clip_plot.draw(view, clip_plot.title(clip["clip_id"], genre, clip["artist"]))
            style.write(figure, folder / f"{genre}.png", DPI, PALETTE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--features", nargs="*", default=[], help="names of features")
    parser.add_argument(
        "--settings", nargs="*", default=[], type=json.loads, help="their entries in params.yaml as JSON"
    )
    parser.add_argument("--reading", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    cli.run(plot_genres, vars(parser.parse_args()))
