"""Pictures and excerpts of the clips that most models predict wrongly."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio import decode, excerpt
from genrebench.common import files
from genrebench.common.file_names import shortened
from genrebench.evaluation import hard_clips
from genrebench.plots import clip as clip_plot
from genrebench.plots import style

EXCERPT_S = 6.0
HIGHLIGHT = "#e69f00"
# about 30 kB a picture
SMALL: dict[str, Any] = {"columns": 240, "shades": 20}
DPI, PALETTE = 84, 48


def draw_hard_clips(
    manifest: Path,
    table: Path,
    descriptions: Sequence[Path],
    settings: dict[str, Any],
    audio_settings: dict[str, Any],
    pictures: Path,
    excerpts: Path,
) -> None:
    """Write <clip_id>.png and <clip_id>.mp3 for the first hard clips of `table`, errors.csv, if their audio is there.

    The excerpt is the loudest part of the clip; the picture highlights it. See `genrebench.plots.clip` for
    `descriptions` and the settings.
    """
    clips = files.read_rows(manifest)
    caches = clip_plot.Caches(clips, descriptions)
    by_id = {clip["clip_id"]: clip for clip in clips}
    hard = [by_id[row["clip_id"]] for row in hard_clips.hard(files.read_rows(table))]
    with files.atomic(pictures) as drawn, files.atomic(excerpts) as cut:
        drawn.mkdir()
        cut.mkdir()
        for clip in hard[: hard_clips.SHOWN]:
            if clip["path"] and Path(clip["path"]).is_file():
                cached = caches.arrays(clip["clip_id"])
                view = replace(clip_plot.look(clip["path"], settings, audio_settings, cached), **SMALL)
                _draw_clip(clip, view, drawn, cut)


def _draw_clip(clip: Mapping[str, str], view: clip_plot.View, pictures: Path, excerpts: Path) -> None:
    samples, span = _loudest(view)
    partly = view.seconds > EXCERPT_S
    figure = clip_plot.draw(view, f"Excerpt from {span[0]:.1f} to {span[1]:.1f} s" if partly else "The whole clip")
    if partly:
        figure.axes[0].axvspan(*span, color=HIGHLIGHT, alpha=0.3, lw=0, zorder=0)
    style.write(figure, pictures / shortened(clip["clip_id"], ".png"), DPI, PALETTE)
    with files.atomic(excerpts / shortened(clip["clip_id"], ".mp3")) as temporary:
        temporary.write_bytes(excerpt.encode(samples, excerpt.SAMPLE_RATE))


def _loudest(view: clip_plot.View) -> tuple[np.ndarray, tuple[float, float]]:
    """Samples of the loudest part at `excerpt.SAMPLE_RATE` Hz, and its start and end in seconds."""
    samples = np.asarray(decode.resample(view.samples, view.sample_rate, excerpt.SAMPLE_RATE))
    length = min(len(samples), round(EXCERPT_S * excerpt.SAMPLE_RATE))
    start = excerpt.loudest(samples, length)
    return samples[start : start + length], (start / excerpt.SAMPLE_RATE, (start + length) / excerpt.SAMPLE_RATE)
