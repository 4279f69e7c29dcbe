"""From clips to feature caches: one pass over the audio, kept in shards.

The store holds archives `<store>/<feature>-<key>/<shard>-of-<shards>/<part>.npz` with one array per clip, named by the
md5 of its audio. The key is a digest of everything else that the arrays depend on: the feature's settings, how audio is
read, the source, and the versions of the packages. So what is missing is known and computed alone; the store holds no
results, and deleting it costs time only. A shard is written part by part, so that memory does not grow with it.
"""

import fcntl
import hashlib
import importlib
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from genrebench.audio import decode
from genrebench.audio.clip import Clip
from genrebench.audio.lengths import given_seconds
from genrebench.audio.loudness import normalise
from genrebench.audio.samples import Samples
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.packages import version
from genrebench.common.progress import progress
from genrebench.extraction import archives
from genrebench.extraction import engine as engines
from genrebench.extraction.shards import shard_of
from genrebench.workflow import code_closure, extras, pretrained
from genrebench.workflow.entries import arguments, is_pretrained, module_of

PACKAGES = ("av", "numpy", "pillow", "pywavelets", "scipy", "soundfile", "soxr")  # that compute the arrays
PART_BYTES = 64e6  # of arrays in memory before they are written


def extract_shard(
    manifest: str | Path,
    audio: Mapping[str, Any],
    feature: str,
    settings: dict[str, Any],
    also: Mapping[str, Any],
    shard: int,
    shards: int,
    store: str | Path,
    done: str | Path,
) -> None:
    """Extract one feature of one shard of the clips into the store, and what others lack there in the same pass.

    Parameters
    ----------
    manifest : path
        The clips (CSV).
    audio : mapping
        Section `audio` of the parameters.
    feature, settings
        Its name, and its entry in the parameters.
    also : mapping
        The entries of other features, which are extracted in the same pass.
    shard, shards : int
        Which shard, from 0, and how many there are.
    store : path
        Folder of the extracted arrays.
    done : path
        JSON to write: the key under which the feature is in the store.
    """
    clips = files.read_rows(manifest)  # paths and digests, for which pandas need not be imported
    cache = Store(store, {**also, feature: settings}, audio)
    decoded = cache.fill(clips, shard, shards, unless_complete=feature)
    print(f"shard {shard + 1} of {shards}: decoded {decoded} clips")
    files.write_json(done, {"feature": feature, "key": cache.keys[feature]})


class Store:
    """The arrays of a dataset's clips.

    `features` maps the name of each feature to its settings; `audio_settings` is the section `audio` of the
    parameters: sample_rate, duration, loudness, engine. `degrade` is a function of the samples, the rate and the md5
    of a clip, which gives other samples; `degraded_by` is all that these depend on, as JSON has it.
    """

    def __init__(
        self,
        folder: str | Path,
        features: dict[str, dict[str, Any]],
        audio_settings: Mapping[str, Any],
        degrade: Callable[[np.ndarray, int, str], np.ndarray] | None = None,
        degraded_by: Sequence[Any] = (),
    ):
        self.folder = Path(folder)
        self.degrade = degrade
        self.degraded_by = list(degraded_by)
        self.features = features
        self.sample_rate = audio_settings["sample_rate"]
        self.duration = given_seconds(audio_settings["duration"])
        self.loudness = audio_settings.get("loudness")
        self.engine = audio_settings.get("engine", engines.FAST)
        self.keys = {name: self._key(name) for name in features}

    def folder_of(self, feature: str, shard: int, shards: int) -> Path:
        """Where the arrays of one feature and shard are."""
        return archives.folder_of(self.folder, feature, self.keys[feature], shard, shards)

    def fill(
        self, clips: Sequence[Mapping[str, str]], shard: int, shards: int, unless_complete: str | None = None
    ) -> int:
        """Compute what the store lacks of one shard; return how many clips were decoded for it.

        `clips` are manifest rows; those of other shards, and those without audio, are passed over. With
        `unless_complete`, the name of a feature, nothing is done where that feature lacks no clip. Raises InputError,
        naming the clip, if one cannot be read or its features are not finite (with `unless_complete`, that feature: a
        job fails for its own feature alone); what was computed before is kept.
        """
        members = {clip["md5"]: clip for clip in clips if clip["path"] and shard_of(clip["md5"], shards) == shard}
        folders = {feature: self.folder_of(feature, shard, shards) for feature in self.features}
        # a pretrained model keeps nobody waiting
        held = next((name for name, entry in self.features.items() if is_pretrained(entry)), "audio")
        with _locked(self.folder / f"{held}-{shard}-of-{shards}.lock"):
            present = {feature: archives.parts(folder) for feature, folder in folders.items()}
            missing = {md5: [name for name in self.features if md5 not in present[name]] for md5 in members}
            if unless_complete and not any(unless_complete in names for names in missing.values()):
                return 0
            to_do = [md5 for md5 in members if missing[md5]]
            arrays: dict[str, dict[str, np.ndarray]] = {feature: {} for feature in self.features}
            try:
                with progress("extracted", len(to_do), "clips") as advance:
                    for md5 in to_do:
                        for feature, values in self._extract(members[md5], missing[md5], unless_complete).items():
                            arrays[feature][md5] = values
                        if sum(array.nbytes for new in arrays.values() for array in new.values()) > PART_BYTES:
                            _write_parts(folders, arrays)
                        advance(1)
            finally:
                _write_parts(folders, arrays)
        return len(to_do)

    def read(self, feature: str, clips: Sequence[Mapping[str, str]], shards: int) -> Iterator[tuple[int, np.ndarray]]:
        """See `archives.read`."""
        return archives.read(self.folder, feature, self.keys[feature], clips, shards)

    def _extract(self, clip: Mapping[str, str], features: list[str], needed: str | None) -> dict[str, np.ndarray]:
        wanted = {feature: self.features[feature] for feature in features}
        function = self.degrade
        degrade = None if function is None else lambda samples, rate: function(samples, rate, clip["md5"])
        return extract(
            clip["path"], self.sample_rate, wanted, self.duration, needed, self.engine, self.loudness, degrade
        )

    def _key(self, feature: str) -> str:
        entry = self.features[feature]
        reads = ("scripts/genrebench/audio/decode.py", "scripts/genrebench/audio/loudness.py")
        code = code_closure.closure(_path(feature, entry), *reads)
        engine = engines.engine_of(module(feature, entry), self.engine)
        versions = [version(package) for package in (*PACKAGES, *engines.PACKAGES[engine])]
        # not all of this file: how the store is kept changes no array
        reading = [inspect.getsource(function) for function in (extract, _compute, _by_input, _clip)]
        parts = [feature, entry, self.sample_rate, self.duration, engine, code_closure.digest(code), reading, versions]
        parts += [self.loudness if entry.get("normalise_loudness") else None]
        parts += self.degraded_by
        if is_pretrained(entry):
            name = module_of(feature, entry)
            if reason := pretrained.unavailable(name, entry):
                raise InputError(reason)
            place = pretrained.locate(name, entry["handle"]) if pretrained.is_watched(entry) else None
            extra = extras.of(_path(feature, entry))
            computed_by = getattr(module(feature, entry), "PACKAGES", ("tensorflow",))
            parts += [place and pretrained.digest(place)]
            parts += [extras.versions(extra)] if extra else map(version, computed_by)
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def extract(
    path: str | Path,
    sample_rate: int,
    features: dict[str, dict[str, Any]],
    duration: float | None = None,
    needed: str | None = None,
    engine: str = engines.FAST,
    loudness: float | None = None,
    degrade: Callable[[np.ndarray, int], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Compute features of one file in one pass over its audio.

    Parameters
    ----------
    path : path
        An audio file of any format.
    sample_rate : int
        Hz to which it is resampled. Features of pretrained models take it at their own rate.
    features : dict
        The name of each feature and its settings.
    duration : float, optional
        Seconds to which the clip is cut or padded.
    needed : str, optional
        A feature that must be finite; others that are not are then left out.
    engine : {"fast", "librosa"}
        The code that computes the features (see `genrebench.extraction.engine`).
    loudness : float, optional
        LUFS to which the clip is scaled for the features that ask for it (`normalise_loudness`).
    degrade : callable, optional
        What is done to the clip before all else, at `sample_rate` whatever the rates of the features: a function of
        samples and rate.

    Returns
    -------
    dict
        The array of each feature, float32, unpadded.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read or a feature of it is not finite.
    """
    arrays = {}
    with _blas().limit(limits=1):  # sums in another order are other numbers
        degraded = degrade(decode.load(path, sample_rate), sample_rate) if degrade else None
        for (rate, level), some in _by_input(features, sample_rate, loudness).items():
            if degraded is None:
                samples = decode.load(path, rate)
            else:
                samples = np.asarray(decode.resample(degraded, sample_rate, rate))
            clip = _clip(samples, rate, some, duration, level)
            for feature, settings in some.items():
                try:
                    arrays[feature] = _compute(path, clip, feature, settings, engine)
                except InputError:
                    if needed in (None, feature):
                        raise
    return arrays


def extract_pieces(
    path: str | Path,
    decoded: Samples,
    original_rate: int,
    sample_rate: int,
    features: dict[str, dict[str, Any]],
    pieces: Sequence[tuple[float, float]],
    duration: float | None = None,
    engine: str = engines.FAST,
    loudness: float | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Compute features of several pieces of a file, one after the other, each as if it were a file of its own.

    Parameters
    ----------
    path : path
        Where the file is, for messages.
    decoded : array of shape (samples,), or LongSamples
        The whole file in mono, full scale is 1.
    original_rate : int
        Their rate in Hz.
    sample_rate, features, duration, engine, loudness
        As in `extract`.
    pieces : sequence of (float, float)
        Start and end of each piece in seconds.

    Yields
    ------
    dict
        What `extract` returns, for each piece.
    """
    by_input = _by_input(features, sample_rate, loudness)
    resampled = {rate: decode.resample(decoded, original_rate, rate) for rate in {rate for rate, _ in by_input}}
    for start, end in pieces:
        arrays: dict[str, np.ndarray] = {}
        with _blas().limit(limits=1):
            for (rate, level), some in by_input.items():
                samples = np.asarray(resampled[rate][round(start * rate) : math.ceil(end * rate)])
                clip = _clip(samples, rate, some, duration, level)
                arrays |= {feature: _compute(path, clip, feature, own, engine) for feature, own in some.items()}
        yield arrays


def _by_input(
    features: dict[str, dict[str, Any]], sample_rate: int, loudness: float | None
) -> dict[tuple[int, float | None], dict[str, dict[str, Any]]]:
    """The features by the rate of their clips in Hz (`sample_rate`, or their own) and the loudness in LUFS, if any."""
    result: dict[tuple[int, float | None], dict[str, dict[str, Any]]] = {}
    for feature, settings in features.items():
        rate = rate_of(feature, settings, sample_rate)
        level = loudness if settings.get("normalise_loudness") else None
        result.setdefault((rate, level), {})[feature] = settings
    return result


def rate_of(feature: str, settings: dict[str, Any], sample_rate: int) -> int:
    """The rate in Hz of the clips from which a feature is computed: its own, or `sample_rate`."""
    of_feature = module(feature, settings)
    if hasattr(of_feature, "sample_rate"):
        return int(of_feature.sample_rate(**arguments(settings)))
    return int(getattr(of_feature, "SAMPLE_RATE", sample_rate))


def module(feature: str, settings: dict[str, Any]) -> ModuleType:
    """The module of a feature with these settings, by name."""
    return importlib.import_module(f"genrebench.features.{module_of(feature, settings)}")


def _compute(path: str | Path, clip: Clip, feature: str, settings: dict[str, Any], engine: str) -> np.ndarray:
    function = engines.function_of(module(feature, settings), engine)
    values = function(clip, **arguments(settings)).astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise InputError(f"{path}: its {feature} is not finite; look at the file, then remove or mend it")
    return values


def _clip(
    samples: np.ndarray,
    sample_rate: int,
    features: dict[str, dict[str, Any]],
    duration: float | None,
    loudness: float | None,
) -> Clip:
    if duration is not None:
        length = round(duration * sample_rate)
        samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    if loudness is not None:
        samples = normalise(samples, sample_rate, loudness)
    spectra = [(settings["n_fft"], settings["hop_length"]) for settings in features.values() if "n_fft" in settings]
    return Clip(samples, sample_rate, spectra)


def _path(feature: str, settings: dict[str, Any]) -> str:
    return f"scripts/genrebench/features/{module_of(feature, settings)}.py"


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _write_parts(folders: dict[str, Path], arrays: dict[str, dict[str, np.ndarray]]) -> None:
    """Write each feature's arrays as one more archive, and let go of them."""
    for feature, new in arrays.items():
        if new:
            number = len(list(folders[feature].glob("[0-9]*.npz")))
            with files.atomic(folders[feature] / f"{number}.npz") as temporary:
                np.savez(temporary, allow_pickle=False, **new)
            new.clear()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise InputError(
                f"{path} cannot be locked ({error.strerror}), and jobs that extract features would write over each "
                "other's. Have the file system mounted with locks (`flock`), or link .cache to one that has them."
            ) from None
        yield
