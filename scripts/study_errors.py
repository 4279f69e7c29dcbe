"""List the test clips of the headline protocol by how many models are wrong about them: rule study_errors.

Of those that most models get wrong there is also a picture and, where the recording is at hand, a few seconds of it.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.audio import decode, excerpt
from genrebench.common import cli, files
from genrebench.evaluation import hard_clips, tables
from genrebench.plots import clip as clip_plot
from genrebench.plots import style

EXCERPT_S = 6.0
MARK = "#e69f00"
# About 30 kB a picture: dots per inch, colours in the file, what stands side by side, and shades of a spectrum.
DPI, PALETTE, COLUMNS, SHADES = 84, 48, 240, 20


def study_errors(
    manifest: Path,
    statuses: Path,
    leaderboard: Path,
    splits: Path,
    evaluation: Path,
    features: list[str],
    settings: list[dict[str, Any]],
    reading: dict[str, Any],
    table: Path,
    pictures: Path,
    excerpts: Path,
) -> None:
    """Write errors.csv and, for its first clips, as far as their audio is there, pictures and excerpts by clip_id.

    `statuses` and `leaderboard` name the runs and the protocol, the one that the report quotes; without one the table
    is empty. `features` with their `settings`, and `reading` (section `audio`), are entries of params.yaml.
    """
    clips = pd.read_csv(manifest, dtype="str", keep_default_na=False)
    board = tables.LEADERBOARD.read(leaderboard)
    found = hard_clips.study(clips, tables.STATUSES.read(statuses), board, splits, evaluation)
    tables.HARD_CLIPS.write(table, found)
    drawn = dict(zip(features, settings, strict=True))
    with files.atomic(pictures) as seen, files.atomic(excerpts) as heard:
        seen.mkdir()
        heard.mkdir()
        for clip in hard_clips.hard(tables.rows(found))[: hard_clips.SHOWN]:
            if clip["path"] and Path(clip["path"]).is_file():
                show_clip(clip, drawn, reading, seen, heard)


def show_clip(
    clip: Mapping[str, str], features: dict[str, Any], reading: dict[str, Any], pictures: Path, excerpts: Path
) -> None:
    """Write `excerpts`/<clip_id>.mp3, the loudest part, and `pictures`/<clip_id>.png, on which that is marked."""
    view = clip_plot.look(clip["path"], features, reading)
    view.columns, view.shades = COLUMNS, SHADES
    samples = decode.to_mono(view.samples[:, None], view.sample_rate, excerpt.SAMPLE_RATE)
    length = round(EXCERPT_S * excerpt.SAMPLE_RATE)
    start = excerpt.loudest(samples, length)
    span = start / excerpt.SAMPLE_RATE, (start + length) / excerpt.SAMPLE_RATE
    partly = len(samples) > length
    figure = clip_plot.draw(view, f"Excerpt from {span[0]:.1f} to {span[1]:.1f} s" if partly else "The whole clip")
    if partly:
        figure.axes[0].axvspan(*span, color=MARK, alpha=0.3, lw=0, zorder=0)
    style.write(figure, pictures / f"{clip['clip_id']}.png", DPI, PALETTE)
    with files.atomic(excerpts / f"{clip['clip_id']}.mp3") as temporary:
        temporary.write_bytes(excerpt.encode(samples[start : start + length], excerpt.SAMPLE_RATE))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--statuses", type=Path, required=True, help="statuses.csv, which names the runs")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--features", nargs="*", default=[], help="names of the features that are drawn")
    parser.add_argument(
        "--settings", nargs="*", default=[], type=json.loads, help="their entries in params.yaml as JSON"
    )
    parser.add_argument("--reading", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures to write")
    parser.add_argument("--excerpts", type=Path, required=True, help="folder of audio to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(study_errors, vars(arguments()))
