"""The exported models in a folder of results: `<results>/<dataset>/export/<model>`. Quick to import.

The model that comes with the project stands beside them: before models of synthetic music, and after all others.
"""

import os
from pathlib import Path
from typing import Any

import yaml

from genrebench.common.cli import InputError
from genrebench.inference.description import DESCRIPTION, read_description
from genrebench.workflow.code_closure import ROOT
from genrebench.workflow.entries import BEST

RESULTS = Path("results")
SHIPPED = ROOT / "data/models/gtzan"  # the model that comes with the project


def default_results() -> Path:
    """The folder `results` here, or that of the checkout in which genrebench is installed if only that has exports."""
    installed = ROOT / RESULTS
    return installed if not any(_exports(RESULTS)) and any(_exports(installed)) else RESULTS


def find_model(model: str | None, results: Path) -> Path:
    """Find the folder of an exported model.

    Parameters
    ----------
    model : str or None
        A folder, or the name of a model in `<results>/<dataset>/export` or of the one that comes with the project, or
        `<dataset>/<name>` where several datasets have one of this name; by default the first of `usable_models`.
    results : Path
        The folder of results. The dataset of ./params.yaml, if there is one, comes first.

    Raises
    ------
    InputError
        If there is no such folder; the message says where it was looked for.
    """
    if model and (os.sep in model or Path(model, DESCRIPTION).is_file()):
        if not Path(model).is_dir():
            dataset, _, name = model.rpartition(os.sep)
            if (exported := results / dataset / "export" / name) in _exports(results):
                return exported
            raise InputError(f"There is no folder {Path(model).absolute()}: --model takes the folder of an export")
        return Path(model)
    name = model or BEST
    dataset = _dataset()
    usable = usable_models(results)
    if not model and usable:
        return next(iter(usable))
    places = [path for path in _exports(results) if path.name == name]
    if not places and name == SHIPPED.name and SHIPPED.is_dir():
        return SHIPPED
    # one that can be used, before one that says why it cannot; the dataset of the parameters before others
    for place in sorted(places, key=lambda path: (path not in usable, path.parts[-3] != dataset, path)):
        return place
    there = sorted(map(str, _exports(results)))
    target = f"{results}/{dataset}/export/{name}" if model else "export"
    raise InputError(
        f"There is no exported model {name}: looked for {results.absolute()}/*/export/{name}. "
        + (f"There are {', '.join(there)}. " if there else "")
        + f"`snakemake --cores 2 {target}` exports it; --model takes a folder anywhere"
    )


def usable_models(results: Path) -> dict[Path, dict[str, Any]]:
    """Folder and description of every exported model in a folder of results that this version reads.

    Models of the dataset of ./params.yaml come first, and of a dataset first the best, then by validation accuracy. A
    model that is exported as the best and by its own name is there once. The model that comes with the project follows,
    and then those of synthetic music.
    """
    found: dict[Path, dict[str, Any]] = {}
    for path in [*sorted(_exports(results), key=lambda path: (path.name != BEST, path)), SHIPPED]:
        try:
            description = read_description(path)
        except InputError:
            continue
        if description not in found.values():
            found[path] = description

    def order(item: tuple[Path, dict[str, Any]]) -> tuple[bool, bool, bool, str, bool, float]:
        folder, description = item
        dataset, figures = description["dataset"], description["metrics"]
        kind = description["synthetic"], folder == SHIPPED, dataset != _dataset()
        return *kind, dataset, folder.name != BEST, -figures["valid_accuracy"]

    return dict(sorted(found.items(), key=order))


def _exports(results: Path) -> list[Path]:
    """The folders of exported models, and of those that could not be exported."""
    return [path for path in results.glob("*/export/[!.]*") if path.is_dir()]


def _dataset() -> str:
    """The dataset of ./params.yaml."""
    try:
        params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        params = None  # exported models can be used without it
    return str(params.get("dataset", "demo")) if isinstance(params, dict) else "demo"
