"""export.json: what an exported model says of itself. Quick to import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.formatting import interval, percent
from genrebench.datasets import synthetic

DESCRIPTION = "export.json"
FORMAT = 3  # of that file; it goes up whenever a key changes
UNCHANGED = "unchanged"  # the choice of an update that kept the model as it was


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description of the exported model in `folder`.

    Raises
    ------
    InputError
        If `folder` is no exported model, was written in another format, or holds only the reason why there is none.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(f"{folder} is not an exported model: it has no {DESCRIPTION}. `snakemake export` makes one")
    description = files.read_json(path)
    if description.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {description.get('format')}, but this version of genrebench reads format {FORMAT}. "
            "Export the model again (`snakemake export`)"
        )
    if "reason" in description:
        raise InputError(f"{folder} holds no model: {description['reason']}")
    return description


def write_reason(folder: Path, reason: str) -> None:
    """Write the folder of a model that cannot be exported: its description is the `reason`."""
    with files.atomic(folder) as temporary:
        files.write_json(temporary / DESCRIPTION, {"format": FORMAT, "reason": reason})


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
    """How many test clips the accuracy is of, and whether they are synthetic."""
    kind = "synthetic test clips" if description["synthetic"] else "test clips"
    return f"{description['metrics']['n_test']} {kind}"


def caveats(description: Mapping[str, Any]) -> list[str]:
    """The caveats of a model; the first is that its test clips are synthetic."""
    return [synthetic.NOTE, *description["caveats"]] if description["synthetic"] else description["caveats"]
