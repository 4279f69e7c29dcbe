"""Survey a dataset before its features are extracted: how long its clips are, and how large its features will be."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio import decode
from genrebench.audio.clip import Clip
from genrebench.audio.lengths import common_seconds
from genrebench.audio.plausibility import Limits
from genrebench.common import files, written
from genrebench.extraction import store
from genrebench.features import TIME
from genrebench.planning.workload import Corpus
from genrebench.workflow import dataset_folder, entries, pretrained

GTZAN = Corpus((*[30.0] * 999, 675_808 / 22_050), 10, "what is known of GTZAN")  # and its longest clip
GENRES_OF_DEMO = 10
# Features grow with the length of a clip: longer ones are extrapolated from so many seconds.
LONGEST_TRIAL = 60.0
SAMPLE = 100  # files whose length is read before a run; all of a large collection would take minutes


def survey_dataset(settings: dict[str, Any]) -> tuple[Corpus, dict[str, int]]:
    """The dataset, and the values per clip of each of its features (0 for one that it lacks)."""
    raw = Path("data/raw", settings["dataset"])
    if (raw / "manifest.csv").is_file():
        rows = written.read(raw / "manifest.csv").rows
        arrays = {name: raw / "features" / f"{name}.npy" for name in settings["features"]}
        sizes = {
            name: math.prod(np.load(path, mmap_mode="r").shape[1:]) if path.is_file() else 0
            for name, path in arrays.items()
        }
        return _corpus([0.0] * len(rows), {row.get("genre", "") for row in rows}, "the dataset's own manifest"), sizes
    corpus = corpus_of(settings)
    seconds = common_seconds(settings["audio"]["duration"], corpus.durations)
    return corpus, feature_sizes(settings["features"], settings["audio"]["sample_rate"], seconds)


def corpus_of(settings: dict[str, Any]) -> Corpus:
    """A dataset of audio: from its manifest, else from its files, else from what is known of it."""
    dataset = settings["dataset"]
    manifest = Path("results", dataset, "manifest.csv")
    raw = Path("data/raw", dataset)
    if manifest.is_file():
        rows = files.read_rows(manifest)
        durations = [float(row["duration_s"]) for row in rows]
        return _corpus(durations, {row["genre"] for row in rows}, str(manifest))
    if dataset in KNOWN and not (raw.is_dir() and any(path.is_dir() for path in raw.iterdir())):
        return KNOWN[dataset](settings)
    audio = dataset_folder.read(raw).audio
    with ThreadPoolExecutor() as pool:
        reckon = partial(decode.reckon_seconds, limits=Limits.of(settings["manifest"]))
        durations = list(pool.map(reckon, [file.path for file in audio]))
    return _corpus([d for d in durations if d], {file.genre for file in audio}, f"the files in {raw}")


def _demo(settings: dict[str, Any]) -> Corpus:
    demo = settings["demo"]
    clips = GENRES_OF_DEMO * demo["artists_per_genre"] * demo["clips_per_artist"]
    return _corpus([demo["duration_s"]] * clips, set(range(GENRES_OF_DEMO)), "section demo of params.yaml")


# what is known of a dataset before its audio is there
KNOWN = {"gtzan": lambda settings: GTZAN, "demo": _demo}


def _corpus(durations: Sequence[float], genres: set[Any], source: str) -> Corpus:
    return Corpus(tuple(durations), len(genres), source)


def sample_seconds(folder: Path) -> list[float]:
    """Lengths of the largest files of a dataset, and of some that stand for the others, without decoding them."""
    audio = dataset_folder.read(folder).audio
    by_size = sorted((file.path for file in audio if file.path.is_file()), key=lambda path: path.stat().st_size)
    some = {*by_size[-SAMPLE // 4 :], *by_size[:: max(1, len(by_size) // SAMPLE)]}
    with ThreadPoolExecutor() as pool:
        return list(pool.map(decode.reckon_seconds, sorted(some)))


def feature_sizes(features: dict[str, Any], sample_rate: int, seconds: float) -> dict[str, int]:
    """Values per clip of each feature, by extracting it from noise of this length; 0 for one that is not to be had.

    Clips of more than a minute are reckoned from one of a minute: all features grow with the length.
    """
    trial = min(seconds, LONGEST_TRIAL)
    computed = {name: settings for name, settings in features.items() if not entries.is_precomputed(settings)}
    spectra = [(own["n_fft"], own["hop_length"]) for own in computed.values() if "n_fft" in own]

    @cache
    def clip(rate: int) -> Clip:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, round(trial * rate)).astype(np.float32)
        return Clip(noise, rate, spectra)

    sizes = dict.fromkeys(features, 0)
    for name, own in computed.items() if trial else ():
        if pretrained.unavailable(entries.module_of(name, own), own):
            continue
        module = store.module(name, own)
        size = module.extract(clip(store.rate_of(name, own, sample_rate)), **entries.arguments(own)).size
        sizes[name] = round(size * seconds / trial) if seconds > trial and module.AXES[-1] in TIME else size
    return sizes
