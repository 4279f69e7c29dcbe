"""Draw one clip over time: waveform, spectra, chroma, contrast, zero-crossing rate and RMS.

Any recording: python scripts/plot_clip.py --audio "So What.mp3" --output "So What.png"
"""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.plots import clip as clip_plot
from genrebench.plots import style
from genrebench.workflow import config


def plot_clip(
    audio: Path | None,
    manifest: Path | None,
    clip_id: str | None,
    title: str | None,
    features: list[str] | None,
    settings: list[dict[str, Any]] | None,
    reading: dict[str, Any] | None,
    output: Path,
) -> None:
    """Draw the file `audio`, or the clip `clip_id` of `manifest`, to `output` (.png or .svg).

    `features` and their `settings`, and `reading` (section `audio`), are those of params.yaml unless they are given.
    Raises InputError if there is no such clip or it has no audio.
    """
    if reading is None or features is None:
        params = config.load()
        chosen, reading = params["features"], reading or params["audio"]
    else:
        chosen = dict(zip(features, settings or [], strict=True))
    if manifest:
        clip = _find(manifest, clip_id)
        audio, title = Path(clip["path"]), title or clip_plot.title(clip["clip_id"], clip["genre"], clip["artist"])
    style.write(clip_plot.draw(clip_plot.look(audio, chosen, reading), title or audio.name), output)


def _find(manifest: Path, clip_id: str | None) -> dict[str, str]:
    clip = next((row for row in files.read_rows(manifest) if row["clip_id"] == clip_id), None)
    if clip is None:
        raise InputError(f"{manifest} has no clip {clip_id}; its first column has their names")
    if not clip["path"]:
        raise InputError(f"{manifest}: {clip_id} has no audio, because the dataset brings features; choose a recording")
    return clip


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--audio", type=Path, help="the recording")
    which.add_argument("--manifest", type=Path, help="manifest.csv with the clip")
    parser.add_argument("--clip-id", help="which clip of the manifest")
    parser.add_argument(
        "--title", help="what stands above the plot; otherwise the file's name, or id, genre and artist"
    )
    parser.add_argument("--features", nargs="*", help="names of features; otherwise those of params.yaml")
    parser.add_argument("--settings", nargs="*", type=json.loads, help="entry of each feature in params.yaml as JSON")
    parser.add_argument("--reading", type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--output", type=Path, required=True, help=".png or .svg to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(plot_clip, vars(arguments()))
