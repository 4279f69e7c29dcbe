"""The exported models below a folder of results, `<results>/<dataset>/export/<model>`, and what is said of them."""

from pathlib import Path
from typing import Any

import yaml

from genrebench.common.cli import InputError
from genrebench.inference.predictor import DESCRIPTION, read_description
from genrebench.workflow.entries import BEST


def find_model(model: str | None, results: Path) -> Path:
    """The folder of an exported model: a path, or the name of one below `results`/<dataset>/export/ (else the best)."""
    if model and (Path(model) / DESCRIPTION).is_file():
        return Path(model)
    name = model or BEST
    dataset = _dataset()
    places = [results / dataset / "export" / name, *sorted(results.glob(f"*/export/{name}"))]
    for place in places:
        if place.is_dir():
            return place
    there = sorted(str(path) for path in results.glob("*/export/*") if path.is_dir() and not path.name.startswith("."))
    named, target = (f" {model}", f"{results}/{dataset}/export/{name}") if model else ("", "export")
    raise InputError(
        f"There is no exported model{named} below {results}: `snakemake --cores 2 {target}` makes it"
        + (f"; there are {', '.join(there)}" if there else "")
    )


def usable_models(results: Path) -> dict[Path, dict[str, Any]]:
    """Folder and description of each exported model below `results` that this version reads.

    First those of the dataset that params.yaml names, and of a dataset first the best in validation. What is exported
    as the best and also by its own name stands there once.
    """
    found: dict[Path, dict[str, Any]] = {}
    for path in sorted(results.glob(f"*/export/[!.]*/{DESCRIPTION}"), key=lambda path: path.parent.name != BEST):
        try:
            description = read_description(path.parent)
        except InputError:
            continue
        if description not in found.values():
            found[path.parent] = description

    def place(item: tuple[Path, dict[str, Any]]) -> tuple[bool, str, bool, float]:
        folder, description = item
        dataset = description["dataset"]
        return dataset != _dataset(), dataset, folder.name != BEST, -description["metrics"]["valid_accuracy"]

    return dict(sorted(found.items(), key=place))


def about(description: dict[str, Any]) -> str:
    """A line that says which model answers, and how often it was right."""
    figures = description["metrics"]
    caveats = "".join(f"; {mark}" for mark in description["caveats"])
    return (
        f"{description['model']}, trained on {description['dataset']}, was right on {figures['accuracy']:.0%} of "
        f"{figures['n_test']} test clips (95% interval {figures['accuracy_low']:.0%} to "
        f"{figures['accuracy_high']:.0%}, protocol {description['run']['protocol']}){caveats}"
    )


def _dataset() -> str:
    """The dataset that params.yaml names."""
    path = Path("params.yaml")
    return str(yaml.safe_load(path.read_text(encoding="utf-8"))["dataset"]) if path.is_file() else "demo"
