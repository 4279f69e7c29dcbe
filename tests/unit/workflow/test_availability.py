"""What is decided before anything runs."""

import os

import pytest

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.workflow import availability, file_index

ADDRESS = "https://tfhub.dev/google/yamnet/1"
SEGMENTS = {"length_s": 3.0, "hop_s": 3.0}


@pytest.fixture
def decide(tmp_path, monkeypatch):
    """Decide for a small configuration with these changes; the dataset is in the folder `raw`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalogue.csv").write_text("clip_id\nblues.00000\n")

    def run(paths=(), **changes):
        config = {
            "dataset": "mine",
            "features": {"mel": {}, "yamnet": {"handle": ADDRESS}, "notes": "precomputed"},
            "models": {
                "sgd": {"features": ["mel"]},
                "linear_probe": {"features": ["mel", "yamnet"]},
                "svm_pooled": {"features": ["mel"], "segments": SEGMENTS},
            },
            "protocols": {"stratified": {}, "fault_filtered": {}, "segment_random": {**SEGMENTS}},
        }
        return availability.decide(config | changes, tmp_path / "raw", paths, tmp_path / "catalogue.csv")

    return run


def test_what_is_missing_takes_what_reads_it_along(decide):
    found = decide()
    assert set(found.features) == {"yamnet", "notes"}
    assert set(found.models) == {"linear_probe"}
    assert found.models["linear_probe"] == f"yamnet is missing: {found.features['yamnet']}"
    assert set(found.protocols) == {"fault_filtered"}
    assert set(found.runs) == {
        ("linear_probe", "stratified"),
        *((model, "fault_filtered") for model in ("sgd", "linear_probe", "svm_pooled")),
    }
    assert found.listed()[0].keys() == {"model", "protocol", "reason"}


def test_features_are_selected_among_those_at_hand(decide):
    features = {"mel": {}, "rms": {}, "yamnet": {"handle": ADDRESS}}
    models = {"sgd": {"features": ["mel", "yamnet"]}, "sgd-selected": {"features": ["mel", "rms", "yamnet"]}}
    assert set(decide(models=models, features=features).models) == {"sgd"}
    models = {"sgd": {"features": ["mel"]}, "sgd-selected": {"features": ["mel", "yamnet"]}}
    found = decide(models=models, features=features).models
    assert "no two features" in found["sgd-selected"] and "yamnet is missing" in found["sgd-selected"]


def test_weights_that_arrive_make_it_available(decide, tmp_path):
    (tmp_path / "data/weights/yamnet").mkdir(parents=True)
    assert set(decide().features) == {"notes"} and decide().models == {}


@pytest.mark.parametrize(
    ("dataset", "paths", "has"),
    [
        ("gtzan", [], True),
        ("demo", ["blues/blues.00000.wav"], False),
        ("mine", ["jazz/song.mp3"], False),
        ("mine", ["blues/blues.00000.au", "jazz/song.mp3"], True),
    ],
)
def test_the_fault_filtered_split_is_of_gtzan(decide, dataset, paths, has):
    assert ("fault_filtered" not in decide(paths, dataset=dataset).protocols) == has


def test_a_dataset_has_the_features_that_it_brings_and_no_others(decide, tmp_path):
    (tmp_path / "raw/features").mkdir(parents=True)
    (tmp_path / "raw/manifest.csv").write_text("clip_id,genre\nblues.00000,blues\n")
    for name in ("mel", "notes"):
        (tmp_path / f"raw/features/{name}.npy").touch()
    found = decide()
    assert set(found.features) == {"yamnet"} and "mel, notes" in found.features["yamnet"]
    assert found.protocols == {}


def test_a_dataset_without_audio_has_no_degraded_copies(decide, tmp_path):
    models = {"sgd": {"features": ["mel"]}, "cnn": {"features": ["mel"], "degraded_copies": ["quiet"]}}
    assert set(decide(models=models).models) == set()
    (tmp_path / "raw/features").mkdir(parents=True)
    (tmp_path / "raw/features/mel.npy").touch()
    (tmp_path / "raw/manifest.csv").write_text("clip_id,genre\nblues.00000,blues\n")
    found = decide(models=models).models
    assert set(found) == {"cnn"} and "degraded" in found["cnn"]


@pytest.mark.parametrize("segments", [None, {"length_s": 5.0, "hop_s": 3.0}])
def test_a_protocol_of_segments_is_for_models_of_the_same_segments(decide, segments):
    entry = {"features": ["mel"], "protocols": ["segment_random", "stratified"]}
    entry |= {"segments": segments} if segments else {}
    found = decide(models={"sgd": entry, "other": {"module": "sgd", "features": ["mel"]}})
    assert "segment_random assigns segments" in found.runs["sgd", "segment_random"]
    assert ("sgd", "stratified") not in found.runs and ("other", "segment_random") not in found.runs
    entry["protocols"] = ["segment_random"]
    assert set(decide(models={"sgd": entry, "other": {"module": "sgd", "features": ["mel"]}}).models) == {"sgd"}


def test_where_nothing_can_be_run_the_reasons_are_told(decide):
    with pytest.raises(InputError, match=r"None of the configured models can be run.*yamnet is missing"):
        decide(models={"linear_probe": {"features": ["yamnet"]}})


@pytest.fixture
def listed(tmp_path):
    """A folder without a file, and an index from when it had three."""
    (tmp_path / "raw").mkdir()
    index = tmp_path / "raw.json"
    file_index.write([{"path": path} for path in ("jazz/a.wav", "jazz/b.wav", "rock/c.wav")], index)
    return tmp_path / "raw", index


def test_a_folder_that_is_empty_now_is_refused(listed):
    folder, index = listed
    assert availability.files_of_dataset(folder, index) == []
    with pytest.raises(InputError, match="3 files last time and has none now: is it mounted"):
        availability.refuse_vanished(folder, [], index)
    availability.refuse_vanished(folder, ["jazz/a.wav"], index)
    availability.refuse_vanished(folder.with_name("elsewhere"), [], index)


def test_a_genre_that_is_gone_is_told(listed):
    _, index = listed
    assert "2 of 3 files" in availability.vanished(["jazz/a.wav"], index)
    assert "rock" in availability.vanished(["jazz/a.wav"], index)
    assert availability.vanished(["jazz/a.wav", "rock/c.wav"], index) is None


def test_a_manifest_of_features_in_another_encoding_is_read(decide, tmp_path):
    (tmp_path / "raw/features").mkdir(parents=True)
    (tmp_path / "raw/features/mel.npy").touch()
    (tmp_path / "raw/manifest.csv").write_bytes("clip_id;genre\r\nblues.00000;Forró\r\n".encode("cp1252"))
    assert decide().protocols == {}


@pytest.mark.parametrize(
    ("there", "known_missing", "local", "is_due"),
    [
        ("abc", "", None, False),
        ("abc", "", "newer", False),  # nothing is missing
        ("ab", "c", None, False),  # the copy lacks it
        ("ab", "c", "older", False),
        ("ab", "c", "newer", True),
        ("ab", "", None, True),  # a person deleted an altered clip, as the summary says
        ("ab", None, "newer", False),  # never fetched
    ],
)
def test_gtzan_is_fetched_again_where_clips_are_missing_that_may_be_had(there, known_missing, local, is_due, tmp_path):
    report, local_yaml, catalogue = (tmp_path / name for name in ("fetch.json", "local.yaml", "gtzan.csv"))
    files.write_rows(catalogue, ["clip_id"], [{"clip_id": f"blues.{clip}"} for clip in "abc"])
    if known_missing is not None:
        files.write_json(report, {"missing": [f"blues.{clip}" for clip in known_missing]})
    if local:
        local_yaml.write_text("gtzan: /copy")
        os.utime(local_yaml, (1, 1) if local == "older" else (2**32, 2**32))
    paths = [f"blues/blues.{clip}.wav" for clip in there]
    assert availability.fetch_is_due(paths, report, local_yaml, catalogue) == is_due
