import itertools

import numpy as np
import pytest
from matplotlib.text import Annotation

from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.plots import style, training


def history(values: list[tuple[float, float]]) -> list[dict[str, str]]:
    """Rows of history.csv from (validation accuracy, validation loss); training is always the same."""
    return [
        {
            "epoch": str(i + 1),
            "learning_rate": "0.1",
            "accuracy": "0.5",
            "loss": "1",
            "val_accuracy": str(a),
            "val_loss": str(b),
        }
        for i, (a, b) in enumerate(values)
    ]


def test_curves_have_a_column_per_protocol_a_line_per_run_and_their_mean():
    runs = [history([(0.2, 2), (0.6, 1), (0.4, 1)]), history([(0.4, 3), (0.2, 2)])]
    figure = training.draw_curves("cnn", {"leak": runs[:1], "artist": runs}, ["leak"])
    first, second = figure.axes[:2]
    assert first.get_title(loc="left") == "artist"
    assert second.get_title(loc="left").replace("\n", " ") == f"leak: {MEANINGLESS}"
    assert any(patch.get_hatch() for patch in second.patches)
    lines = [line.get_xydata().tolist() for line in first.lines if line.get_linestyle() == "-"]
    assert [[1, 0.2], [2, 0.6], [3, 0.4]] in lines
    mean = max(first.lines, key=lambda line: (line.get_linestyle() == "-", line.get_linewidth()))
    np.testing.assert_allclose(mean.get_xydata(), [[1, 0.3], [2, 0.4]])  # as far as both went
    dots = [line.get_xydata().tolist() for line in first.lines if line.get_marker() == "o"]
    assert dots == [[[2, 0.6]], [[1, 0.4]]]


def test_a_loss_that_runs_away_does_not_hide_the_others():
    figure = training.draw_curves("cnn", {"artist": [history([(0.2, 2), (0.6, 1e9)])]})
    low, high = figure.axes[1].get_ylim()
    assert low == 0
    assert 2 < high < 10


def test_a_history_without_validation_is_drawn():
    figure = training.draw_curves("cnn", {"artist": [history([("", ""), ("", "")])]})
    assert style.to_png(figure).startswith(b"\x89PNG")


def points(count: int) -> list[dict]:
    random = np.random.default_rng(0)
    return [
        {"model": f"a_model_with_a_name_{i}", "caveats": ""}
        | {"accuracy_mean": a, "accuracy_low": a - 0.1, "accuracy_high": a + 0.1}
        | {cost: float(10 ** random.uniform(2, 6)) for cost in training.COSTS}
        for i, a in enumerate(random.integers(10, 25, count) / 30)
    ]


def test_the_labels_of_twenty_models_cover_neither_each_other_nor_the_border():
    rows = points(20)
    figure = training.draw_costs(rows, [row["model"] for row in rows], "artist")
    figure.set_dpi(style.STYLE["savefig.dpi"])
    figure.canvas.draw()
    assert len(figure.axes) == 3
    for axes in figure.axes:
        labels = [child for child in axes.get_children() if isinstance(child, Annotation)]
        assert {label.get_text() for label in labels} == {row["model"] for row in rows}
        # of the text alone: the window extent of an annotation takes in its line
        boxes = [super(Annotation, label).get_window_extent() for label in labels]
        assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
        assert all(axes.bbox.contains(*corner) for box in boxes for corner in (box.min, box.max))


def test_a_cost_that_nobody_knows_leaves_the_model_out_of_its_panel():
    rows = points(2)
    rows[0]["parameters"] = None
    figure = training.draw_costs(rows, [row["model"] for row in rows], "artist")
    labels = [{text.get_text() for text in axes.texts} for axes in figure.axes]
    assert labels == [{rows[1]["model"]}, *[{row["model"] for row in rows}] * 2]
    for row in rows:
        row["parameters"] = None
    figure = training.draw_costs(rows, [row["model"] for row in rows], "artist")
    assert [text.get_text() for text in figure.axes[0].texts] == ["not measured"]


def test_a_mark_is_explained_below_the_costs():
    rows = points(3)
    rows[0]["caveats"] = rows[2]["caveats"] = "trained from scratch"
    figure = training.draw_costs(rows, [row["model"] for row in rows], "artist")
    assert {text.get_text() for text in figure.axes[0].texts} == {
        *("a_model_with_a_name_0 [1]", "a_model_with_a_name_1", "a_model_with_a_name_2 [1]")
    }
    assert [text.get_text() for text in figure.texts] == ["[1] trained from scratch"]


@pytest.mark.parametrize(("value", "text"), [(0.02, "0.02"), (5000, "5000"), (20000, "20 k"), (1.5e6, "1.5 M")])
def test_numbers_on_an_axis(value, text):
    assert training._plain(value) == text
