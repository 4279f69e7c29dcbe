"""What jobs cost: seconds, memory and disk, estimated from what earlier jobs cost.

Seconds, memory and megabytes of output are straight lines in the work of a job (see `workload`). The lines are fitted
to the reference machine, `data/reference_costs.csv`, and scaled so that they meet what was measured on this machine. A
kind of job that was never measured has no estimate.
"""

import csv
import platform
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from genrebench.common import files
from genrebench.planning.workload import AGAIN, Parts, Workload, kind

COLUMNS = ("kind", "work", "unit", "seconds", "memory_mb", "output_work", "output_mb", "machine")
SCHEDULER = "snakemake"  # the kind of the scheduler's own time; its work is the number of jobs
UNITS = {
    "render_demo": "s of audio per process",
    "build_manifest": "s of audio per process",
    "extract_shard": "s of audio",
    "extract_embeddings": "s of audio",
    "extract_speech": "s of audio",
    "collect_feature": "MB",
    "make_split": "clips",
    "check_labels": "clips",
    "train": "million values",
    "evaluate_model": "runs",
    "build_leaderboard": "runs",
    "compare_models": "runs",
    "compare_papers": "runs",
    "compare_claims": "runs",
    "compare_stability": "runs",
    "study_errors": "runs",
    "build_report": "runs",
    SCHEDULER: "jobs",
}

Line = tuple[float, float]  # fixed, per unit of work


@dataclass(frozen=True)
class Measurement:
    """What one job cost; `output_mb` is None where it was not looked at."""

    kind: str
    work: float
    seconds: float
    memory_mb: float
    output_work: float = 0.0
    output_mb: float | None = None
    machine: str = ""


def read_reference(path: str | Path) -> list[Measurement]:
    """The measurements of the reference machine."""
    return [
        Measurement(
            row["kind"],
            float(row["work"]),
            float(row["seconds"]),
            float(row["memory_mb"]),
            float(row["output_work"] or 0),
            float(row["output_mb"]) if row["output_mb"] else None,
            row["machine"],
        )
        for row in files.read_rows(path)
    ]


def read_benchmarks(results: str | Path, workload: Workload) -> list[Measurement]:
    """What the jobs of a finished or broken-off run cost, from Snakemake's benchmark files in `results`."""
    folder = Path(results, "benchmarks")
    found = {}
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"), None)
        if row and row["s"]:
            parts = path.relative_to(folder).with_suffix("").parts
            found[parts] = (float(row["s"]), _number(row["max_rss"]))
    longest: dict[str, Parts] = {}  # the job of each shard that read the audio
    for parts in found:
        if parts[0] == "extract_shard" and len(parts) == 3:
            longest[parts[2]] = max(parts, longest.get(parts[2], parts), key=lambda p: found[p])
    measurements = []
    for parts, (seconds, memory) in found.items():
        again = parts[0] == "extract_shard" and parts not in longest.values()
        output = {
            "train": Path(results, "runs", *parts[1:]),
            "evaluate_model": Path(results, "evaluation", *parts[1:]),
            "build_report": Path(results, "report"),
        }.get(parts[0])
        measurements.append(
            Measurement(
                AGAIN if again else kind(parts),
                0 if again else workload.work(parts),
                seconds,
                memory,
                workload.output_work(parts),
                size_mb(output) if output and output.is_dir() else None,
            )
        )
    return measurements


def _number(text: str) -> float:
    return 0.0 if text in ("", "-", "NA") else float(text)  # a job may be over before it was looked at


def typical(measurements: Iterable[Measurement], machine: str) -> list[dict[str, Any]]:
    """Rows for the file of reference costs: of each kind and amount of work the median, named after the machine."""
    alike: dict[tuple[str, float, float], list[Measurement]] = defaultdict(list)
    for one in measurements:
        alike[one.kind, one.work, one.output_work].append(one)
    return [
        {
            "kind": name,
            "work": f"{work:.6g}",
            "unit": unit(name),
            "seconds": f"{median(one.seconds for one in group):.2f}",
            "memory_mb": f"{max(one.memory_mb for one in group):.0f}",
            "output_work": f"{output_work:.6g}",
            "output_mb": "" if group[0].output_mb is None else f"{median(one.output_mb or 0 for one in group):.4f}",
            "machine": machine,
        }
        for (name, work, output_work), group in sorted(alike.items())
    ]


def unit(kind: str) -> str:
    """The unit of the work of a kind; blank where there is none."""
    return UNITS.get("train" if kind.startswith("train_") else kind, "")


def processor() -> str:
    """The type of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.machine()
    return f"{facts['model name']} (family {facts.get('cpu family')}, model {facts.get('model')})"


def line(points: Sequence[tuple[float, float]]) -> Line:
    """The least-squares line through (work, value), neither part negative; constant if the work is always the same."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    if slope <= 0:
        return mean_y, 0.0
    if mean_y - slope * mean_x < 0:
        return 0.0, sum(x * y for x, y in points) / sum(x * x for x, _ in points)
    return mean_y - slope * mean_x, slope


@dataclass
class Costs:
    """Estimates from the reference machine's measurements and this machine's, which go first."""

    reference: Sequence[Measurement]
    local: Sequence[Measurement] = ()
    where: str = "this machine"
    _lines: dict[tuple[str, str], Line | None] = field(default_factory=dict)

    def seconds(self, kind: str, work: float) -> float | None:
        """Wall seconds of a job; None if its kind was never measured."""
        return self._at(kind, "seconds", "work", work)

    def memory_mb(self, kind: str, work: float) -> float | None:
        """Megabytes of memory that a job holds at most; None if its kind was never measured."""
        return self._at(kind, "memory_mb", "work", work)

    def output_mb(self, kind: str, output_work: float) -> float | None:
        """Megabytes of a job's output; None if they were never measured."""
        return self._at(kind, "output_mb", "output_work", output_work)

    def source(self, kind: str) -> str:
        """Where the estimates of a kind come from."""
        if any(one.kind == kind for one in self.local):
            return self.where
        machines = sorted({one.machine for one in self.reference if one.kind == kind})
        return ", ".join(machines) or "never measured"

    def _at(self, kind: str, value: str, against: str, work: float) -> float | None:
        if (kind, value) not in self._lines:
            self._lines[kind, value] = self._fit(kind, value, against)
        fitted = self._lines[kind, value]
        return fitted[0] + fitted[1] * work if fitted else None

    def _fit(self, kind: str, value: str, against: str) -> Line | None:
        reference, local = (
            [
                (getattr(one, against), getattr(one, value))
                for one in measurements
                if one.kind == kind and getattr(one, value) is not None
            ]
            for measurements in (self.reference, self.local)
        )
        if not reference:
            return line(local) if local else None
        fixed, slope = line(reference)
        expected = sum(fixed + slope * x for x, _ in local)
        factor = sum(y for _, y in local) / expected if expected else 1.0
        return factor * fixed, factor * slope


def size_mb(folder: str | Path) -> float:
    """Megabytes of the files in a folder; 0 if there is none."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in paths) / 1e6
