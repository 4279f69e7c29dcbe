"""Plot a recording over time: waveform, spectra, chroma, spectral contrast, zero-crossing rate and RMS.

The settings of the features are those of ./params.yaml, or the defaults where there is no such file.
"""

import argparse
from pathlib import Path
from typing import Any

from genrebench.common.file_names import shortened

HELP = "plot a recording over time"
EXAMPLES = """\
  genrebench plot song.mp3
  genrebench plot "So What.mp3" --output "So What.svg"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("audio", type=Path, metavar="AUDIO", help="the recording")
    parser.add_argument("--output", type=Path, help=".png or .svg to write (default: AUDIO.png in this folder)")
    parser.add_argument("--title", help="above the plot (default: the name of the file)")


def run(audio: Path, output: Path | None, title: str | None) -> None:
    """Plot the recording `audio` to `output`."""
    from genrebench.plots import clip

    features, reading = _settings()
    output = output or Path(shortened(audio.name, ".png"))
    clip.draw_clip(features, reading, output, audio=audio, title=title)
    print(output)


def _settings() -> tuple[dict[str, Any], dict[str, Any]]:
    """Sections `features` and `audio` of ./params.yaml, or the defaults."""
    from genrebench.plots import FEATURES_OF_CLIP
    from genrebench.workflow import config, entries, sections

    if Path("params.yaml").is_file():
        params = config.load()
        return params["features"], params["audio"]
    defaults = {name: entries.load_module("features", name).Settings() for name in FEATURES_OF_CLIP}
    return {name: own.model_dump(exclude_none=True) for name, own in defaults.items()}, (
        sections.AudioSettings().model_dump()
    )
