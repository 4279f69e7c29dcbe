"""The prediction for a file: its windows, and when it has low confidence."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from exported_models import CLASSICAL, RATE, SECONDS, Corpus, tone
from genrebench.audio import plausibility, samples
from genrebench.audio.plausibility import RejectedError
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference import predictor as inference
from genrebench.inference.predictor import Predictor, split_into_windows


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A corpus with an exported logistic regression, `best`."""
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    corpus.train("logistic", CLASSICAL["logistic"])
    corpus.export("logistic", name="best")
    return corpus


@pytest.fixture(scope="module")
def predictor(exported):
    return Predictor(exported.folder / "export/best")


def test_windows_are_as_long_as_the_training_clips():
    assert split_into_windows(3.0, 4.0) == [(0.0, 3.0)]
    assert split_into_windows(4.0, 4.0) == [(0.0, 4.0)]
    assert split_into_windows(8.9, 4.0) == [(0.0, 4.0), (4.0, 8.0)]  # what is left is too short
    assert split_into_windows(10.0, 4.0) == [(0.0, 4.0), (4.0, 8.0), (6.0, 10.0)]  # the last one ends with the file


def test_a_long_file_is_the_mean_of_its_windows(predictor, tmp_path):
    soundfile.write(tmp_path / "long.flac", tone("treble", 91, 2.6 * SECONDS), RATE)
    found = predictor.predict(tmp_path / "long.flac")
    assert found.windows == [(0.0, 2.0), (2.0, 4.0), (pytest.approx(3.2), pytest.approx(5.2))]
    assert found.genre == "treble"
    whole, _ = soundfile.read(tmp_path / "long.flac", dtype="float32")
    for (start, end), expected in zip(found.windows, found.curve, strict=True):
        soundfile.write(tmp_path / "window.wav", whole[round(start * RATE) : round(end * RATE)], RATE, subtype="FLOAT")
        np.testing.assert_allclose(predictor.predict(tmp_path / "window.wav").probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, found.curve.mean(axis=0))


def test_a_file_that_does_not_fit_in_memory_has_the_same_prediction(predictor, tmp_path, monkeypatch):
    music = np.concatenate([np.zeros(3 * RATE), tone("treble", 91, 6.7 * SECONDS), np.zeros(2 * RATE)])
    soundfile.write(tmp_path / "long.flac", music, RATE)
    expected = predictor.predict(tmp_path / "long.flac")
    monkeypatch.setattr(samples, "IN_MEMORY", RATE)
    monkeypatch.setattr(plausibility, "BLOCK", RATE // 3)
    monkeypatch.setattr(inference, "AT_A_TIME", 2)
    found = predictor.predict(tmp_path / "long.flac")
    assert (found.windows, found.warnings, found.seconds) == (expected.windows, expected.warnings, expected.seconds)
    np.testing.assert_allclose(found.curve, expected.curve, atol=1e-7)
    assert found.low_confidence == expected.low_confidence and len(found.windows) == 7


def test_silence_around_and_within_the_music_changes_nothing(predictor, tmp_path):
    music = tone("treble", 91, SECONDS)
    silence = np.zeros(20 * RATE)
    soundfile.write(tmp_path / "plain.wav", music, RATE)
    soundfile.write(tmp_path / "late.wav", np.concatenate([silence, music, silence]), RATE)
    soundfile.write(tmp_path / "gap.wav", np.concatenate([music, silence, music]), RATE)
    plain, late, gap = (predictor.predict(tmp_path / f"{name}.wav") for name in ("plain", "late", "gap"))
    assert plain.warnings == [] and len(late.warnings) == 2 and len(gap.warnings) == 1
    np.testing.assert_allclose(late.probabilities, plain.probabilities, atol=1e-6)
    np.testing.assert_allclose(gap.probabilities, plain.probabilities, atol=1e-6)
    assert late.seconds == pytest.approx(42.0) and late.windows == [(20.0, 22.0)]
    assert gap.windows == [(0.0, 2.0), (22.0, 24.0)]


def test_a_file_is_rejected_as_the_manifest_would_and_by_a_length_that_is_given(predictor, tmp_path):
    soundfile.write(tmp_path / "song.wav", tone("bass", 92, 20.0), RATE)
    with pytest.raises(RejectedError, match="too long"):
        predictor.predict(tmp_path / "song.wav", max_duration_s=10)
    soundfile.write(tmp_path / "mix.wav", np.tile(tone("bass", 92, 20.0), 31), RATE)
    assert predictor.predict(tmp_path / "mix.wav").seconds > predictor.description["limits"]["max_duration_s"]
    soundfile.write(tmp_path / "opposite.wav", np.stack([tone("bass", 93, 2), -tone("bass", 93, 2)], 1), RATE)
    with pytest.raises(RejectedError, match=r"opposite\.wav is silent in mono"):
        predictor.predict(tmp_path / "opposite.wav")


def test_what_is_unlike_the_training_clips_has_low_confidence(exported, predictor, tmp_path):
    soundfile.write(tmp_path / "square.wav", np.sign(np.sin(0.3 * np.arange(2 * RATE))), RATE)
    assert "out of distribution" in predictor.predict(tmp_path / "square.wav").low_confidence
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).standard_normal(2 * RATE) / 4, RATE)
    assert "no genre reaches" in predictor.predict(tmp_path / "noise.wav").low_confidence
    marked = [bool(predictor.predict(clip["path"]).low_confidence) for clip in exported.clips]
    assert np.mean(marked) < 0.5


def test_an_export_of_another_format_is_refused_with_both(tmp_path):
    files.write_json(tmp_path / "export.json", {"format": 1})
    with pytest.raises(InputError, match=r"format 1.* format 3.*Export the model again"):
        Predictor(tmp_path)


def test_nothing_slow_is_imported(exported):
    """TensorFlow, scikit-learn, librosa, pandas and matplotlib take seconds; a linear model needs none of them."""
    code = (
        "import sys; from genrebench.inference.predictor import Predictor; "
        f"Predictor({str(exported.folder / 'export/best')!r}).predict({exported.clips[0]['path']!r}); "
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'librosa', 'pandas', 'matplotlib', 'torch') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
