"""The jobs that extract features: what they decode, and what they say when a clip fails."""

import json
import re
import shutil

import numpy as np

import saved_models


def decoded(project, feature, dataset):
    """How many clips the jobs of a feature decoded when they last ran."""
    logs = (project.folder / f"results/{dataset}/logs/extract_shard/{feature}").glob("*.log")
    return sum(int(re.search(r"decoded (\d+) clips", log.read_text())[1]) for log in logs)


def many_shards(project):
    """Deal the tiny corpus into shards of 8 clips."""
    shards = project.folder / "scripts/genrebench/extraction/shards.py"
    shards.write_text(re.sub(r"SHARD_SIZE = \d+", "SHARD_SIZE = 8", shards.read_text()))


def test_only_what_is_missing_is_decoded(project):
    project.make_user_folder(clips=5)
    features = ["results/mine/features/summary.csv"]
    names = ("mel", "mfcc", "chroma", "wavelet", "tabular")  # whichever comes first decodes for all
    project.snakemake(*features)
    assert sum(decoded(project, name, "mine") for name in names) == 10  # one pass for all features

    project.make_user_folder(clips=7)  # four clips more
    project.snakemake(*features)
    assert sum(decoded(project, name, "mine") for name in names) == 4

    project.change("features.chroma.n_chroma", 24)
    project.snakemake(*features)
    assert decoded(project, "chroma", "mine") == 14
    assert np.load(project.folder / "results/mine/features/chroma.npy").shape[:2] == (14, 24)


def test_a_shard_that_fails_names_its_clip_and_the_others_finish(project):
    many_shards(project)
    shutil.rmtree(project.folder / ".cache/demo/features")
    shutil.rmtree(project.folder / ".cache/demo/shards")
    wavs = sorted((project.folder / "data/raw/demo").rglob("*.wav"))
    broken = next(path for path in wavs if path.stat().st_size > 40_000)
    broken.write_bytes(b"broken after the manifest was built")
    caveats = [f".cache/demo/shards/mel/{shard}-of-2.json" for shard in range(2)]
    output = project.snakemake("--keep-going", "--allowed-rules", "extract_shard", "--", *caveats, check=False)
    assert broken.name in output
    assert "Error in rule extract_shard" in output
    assert sorted((project.folder / mark).exists() for mark in caveats) == [False, True]


def test_clips_are_cut_to_a_percentile_without_decoding_them_again(project):
    project.make_user_folder(clips=5)
    features = ["results/mine/features/mel.npy"]
    project.snakemake(*features)
    longest = np.load(project.folder / features[0]).shape[-1]
    project.change("audio.duration", {"percentile": 50, "at_least_s": 0.5})
    project.snakemake(*features)
    assert decoded(project, "mel", "mine") == 0
    assert np.load(project.folder / features[0]).shape[-1] < longest


def test_weights_that_arrive_start_what_waits_for_them(project):
    statuses = (project.folder / "results/demo/statuses.csv").read_text()
    assert "python scripts/fetch_weights.py yamnet" in statuses
    saved_models.yamnet_like(project.folder / "data/weights/yamnet")
    jobs = project.jobs()
    waiting = {"index_weights": 1, "extract_embeddings": 1, "collect_feature": 1, "train_linear_probe": 2}
    assert waiting.items() <= jobs.items()
    assert "extract_shard" not in jobs and "train_logistic" not in jobs
    project.snakemake("runs_linear_probe")
    assert np.load(project.folder / "results/demo/features/yamnet.npy").shape[1] == 1024
    status = project.folder / "results/demo/runs/linear_probe/stratified/repeat0/seed0/status.json"
    assert json.loads(status.read_text())["status"] == "done"
