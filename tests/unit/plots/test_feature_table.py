import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.plots import feature_table, style

ROOT = Path(__file__).parents[3]
GENRES = ["rock"] * 20 + ["pop"] * 10 + ["jazz & blues"] * 15


def make_table(columns: int = 6) -> np.ndarray:
    """Noise; column 1 tells the genres apart, column 3 repeats it with the other sign, column 4 is constant."""
    values = np.random.default_rng(0).normal(size=(45, columns)) * 10.0 ** np.arange(columns)
    values[:, 1] += 300 * np.repeat([0, 1, 2], [20, 10, 15])
    values[:, 3] = 7 - 2 * values[:, 1]
    values[:, 4] = 0.1  # the mean of which is not 0.1 exactly
    return values


def test_separation_is_that_of_the_analysis_of_variance():
    values = make_table()
    eta = feature_table.separation(values, GENRES)
    groups = [values[np.array(GENRES) == genre] for genre in set(GENRES)]
    f = stats.f_oneway(*(group[:, [0, 1, 2, 3, 5]] for group in groups)).statistic
    np.testing.assert_allclose(eta[[0, 1, 2, 3, 5]], 2 * f / (2 * f + 42))  # of 2 and 42 degrees of freedom
    assert eta[4] == 0
    assert eta[1] > 0.9 > eta[0]


def test_columns_are_picked_by_separation_without_repetition():
    values = make_table()
    eta = feature_table.separation(values, GENRES)
    picked = feature_table.pick_columns(values, GENRES)
    assert set(picked) in ({0, 1, 2, 5}, {0, 3, 2, 5})  # neither the constant column nor both twins
    assert list(eta[picked]) == sorted(eta[picked], reverse=True)
    assert feature_table.pick_columns(values, GENRES, 2) == picked[:2]


def test_the_heat_map_shows_the_correlations_in_an_order_of_neighbours():
    values = make_table()
    r = feature_table.correlations(values)
    varying = [0, 1, 2, 3, 5]
    np.testing.assert_allclose(r[np.ix_(varying, varying)], np.corrcoef(values[:, varying].T), atol=1e-12)
    assert np.isnan(r[4]).all()
    assert np.isnan(r[:, 4]).all()
    order = feature_table.cluster_order(r)
    assert sorted(order) == list(range(6))
    assert order[-1] == 4
    assert abs(order.index(1) - order.index(3)) == 1
    axes, scale = feature_table.draw_correlations(values, list("abcdef")).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["abcdef"[column] for column in order]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["abcdef"[column] for column in order]
    drawn = axes.images[0].get_array()
    np.testing.assert_array_equal(drawn.filled(np.nan), r[np.ix_(order, order)])
    assert axes.images[0].get_clim() == scale.get_ylim() == (-1, 1)


def test_blocks_of_columns_come_out_of_a_shuffle():
    rng = np.random.default_rng(1)
    blocks = np.repeat(rng.normal(size=(100, 4)), 5, axis=1) + 0.3 * rng.normal(size=(100, 20))
    block = np.repeat(np.arange(4), 5)
    shuffled = rng.permutation(20)
    order = feature_table.cluster_order(feature_table.correlations(blocks[:, shuffled]))
    assert np.count_nonzero(np.diff(block[shuffled][order])) == 3


@pytest.mark.parametrize("columns", [1, 2, 91])
def test_narrow_and_wide_tables_can_be_drawn(columns):
    values = np.random.default_rng(0).normal(size=(45, columns))
    names = [f"column {i}" for i in range(columns)]
    figure = feature_table.draw_correlations(values, names)
    assert len(figure.axes[0].get_yticklabels()) == (columns if columns <= feature_table.LABELLED else 0)
    panels = [axes for axes in feature_table.draw_distributions(values, names, GENRES).axes if axes.axison]
    assert len(panels) == min(columns, feature_table.PANELS)


def test_the_boxes_are_the_quartiles_of_each_genre_in_its_colour():
    values = make_table()
    figure = feature_table.draw_distributions(values, list("abcdef"), GENRES)
    panels = [axes for axes in figure.axes if axes.axison]
    picked = feature_table.pick_columns(values, GENRES)
    assert [axes.get_title(loc="left") for axes in panels] == ["abcdef"[column] for column in picked]
    eta = feature_table.separation(values, GENRES)
    assert [axes.get_title(loc="right") for axes in panels] == [f"η² {eta[column]:.2f}" for column in picked]
    names = ["jazz & blues", "pop", "rock"]
    assert [tick.get_text() for tick in panels[0].get_yticklabels()] == names
    assert panels[0].get_ylim()[0] > panels[0].get_ylim()[1]  # the first genre stands on top
    colour = style.colours(names)
    for axes, column in zip(panels, picked, strict=True):
        assert len(axes.patches) == 3
        for i, name in enumerate(names):
            members = values[np.array(GENRES) == name, column]
            box = axes.patches[i].get_path().vertices
            quartiles = np.percentile(members, [25, 75])
            np.testing.assert_allclose([box[:, 0].min(), box[:, 0].max()], quartiles)
            assert box[:, 1].mean() == pytest.approx(i + 1, abs=0.2)
            assert mpl.colors.to_hex(axes.patches[i].get_facecolor()) == colour[name]
            drawn = [line for line in axes.lines if abs(line.get_ydata().mean() - (i + 1)) < 0.01]
            ends = [f(x) for f, x in ((min, members[members >= np.percentile(members, 5)]),
                                      (max, members[members <= np.percentile(members, 95)]))]  # fmt: skip
            assert min(line.get_xdata().min() for line in drawn) == pytest.approx(ends[0])
            assert max(line.get_xdata().max() for line in drawn) == pytest.approx(ends[1])
            assert any(set(line.get_xdata()) == {np.median(members)} for line in drawn)


def test_a_table_without_differences_says_so():
    figure = feature_table.draw_distributions(np.ones((45, 3)), list("abc"), GENRES)
    assert figure.texts[0].get_text() == "No column differs between clips."


def write_table(folder: Path, values: np.ndarray, **facts) -> dict:
    files.write_rows(
        folder / "manifest.csv", ["clip_id", "genre"], ({"clip_id": i, "genre": g} for i, g in enumerate(GENRES))
    )
    np.save(folder / "tabular.npy", values.astype(np.float32))
    files.write_json(folder / "tabular.json", {"feature": "tabular", "available": True, "reason": None} | facts)
    names = {"manifest": "manifest.csv", "values": "tabular.npy", "description": "tabular.json"}
    return {name: folder / file for name, file in names.items()}


def test_the_plots_are_the_same_in_two_processes(tmp_path):
    inputs = write_table(tmp_path, make_table(), columns=list("abcdef"))
    outputs = {name: tmp_path / f"{name}.png" for name in ("distributions", "correlations")}
    feature_table.draw_feature_table(**inputs, **outputs)
    here = {name: path.read_bytes() for name, path in outputs.items()}
    options = [f"--{name}={path}" for name, path in {**inputs, **outputs}.items()]
    subprocess.run([sys.executable, "scripts/plot_features.py", *options], cwd=ROOT, check=True)
    assert {name: path.read_bytes() for name, path in outputs.items()} == here
    assert here["distributions"] != here["correlations"]
    assert b"Matplotlib" not in here["distributions"]


def test_the_ends_of_the_scale_keep_their_colours_in_a_small_file(tmp_path):
    inputs = write_table(tmp_path, make_table(), columns=list("abcdef"))
    outputs = {name: tmp_path / f"{name}.png" for name in ("distributions", "correlations")}
    feature_table.draw_feature_table(**inputs, **outputs)
    with Image.open(outputs["correlations"]) as image:
        assert image.mode == "P"
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    for end in (0.0, 1.0):
        colour = np.array(feature_table.CORRELATION(end)[:3]) * 255
        assert np.abs(pixels - colour).sum(axis=1).min() < 12


def test_a_table_that_is_not_there_is_said_in_the_plots(tmp_path, monkeypatch):
    inputs = write_table(tmp_path, np.zeros(0), available=False, reason="the dataset brings none")
    drawn = []
    monkeypatch.setattr(style, "write", lambda figure, path: drawn.append((figure.texts[0].get_text(), path)))
    feature_table.draw_feature_table(**inputs, distributions="d.png", correlations="c.png")
    assert [name for _, name in drawn] == ["d.png", "c.png"]
    assert all("tabular" in text and "the dataset brings none" in text for text, _ in drawn)


@pytest.mark.parametrize("shape", [(44, 6), (45, 6, 2)])
def test_what_is_no_table_of_the_clips_is_refused(tmp_path, shape):
    inputs = write_table(tmp_path, np.zeros(shape))
    with pytest.raises(InputError, match=r"has the shape .* a row for each of the 45 clips"):
        feature_table.draw_feature_table(**inputs, distributions=tmp_path / "d.png", correlations=tmp_path / "c.png")


def test_columns_without_names_are_numbered(tmp_path, monkeypatch):
    inputs = write_table(tmp_path, make_table())
    named = []
    draw = feature_table.draw_correlations
    monkeypatch.setattr(feature_table, "draw_correlations", lambda t, names: named.extend(names) or draw(t, names))
    feature_table.draw_feature_table(**inputs, distributions=tmp_path / "d.png", correlations=tmp_path / "c.png")
    assert named == [f"column {i}" for i in range(6)]
