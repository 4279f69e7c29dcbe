"""Degraded copies of training clips."""

import numpy as np
import pytest
import soundfile

from genrebench.common import files
from genrebench.datasets import tables
from genrebench.extraction.collect import collect_feature
from genrebench.extraction.degraded import extract_degraded
from genrebench.training import run as training
from genrebench.training.copies import by_condition, with_copies
from genrebench.training.data import Data, Feature, Stacked, Windows

RATE = 22050
AUDIO = {"sample_rate": RATE, "duration": "longest"}
MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 8}
RECIPES = {"dull": {"low_pass_hz": 500.0}, "slower": {"speed": 0.8}}
SUBSETS = ["train"] * 6 + ["valid"] * 2 + ["test"] * 4


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Twelve tones, low and high in turn, and mel spectrograms of them and of degraded training clips."""
    folder = tmp_path_factory.mktemp("copies")
    random = np.random.default_rng(0)
    clips, split = [], []
    for number, subset in enumerate(SUBSETS):
        genre, seconds = ("low", "high")[number % 2], 1 + 0.05 * (number % 5)
        time = np.arange(round(seconds * RATE)) / RATE
        samples = 0.1 * np.sin(2 * np.pi * {"low": 800, "high": 3000}[genre] * time)
        path = folder / f"{number}.wav"
        soundfile.write(path, samples + 0.03 * random.standard_normal(len(time)), RATE, subtype="FLOAT")
        clips.append({"clip_id": f"c{number}", "genre": genre, "path": str(path), "md5": f"{number:032x}"})
        clips[-1]["duration_s"] = len(time) / RATE
        split.append({"clip_id": f"c{number}", "subset": subset})
    tables.MANIFEST.write(folder / "manifest.csv", clips)
    files.write_rows(folder / "split.csv", list(split[0]), split)
    facts = {"protocol": "artist", "split": "repeat0", "available": True}
    files.write_json(folder / "split.json", facts | {"genres": {genre: {"train": 3} for genre in ("low", "high")}})
    cache, description = folder / "mel.npy", folder / "mel.json"
    collect_feature("mel", MEL, AUDIO, folder / "manifest.csv", 1, folder / "clean", None, cache, description)
    for name, recipe in RECIPES.items():
        places = folder / "store" / name, folder / f"{name}.json"
        extract_degraded(
            folder / "manifest.csv", folder / "split.csv", "train", AUDIO, {"mel": MEL}, name, recipe, 0, *places
        )
    return folder


@pytest.fixture(params=[None, {"length_s": 0.4, "hop_s": 0.2}], ids=["clips", "segments"])
def pair(request, dataset):
    """The examples without copies and with them."""
    clips, cache = files.read_rows(dataset / "manifest.csv"), Feature.open(dataset / "mel.json")
    cut = None if request.param else {"percentile": 50.0, "at_least": 8}
    data = Data.of_split(clips, files.read_rows(dataset / "split.csv"), [cache], request.param, cut)
    conditions = by_condition([dataset / f"{name}.json" for name in RECIPES])
    with with_copies(data, clips, [cache], conditions, request.param, dataset / "places") as joined:
        yield data, joined


def test_training_clips_alone_have_copies(pair):
    data, joined = pair
    count = len(data.clips)
    for subset in ("valid", "test"):
        np.testing.assert_array_equal(joined.rows[subset], data.rows[subset])
    np.testing.assert_array_equal(
        joined.features[0].values[np.arange(count)], data.features[0].values[np.arange(count)]
    )
    train = data.rows["train"]
    assert list(joined.rows["train"][: len(train)]) == list(train)
    further = joined.rows["train"][len(train) :]
    assert (further >= count).all() and (joined.clips[further] >= len(SUBSETS)).all()
    assert len(np.unique(joined.clips[further])) == len(RECIPES) * SUBSETS.count("train")
    assert joined.features[0].values.shape[1:] == data.features[0].values.shape[1:]


def test_copies_have_the_genre_of_their_clip_and_its_features_under_the_condition(pair):
    data, joined = pair
    train = data.rows["train"]
    clips = len(np.unique(data.clips[train]))
    for row in joined.rows["train"][len(train) :]:
        number, of = divmod(joined.clips[row] - len(SUBSETS), clips)
        original = train[(data.clips[train] == of) & (data.segments[train] == joined.segments[row])]
        assert len(original) == 1 and joined.labels[row] == data.labels[original[0]]
        values = [one.features[0].values[one_row] for one, one_row in ((data, original[0]), (joined, row))]
        if number == 0:  # what is above 500 Hz is quieter
            assert not np.allclose(*values, atol=1e-3)
            assert values[1].mean() < values[0].mean()


def test_random_crops_may_start_anywhere_in_a_copy_too(pair):
    data, joined = pair
    is_cut = (data.spans[data.rows["train"], 0] != data.spans[data.rows["train"], 1]).any()
    further = joined.rows["train"][len(data.rows["train"]) :]
    lengths = np.ptp(joined.spans[further], axis=1)
    assert (lengths > 0).all() if is_cut else (lengths == 0).all()
    if is_cut:
        starts = np.full(len(further), 0.1)
        feature = joined.features[0]
        assert feature.read(further, starts).shape == feature.values[further].shape


def test_without_conditions_nothing_is_written(dataset, tmp_path):
    clips, cache = files.read_rows(dataset / "manifest.csv"), Feature.open(dataset / "mel.json")
    data = Data.of_split(clips, files.read_rows(dataset / "split.csv"), [cache])
    with with_copies(data, clips, [cache], [], None, tmp_path / "places") as same:
        assert same is data
    assert not (tmp_path / "places").exists()


def test_stacked_windows_are_read_as_one_array():
    values = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    whole = [np.arange(4), np.zeros(4), None]
    stacked = Stacked(
        [Windows(values, *whole), Stacked([Windows(values + 100, *whole), Windows(values + 200, *whole)])]
    )
    expected = np.concatenate([values, values + 100, values + 200])
    assert stacked.shape == expected.shape and len(stacked) == 12
    rows = np.array([11, 0, 5, 4, 3, 0])
    np.testing.assert_array_equal(stacked[rows], expected[rows])
    np.testing.assert_array_equal(stacked[7], expected[7])


SKLEARN = {"scaler_fit_on": "train", "max_iter": 1000}
KERAS = {
    **{"scaler_fit_on": "train", "epochs": 2, "batch_size": 8, "optimizer": "adam", "learning_rate": 0.01},
    **{"warmup_epochs": 0, "schedule": "constant", "early_stopping": 0, "keep": "best", "class_weights": "balanced"},
    **{"augmentation": {}, "filters": [4, 4], "kernel": 3, "dropout": 0.0, "dense": 8},
}


@pytest.mark.parametrize(
    "module, settings, compute",
    [
        ("logistic", SKLEARN | {"C": 1.0}, {}),
        ("linear_probe", SKLEARN | {"C": [0.1], "classifier": "logistic", "pooling": ["mean"]}, {}),
        ("cnn", KERAS, {"backend": "tensorflow", "precision": "float32"}),
    ],
)
def test_models_train_on_copies_and_predict_the_clips_of_the_split(dataset, tmp_path, module, settings, compute):
    runs = {}
    for name, copies in (("without", []), ("with", [dataset / f"{name}.json" for name in RECIPES])):
        folder = tmp_path / name
        entry = settings | {"features": ["mel"]} | ({"degraded_copies": list(RECIPES)} if copies else {})
        places = dataset / "manifest.csv", dataset / "split.csv", [dataset / "mel.json"], tmp_path / "checkpoints/run"
        cost = folder.with_suffix(".json")
        training.train(module, entry, {"threads": 1, **compute}, 0, *places, folder, cost, copies=copies)
        runs[name] = files.read_rows(folder / "predictions.csv")
        assert [(row["clip_id"], row["subset"]) for row in runs[name]] == [
            (f"c{number}", subset) for number, subset in enumerate(SUBSETS)
        ]
        config = files.read_json(folder / "config.json")
        assert list(config.get("degraded_copies", {})) == (list(RECIPES) if copies else [])
        caveats = files.read_json(folder / "status.json")["caveats"]
        assert ("trained on copies under dull, slower" in caveats) == bool(copies)
    assert runs["with"] != runs["without"]
    assert not list((tmp_path / "checkpoints").iterdir())
