"""Write envs/*.yaml, the conda environments of the rules, from the versions of the lock file (`make envs`)."""

import argparse
import re
from pathlib import Path

from genrebench.common import cli, files

# One environment for each family of dependencies; pip brings what these need.
CLASSICAL = (
    "av jinja2 librosa matplotlib mutagen numpy pandas pillow pydantic pywavelets pyyaml requests "
    "scikit-learn scipy skops soundfile soxr statsmodels threadpoolctl tqdm"
).split()
SPEECH = ["safetensors", "torch", "transformers"]
FAMILIES = {
    "classical": CLASSICAL,
    "networks": [*CLASSICAL, "h5py", "keras", "tensorflow"],
    "pretrained": [*CLASSICAL, "onnx", "onnxruntime", "tensorflow"],
    # an export is checked against the evaluation, whichever kind of model it is
    "export": [*CLASSICAL, "h5py", "keras", "onnxruntime", *SPEECH, "tensorflow", "tf2onnx"],
    "speech": [*CLASSICAL, *SPEECH],
}
# Packages that have weights, by the families that read them: what they themselves ask for is years old, and not needed.
WEIGHTS = {"pretrained": ["musicnn"], "export": ["musicnn"]}


def write_envs(lock: Path, project: Path, folder: Path) -> None:
    """Write `<folder>/<family>.yaml` for each family, with the versions of `lock`, and of `project` that of PyTorch.

    Snakemake runs `<family>.post-deploy.sh` in an environment that it has made.

    PyTorch is not in the lock file: which of its builds, and with it which packages of CUDA, is a question of the
    machine.
    """
    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), re.M))
    versions |= dict(re.findall(r'"(torch)==([^"]+)"', project.read_text()))
    for family, names in FAMILIES.items():
        lines = [
            "# Made by `make envs` from the lock file, for `snakemake --sdm conda`.",
            "channels: [conda-forge, nodefaults]",
            "dependencies:",
            "  - python=3.11",
            "  - pip",
            "  - pip:",
            *(f"      - {name}=={versions[name]}" for name in names),
        ]
        with files.atomic(folder / f"{family}.yaml") as temporary:
            temporary.write_text("\n".join(lines) + "\n")
        if packages := WEIGHTS.get(family):
            pins = " ".join(f"{name}=={versions[name]}" for name in packages)
            with files.atomic(folder / f"{family}.post-deploy.sh") as temporary:
                temporary.write_text(f"# Made by `make envs` from the lock file.\npip install --no-deps {pins}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", default="requirements.lock", type=Path)
    parser.add_argument("--project", default="pyproject.toml", type=Path)
    parser.add_argument("--folder", default="envs", type=Path)
    cli.run(write_envs, vars(parser.parse_args()))
