"""What the runs cost, and what their accuracy costs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common import cli, files
from genrebench.common.averages import mean
from genrebench.common.run_key import RunKey
from genrebench.training.data import identity

RUN = ("model", "protocol", "split", "seed")
# trained numbers; bytes of the saved model; epochs, and the best of them; seconds; clips per second; ms; MB (1e6 bytes)
MEASURES = (
    "parameters", "bytes", "epochs", "best_epoch", "seconds_per_epoch", "training_clips_per_s",
    "inference_ms_per_clip", "peak_memory_mb", "backend", "device", "threads",
)  # fmt: skip
COLUMNS = (*RUN, *MEASURES, "caveats")


def read_costs(statuses: Sequence[Mapping[str, Any]], runs: Path, costs: Path) -> list[dict[str, Any]]:
    """Read the costs of the runs that are done and were measured on this machine: the rows of cost.csv.

    A run that came with `dvc pull` was measured elsewhere and has no row, and a file in `costs` may be of an earlier
    training.

    Parameters
    ----------
    statuses : sequence of dict
        Rows of statuses.csv (`tables.STATUSES`).
    runs, costs : path
        Folders of all models' runs and of what they cost, <model>/<protocol>/<split>/seed<k>.json.

    Raises
    ------
    InputError
        If a file of this training lacks a measure.
    """
    rows = []
    for run in statuses:
        if run["status"] != "done":
            continue
        key = RunKey(run["model"], run["protocol"], run["split"], run["seed"])
        path = costs / f"{key}.json"
        if not path.exists():
            continue
        cost = files.read_json(path)
        if cost["status"] != "done":
            continue  # of an earlier configuration, under which the run was unavailable
        if cost.get("of") != identity(runs / str(key)):
            continue  # of an earlier training
        if missing := [measure for measure in MEASURES if measure not in cost]:
            raise cli.InputError(f"{path} has no {', '.join(missing)}: train {run['model']} again.")
        rows.append({key: run[key] for key in RUN} | {key: cost[key] for key in MEASURES} | {"caveats": run["caveats"]})
    return rows


def accuracy_and_cost(
    leaderboard: Sequence[Mapping[str, Any]], costs: Sequence[Mapping[str, Any]], protocol: str | None
) -> list[dict[str, Any]]:
    """Join the accuracy of each model under `protocol` with the mean cost of its runs, as `plots.cost` draws them."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in costs:
        if row["protocol"] == protocol:
            groups[row["model"]].append(row)
    accuracy = ("model", "caveats", "accuracy_mean", "accuracy_low", "accuracy_high")
    return [
        {key: row[key] for key in accuracy}
        | {
            "parameters": mean(one["parameters"] for one in groups[row["model"]]),
            "training_seconds": mean(_training_seconds(one) for one in groups[row["model"]]),
            "inference_ms_per_clip": mean(one["inference_ms_per_clip"] for one in groups[row["model"]]),
        }
        for row in leaderboard
        if row["protocol"] == protocol and row["model"] in groups and row["accuracy_mean"] is not None
    ]


def _training_seconds(cost: Mapping[str, Any]) -> float | None:
    """Seconds of all epochs; None where either was not measured."""
    if cost["seconds_per_epoch"] is None or cost["epochs"] is None:
        return None
    return cost["seconds_per_epoch"] * cost["epochs"]
