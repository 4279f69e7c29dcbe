"""What the page shows of models and predictions."""

import re

import numpy as np
import pytest
import soundfile

from genrebench.app import answers, page, server
from genrebench.common.prediction import Prediction

FIGURES = {"accuracy": 0.6, "accuracy_low": 0.5, "accuracy_high": 0.7, "n_test": 60, "majority_accuracy": 0.1}
DESCRIPTION = {
    **{
        "model": "logistic",
        "dataset": "<b>demo</b>",
        "genres": ["blues", "jazz"],
        "caveats": ["a caveat"],
        "synthetic": False,
    },
    **{"metrics": FIGURES, "run": {"protocol": "artist"}},
}


def render(*folders):
    return page.render([page.describe(folder, DESCRIPTION) for folder in folders], 100, 30)


def test_html_names_the_models_and_escapes_what_comes_from_outside():
    html = render("export/best")
    assert "logistic on &lt;b&gt;demo&lt;/b&gt; (best in validation)" in html
    assert "<b>" not in html
    assert "<select" not in html
    assert "<select" in render("export/best", "export/other")


def test_files_of_the_page_are_in_the_package():
    html = render("export/best")
    names = re.findall(r'"static/([^"]+)"', html)
    assert names and all((page.STATIC / name).is_file() for name in names)


def test_a_prediction_has_ranked_genres_and_a_plot(tmp_path):
    soundfile.write(tmp_path / "song.wav", 0.1 * np.sin(0.1 * np.arange(22050)), 22050)
    curve = np.array([[0.25, 0.75]])
    prediction = Prediction(tmp_path / "song.wav", 1.0, ["blues", "jazz"], curve[0], [(0.0, 1.0)], curve, "why")
    shown = answers.show(prediction)
    assert [(genre["name"], genre["probability"]) for genre in shown["genres"]] == [("jazz", 0.75), ("blues", 0.25)]
    assert shown["genre"] == "jazz" and shown["low_confidence"] == "why"
    plot = answers.plot(prediction, 5.0)
    assert plot["url"].startswith("data:image/png;base64,")
    assert 0 < plot["start"] < plot["end"] <= 1


@pytest.mark.parametrize(("pixels", "expected"), [("800", 800), ("1", 300), ("99999", 1400), ("", None)])
def test_the_plot_is_as_wide_as_the_page_within_limits(pixels, expected):
    assert server.plot_width(pixels) == expected


@pytest.mark.parametrize("pixels", ["x", "-1", "1e3", "nan", "٣", "9" * 5000])
def test_a_width_that_is_no_number_is_refused(pixels):
    with pytest.raises(server.RefusedError) as error:
        server.plot_width(pixels)
    assert error.value.status == 400
