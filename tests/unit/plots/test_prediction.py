"""The plot of one file over time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrebench.audio.clip import Clip, decibels
from genrebench.common.prediction import Prediction
from genrebench.plots import prediction as prediction_plot
from genrebench.plots import style

SAMPLES = np.sin(np.arange(12 * prediction_plot.SAMPLE_RATE) / 20).astype(np.float32)


@pytest.fixture
def prediction():
    """Of 12 s heard in pieces of 5 s, the last of which ends with the file."""
    curve = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 0.9, 0.1]])
    windows = [(0.0, 5.0), (5.0, 10.0), (7.0, 12.0)]
    return Prediction(Path("song.mp3"), 12.0, ["blues", "jazz", "rock"], curve.mean(axis=0), windows, curve, "")


def drawn(axes):
    """Edges in seconds, and the values of the rows from the top."""
    (mesh,) = axes.collections
    return mesh.get_coordinates()[0, :, 0].tolist(), mesh.get_array()


def test_a_stretch_is_drawn_until_the_next_one_starts(prediction):
    _, over_time, *_ = prediction_plot.draw(prediction, SAMPLES).axes
    edges, values = drawn(over_time)
    assert edges == [0, 5, 7, 12]
    assert [label.get_text() for label in over_time.get_yticklabels()] == ["jazz", "blues", "rock"]
    np.testing.assert_array_equal(values, prediction.curve[:, [1, 0, 2]].T)
    assert over_time.get_xlim() == (0, 12)
    assert [text.get_text() for text in over_time.texts] == ["70%", "80%", "90%"]


def test_what_was_not_heard_stays_empty(prediction):
    prediction.windows = [(0.0, 3.0), (4.0, 7.0), (8.0, 12.0)]
    edges, values = drawn(prediction_plot.draw(prediction, SAMPLES).axes[1])
    assert edges == [0, 3, 4, 7, 8, 12]
    assert values.mask[0].tolist() == [False, True, False, True, False]


def test_doubts_stand_above_the_plot(prediction):
    texts = [text.get_text() for text in prediction_plot.draw(prediction, SAMPLES).texts]
    assert texts == ["song.mp3: jazz, 63%"]
    doubted = replace(prediction, low_confidence="no genre has 70%")
    assert prediction_plot.draw(doubted, SAMPLES).texts[1].get_text() == "low confidence: no genre has 70%"


def test_over_time_alone_has_no_headline_and_keeps_its_width(prediction):
    figure = prediction_plot.draw(prediction, SAMPLES, width=4, over_time_only=True)
    assert figure.get_figwidth() == 4
    assert not figure.texts
    above, below = figure.axes
    assert above.get_position().x0 == below.get_position().x0
    assert above.get_xlim() == below.get_xlim()


def test_long_files_have_minutes(prediction):
    stretched = replace(prediction, seconds=240.0, windows=[(0.0, 100.0), (100.0, 200.0), (140.0, 240.0)])
    axes = prediction_plot.draw(stretched, SAMPLES).axes[1]
    axes.figure.canvas.draw()
    assert "1:00" in [label.get_text() for label in axes.get_xticklabels()]


def test_the_spectrogram_of_a_long_file_reads_only_its_frames(prediction, monkeypatch):
    noise = np.random.default_rng(0).standard_normal(10 * prediction_plot.SAMPLE_RATE).astype(np.float32)
    picture = prediction_plot.draw(prediction, noise).axes[0].images[0].get_array()
    monkeypatch.setattr(prediction_plot, "COLUMNS", 50)  # so that frames are further apart than they are long
    hop = -(-len(noise) // 50)
    clip = Clip(noise, prediction_plot.SAMPLE_RATE, [(prediction_plot.N_FFT, hop)])
    power = clip.mel_power(prediction_plot.N_FFT, hop, prediction_plot.N_MELS)
    found = prediction_plot.draw(prediction, noise).axes[0].images[0].get_array()
    np.testing.assert_array_equal(found, decibels(power, reference=power.max()))
    assert found.shape[1] < picture.shape[1]


def test_the_same_prediction_gives_the_same_bytes(prediction):
    first, second = (style.to_png(prediction_plot.draw(prediction, SAMPLES), dpi=60) for _ in range(2))
    assert first == second
