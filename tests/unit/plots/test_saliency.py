import json

import numpy as np
import pytest
from PIL import Image

from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import results as evaluation
from genrebench.evaluation.occlusion import Map
from genrebench.plots import saliency


def test_maps_are_drawn_for_models_with_and_without_the_clip():
    plane = np.random.default_rng(0).normal(size=(16, 40))
    bits = np.zeros((8, 16))
    bits[1, 3] = 1
    clips = [{"clip_id": c, "genre": "jazz", "wrong": "2", "models": "3"} for c in ("one", "two")]
    one = Map(plane, "jazz", 0.5, bits, 4.0)
    maps = {"cnn": {"one": one, "two": Map(plane, "rock", 0.4, np.zeros((8, 16)), 0.0)}, "vgg16": {"one": one}}
    figure = saliency.draw(clips, maps)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    expected = (("one", "jazz"), ("cnn", "2.00"), ("vgg16", "2.00"), ("two", "jazz"), ("cnn", "1.00"), ("vgg16", "not"))
    assert all(name in title and shown in title for (name, shown), title in zip(expected, titles, strict=True))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A small network of two features, trained for real, whose features are not in the order of the alphabet."""
    from genrebench.training import run as training

    folder = tmp_path_factory.mktemp("saliency")
    rng = np.random.default_rng(0)
    genres = ["jazz"] * 8 + ["rock"] * 8
    clips = [{"clip_id": f"{g}.{i}", "genre": g, "artist": "", "duration_s": "2.0"} for i, g in enumerate(genres)]
    files.write_rows(folder / "manifest.csv", list(clips[0]), clips)
    mel = rng.normal(size=(16, 16, 32))
    mel[8:, 2:6] += 3  # rock is what is loud in low bands
    (folder / "features").mkdir()
    for name, values, axes in (
        ("mel", mel, ["band", "frame"]),
        ("chroma", rng.normal(size=(16, 12, 20)), ["pitch class", "frame"]),
    ):
        np.save(folder / f"features/{name}.npy", values.astype(np.float32))
        facts = {"available": True, "axes": axes, "sha256": name, "seconds": 2.0, "lengths": [values.shape[-1]] * 16}
        files.write_json(folder / f"features/{name}.json", facts)
    subsets = ["train"] * 5 + ["valid"] + ["test"] * 2
    split = [{"clip_id": c["clip_id"], "subset": s} for c, s in zip(clips, subsets * 2, strict=True)]
    files.write_rows(folder / "splits/artist/repeat0.csv", ["clip_id", "subset"], split)
    counts = {genre: {"train": 5} for genre in ("jazz", "rock")}
    facts = {"protocol": "artist", "split": "repeat0", "available": True, "genres": counts}
    files.write_json(folder / "splits/artist/repeat0.json", facts)
    settings = {
        **{"features": ["mel", "chroma"], "scaler_fit_on": "train", "epochs": 6, "batch_size": 8, "optimizer": "adam"},
        **{"learning_rate": 0.02, "warmup_epochs": 0, "schedule": "constant", "early_stopping": 0, "keep": "best"},
        **{"class_weights": "balanced", "augmentation": {}, "filters": [4, 4], "kernel": 3, "dropout": 0.0, "dense": 8},
    }
    run = folder / "runs/cnn/artist/repeat0/seed0"
    training.train(
        "cnn",
        settings,
        {"threads": 1, "backend": "tensorflow", "precision": "float32"},
        0,
        str(folder / "manifest.csv"),
        str(folder / "splits/artist/repeat0.csv"),
        [str(folder / f"features/{name}.json") for name in settings["features"]],
        folder / "checkpoints",
        run,
        folder / "cost.json",
    )
    keys = [RunKey("cnn", "artist", "repeat0", 0)]
    evaluated = evaluation.evaluate(folder / "runs/cnn", keys, folder / "manifest.csv", folder / "splits")
    evaluated.write(folder / "evaluation/cnn")
    tested = [row for row in files.read_rows(run / "predictions.csv") if row["subset"] == "test"]
    errors = [
        {"protocol": "artist", "clip_id": row["clip_id"], "genre": row["predicted"], "wrong": "0", "models": "1"}
        for row in tested
    ]
    files.write_rows(folder / "errors.csv", list(errors[0]), errors)
    return folder


def draw(folder, models):
    saliency.study_saliency(
        folder / "manifest.csv",
        folder / "errors.csv",
        models,
        {"models": models, "clips": 2},
        *(folder / name for name in ("evaluation", "runs", "features", "saliency.png", "saliency.json")),
    )
    return files.read_json(folder / "saliency.json")


def test_a_saved_network_predicts_as_it_was_evaluated_and_its_saliency_is_what_it_learned(results):
    facts = draw(results, ["cnn", "vgg16"])
    assert list(facts["unavailable"]) == ["vgg16"]
    rows = {row["clip_id"]: row for row in files.read_rows(results / "runs/cnn/artist/repeat0/seed0/predictions.csv")}
    assert {one["genre"] for one in facts["models"]["cnn"].values()} == {"jazz", "rock"}
    for clip, found in facts["models"]["cnn"].items():
        assert found["predicted"] == rows[clip]["predicted"] == found["genre"]
        assert found["probability"] == pytest.approx(float(rows[clip][found["predicted"]]), abs=1e-5)
    rock = next(found for clip, found in facts["models"]["cnn"].items() if clip.startswith("rock"))
    assert abs(rock["largest"]) > 0.1
    assert rock["low"] > 0.6  # the bands in which rock differs are in the lower half
    with Image.open(results / "saliency.png") as picture:
        assert min(picture.size) > 200


def test_a_network_that_was_evaluated_with_other_probabilities_is_not_explained(results):
    path = results / "evaluation/cnn/predictions.csv"
    text = path.read_text()
    rows = files.read_rows(path)
    files.write_rows(path, list(rows[0]), [row | {"jazz": 0.5, "rock": 0.5} for row in rows])
    facts = draw(results, ["cnn"])
    path.write_text(text)
    assert "0.500" in facts["unavailable"]["cnn"]
    assert facts["models"] == {}


def test_unsuitable_models_have_a_reason(results):
    config = results / "runs/cnn/artist/repeat0/seed0/config.json"
    given = files.read_json(config)
    reasons = {}
    for name, changed in {
        "segments": {"settings": given["settings"] | {"segments": {"length_s": 1, "hop_s": 1}}},
        "forest": {"compute": {"threads": 1}},
        "chroma": {"settings": given["settings"] | {"features": ["chroma"]}},
    }.items():
        files.write_json(config, given | changed)
        reasons[name] = draw(results, ["cnn"])["unavailable"]["cnn"]
    files.write_json(config, given)
    assert len(set(reasons.values())) == 3
    assert "segments" in reasons["segments"] and "Keras" in reasons["forest"] and "spectrogram" in reasons["chroma"]
    assert json.loads((results / "saliency.json").read_text())["models"] == {}
