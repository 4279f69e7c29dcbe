import numpy as np

from genrebench.plots import stability


def row(model: str, test: float) -> dict:
    accuracies = {"train_accuracy": 1.0, "valid_accuracy": 0.5, "test_accuracy": test}
    return accuracies | {"model": model, "loss_rise": None}


def test_gaps_and_runs_are_drawn_and_the_best_model_is_at_the_top():
    rows = [row("cnn", 0.55), row("forest", 0.7)]
    figure = stability.draw_stability(rows, {"cnn": [0.5, 0.6], "forest": [0.7]}, ["cnn", "forest"], "artist")
    gaps, spread, _ = figure.axes
    assert [label.get_text() for label in gaps.get_yticklabels()] == ["forest", "cnn"]
    points = {
        (line.get_marker(), *map(float, line.get_xydata()[0])) for line in gaps.lines if line.get_marker() != "None"
    }
    assert points == {
        ("^", 1.0, 0), ("D", 0.5, 0), ("o", 0.7, 0),
        ("^", 1.0, 1), ("D", 0.5, 1), ("o", 0.55, 1),
    }  # fmt: skip
    (runs,) = [line.get_xydata() for line in spread.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(runs, [[-0.05, 1], [0.05, 1]])


def test_without_models_there_are_no_axes():
    assert not stability.draw_stability([], {}, [], None).axes
