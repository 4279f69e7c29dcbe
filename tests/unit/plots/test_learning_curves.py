import numpy as np
import pytest

from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.plots import learning_curves, style


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
    figure = learning_curves.draw_learning_curves("cnn", {"leak": runs[:1], "artist": runs}, ["leak"])
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


def test_a_diverging_loss_does_not_hide_the_others():
    figure = learning_curves.draw_learning_curves("cnn", {"artist": [history([(0.2, 2), (0.6, 1e9)])]})
    low, high = figure.axes[1].get_ylim()
    assert low == 0
    assert 2 < high < 10


def test_a_history_without_validation_is_drawn():
    figure = learning_curves.draw_learning_curves("cnn", {"artist": [history([("", ""), ("", "")])]})
    assert style.to_png(figure).startswith(b"\x89PNG")


def test_a_curve_per_model_and_no_name_over_another():
    histories = {f"model_{i}": [history(list(zip([0.1, 0.5], [2, 1.5], strict=True)))] for i in range(25)}
    histories["without_validation"] = [[{"val_accuracy": "", "val_loss": ""}] * 2]
    figure = learning_curves.draw_mean_curves(histories, histories, "artist")
    accuracy = figure.axes[0]
    assert len(accuracy.lines) == 25
    figure.canvas.draw()
    places = sorted(text.xyann[1] for text in accuracy.texts)
    height = accuracy.texts[0].get_fontsize() * figure.dpi / 72
    assert len(places) == 25
    assert min(np.diff(places)) * accuracy.bbox.height > height


def test_names_are_moved_as_little_as_keeps_them_apart():
    assert learning_curves.spread_out([0.2, 0.5], 0.1) == pytest.approx([0.2, 0.5])
    assert learning_curves.spread_out([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.4, 0.5, 0.6])
    assert learning_curves.spread_out([0.99, 0.99], 0.1) == pytest.approx([0.9, 1.0])
    assert learning_curves.spread_out([0.0, 0.0], 0.1) == pytest.approx([0.0, 0.1])
    assert learning_curves.spread_out([], 0.1) == []


def test_a_diverging_loss_of_one_model_does_not_hide_the_others():
    histories = {
        "cnn": [history(list(zip([0.2, 0.6], [2, 1], strict=True)))],
        "rnn": [history(list(zip([0.2, 0.6], [2, 1e9], strict=True)))],
    }
    low, high = learning_curves.draw_mean_curves(histories, histories, "artist").axes[1].get_ylim()
    assert low == 0
    assert 2 < high < 10


def test_without_histories_there_are_no_axes():
    assert not learning_curves.draw_mean_curves({}, [], None).axes
