"""The model that comes with the project, and how it is made.

Where GENREBENCH_MUSICNN names the dataset of the published tags, and GENREBENCH_CLIPS a folder of GTZAN's clips, the
model is made from them anew.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.features import musicnn_tags
from genrebench.inference import degraded_tags, published_tags, registry
from genrebench.inference.degraded_tags import CLEAN, Measured
from genrebench.inference.description import check_files, read_description, summary
from genrebench.inference.predictor import Predictor

GENRES = ("blues", "jazz", "rock")
PUBLISHED = Path(os.environ.get("GENREBENCH_MUSICNN") or os.devnull)
CLIPS = Path(os.environ.get("GENREBENCH_CLIPS") or os.devnull)
CATALOGUE = Path("data/catalogue/gtzan.csv")


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(published_tags, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(published_tags, "REPEATS", 2)
    monkeypatch.setattr(degraded_tags, "DEGRADED", ("telephone", "microphone"))
    monkeypatch.setattr(published_tags, "FOLDS", 3)
    monkeypatch.setattr(published_tags, "JUDGED_FOLDS", 3)
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
    released = {f"jazz.{number:05}": files.md5_file(audio(folder, number)) for number in (0, 98, 99)}
    files.write_rows(
        catalogue,
        ["clip_id", "artist_group", "md5"],
        [row | {"md5": released.get(row["clip_id"], "")} for row in rows + others],
    )
    return folder, catalogue


def audio(folder, number):
    """A clip of two seconds of noise, each its own."""
    path = folder / f"audio/jazz/jazz.{number:05}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(22050 * 2), 22050)
    return path


def measured(clips):
    """Tags of the first clip of each artist, whose logits fall by 1 under the one condition, but that of jazz by 3."""
    rows = np.arange(0, 30, 2)
    change = np.where(np.array(clips.genres)[rows] == "jazz", 3.0, 1.0)[:, None]
    tags = clips.tags[rows].astype(float)
    degraded = 1 / (1 + np.exp(change - musicnn_tags.logit(tags)))
    ids, genres = np.array(clips.ids)[rows], np.array(clips.genres)[rows]
    return Measured(ids, genres, clips.groups[rows], {CLEAN: tags, "telephone": degraded})


def test_the_same_input_gives_the_same_bytes_which_the_predictor_reads(tmp_path, monkeypatch):
    given = dataset(tmp_path / "tags")
    clips = tmp_path / "tags/audio"
    (clips / "no clip.wav").write_bytes(b"")
    monkeypatch.setattr(published_tags, "REPEATS", 1)
    made = [published_tags.make_model(*given, tmp_path / name, clips) for name in "ab"]
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
    prediction = predictor.predict(clips / "jazz/jazz.00099.wav")
    # neither a clip of the training, nor one by an artist of it, is a test
    assert made[0]["other_clips"]["predicted"] == {"jazz.00099": prediction.genre}
    degraded = made[0]["degraded"]
    assert (degraded["clips"], degraded["artists"]) == (3, 2)
    assert list(degraded["conditions"]) == [CLEAN, *degraded_tags.DEGRADED]
    for figures in degraded["conditions"].values():
        assert 0 <= figures["accepted_right"] <= min(figures["accepted"], figures["right"]) <= 3
    assert "| microphone |" in (tmp_path / "a/README.md").read_text()
    tags = published_tags.Clips.read(*given).tags
    assert tags.shape == (30, 50)
    np.testing.assert_allclose(tags, np.load(given[0] / "features/musicnn.npy")[:, ::3].mean(axis=1), rtol=1e-5)


def test_without_audio_the_model_says_nothing_of_degraded_clips(tmp_path):
    made = published_tags.make_model(*dataset(tmp_path / "tags"), tmp_path / "model")
    assert "degraded" not in made and "other_clips" not in made
    assert "egraded" not in (tmp_path / "model/README.md").read_text()


def test_copies_are_learned_without_the_artists_that_are_left_out(tmp_path):
    clips = published_tags.Clips.read(*dataset(tmp_path / "tags"))
    clips.measured = measured(clips)
    rows = np.flatnonzero(clips.groups != "jazz0")
    without = replace(clips, measured=clips.measured.only(clips.measured.groups != "jazz0"))
    found = [published_tags.fit(one, rows, 0.1).estimator.coef_ for one in (clips, without)]
    np.testing.assert_array_equal(*found)
    every = published_tags.fit(clips, np.arange(30), 0.1)
    assert len(every.rows) == 60 and every.estimator.coef_.shape == (3, 100)


def test_clips_are_judged_by_models_of_other_artists(tmp_path, monkeypatch):
    clips = published_tags.Clips.read(*dataset(tmp_path / "tags"))
    clips.measured = measured(clips)
    seen = []
    fit = published_tags.fit
    monkeypatch.setattr(published_tags, "fit", lambda *given: seen.append(given) or fit(*given))
    nested = published_tags.predict_nested(clips)
    assert nested.probabilities.shape == (2, 2, 30, 3) and nested.scores.shape == (2, 2, 30)
    np.testing.assert_allclose(nested.probabilities.sum(axis=3), 1)
    seen.clear()
    judged = published_tags.judge(clips, nested)
    for known, rows, _ in seen:
        assert set(clips.groups[rows]) <= set(known.measured.groups)  # each artist has a measured clip
        assert len(known.measured.ids) < len(clips.measured.ids)
    assert judged["clips"] == judged["artists"] == 15
    assert judged["conditions"][CLEAN]["right"] > 10


def test_of_the_answers_within_the_limits_nine_of_ten_are_right():
    random = np.random.default_rng(0)
    labels = random.integers(2, size=500)
    sure = random.uniform(0.5, 1, (1, 2, 500))
    answer = np.where(random.uniform(0, 1, sure.shape) < sure, labels, 1 - labels)  # calibrated
    probable = np.where(answer[..., None] == np.arange(2), sure[..., None], 1 - sure[..., None])
    nested = published_tags.Nested(probable, np.arange(1000.0).reshape(1, 2, 500))
    found = published_tags.limits(nested, labels, np.arange(500))
    within = sure >= found["min_probability"]
    assert 0.9 <= (answer == labels)[within].mean() < 0.92 and 0.7 < found["min_probability"] < 0.9
    assert found["max_ood_score"] == pytest.approx(0.95 * 499)
    assert published_tags.limits(nested, 1 - labels, np.arange(500))["min_probability"] > 0.99  # nothing is right


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
    nested = published_tags.predict_nested(clips)
    assert nested.probabilities.shape == (2, 1, 30, 3) and nested.scores.shape == (2, 1, 30)
    (train, test), *_ = published_tags.folds(data, clips.groups, data.rows["train"], 0)
    chosen = published_tags.best(published_tags.validate(clips, train, 1))
    np.testing.assert_array_equal(
        nested.probabilities[0, 0, test], published_tags.fit(clips, train, chosen).predict(test)
    )


def test_of_equal_penalties_the_strongest_is_chosen():
    assert published_tags.best({1.0: 0.8, 0.1: 0.8, 0.01: 0.7}) == 0.1


def test_what_is_no_dataset_of_tags_is_named(tmp_path):
    with pytest.raises(InputError, match=r"manifest\.csv is missing"):
        published_tags.Clips.read(tmp_path, CATALOGUE)
    folder, catalogue = dataset(tmp_path / "tags")
    np.save(folder / "features/musicnn.npy", np.zeros((30, 28, 9)))
    with pytest.raises(InputError, match=r"\(30, 28, 9\), not \(30, windows, 50\)"):
        published_tags.Clips.read(folder, catalogue)


def test_the_model_in_the_project_is_small_whole_and_says_what_it_is(tmp_path, monkeypatch):
    monkeypatch.undo()
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


@pytest.mark.skipif(
    not (PUBLISHED.is_dir() and CLIPS.is_dir()),
    reason="GENREBENCH_MUSICNN and GENREBENCH_CLIPS do not name the published tags and clips of GTZAN",
)
def test_the_model_in_the_project_is_that_of_the_published_tags(tmp_path, monkeypatch):
    monkeypatch.undo()
    made = published_tags.make_model(PUBLISHED, CATALOGUE, tmp_path / "gtzan", CLIPS)
    assert made["files"] == read_description(registry.SHIPPED)["files"]
