"""Draw one clip over time: waveform, spectra, and features as they are and standardised (rule plot_clip).

For any recording: `genrebench plot`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from genrebench.common import cli
from genrebench.plots import clip as clip_plot


def plot_clip(features: list[str], settings: list[dict[str, Any]], **drawing: Any) -> None:
    """Draw with these settings; see `genrebench.plots.clip.draw_clip`."""
    clip_plot.draw_clip(dict(zip(features, settings, strict=True)), **drawing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv with the clip")
    parser.add_argument("--clip-id", required=True, help="which clip of the manifest")
    parser.add_argument("--features", nargs="*", required=True, help="names of the drawn features")
    parser.add_argument("--settings", nargs="*", type=json.loads, required=True, help="of each feature, JSON")
    parser.add_argument("--audio-settings", type=json.loads, required=True, help="section `audio`, JSON")
    parser.add_argument("--output", type=Path, required=True, help=".png or .svg to write")
    cli.run(plot_clip, vars(parser.parse_args()))
