import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from genrebench.plots import style


def test_colours_are_fixed_distinct_and_the_same_for_known_names_everywhere():
    ten = style.colours(style.GENRES)
    assert len(set(ten.values())) == 10
    assert style.colours(["rock", "jazz", "my own"])["rock"] == ten["rock"]
    own = style.colours([f"genre {i}" for i in range(8)])
    assert len(set(own.values())) == 8
    models = style.colours(["sgd", "logistic"])
    assert style.colours(["sgd", "mine", "logistic"]).items() > models.items()


@pytest.mark.parametrize("fraction", np.linspace(0, 1, 21))
def test_text_on_a_heat_map_is_legible(fraction):
    def luminance(colour: str) -> float:  # WCAG 2.2, relative luminance
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted(luminance(colour) for colour in style.shade(fraction))
    assert (high + 0.05) / (low + 0.05) >= 4


@pytest.mark.parametrize("count", [2, 27, 150])
def test_no_two_models_share_colour_and_marker(count):
    known = style.MODELS[: count // 2]
    names = [*known, *(f"model_{i}" for i in range(count - len(known)))]
    colour, marker = style.colours(names), style.markers(names)
    assert len({(colour[name], marker[name]) for name in names}) == len(names) == count


@pytest.mark.parametrize("palette", [64, 128, 256])
def test_a_reduced_palette_keeps_the_colours_of_a_diverging_scale(palette):
    """Cells of a heat map with numbers, whose smoothed edges are hundreds of other colours."""
    steps = np.arange(-60, 61) / 60
    values = np.append(steps, np.zeros(23)).reshape(12, 12)
    figure = Figure(figsize=(6, 6))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(values, cmap=mpl.colormaps["RdBu"], vmin=-1, vmax=1)
    for (y, x), value in np.ndenumerate(values):
        axes.text(x, y, f"{60 * value:+.0f}", ha="center", va="center", fontsize=9, color=(0.1, 0.1, abs(value)))
    whole, reduced = (
        np.asarray(Image.open(io.BytesIO(style.to_png(figure, 80, colours))).convert("RGB")).astype(int)
        for colours in (None, palette)
    )
    assert len(np.unique(reduced.reshape(-1, 3), axis=0)) <= palette
    corners = (np.arange(12) * 40 + 3)[:, None], np.arange(12) * 40 + 3  # of the cells, without the numbers
    apart = np.linalg.norm(whole[corners] - reduced[corners], axis=-1)
    assert apart[values == 0].max() == 0
    assert apart.max() <= 600 / palette  # 1 or 2 steps of this scale


def test_few_colours_stay_as_they_are():
    pixels = np.random.default_rng(0).choice([0, 90, 255], (40, 30, 3)).astype(np.uint8)
    reduced = style.reduce_colours(Image.fromarray(pixels), 64)
    assert reduced.mode == "P" and (np.asarray(reduced.convert("RGB")) == pixels).all()
