"""The section about the cost of models and jobs."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.common.averages import mean
from genrebench.planning import costs

MEASURED = (
    "parameters", "bytes", "epochs", "seconds_per_epoch", "training_clips_per_s", "inference_ms_per_clip",
    "peak_memory_mb", "threads",
)  # fmt: skip
WHERE = ("backend", "device")


def model_costs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Average the rows of cost.csv by model, with the number of runs and where they were measured."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["model"]].append(row)
    return [
        {"model": model, "runs": len(group)}
        | {name: mean(row[name] for row in group) for name in MEASURED}
        | {name: ", ".join(sorted({row[name] for row in group})) for name in WHERE}
        for model, group in sorted(groups.items())
    ]


def read_benchmarks(benchmarks: Path | None) -> list[dict[str, Any]]:
    """Sum Snakemake's benchmark files by rule: number of jobs, seconds, CPU seconds, and the most MB."""
    by_rule: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    if benchmarks is None:
        return []
    for path in sorted(benchmarks.rglob("*.tsv")):
        header, *lines = (line.split("\t") for line in path.read_text().splitlines() if line)
        rule = path.relative_to(benchmarks).with_suffix("").parts[0]
        by_rule[rule] += [dict(zip(header, line, strict=False)) for line in lines]
    return [
        {
            "rule": rule,
            "jobs": len(rows),
            "seconds": sum(_number(row.get("s")) for row in rows),
            "cpu": sum(_number(row.get("cpu_time")) for row in rows),
            "memory": max(_number(row.get("max_rss")) for row in rows),
        }
        for rule, rows in sorted(by_rule.items())
        if rows
    ]


def machine() -> str:
    """Name the processor, and the number of cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{costs.processor()}, {cores} core{'s' if cores > 1 else ''}"


def _number(text: str | None) -> float:
    """A figure of a benchmark file; 0 for what Snakemake did not measure, "NA" and "-"."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
