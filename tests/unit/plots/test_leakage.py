import pytest

from genrebench.evaluation import leakage as study
from genrebench.evaluation import tables
from genrebench.plots import leakage

ACCURACIES = {"segment_random": 0.9, "stratified": 0.7, "size_matched": 0.65, "artist": 0.4}
STEPS = {"segments": ("segment_random", "stratified"), "size": ("stratified", "size_matched")}
STEPS |= {"artists": ("size_matched", "artist"), study.TOTAL: ("segment_random", "artist")}


def part(name: str, protocol: str, other: str) -> dict:
    accuracy, other_accuracy = ACCURACIES[protocol], ACCURACIES[other]
    numbers = {"difference": accuracy - other_accuracy, "low": accuracy - other_accuracy - 0.1, "high": 0.3}
    names = {"model": "one", "part": name, "protocol": protocol, "other": other}
    return names | numbers | {"accuracy": accuracy, "other_accuracy": other_accuracy}


def test_the_plot_has_a_bar_for_each_known_step():
    parts = [part(name, *step) for name, step in STEPS.items()]
    rows = [dict.fromkeys(tables.LEAKAGE.columns) | {"model": "one", "protocol": p} for p in study.PROTOCOLS]
    for row, accuracy in zip(rows, ACCURACIES.values(), strict=False):
        row |= {"unit": "segment", "accuracy": accuracy, "accuracy_low": accuracy - 0.1, "accuracy_high": 0.95}
    rows[-1]["reason"] = "There are no such clips."
    (axes,) = leakage.draw_leakage(rows, parts).axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.2, 0.05, 0.25])
    texts = [text.get_text() for text in axes.texts]
    assert any(study.PARTS["artists"] in text and "25.0" in text for text in texts)
    assert any(rows[-1]["reason"] in text for text in texts)
    nothing = [row | {"accuracy": None} for row in rows]
    assert not leakage.draw_leakage(nothing, parts).axes
