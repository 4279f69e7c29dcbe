"""What jobs ask of a scheduler beside what they used, for the dataset of params.yaml, from the benchmarks of its runs.

Run in a checkout after the workflow:  python tests/bench/bench_requests.py
"""

import argparse
import csv
from pathlib import Path

from genrebench.workflow import dag

NOTHING = {"jobs": 0, "used_mb": 0.0, "asked_mb": float("inf"), "used_s": 0.0, "asked_min": float("inf")}


def requests():
    """By rule: the jobs with a benchmark, the largest use of memory and time, and the smallest request that met it."""
    rows = {}
    for job in dag.jobs({"all"})[0]:
        if "mem_mb" in job.rule.resources and job.benchmark and Path(job.benchmark).is_file():
            with Path(job.benchmark).open() as file:
                used = list(csv.DictReader(file, delimiter="\t"))[-1]
            row = rows.setdefault(job.rule.name, {"rule": job.rule.name, **NOTHING})
            row["jobs"] += 1
            row["used_mb"] = max(row["used_mb"], _number(used["max_rss"]))
            row["used_s"] = max(row["used_s"], _number(used["s"]))
            row["asked_mb"] = min(row["asked_mb"], job.resources["mem_mb"])
            row["asked_min"] = min(row["asked_min"], job.resources["runtime"])
    return list(rows.values())


def _number(text):
    """A figure of a benchmark; jobs that were too short to be seen have none."""
    return float(text) if text not in ("-", "NA") else 0.0


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{'rule':32} jobs   used MB  asked MB   used s  asked min")
    for row in requests():
        print(
            f"{row['rule']:32} {row['jobs']:4}  {row['used_mb']:8.0f}  {row['asked_mb']:8.0f}  {row['used_s']:7.1f}"
            f"  {row['asked_min']:9.0f}"
        )


if __name__ == "__main__":
    main()
