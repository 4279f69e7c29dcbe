"""The features of degraded test clips."""

import numpy as np
import pytest
import soundfile

from genrebench.audio import decode
from genrebench.audio.degradations import Recipe, degrade, seed_of
from genrebench.common import files
from genrebench.extraction import store as stores
from genrebench.extraction.degraded import extract_degraded, read_degraded

RATE = 22050
AUDIO = {"sample_rate": RATE, "duration": "longest"}
FEATURES = {"waveform": {}, "mel": {"n_fft": 2048, "hop_length": 512, "n_mels": 16}}


@pytest.fixture
def folder(tmp_path):
    """Three clips, of which the first two are test clips."""
    clips, split = [], []
    for number, subset in enumerate(["test", "test", "train"]):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(RATE), RATE, subtype="FLOAT")
        clips.append({"clip_id": f"c{number}", "path": str(path), "md5": f"{number:032x}"})
        split.append({"clip_id": f"c{number}", "subset": subset})
    files.write_rows(tmp_path / "manifest.csv", list(clips[0]), clips)
    files.write_rows(tmp_path / "split.csv", list(split[0]), split)
    return tmp_path


def extract(folder, recipe, seed=0, features=FEATURES):
    """The arrays by feature and clip, and the keys."""
    done = folder / "store/any/from-audio.json"
    splits = [folder / "split.csv"]
    extract_degraded(folder / "manifest.csv", splits, AUDIO, features, "any", recipe, seed, done.parent, done)
    keys = files.read_json(done)["keys"]
    clips = files.read_rows(folder / "manifest.csv")[:2]
    arrays = {name: dict(read_degraded(done.parent, name, keys, clips)) for name in features}
    return arrays, keys


def test_an_empty_recipe_gives_the_features_of_the_clips_as_they_are(folder):
    arrays, _ = extract(folder, {})
    for row in (0, 1):
        expected = stores.extract(folder / f"{row}.wav", RATE, FEATURES)
        for name, values in expected.items():
            np.testing.assert_array_equal(arrays[name][row], values)


def test_all_features_are_of_the_clip_that_the_recipe_makes(folder):
    recipe = {"gain_db": -20.0, "snr_db": 10.0}
    arrays, _ = extract(folder, recipe, seed=4)
    degraded = degrade(
        decode.load(folder / "1.wav", RATE), RATE, Recipe.model_validate(recipe), seed_of(f"{1:032x}", "any", 4)
    )
    soundfile.write(folder / "degraded.wav", degraded, RATE, subtype="FLOAT")
    for name, values in stores.extract(folder / "degraded.wav", RATE, FEATURES).items():
        np.testing.assert_allclose(arrays[name][1], values, rtol=1e-5)


def test_only_test_clips_are_read_and_only_once(folder, monkeypatch):
    read = []
    load = decode.load
    monkeypatch.setattr(stores.decode, "load", lambda path, rate: read.append(path) or load(path, rate))
    extract(folder, {"gain_db": -20.0})
    assert sorted(read) == [str(folder / "0.wav"), str(folder / "1.wav")]
    read.clear()
    extract(folder, {"gain_db": -20.0})
    assert read == []


def test_another_recipe_or_seed_has_arrays_of_its_own(folder):
    _, keys = extract(folder, {"snr_db": 10.0})
    assert extract(folder, {"snr_db": 10.0})[1] == keys
    for recipe, seed in (({"snr_db": 20.0}, 0), ({"snr_db": 10.0}, 1)):
        assert {*extract(folder, recipe, seed)[1].values()}.isdisjoint(keys.values())
    assert {*stores.Store("x", FEATURES, AUDIO).keys.values()}.isdisjoint(keys.values())
