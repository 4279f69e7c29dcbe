"""Write envs/*.yaml, the conda environments of the rules, from the versions of the lock files (`make envs`)."""

import argparse
import re
from pathlib import Path

from genrebench.common import cli, files

LOCKS = [Path("requirements.lock"), Path("requirements-speech.lock")]
# One environment for each family of dependencies; pip brings what these need.
CLASSICAL = (
    "av jinja2 librosa matplotlib mutagen numpy pandas pillow pydantic pywavelets pyyaml requests scikit-learn scipy "
    "setuptools skops soundfile soxr statsmodels threadpoolctl tqdm"
).split()
SPEECH = ["safetensors", "torch", "transformers"]
FAMILIES = {
    "classical": CLASSICAL,
    "networks": [*CLASSICAL, "h5py", "keras", "tensorflow"],
    "pretrained": [*CLASSICAL, "tensorflow", "tensorflow-hub"],
    # an export says what the model says: it hears through each kind
    "export": [*CLASSICAL, "h5py", "keras", "onnxruntime", *SPEECH, "tensorflow", "tensorflow-hub", "tf2onnx"],
    "speech": [*CLASSICAL, *SPEECH],
}


def write_envs(locks: list[Path], project: Path, folder: Path) -> None:
    """Write `<folder>/<family>.yaml` for each family, with the versions of `locks`, and of `project` that of PyTorch.

    That is in no lock file: which of its builds, and with them which packages of CUDA, is a question of the machine.
    """
    lines = "\n".join(_for_python_311(lock.read_text()) for lock in locks)
    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)(?=.*\\$)", lines, re.M))
    versions |= dict(re.findall(r'"(torch)==([^"]+)"', project.read_text()))
    for family, names in FAMILIES.items():
        lines = [
            "# Made by `make envs` from the lock files, for `snakemake --sdm conda`.",
            "channels: [conda-forge, nodefaults]",
            "dependencies:",
            "  - python=3.11",
            "  - pip",
            "  - pip:",
            *(f"      - {name}=={versions[name]}" for name in names),
        ]
        with files.atomic(folder / f"{family}.yaml") as temporary:
            temporary.write_text("\n".join(lines) + "\n")


def _for_python_311(lock: str) -> str:
    """The lock without the lines for later versions of Python."""
    return "\n".join(line for line in lock.splitlines() if "python_full_version >= '3.12'" not in line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locks", nargs="+", type=Path, default=LOCKS)
    parser.add_argument("--project", type=Path, default=Path("pyproject.toml"))
    parser.add_argument("--folder", default="envs", type=Path)
    cli.run(write_envs, vars(parser.parse_args()))
