"""Tests of what networks go by: the patch that decides is found, and a trained network is met again."""

import json

import numpy as np
import pytest
from PIL import Image

import draw_saliency
from genrebench.common import files
from genrebench.evaluation import occlusion
from genrebench.plots import saliency
from genrebench.plots.saliency import Map
from genrebench.reporting import sections


def logistic(bits):
    """The probability whose odds are 2^bits."""
    return 1 / (1 + 2.0**-bits)


def test_the_patch_that_decides_is_found():
    """Cell (2, 5) of 8 x 16 speaks for the class with 3 bits, cell (6, 11) against it with 1."""
    plane = np.zeros((80, 160), np.float32)
    plane[20:30, 50:60] = 1
    plane[60:70, 110:120] = 1

    def probability(planes):
        return logistic(3 * planes[:, 20:30, 50:60].mean(axis=(1, 2)) - planes[:, 60:70, 110:120].mean(axis=(1, 2)))

    whole, bits = occlusion.sensitivity(plane, probability)
    assert whole == pytest.approx(0.8)
    assert bits.shape == occlusion.GRID
    assert bits[2, 5] == bits.max() == pytest.approx(3, abs=1e-5)  # all four patches over it hide all of it
    assert bits[6, 11] == bits.min() == pytest.approx(-1, abs=1e-5)
    # a neighbour shares two of its four patches, a diagonal one a single one, what is further away none
    assert [bits[2, 6], bits[1, 5], bits[3, 6], bits[2, 7]] == pytest.approx([1.5, 1.5, 0.75, 0], abs=1e-5)


def test_the_weight_of_evidence_is_that_of_the_paper():
    """Zintgraf et al. (2017): log2 of p / (1 - p) with the part less that without; of certainty too."""
    plane = np.ones((1, 1), np.float32)
    _, bits = occlusion.sensitivity(plane, lambda planes: np.where(planes[:, 0, 0] == 1, 0.9, 0.4))
    assert bits == pytest.approx(np.array([[np.log2(0.9 / 0.1) - np.log2(0.4 / 0.6)]]))
    _, bits = occlusion.sensitivity(plane, lambda planes: planes[:, 0, 0])
    assert np.isfinite(bits).all()


def test_what_covers_a_part_is_the_fill():
    plane = np.full((16, 16), 2.0, np.float32)
    _, bits = occlusion.sensitivity(plane, lambda planes: logistic(planes.mean(axis=(1, 2))), fill=2.0)
    assert not bits.any()


def test_a_plane_smaller_than_the_grid_has_a_cell_for_each_value():
    plane = np.arange(6, dtype=np.float32).reshape(2, 3)
    whole, bits = occlusion.sensitivity(plane, lambda planes: logistic(planes.sum(axis=(1, 2))))
    assert (whole, bits.shape) == (pytest.approx(logistic(15.0)), (2, 3))
    # patches that cover the first value: of it alone, with its right, its upper, and all four neighbours
    assert bits[0, 0] == pytest.approx((0 + 1 + 3 + (0 + 1 + 3 + 4)) / 4, rel=1e-3)


def test_planes_are_predicted_in_full_batches():
    """Each size of batch is traced anew by TensorFlow."""
    sizes = []

    def probability(planes):
        sizes.append(len(planes))
        return np.full(len(planes), 0.5)

    occlusion.sensitivity(np.zeros((80, 160), np.float32), probability)
    assert set(sizes) == {occlusion.BATCH}


def test_clips_are_taken_from_both_ends_and_of_different_genres():
    genres = ["rock", "rock", "jazz", "pop", "metal", "metal"]
    rows = [{"clip_id": str(i), "genre": genre} for i, genre in enumerate(genres)]
    assert [row["clip_id"] for row in draw_saliency.choose(rows, 4)] == ["0", "2", "3", "5"]
    same = [{"clip_id": str(i), "genre": "rock"} for i in range(3)]
    assert [row["clip_id"] for row in draw_saliency.choose(same, 4)] == ["0", "1", "2"]
    assert draw_saliency.choose([], 4) == []


def test_maps_are_drawn_for_models_with_and_without_the_clip(tmp_path):
    plane = np.random.default_rng(0).normal(size=(16, 40))
    bits = np.zeros((8, 16))
    bits[1, 3] = 1
    clips = [{"clip_id": c, "genre": "jazz", "wrong": "2", "models": "3"} for c in ("one", "two")]
    one = Map(plane, "jazz", 0.5, bits, 4.0)
    maps = {"cnn": {"one": one, "two": Map(plane, "rock", 0.4, np.zeros((8, 16)), 0.0)}, "vgg16": {"one": one}}
    figure = saliency.draw(clips, maps)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "one\njazz, 2 of 3 models wrong",
        "cnn: jazz 50%, right\nodds change up to 2.00-fold",
        "vgg16: jazz 50%, right\nodds change up to 2.00-fold",
        "two\njazz, 2 of 3 models wrong",
        "cnn: rock 40%, wrong\nodds change up to 1.00-fold",
        "vgg16\nwas not tested on this clip",
    ]


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
        **{"learning_rate": 0.02, "warmup_epochs": 0, "schedule": "constant", "early_stopping": 0},
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
    status = {"model": "cnn", "protocol": "artist", "split": "repeat0", "seed": "0", "status": "done"}
    files.write_rows(
        folder / "statuses.csv", list(status), [status, status | {"model": "vgg16", "status": "unavailable"}]
    )
    tested = [row for row in files.read_rows(run / "predictions.csv") if row["subset"] == "test"]
    errors = [
        {"protocol": "artist", "clip_id": row["clip_id"], "genre": row["predicted"], "wrong": "0", "models": "1"}
        for row in tested
    ]
    files.write_rows(folder / "errors.csv", list(errors[0]), errors)
    return folder


def draw(folder, models):
    draw_saliency.draw_saliency(
        folder / "manifest.csv",
        folder / "errors.csv",
        folder / "statuses.csv",
        models,
        {"models": models, "clips": 2},
        *(folder / name for name in ("runs", "splits", "features", "saliency.png", "saliency.json")),
    )
    return files.read_json(folder / "saliency.json")


def test_a_trained_network_is_met_again_and_goes_by_what_it_was_taught(results):
    facts = draw(results, ["cnn", "vgg16"])
    assert facts["not_looked_at"] == {"vgg16": "It was not run under the protocol that is quoted."}
    rows = {row["clip_id"]: row for row in files.read_rows(results / "runs/cnn/artist/repeat0/seed0/predictions.csv")}
    assert {one["genre"] for one in facts["models"]["cnn"].values()} == {"jazz", "rock"}
    for clip, found in facts["models"]["cnn"].items():
        assert found["named"] == rows[clip]["predicted"] == found["genre"]
        assert found["probability"] == pytest.approx(float(rows[clip][found["named"]]), abs=1e-5)
    rock = next(found for clip, found in facts["models"]["cnn"].items() if clip.startswith("rock"))
    assert abs(rock["largest"]) > 0.1
    assert rock["low"] > 0.6  # the bands in which rock differs are in the lower half
    with Image.open(results / "saliency.png") as picture:
        assert min(picture.size) > 200
    (sentence,) = sections.describe_saliency(results / "saliency.json")["sentences"]
    assert sentence.startswith("cnn names 2 of 2 clips right; covering a part changes the odds of its answer up to ")


def test_a_network_that_says_another_thing_than_its_predictions_is_not_looked_at(results):
    path = results / "runs/cnn/artist/repeat0/seed0/predictions.csv"
    text = path.read_text()
    rows = files.read_rows(path)
    files.write_rows(path, list(rows[0]), [row | {"jazz": 0.5, "rock": 0.5} for row in rows])
    facts = draw(results, ["cnn"])
    path.write_text(text)
    assert "but its predictions.csv has 0.500" in facts["not_looked_at"]["cnn"]
    assert facts["models"] == {}


def test_models_that_cannot_be_looked_at_are_named_with_the_reason(results):
    config = results / "runs/cnn/artist/repeat0/seed0/config.json"
    given = files.read_json(config)
    reasons = {}
    for name, changed in {
        "segments": {"settings": given["settings"] | {"segments": {"length_s": 1, "hop_s": 1}}},
        "forest": {"compute": {"threads": 1}},
        "chroma": {"settings": given["settings"] | {"features": ["chroma"]}},
    }.items():
        files.write_json(config, given | changed)
        reasons[name] = draw(results, ["cnn"])["not_looked_at"]["cnn"]
    files.write_json(config, given)
    assert reasons == {
        "segments": "It is trained on segments, and this looks at whole clips.",
        "forest": "It is no network of Keras.",
        "chroma": "It reads no spectrogram.",
    }
    assert json.loads((results / "saliency.json").read_text())["models"] == {}
