"""The features of degraded test clips."""

import numpy as np
import pytest
import soundfile

from genrebench.audio import decode
from genrebench.audio.degradations import degrade, seed_of
from genrebench.audio.recipes import Recipe
from genrebench.common import files
from genrebench.extraction import store as stores
from genrebench.extraction.degraded import extract_degraded
from genrebench.training.copies import Degraded, by_condition

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


def extract(folder, recipe, seed=0, features=FEATURES, subset="test"):
    """What was extracted, and the arrays by feature of the clips of the subset."""
    done, store = folder / "done.json", folder / "store"
    extract_degraded(
        folder / "manifest.csv", folder / "split.csv", subset, AUDIO, features, "any", recipe, seed, store, done
    )
    found = Degraded([done])
    subset_of = {row["clip_id"]: row["subset"] for row in files.read_rows(folder / "split.csv")}
    clips = [clip for clip in files.read_rows(folder / "manifest.csv") if subset_of[clip["clip_id"]] == subset]
    shapes = {"waveform": (16000,), "mel": (16, 44)}
    return found, {
        name: found.write(name, clips, shapes[name], folder / f"{name}.npy")[0] for name in features if clips
    }


def test_an_empty_recipe_gives_the_features_of_the_clips_as_they_are(folder):
    _, arrays = extract(folder, {})
    for row in (0, 1):
        expected = stores.extract(folder / f"{row}.wav", RATE, FEATURES)
        for name, values in expected.items():
            np.testing.assert_array_equal(arrays[name][row], values)


def test_all_features_are_of_the_clip_that_the_recipe_makes(folder):
    recipe = {"gain_db": -20.0, "snr_db": 10.0}
    _, arrays = extract(folder, recipe, seed=4)
    degraded = degrade(
        decode.load(folder / "1.wav", RATE), RATE, Recipe.model_validate(recipe), seed_of(f"{1:032x}", "any", 4)
    )
    soundfile.write(folder / "degraded.wav", degraded, RATE, subtype="FLOAT")
    for name, values in stores.extract(folder / "degraded.wav", RATE, FEATURES).items():
        np.testing.assert_allclose(arrays[name][1], values, rtol=1e-5)


def test_only_clips_of_the_subset_are_read_and_only_once(folder, monkeypatch):
    read = []
    load = decode.load
    monkeypatch.setattr(stores.decode, "load", lambda path, rate: read.append(path) or load(path, rate))
    extract(folder, {"gain_db": -20.0})
    assert sorted(read) == [str(folder / "0.wav"), str(folder / "1.wav")]
    read.clear()
    extract(folder, {"gain_db": -20.0})
    assert read == []


def test_another_recipe_or_seed_has_arrays_of_its_own(folder):
    keys = extract(folder, {"snr_db": 10.0})[0].facts["keys"]
    assert extract(folder, {"snr_db": 10.0})[0].facts["keys"] == keys
    for recipe, seed in (({"snr_db": 20.0}, 0), ({"snr_db": 10.0}, 1)):
        assert {*extract(folder, recipe, seed)[0].facts["keys"].values()}.isdisjoint(keys.values())
    assert {*stores.Store("x", FEATURES, AUDIO).keys.values()}.isdisjoint(keys.values())


def test_arrays_are_cut_and_padded_and_their_lengths_known(folder):
    found, _ = extract(folder, {"speed": 0.5}, features={"mel": FEATURES["mel"]})
    clips = files.read_rows(folder / "manifest.csv")[:2]
    values, lengths = found.write("mel", clips, (16, 60), folder / "cut.npy")
    assert values.shape == (2, 16, 60) and lengths == [60, 60] and found.speed == 0.5
    values, lengths = found.write("mel", clips, (16, 100), folder / "padded.npy")
    assert lengths == [87, 87]
    assert (values[:, :, 87:] == found.pad_values["mel"]).all() and (values[:, :, :87] != found.pad_values["mel"]).any()


def test_conditions_are_joined_from_the_files_of_their_groups(folder):
    done = []
    for condition, feature in (("one", "mel"), ("two", "mel"), ("one", "waveform")):
        done.append(folder / condition / f"{feature}.json")
        extract_degraded(
            *(folder / "manifest.csv", folder / "split.csv", "train", AUDIO, {feature: FEATURES[feature]}, condition),
            *({"gain_db": -6.0}, 0, folder / "store" / condition, done[-1]),
        )
    first, second = by_condition(done)
    assert (first.condition, {*first.facts["keys"]}) == ("one", {"mel", "waveform"})
    assert (second.condition, {*second.facts["keys"]}) == ("two", {"mel"})
