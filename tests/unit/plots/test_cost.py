import itertools

import numpy as np
from matplotlib.text import Annotation

from genrebench.plots import cost, style


def points(count: int) -> list[dict]:
    random = np.random.default_rng(0)
    return [
        {"model": f"a_model_with_a_name_{i}", "caveats": ""}
        | {"accuracy_mean": a, "accuracy_low": a - 0.1, "accuracy_high": a + 0.1}
        | {name: float(10 ** random.uniform(2, 6)) for name in cost.COSTS}
        for i, a in enumerate(random.integers(10, 25, count) / 30)
    ]


def test_the_labels_of_twenty_models_cover_neither_each_other_nor_the_border():
    rows = points(20)
    figure = cost.draw_costs(rows, [row["model"] for row in rows], "artist")
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


def test_a_model_without_a_cost_is_left_out_of_its_panel():
    rows = points(2)
    rows[0]["parameters"] = None
    figure = cost.draw_costs(rows, [row["model"] for row in rows], "artist")
    labels = [{text.get_text() for text in axes.texts} for axes in figure.axes]
    assert labels == [{rows[1]["model"]}, *[{row["model"] for row in rows}] * 2]
    for row in rows:
        row["parameters"] = None
    figure = cost.draw_costs(rows, [row["model"] for row in rows], "artist")
    assert [text.get_text() for text in figure.axes[0].texts] == ["not measured"]


def test_a_caveat_is_explained_below_the_costs():
    rows = points(3)
    rows[0]["caveats"] = rows[2]["caveats"] = "trained from scratch"
    figure = cost.draw_costs(rows, [row["model"] for row in rows], "artist")
    assert {text.get_text() for text in figure.axes[0].texts} == {
        *("a_model_with_a_name_0 [1]", "a_model_with_a_name_1", "a_model_with_a_name_2 [1]")
    }
    assert [text.get_text() for text in figure.texts] == ["[1] trained from scratch"]
