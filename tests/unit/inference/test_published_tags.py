"""The model that comes with the project, and how it is made.

Where GENREBENCH_MUSICNN names the dataset of the published tags, the model is made from it anew.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference import published_tags, registry
from genrebench.inference.description import check_files, read_description, summary
from genrebench.inference.predictor import Predictor

GENRES = ("blues", "jazz", "rock")
PUBLISHED = Path(os.environ.get("GENREBENCH_MUSICNN") or os.devnull)
CATALOGUE = Path("data/catalogue/gtzan.csv")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(published_tags, "REPEATS", 2)
    monkeypatch.setattr(published_tags, "PENALTIES", (0.01, 1.0))


def dataset(folder, artists=True):
    """30 clips of three genres, with tags that say which artist, of one genre, it is; the dataset and its catalogue."""
    random = np.random.default_rng(0)
    clips, tags = [], []
    for genre in GENRES:
        for number in range(10):
            artist = number // 2
            clips.append({"clip_id": f"{genre}.{number:05}", "genre": genre, "artist_group": f"{genre}{artist}"})
            own = 0.1 + 0.2 * (np.arange(50) == 10 * GENRES.index(genre)) + 0.6 * (np.arange(50) == 20 + artist)
            tags.append(np.clip(own + 0.1 * random.random((28, 50)), 0, 1))
    (folder / "features").mkdir(parents=True)
    files.write_rows(
        folder / "manifest.csv", ["clip_id", "genre"], [{k: c[k] for k in ("clip_id", "genre")} for c in clips]
    )
    np.save(folder / "features/musicnn.npy", np.array(tags, np.float32))
    catalogue = folder / "catalogue.csv"
    others = [{"clip_id": "jazz.00099", "artist_group": "jazz9"}, {"clip_id": "jazz.00098", "artist_group": "jazz0"}]
    rows = [
        {k: c[k] if artists else "" for k in ("clip_id", "artist_group")} | {"clip_id": c["clip_id"]} for c in clips
    ]
    files.write_rows(catalogue, ["clip_id", "artist_group"], rows + others)
    return folder, catalogue


def test_the_same_tags_give_the_same_bytes_which_the_predictor_reads(tmp_path):
    given = dataset(tmp_path / "tags")
    audio = tmp_path / "audio/jazz"
    audio.mkdir(parents=True)
    for clip in ("jazz.00099", "jazz.00098", "jazz.00000", "no clip"):
        soundfile.write(audio / f"{clip}.wav", 0.1 * np.random.default_rng(0).standard_normal(22050 * 4), 22050)
    made = [published_tags.make_model(*given, tmp_path / name, audio.parent) for name in "ab"]
    assert made[0] == made[1]
    found = [
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in "ab"
    ]
    assert found[0] == found[1]
    predictor = Predictor(tmp_path / "a")
    assert predictor.genres == list(GENRES)
    prediction = predictor.predict(audio / "jazz.00099.wav")
    # neither a clip of the training, nor one by an artist of it, is a test
    assert made[0]["other_clips"]["predicted"] == {"jazz.00099": prediction.genre}
    tags = published_tags.Clips.read(*given).tags
    assert tags.shape == (30, 50)
    np.testing.assert_allclose(tags, np.load(given[0] / "features/musicnn.npy")[:, ::3].mean(axis=1), rtol=1e-5)


def test_artists_are_in_one_fold_and_unknown_ones_together_by_genre(tmp_path):
    assert len(set(published_tags.Clips.read(*dataset(tmp_path / "unknown", artists=False)).groups)) == 3
    clips = published_tags.Clips.read(*dataset(tmp_path / "known"))
    assert len(set(clips.groups)) == 15
    data = clips.data()
    tested = []
    for train, test in published_tags.folds(data, clips.groups, data.rows["train"], 0):
        assert not set(clips.groups[train]) & set(clips.groups[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(30))


def test_the_accuracy_is_of_clips_whose_artist_no_model_saw(tmp_path):
    clips = published_tags.Clips.read(*dataset(tmp_path / "tags"))
    data = clips.data()
    probable, scores = published_tags.predict_nested(data, clips.groups)
    assert probable.shape == (2, 30, 3) and scores.shape == (2, 30)
    np.testing.assert_allclose(probable.sum(axis=2), 1)
    (train, test), *_ = published_tags.folds(data, clips.groups, data.rows["train"], 0)
    chosen = published_tags.best(published_tags.validate(data, clips.groups, train, 1))
    np.testing.assert_array_equal(probable[0, test], published_tags.fit(data, train, chosen).predict(test))


def test_of_equal_penalties_the_strongest_is_chosen():
    assert published_tags.best({1.0: 0.8, 0.1: 0.8, 0.01: 0.7}) == 0.1


def test_what_is_no_dataset_of_tags_is_named(tmp_path):
    with pytest.raises(InputError, match=r"manifest\.csv is missing"):
        published_tags.Clips.read(tmp_path, CATALOGUE)
    folder, catalogue = dataset(tmp_path / "tags")
    np.save(folder / "features/musicnn.npy", np.zeros((30, 28, 9)))
    with pytest.raises(InputError, match=r"\(30, 28, 9\), not \(30, windows, 50\)"):
        published_tags.Clips.read(folder, catalogue)


def test_the_model_in_the_project_is_small_whole_and_says_what_it_is(tmp_path):
    description = read_description(registry.SHIPPED)
    check_files(registry.SHIPPED, description)
    assert sum(path.stat().st_size for path in registry.SHIPPED.rglob("*")) < 200_000
    assert " 443 clips (" in summary(description)  # of a cross-validation: none of them was kept for the test
    card = (registry.SHIPPED / "README.md").read_text()
    assert card == published_tags.card(description)
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == "mit" and header["pipeline_tag"] == "audio-classification"
    (result,) = header["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == pytest.approx(description["metrics"]["accuracy"], abs=1e-4)
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(22050 * 4), 22050)
    prediction = Predictor(registry.SHIPPED).predict(path)
    assert prediction.genres == description["genres"] and prediction.probabilities.sum() == pytest.approx(1)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="GENREBENCH_MUSICNN does not name the dataset of the published tags")
def test_the_model_in_the_project_is_that_of_the_published_tags(tmp_path, monkeypatch):
    monkeypatch.undo()
    made = published_tags.make_model(PUBLISHED, CATALOGUE, tmp_path / "gtzan")
    assert made["files"] == read_description(registry.SHIPPED)["files"]
