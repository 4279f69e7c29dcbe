"""export.json: what an exported model says of itself, and which files belong to it. Quick to import.

An export may come from a stranger, or be damaged. Nothing of it is used before it was checked: the values here, the
files in `check_files`.
"""

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.formatting import interval, percent
from genrebench.datasets import synthetic
from genrebench.workflow.sections import NAME, AudioSettings

DESCRIPTION = "export.json"
FORMAT = 3  # of that file; it goes up whenever a key changes
UNCHANGED = "unchanged"  # the choice of an update that kept the model as it was
LARGEST = 50_000_000  # bytes of that file; an update lists its clips in it
AGAIN = "export it again, or take another copy"
FOLDERS = ("model", "weights")  # what is computed; all else in an export is for people
# Every file that an export may have in these: no other kind is read, and none of these can hold a program.
KNOWN = {
    *("scaler.npz", "weights.npz", "estimator.skops", "model.onnx", "model.weights.h5", "model.json"),
    *("classifier.safetensors", "model.safetensors", "config.json", "preprocessor_config.json", "source.json"),
    *("processor_config.json", "vggish_pca_params.npz"),
}
# Keys with which a configuration of Hugging Face's libraries asks for code that is elsewhere.
CODE = {"auto_map", "attn_implementation", "_attn_implementation", "experts_implementation", "quantization_config"}

Name = Annotated[str, Field(pattern=NAME, max_length=100)]
Text = Annotated[str, Field(max_length=10_000)]
Genre = Annotated[str, Field(min_length=1, max_length=300)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Share = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Seconds = Annotated[float, Field(gt=0, le=36_000)]


class _Part(BaseModel):
    """What is read of a part of export.json; other keys are for people."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class _Segments(_Part):
    length_s: Seconds
    hop_s: Seconds


class _Settings(_Part):
    features: list[Name]
    module: Name | None = None
    embedding: Name | None = None
    segments: _Segments | None = None
    pooling: list[Literal["mean", "std", "max"]] | None = None


class _Audio(AudioSettings):
    window_s: Seconds


class _Limits(_Part):
    min_duration_s: Annotated[float, Field(ge=0, le=3600)]
    max_duration_s: Annotated[float, Field(gt=0, le=43_200)]
    min_rms: Annotated[float, Field(ge=0, le=1)]


class _Feature(_Part):
    entry: dict[str, Any]
    weights: Sha256 | None = None  # those of an installed package
    axes: Annotated[list[Text], Field(min_length=1, max_length=4)]
    steps: Annotated[int, Field(ge=1, le=10**8)]
    seconds: Seconds | None = None
    cut: Annotated[int, Field(ge=1, le=10**8)] | None = None


class _Run(_Part):
    protocol: Text
    split: Text
    seed: int


class _Metrics(_Part):
    accuracy: Share
    accuracy_low: Share
    accuracy_high: Share
    majority_accuracy: Share
    valid_accuracy: Share | None
    n_test: Count


class _Confidence(_Part):
    min_probability: Annotated[float, Field(ge=0, le=2)]
    max_ood_score: Annotated[float, Field(ge=0)] | None


class _File(_Part):
    bytes: Count
    sha256: Sha256


class _UpdatedWith(_Part):
    md5: Text
    subset: Text


class _Update(_Part):
    folder: Text
    clips: list[_UpdatedWith]


class _Original(_Part):
    dataset: Text
    synthetic: bool
    run: _Run
    metrics: _Metrics


class Description(_Part):
    """What the program reads of export.json, with the bounds of each value."""

    model: Name
    dataset: Text
    synthetic: bool
    genres: Annotated[list[Genre], Field(min_length=1, max_length=1000)]
    settings: _Settings
    compute: dict[str, Any]
    audio: _Audio
    limits: _Limits
    features: Annotated[dict[Name, _Feature], Field(min_length=1, max_length=100)]
    run: _Run
    metrics: _Metrics
    caveats: list[Text]
    confidence: _Confidence
    files: dict[str, _File]
    original: _Original | None = None
    updates: list[_Update] = []


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description of the exported model in `folder`.

    Raises
    ------
    InputError
        If `folder` is no exported model, was written in another format, was changed since, or holds only the reason why
        there is none.
    """
    path = folder / DESCRIPTION
    try:
        if not path.is_file():
            raise InputError(
                f"{folder} is not an exported model: it has no {DESCRIPTION}. `snakemake export` makes one"
            )
        if path.is_symlink():
            raise InputError(f"{path} is a link, which no export of genrebench has")
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} has more than {LARGEST / 1e6:.0f} MB, which no export of genrebench has")
        description = json.loads(path.read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged, it is no JSON ({_line(error)}); {AGAIN}") from None
    if not isinstance(description, dict):
        raise InputError(f"{path} is damaged, it is no JSON object; {AGAIN}")
    if description.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {str(description.get('format'))[:20]}, but this version of genrebench reads format "
            f"{FORMAT}. Export the model again (`snakemake export`)"
        )
    if "reason" in description:
        raise InputError(f"{folder} holds no model: {str(description['reason'])[:1000]}")
    try:
        Description.model_validate(description)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))[:200]
        raise InputError(f"{path} is damaged: {where}: {first['msg']}; {AGAIN}") from None
    if description.get("digest") != _digest(description):
        raise InputError(f"{path} was changed after it was written, or is damaged; {AGAIN}")
    return description


def write_description(folder: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    """Write the description of the export in `folder`, with its files as they are now; returns what was written."""
    listed = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in _files(folder)
    }
    complete = {**description, "format": FORMAT, "files": listed}
    complete["digest"] = _digest(complete)
    files.write_json(folder / DESCRIPTION, complete)
    return complete


def write_reason(folder: Path, reason: str) -> None:
    """Write the folder of a model that cannot be exported: its description is the `reason`."""
    with files.atomic(folder) as temporary:
        files.write_json(temporary / DESCRIPTION, {"format": FORMAT, "reason": reason})


def check_files(folder: Path, description: Mapping[str, Any]) -> None:
    """Check that the files of an export are those that it lists, of known kinds and in the folder.

    Raises
    ------
    InputError
        If one is missing, too many, changed, a link, or of a kind that an export does not have.
    """
    try:
        there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
        for name in sorted({*there, *description["files"]}):
            expected = description["files"].get(name)
            if expected is None or name not in there:
                what = "does not list" if expected is None else "lacks"
                raise InputError(f"{folder} {what} the file {name[:200]}; {AGAIN}")
            if Path(name).name not in KNOWN:
                raise InputError(f"{folder} has the file {name[:200]}, and no export of genrebench has such a file")
            found = there[name].stat()
            if found.st_size != expected["bytes"] or _sha256(there[name]) != expected["sha256"]:
                raise InputError(f"{there[name]} was changed after it was written, or is damaged; {AGAIN}")
            if name.endswith("config.json") and (keys := sorted(CODE & set(_keys(files.read_json(there[name]))))):
                raise InputError(f"{there[name]} has {', '.join(keys)}, which could load code; it is not used")
    except OSError as error:
        raise InputError(f"{error.filename or folder} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder} has a damaged configuration ({_line(error)}); {AGAIN}") from None


def summary(description: dict[str, Any]) -> str:
    """One line: which model predicts, and how accurate it was on its test clips."""
    figures = description["metrics"]
    caveats = "".join(f"; {caveat}" for caveat in description["caveats"])
    return (
        f"{description['model']}, trained on {trained_on(description)}: accuracy {percent(figures['accuracy'], 0)} on "
        f"{test_clips(description)} (95% interval "
        f"{interval(figures['accuracy_low'], figures['accuracy_high'], 0)}%, protocol "
        f"{description['run']['protocol']}){caveats}"
    )


def trained_on(description: Mapping[str, Any]) -> str:
    """The datasets of all trainings, and whether that of the first is synthetic."""
    first = description.get("original")
    if first and first["synthetic"]:
        return f"{description['dataset']} ({first['dataset']} is {synthetic.KIND})"
    return synthetic.label(description["dataset"], description["synthetic"])


def test_clips(description: Mapping[str, Any]) -> str:
    """How many clips the accuracy is of, and whether they are synthetic, or those of a cross-validation."""
    kept = description.get("clips")  # no part of what is checked: nothing is computed with it
    of_validation = isinstance(kept, dict) and kept.get("test") == 0  # a cross-validation, all clips are trained on
    test = "clips" if of_validation else "test clips"
    return f"{description['metrics']['n_test']} {'synthetic ' if description['synthetic'] else ''}{test}"


def caveats(description: Mapping[str, Any]) -> list[str]:
    """The caveats of a model; the first is that its test clips are synthetic."""
    return [synthetic.NOTE, *description["caveats"]] if description["synthetic"] else description["caveats"]


def _files(folder: Path) -> Iterator[Path]:
    """The files that are computed with; hidden ones, such as Snakemake's, are not."""
    for top in FOLDERS:
        if (folder / top).is_symlink():
            raise InputError(f"{folder / top} is a link, which no export of genrebench has")
        for path in sorted((folder / top).rglob("[!.]*")):
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise InputError(f"{path} is neither a file nor a folder, which no export of genrebench has")
            if stat.S_ISREG(mode):
                yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(description: Mapping[str, Any]) -> str:
    own = {key: value for key, value in description.items() if key != "digest"}
    return hashlib.sha256(json.dumps(own, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
