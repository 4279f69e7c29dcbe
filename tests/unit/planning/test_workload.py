"""The amount of work of each job."""

import pytest

from genrebench.common import files
from genrebench.planning import workload
from genrebench.planning.workload import Corpus, Task, Workload

CORPUS = Corpus(durations=(30.0,) * 100, genres=10, source="a test")
MODELS = {
    "logistic": {"features": ["mel", "mfcc"]},
    "random_forest": {"features": ["mel"], "n_estimators": 50},
    "hybrid": {"features": ["mel", "vggish"]},
}
WORKLOAD = Workload(
    CORPUS,
    values={"mel": 2000, "mfcc": 500, "vggish": 0},
    models=MODELS,
    training={("artist", "repeat0"): 60, ("fault_filtered", "fixed"): 0},
    runs={"logistic": 4, "random_forest": 2},
    processes=2,
)


@pytest.mark.parametrize(
    ("parts", "work", "output_work"),
    [
        (("build_manifest",), 1500, 1500),  # two processes share the audio
        (("extract_shard", "mel", "1-of-4"), 750, 750),
        (("collect_feature", "mel"), 100 * 2000 * 4 / 1e6, 0.8),
        (("make_split", "artist", "repeat0"), 100, 100),
        (("train", "logistic", "artist", "repeat0", "seed0"), 60 * 2500 / 1e6, 10 * 2500 / 1e6),
        (("train", "random_forest", "artist", "repeat0", "seed0"), 60 * 2000 / 1e6, 50 * 60 / 1e3),
        (("train", "logistic", "fault_filtered", "fixed", "seed0"), 0, 0),
        (("train", "hybrid", "artist", "repeat0", "seed0"), 0, 0),  # not run without vggish
        (("evaluate_model", "logistic"), 4, 4),
        (("build_report",), 6, 6),
        (("summarise_features",), 0, 0),
    ],
)
def test_the_work_of_a_job(parts, work, output_work):
    assert WORKLOAD.work(parts) == pytest.approx(work)
    assert WORKLOAD.output_work(parts) == pytest.approx(output_work)


def test_only_the_first_extraction_of_a_shard_reads_audio():
    tasks = [Task("extract_shard", ("extract_shard", f, s)) for f in ("mel", "mfcc") for s in ("0-of-2", "1-of-2")]
    assert list(workload.kinds(tasks).values()) == ["extract_shard"] * 2 + [workload.AGAIN] * 2
    assert workload.kinds([Task("all", ())]) == {}


def test_training_clips_by_the_shares_of_a_protocol(tmp_path):
    def count(protocol, settings, dataset="mine"):
        return workload.training_clips(protocol, "repeat0", settings, CORPUS, dataset, tmp_path)

    assert count("stratified", {"test": 0.2, "valid": 0.2}) == 60
    assert count("holdout", {"test": 0.2, "valid": 0.25}) == 60
    assert count("kfold", {"folds": 5}) == 60
    assert count("size_matched", {"seed": 1}) == 60
    assert count("fault_filtered", {}) == 0
    assert count("fault_filtered", {}, "gtzan") == 443
    files.write_rows(
        tmp_path / "artist/repeat0.csv",
        ["clip_id", "subset"],
        [{"clip_id": str(i), "subset": ("train", "test")[i % 2]} for i in range(10)],
    )
    assert count("artist", {"test": 0.2, "valid": 0.2}) == 5


def test_training_segments_count_as_parts_of_a_clip(tmp_path):
    def count(settings, corpus=CORPUS):
        given = {"test": 0.2, "valid": 0.2, **settings}
        return workload.training_clips("segment_random", "repeat0", given, corpus, "mine", tmp_path)

    assert count({"length_s": 3.0, "hop_s": 3.0}) == 60
    assert count({"length_s": 3.0, "hop_s": 6.0}) == 30
    assert count({"length_s": 3.0, "hop_s": 1.5}) == round(0.6 * 100 * 19 * 3 / 30)
    assert count({"length_s": 20.0, "hop_s": 20.0}) == 0  # no clip has two
    assert count({"length_s": 3.0, "hop_s": 3.0}, Corpus((0.0,) * 9, 2, "features")) == 0
    rows = [{"clip_id": "a", "segment": i, "subset": ("train", "test")[i % 2]} for i in range(100)]
    files.write_rows(tmp_path / "segment_random/repeat0.csv", ["clip_id", "segment", "subset"], rows)
    assert count({"length_s": 3.0, "hop_s": 3.0}) == 5  # 50 segments of 3 s in clips of 30 s
