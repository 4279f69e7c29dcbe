"""Draw one clip over time: waveform, spectra, chroma, contrast, zero-crossing rate and RMS.

Any recording: python scripts/plot_clip.py --audio "So What.mp3" --output "So What.png"
"""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.plots import clip as clip_plot
from genrebench.workflow import config


def plot_clip(
    features: list[str] | None,
    settings: list[dict[str, Any]] | None,
    audio_settings: dict[str, Any] | None,
    **drawing: Any,
) -> None:
    """Draw with these settings or, without them, those of params.yaml; see `genrebench.plots.clip.draw_clip`."""
    if features is None or settings is None or audio_settings is None:
        params = config.load()
        clip_plot.draw_clip(params["features"], params["audio"], **drawing)
    else:
        clip_plot.draw_clip(dict(zip(features, settings, strict=True)), audio_settings, **drawing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--audio", type=Path, help="the recording")
    which.add_argument("--manifest", type=Path, help="manifest.csv with the clip")
    parser.add_argument("--clip-id", help="which clip of the manifest")
    parser.add_argument("--title", help="title of the plot; by default the file's name, or id, genre and artist")
    parser.add_argument("--features", nargs="*", help="names of the drawn features; by default those of params.yaml")
    parser.add_argument("--settings", nargs="*", type=json.loads, help="settings of each feature as JSON")
    parser.add_argument("--audio-settings", type=json.loads, help="section `audio` as JSON")
    parser.add_argument("--output", type=Path, required=True, help=".png or .svg to write")
    cli.run(plot_clip, vars(parser.parse_args()))
