"""Gather what each run cost into one table, and set it against accuracy in a plot: rule gather_costs."""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.plots import style, training
from genrebench.training.data import identity

RUN = ("model", "protocol", "split", "seed")
MEASURES = (
    "parameters", "bytes", "epochs", "best_epoch", "seconds_per_epoch", "training_clips_per_s",
    "inference_ms_per_clip", "peak_memory_mb", "backend", "device", "threads",
)  # fmt: skip


def gather_costs(
    statuses: Path, runs: Path, costs: Path, leaderboard: Path, splits: Path, output: Path, plot: Path
) -> None:
    """Write `output`, a row per run that is done, and `plot`, accuracy against cost under the most honest protocol.

    `statuses` is statuses.csv; the cost of a run is in `costs`/<model>/<protocol>/<split>/seed<k>.json, or it has no
    row: a run that came with `dvc pull` was measured elsewhere, and what is there may be of an earlier one. The columns
    are those of `MEASURES`: trained numbers, bytes of the saved model, epochs that were trained and the best of them,
    seconds, clips per second, milliseconds, MB (1e6 bytes). What is to be said wherever a model's numbers appear
    stands there as `caveats`, too.
    """
    configured = files.read_rows(statuses)
    rows = read_costs(configured, runs, costs)
    files.write_rows(output, [*RUN, *MEASURES, "caveats"], rows)
    described = describe_protocols(splits, {(row["protocol"], row["split"]) for row in configured})
    figures = [read_accuracy(row) for row in files.read_rows(leaderboard)]
    strict, loose = pick_protocols(figures, described)
    protocol = strict or loose
    points = accuracy_and_cost(figures, rows, protocol)
    style.write(training.draw_costs(points, [row["model"] for row in configured], protocol), plot, palette=128)


def read_costs(configured: Sequence[Mapping[str, str]], runs: Path, costs: Path) -> list[dict[str, Any]]:
    """The costs of those `configured` runs (rows of statuses.csv) that are done and were measured."""
    rows = []
    for run in configured:
        if run["status"] != "done":
            continue
        key = RunKey(run["model"], run["protocol"], run["split"], int(run["seed"]))
        path = costs / f"{key}.json"
        if not path.exists():
            continue
        cost = files.read_json(path)
        if cost["status"] != "done":
            continue  # of an earlier configuration, which could not be run
        if cost.get("of") != identity(runs / str(key)):
            continue  # of an earlier training
        if missing := [name for name in MEASURES if name not in cost]:
            raise cli.InputError(f"{path} has no {', '.join(missing)}: train {run['model']} again.")
        rows.append(
            {name: run[name] for name in RUN} | {name: cost[name] for name in MEASURES} | {"caveats": run["caveats"]}
        )
    return rows


def read_accuracy(row: Mapping[str, str]) -> dict[str, Any]:
    """Of a row of leaderboard.csv what stands on the axis of accuracy; None where there is no number."""
    numbers = ("accuracy_mean", "accuracy_low", "accuracy_high")
    return {name: row[name] for name in ("model", "protocol", "caveats")} | {
        k: float(row[k]) if row[k] else None for k in numbers
    }


def accuracy_and_cost(
    figures: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], protocol: str | None
) -> list[dict[str, Any]]:
    """Per model that has both under `protocol`: its accuracy with the interval, and the mean cost of its runs."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["protocol"] == protocol:
            groups[row["model"]].append(row)
    return [
        {
            **figure,
            "parameters": mean(row["parameters"] for row in groups[figure["model"]]),
            "training_seconds": mean(training_seconds(row) for row in groups[figure["model"]]),
            "inference_ms_per_clip": mean(row["inference_ms_per_clip"] for row in groups[figure["model"]]),
        }
        for figure in figures
        if figure["protocol"] == protocol and figure["model"] in groups and figure["accuracy_mean"] is not None
    ]


def training_seconds(cost: Mapping[str, Any]) -> float | None:
    """Seconds of all epochs of a run; None where either was not measured."""
    if cost["seconds_per_epoch"] is None or cost["epochs"] is None:
        return None
    return cost["seconds_per_epoch"] * cost["epochs"]


def mean(values: Any) -> float | None:
    """The mean of the values that are not None; None without any."""
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statuses", type=Path, required=True, help="table of the configured runs")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--costs", type=Path, required=True, help="folder of what each run cost")
    parser.add_argument("--leaderboard", type=Path, required=True, help="table of accuracies")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--output", type=Path, required=True, help="table to write")
    parser.add_argument("--plot", type=Path, required=True, help="plot to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(gather_costs, vars(arguments()))
