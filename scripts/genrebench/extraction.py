"""From clips to feature caches: one pass over the audio, kept in shards.

The store holds one archive per feature and shard, `<store>/<feature>-<key>/<shard>.npz`, with one array
per clip, named by the md5 of its audio. The key is a digest of everything else that the arrays depend on: the
feature's settings, how audio is read, the source, and the versions of the packages. So what is missing is known and
computed alone; the store holds no results, and deleting it costs time only.
"""

import fcntl
import hashlib
import importlib
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from genrebench import audio, files, source
from genrebench.clip import Clip
from genrebench.job import InputError
from genrebench.shards import shard_of

PACKAGES = ("av", "librosa", "numpy", "pywavelets", "scipy", "soundfile", "soxr")  # that compute the arrays


class Store:
    """The arrays of a dataset's clips.

    `features` maps the name of each feature to its settings; `audio_settings` is the section `audio` of params.yaml.
    """

    def __init__(self, folder: str | Path, features: dict[str, dict[str, Any]], audio_settings: dict[str, Any]):
        self.folder = Path(folder)
        self.features = features
        self.audio = audio_settings
        self.keys = {name: self._key(name) for name in features}

    def path(self, feature: str, shard: int, shards: int) -> Path:
        """Where the arrays of one feature and shard are."""
        return self.folder / f"{feature}-{self.keys[feature]}" / f"{shard}-of-{shards}.npz"

    def fill(self, clips: list[dict[str, str]], shard: int, shards: int, unless_complete: str | None = None) -> int:
        """Compute what the store lacks of one shard; return how many clips were decoded for it.

        `clips` are manifest rows; those of other shards, and those without audio, are passed over. With
        `unless_complete`, the name of a feature, nothing is done where that feature lacks no clip. Raises InputError,
        naming the clip, if one cannot be read or its features are not finite; what was computed before is kept.
        """
        members = [clip for clip in clips if clip["path"] and shard_of(clip["md5"], shards) == shard]
        paths = {feature: self.path(feature, shard, shards) for feature in self.features}
        with _locked(self.folder / f"{shard}-of-{shards}.lock"):
            present = {feature: _members(path) for feature, path in paths.items()}
            missing = {
                clip["md5"]: [feature for feature in self.features if clip["md5"] not in present[feature]]
                for clip in members
            }
            if unless_complete and not any(unless_complete in features for features in missing.values()):
                return 0
            to_do = {clip["md5"]: clip for clip in members if missing[clip["md5"]]}
            arrays: dict[str, dict[str, np.ndarray]] = {feature: {} for feature in self.features}
            try:
                for done, (md5, clip) in enumerate(to_do.items(), 1):
                    for feature, values in self._extract(clip, missing[md5]).items():
                        arrays[feature][md5] = values
                    _report(done, len(to_do))
            finally:
                wanted = {clip["md5"] for clip in members}
                for feature, new in arrays.items():
                    if new:
                        _merge(paths[feature], new, wanted)
        return len(to_do)

    def read(self, feature: str, clips: list[dict[str, str]], shards: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (row in `clips`, array) of every clip, shard by shard; only one array is in memory at a time."""
        rows: dict[int, list[int]] = {}
        for row, clip in enumerate(clips):
            rows.setdefault(shard_of(clip["md5"], shards), []).append(row)
        for shard, members in sorted(rows.items()):
            with np.load(self.path(feature, shard, shards)) as archive:
                for row in members:
                    yield row, archive[clips[row]["md5"]]

    def _extract(self, clip: dict[str, str], features: list[str]) -> dict[str, np.ndarray]:
        wanted = {feature: self.features[feature] for feature in features}
        return extract(clip["path"], self.audio["sample_rate"], wanted, self.audio["duration"])

    def _key(self, feature: str) -> str:
        code = source.closure(f"scripts/genrebench/features/{feature}.py", "scripts/genrebench/audio.py")
        versions = [version(package) for package in PACKAGES]
        parts = [feature, self.features[feature], self.audio, source.digest(code), versions]
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def extract(
    path: str | Path, sample_rate: int, features: dict[str, dict[str, Any]], duration: float | str = "longest"
) -> dict[str, np.ndarray]:
    """The arrays (float32) of these features, each with its settings, of one file, in one pass over its audio.

    `duration` is a number of seconds to cut or pad to, or "longest" for the clip as it is. Raises InputError, naming
    the clip, if it cannot be read or a feature of it is not finite.
    """
    samples = audio.load(path, sample_rate)
    if duration != "longest":
        length = round(duration * sample_rate)
        samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    spectra = [(settings["n_fft"], settings["hop_length"]) for settings in features.values() if "n_fft" in settings]
    clip = Clip(samples, sample_rate, spectra)
    arrays = {}
    with _blas().limit(limits=1):  # sums in another order are other numbers
        for feature, settings in features.items():
            arrays[feature] = module(feature).extract(clip, **settings).astype(np.float32, copy=False)
            if not np.isfinite(arrays[feature]).all():
                raise InputError(f"{path}: its {feature} is not finite; look at the file, then remove or mend it")
    return arrays


def module(feature: str) -> ModuleType:
    """The module of a feature, by name."""
    return importlib.import_module(f"genrebench.features.{feature}")


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _members(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}


def _merge(path: Path, new: dict[str, np.ndarray], wanted: set[str]) -> None:
    """Write the archive anew with `new` added and what no clip of the shard needs left out."""
    kept = {}
    if path.is_file():
        with np.load(path) as archive:
            kept = {name: archive[name] for name in archive.files if name in wanted}
    with files.atomic(path) as temporary:
        np.savez(temporary, **kept, **new)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_last_report = time.monotonic()


def _report(done: int, total: int) -> None:
    global _last_report
    if done == total or time.monotonic() - _last_report > 10:
        _last_report = time.monotonic()
        print(f"extracted {done} of {total} clips", file=sys.stderr, flush=True)
