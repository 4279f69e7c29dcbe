"""The heat map of the robustness study."""

from genrebench.plots import robustness


def row(model, condition, accuracy, difference=None, low=None, high=None):
    found = {"model": model, "condition": condition, "accuracy": accuracy, "difference": difference}
    return found | {"difference_low": low, "difference_high": high}


def test_cells_have_accuracy_and_difference_and_those_that_differ_are_bold():
    rows = [
        row("worse", "clean", 0.5),
        row("worse", "dull", 0.4, -0.1, -0.2, 0.05),
        row("better", "clean", 0.9),
        row("better", "dull", 0.3, -0.6, -0.7, -0.5),
    ]
    (axes,) = robustness.draw_robustness(rows).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["better", "worse"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["clean", "dull"]
    texts = {text.get_text(): text for text in axes.texts}
    assert {"90", "30", "50", "40", "−60", "−10"} <= set(texts)
    assert (texts["−60"].get_weight(), texts["−10"].get_weight()) == ("bold", "normal")
    assert texts["30"].get_position()[0] == 1 and texts["90"].get_position()[0] == 0


def test_without_models_there_is_a_sentence():
    assert robustness.draw_robustness([]).texts
