"""Occlusion saliency of networks, over the spectrograms of a few test clips."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genrebench.common import files
from genrebench.common.formatting import percent
from genrebench.evaluation import occlusion
from genrebench.evaluation.occlusion import Map
from genrebench.plots import style

PALETTE = 128  # colours in the file
EFFECT = mpl.colormaps["RdBu"]  # blue is evidence for the predicted genre, red against it
SPECTRUM = mpl.colormaps["Greys"]


def study_saliency(
    manifest: Path,
    errors: Path,
    models: Sequence[str],
    settings: dict[str, Any],
    evaluation: Path,
    runs: Path,
    features: Path,
    plot: Path,
    description: Path,
) -> None:
    """Write the saliency of `models` for a few hard and easy test clips: `plot` and its JSON `description`.

    Parameters
    ----------
    manifest, errors : path
        manifest.csv, and errors.csv, which names the clips and the protocol.
    models : sequence of str
        Networks that read a spectrogram of whole clips. Where one cannot be explained, the description has the reason.
    settings : dict
        Section study.saliency of the configuration.
    evaluation, runs, features : path
        Folders of all models' evaluations and runs, and of the dataset's features.
    """
    rows = files.read_rows(errors)
    chosen = occlusion.choose_clips(rows, settings["clips"])
    found: dict[str, dict[str, Map]] = {}
    unavailable: dict[str, str] = {}
    if rows:
        explainer = occlusion.Explainer(manifest, rows[0]["protocol"], evaluation, runs, features)
        for model in models:
            maps, reason = explainer.explain(model, [clip["clip_id"] for clip in chosen])
            if reason:
                unavailable[model] = reason
            else:
                found[model] = maps
    facts = {
        model: {
            clip["clip_id"]: occlusion.summarise(maps[clip["clip_id"]]) | {"genre": clip["genre"]}
            for clip in chosen
            if clip["clip_id"] in maps
        }
        for model, maps in found.items()
    }
    if found:
        style.write(draw(chosen, found), plot, dpi=100, palette=PALETTE)
    else:
        style.write(style.empty("No network that reads a spectrogram has results under this protocol."), plot)
    clips = [clip["clip_id"] for clip in chosen] if found else []
    files.write_json(description, {"clips": clips, "models": facts, "unavailable": unavailable})


@mpl.rc_context(style.STYLE)
def draw(clips: Sequence[Mapping[str, str]], maps: Mapping[str, Mapping[str, Map]]) -> Figure:
    """Draw a row per clip (rows of errors.csv): its spectrogram, and each model's saliency (`maps` by clip_id)."""
    width = 3.1
    figure = Figure(figsize=(width * (1 + len(maps)), 1.75 * len(clips) + 0.6), layout="constrained")
    grid = figure.subplots(len(clips), 1 + len(maps), squeeze=False)
    for line, clip in zip(grid, clips, strict=True):
        name = clip["clip_id"]
        first = next((found[name] for found in maps.values() if name in found), None)
        for axes in line:
            _prepare(axes)
        line[0].set_title(f"{name}\n{clip['genre']}, {clip['wrong']} of {clip['models']} models wrong", fontsize=8.5)
        if first:
            _spectrogram(line[0], first, mpl.colormaps["magma"])
        for axes, (model, found) in zip(line[1:], maps.items(), strict=True):
            if name in found:
                _effect(axes, model, found[name], clip["genre"])
            else:
                axes.set_title(f"{model}\nnot tested on this clip", fontsize=8.5)
    grid[-1, 0].set_xlabel("time (s)" if first and first.seconds else "time")
    grid[-1, 0].set_ylabel("frequency →")
    return figure


def _prepare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.tick_params(labelsize=7.5, length=2)
    axes.spines[:].set_visible(False)


def _spectrogram(axes: Axes, found: Map, cmap: mpl.colors.Colormap) -> None:
    extent = (0, found.seconds or 1, 0, 1)
    axes.imshow(found.plane, cmap, origin="lower", aspect="auto", interpolation="antialiased", extent=extent)
    if not found.seconds:
        axes.set_xticks([])


def _effect(axes: Axes, model: str, found: Map, genre: str) -> None:
    _spectrogram(axes, found, SPECTRUM)
    largest = float(np.abs(found.evidence).max())
    scaled = found.evidence / largest if largest else found.evidence
    axes.imshow(
        scaled, EFFECT, vmin=-1, vmax=1, alpha=0.75 * np.abs(scaled), origin="lower", aspect="auto",
        interpolation="nearest", extent=(0, found.seconds or 1, 0, 1),
    )  # fmt: skip
    right = found.genre == genre
    predicted = f"{found.genre} {percent(found.probability, 0)}, {'right' if right else 'wrong'}"
    axes.set_title(f"{model}: {predicted}\nodds change up to {2**largest:.2f}-fold", fontsize=8.5,
                   color=style.INK if right else style.WARNING)  # fmt: skip
