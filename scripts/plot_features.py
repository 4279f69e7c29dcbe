"""Draw a table of features, one row per clip: its distributions by genre, and its correlations."""

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.plots import feature_table, style

PALETTE = 256  # colours: a third of the bytes


def plot_features(manifest: str, values: str, description: str, distributions: Path, correlations: Path) -> None:
    """Draw the feature cache `values` (.npy) with its JSON `description`, whose rows are those of `manifest`.

    Where the feature is not available both plots say why. Raises InputError if it is no table of columns.
    """
    facts = files.read_json(description)
    if not facts["available"]:
        for output in (distributions, correlations):
            style.write(style.empty(f"{facts['feature']} is not available: {facts['reason']}"), output)
        return
    table = np.load(values)
    genres = [clip["genre"] for clip in files.read_rows(manifest)]
    if table.ndim != 2 or len(table) != len(genres):
        raise InputError(
            f"{values} has the shape {table.shape}, but must be a table with a row for each of the {len(genres)} "
            f"clips of {manifest}"
        )
    columns = facts.get("columns") or [f"column {i}" for i in range(table.shape[1])]
    with threadpool_limits(1):  # sums in another order are other numbers
        style.write(feature_table.draw_distributions(table, columns, genres), distributions, palette=PALETTE)
        style.write(feature_table.draw_correlations(table, columns), correlations, palette=PALETTE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--values", required=True, help=".npy of the feature")
    parser.add_argument("--description", required=True, help="its .json")
    parser.add_argument("--distributions", type=Path, required=True, help=".png or .svg to write")
    parser.add_argument("--correlations", type=Path, required=True, help=".png or .svg to write")
    cli.run(plot_features, vars(parser.parse_args()))
