"""What trained runs predict of degraded clips."""

import numpy as np
import pytest
import soundfile

from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.datasets import tables as dataset_tables
from genrebench.evaluation import degraded, results, robustness, tables
from genrebench.extraction.collect import collect_feature
from genrebench.extraction.degraded import extract_degraded
from genrebench.training import run as training

RATE = 22050
AUDIO = {"sample_rate": RATE, "duration": "longest"}
MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 16}
CONDITIONS = {"same": {}, "slower": {"speed": 0.8}, "dull": {"low_pass_hz": 300.0}}
SETTINGS = {"module": "logistic", "features": ["mel"], "scaler_fit_on": "train", "C": 1.0, "max_iter": 1000}
MODELS = {
    "whole": SETTINGS | {"cut": {"percentile": 50.0, "at_least": 8}},
    "segments": SETTINGS | {"segments": {"length_s": 0.3, "hop_s": 0.2}},
    "pooled": SETTINGS | {"module": "linear_probe", "classifier": "logistic", "C": [0.1], "pooling": ["mean", "std"]},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Tones of two heights in noise, of different lengths; runs of linear models of three kinds."""
    folder = tmp_path_factory.mktemp("robustness")
    random = np.random.default_rng(0)
    clips, split = [], []
    for number in range(20):
        genre, seconds = ("low", "high")[number % 2], 1 + 0.05 * (number % 5)
        time = np.arange(round(seconds * RATE)) / RATE
        tone = 0.1 * np.sin(2 * np.pi * {"low": 800, "high": 3000}[genre] * time)
        path = folder / f"{number}.wav"
        soundfile.write(path, tone + 0.03 * random.standard_normal(len(time)), RATE, subtype="FLOAT")
        clips.append({"clip_id": f"c{number}", "genre": genre, "path": str(path), "md5": f"{number:032x}"})
        clips[-1]["duration_s"] = len(time) / RATE
        split.append({"clip_id": f"c{number}", "subset": "test" if number < 6 else "valid" if number < 9 else "train"})
    dataset_tables.MANIFEST.write(folder / "manifest.csv", clips)
    files.write_rows(folder / "splits/artist/repeat0.csv", list(split[0]), split)
    facts = {"protocol": "artist", "split": "repeat0", "available": True}
    facts["genres"] = {genre: {"train": 5} for genre in ("low", "high")}
    files.write_json(folder / "splits/artist/repeat0.json", facts)
    cache = folder / "features/mel.npy"
    cache.parent.mkdir()
    description = cache.with_suffix(".json")
    collect_feature("mel", MEL, AUDIO, folder / "manifest.csv", 1, folder / "clean", None, cache, description)
    for name, recipe in CONDITIONS.items():
        places = folder / "store" / name, folder / f"done/{name}.json"
        split = folder / "splits/artist/repeat0.csv"
        extract_degraded(folder / "manifest.csv", split, "test", AUDIO, {"mel": MEL}, name, recipe, 0, *places)
    for model, settings in MODELS.items():
        run = folder / "runs" / model / "artist/repeat0/seed0"
        training.train(
            model,
            settings,
            {"threads": 1},
            0,
            folder / "manifest.csv",
            folder / "splits/artist/repeat0.csv",
            [description],
            folder / "checkpoints",
            run,
            folder / f"{model}.json",
        )
        keys = [RunKey(model, "artist", "repeat0", 0)]
        results.evaluate(folder / "runs" / model, keys, folder / "manifest.csv", folder / "splits").write(
            folder / "evaluation" / model
        )
        tables.DEGRADED.write(folder / f"degraded/{model}.csv", predict(folder, keys))
    return folder


def predict(folder, keys):
    done = [folder / f"done/{name}.json" for name in CONDITIONS]
    return degraded.predict(keys, folder / "runs", folder / "manifest.csv", folder / "features", done, folder)


@pytest.mark.parametrize("model", MODELS)
def test_an_empty_recipe_gives_the_predictions_of_the_evaluation(dataset, model):
    found = tables.DEGRADED.read(dataset / f"degraded/{model}.csv")
    evaluated = tables.PREDICTIONS.read(dataset / f"evaluation/{model}/predictions.csv")
    expected = evaluated[evaluated["subset"] == "test"].set_index("clip_id").sort_index()
    same = found[found["condition"] == "same"].set_index("clip_id").sort_index()
    assert list(same.index) == list(expected.index)
    assert list(same["predicted"]) == list(expected["predicted"])
    np.testing.assert_allclose(same[["high", "low"]], expected[["high", "low"]], atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_each_run_predicts_its_test_clips_under_each_condition(dataset, model):
    found = tables.DEGRADED.read(dataset / f"degraded/{model}.csv")
    assert list(found["condition"].unique()) == list(CONDITIONS)
    assert {*found["clip_id"]} == {f"c{number}" for number in range(6)}
    assert len(found) == 6 * len(CONDITIONS)
    np.testing.assert_allclose(found[["high", "low"]].sum(axis=1), 1, atol=1e-6)
    by_condition = {name: own["high"].to_numpy() for name, own in found.groupby("condition")}
    assert not np.allclose(by_condition["same"], by_condition["dull"], atol=0.01)


def test_a_run_that_is_unavailable_predicts_nothing(dataset):
    run = dataset / "runs/none/artist/repeat0/seed0"
    files.write_json(run / "status.json", {"status": "unavailable", "reason": "So."})
    assert predict(dataset, [RunKey("none", "artist", "repeat0", 0)]).empty


def test_accuracies_and_their_differences(dataset):
    rows = robustness.study(dataset / "evaluation", dataset / "degraded", list(MODELS), "artist", list(CONDITIONS))
    assert [(row["model"], row["condition"]) for row in rows] == [
        (model, condition) for model in MODELS for condition in ("clean", *CONDITIONS)
    ]
    by_name = {(row["model"], row["condition"]): row for row in rows}
    for model in MODELS:
        clean, same = by_name[model, "clean"], by_name[model, "same"]
        assert (clean["runs"], clean["clips"]) == (1, 6)
        assert same["accuracy"] == clean["accuracy"] >= 5 / 6
        assert (same["difference"], same["difference_low"], same["difference_high"]) == (0, 0, 0)
