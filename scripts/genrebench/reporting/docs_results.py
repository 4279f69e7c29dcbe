"""The results that the documentation shows: small tables and plots, written into docs/ from results/."""

import re
import shutil
from pathlib import Path

import pandas as pd

from genrebench.common import files, formatting
from genrebench.common.cli import InputError
from genrebench.evaluation import tables

COLUMNS = ("model", "protocol", "n_test", "splits", "accuracy_mean", "accuracy_low", "accuracy_high", "valid_accuracy")
HEADINGS = ("model", "protocol", "test clips", "splits", "accuracy (%)", "95% interval", "validation (%)")


def write_results(results: Path, page: Path, folder: Path) -> None:
    """Copy a dataset's leaderboard to the documentation, as a table in its page, a CSV file and a plot.

    Parameters
    ----------
    results : path
        results/<dataset>, with leaderboard.csv and leaderboard.png.
    page : path
        A page with the lines `<!-- <dataset> -->` and `<!-- end of <dataset> -->`; what is between them is replaced.
    folder : path
        Folder of <dataset>.csv and <dataset>.png.

    Raises
    ------
    InputError
        If the leaderboard or the place in the page is missing.
    """
    leaderboard = tables.LEADERBOARD.read(results / "leaderboard.csv", only=(*COLUMNS, "status", "reason"))
    name = results.name
    text, count = re.subn(
        rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end of {re.escape(name)} -->)",
        lambda found: f"{found[1]}\n{as_markdown(leaderboard)}\n{found[2]}",
        page.read_text(encoding="utf-8"),
        flags=re.S,
    )
    if count != 1:
        raise InputError(f"{page} has no lines <!-- {name} --> and <!-- end of {name} --> around the table: add them")
    done = leaderboard[leaderboard["status"] == "done"]
    folder.mkdir(exist_ok=True)
    with files.atomic(folder / f"{name}.csv") as temporary:
        done[list(COLUMNS)].to_csv(temporary, index=False, float_format="%.4f", lineterminator="\n")
    shutil.copyfile(results / "leaderboard.png", folder / f"{name}.png")
    with files.atomic(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


def as_markdown(leaderboard: pd.DataFrame) -> str:
    """The leaderboard as a table of Markdown, and a sentence for each protocol and model that could not be run."""
    done = leaderboard[leaderboard["status"] == "done"].sort_values(
        ["protocol", "accuracy_mean"], ascending=[True, False]
    )
    rows = [
        (
            f"`{row.model}`",
            f"`{row.protocol}`",
            row.n_test,
            row.splits,
            formatting.percent_value(row.accuracy_mean),
            formatting.interval(row.accuracy_low, row.accuracy_high),
            formatting.percent_value(row.valid_accuracy),
        )
        for row in done.itertuples()
    ]
    lines = [HEADINGS, ["---"] * len(HEADINGS), *rows]
    table = "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
    others = leaderboard[leaderboard["status"] != "done"].drop_duplicates(["protocol", "reason"])
    notes = [f"- `{row.protocol}`: unavailable. {row.reason}" for row in others.itertuples()]
    return "\n".join([table, *(["", *notes] if notes else [])]) + "\n"
