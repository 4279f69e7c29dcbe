"""Measure what grows with the number of clips: the DAG of made-up corpora, and the rules that are cheap enough to run.

Each size is measured in a checkout of its own, twice. As audio (`data/raw/scale` with a tiny file per clip) nothing is
run: that is the index of the raw files, the DAG of all configured features and models, and what DVC makes of such a
folder. As precomputed features (a manifest and a small table) everything is run but the networks: seconds and memory of
each rule are Snakemake's own measurements. `near_duplicates` has made-up fingerprints of 30 s clips, which coincide
twice as often as those of 30 clips of GTZAN.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import _paths  # noqa: F401 (before what it finds)
import numpy as np
import yaml

from genrebench.common import cli, files
from project import ROOT, Project

# what takes SciPy with it is imported where it is used: a process starts with the peak memory of its parent

GENRES = 10
CLIPS_PER_ARTIST = 5
FRAMES_OF_30_S = 2552  # sub-fingerprints
VALUES = 20  # per clip of the precomputed table
RULES_SHOWN = 3
STEPS = ("near_duplicates",)

Figures = dict[str, float | str]


def bench_scale(sizes: list[int], parts: list[str], folder: Path | None) -> None:
    """Print a table with a column per size, and the growth from each size to the next."""
    measured: list[Figures] = []
    for clips in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            figures: Figures = {}
            for part in parts:
                figures |= PARTS[part](Path(place, part), clips)
                shutil.rmtree(Path(place, part), ignore_errors=True)
        measured.append(figures)
        print(f"# {clips} clips: {figures}", file=sys.stderr, flush=True)
    names = dict.fromkeys(name for figures in measured for name in figures)
    print("| |", " | ".join(f"{clips:,}" for clips in sizes), "|")
    print("|---|", "---|" * len(sizes), sep="")
    for name in names:
        print(f"| {name} |", " | ".join(_shown(figures.get(name, "")) for figures in measured), "|")


def as_audio(folder: Path, clips: int) -> Figures:
    """The DAG of so many files, and how DVC bears them."""
    project = _checkout(folder)
    raw = _write_audio(project, clips)
    figures: Figures = {"raw files": sum(1 for _ in raw.rglob("*.wav"))}
    first, output = _timed(project, "snakemake", "--dry-run", "--quiet", "host", "reason")
    jobs = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", output, re.M)}
    total = jobs.pop("total")
    largest = sorted(jobs, key=jobs.get, reverse=True)[:RULES_SHOWN]
    figures |= {"jobs": total, "jobs of the largest rules": ", ".join(f"{name} {jobs[name]}" for name in largest)}
    figures |= _named("first dry run", first)
    figures |= _named("parsing", _timed(project, "snakemake", "--list-rules")[0])
    _write_manifest(project, raw)
    figures |= _named("dry run with a manifest", _timed(project, "snakemake", "--dry-run", "--quiet")[0])
    figures["kB of dvc.yaml"] = (project.folder / "dvc.yaml").stat().st_size / 1e3
    project.run("git", "init", "--quiet")
    project.run("dvc", "init", "--quiet", check=False)
    figures |= _named("dvc add", _timed(project, "dvc", "add", "--quiet", "data/raw/scale")[0])
    figures |= _named("dvc status", _timed(project, "dvc", "status", "--quiet", "data/raw/scale.dvc")[0])
    project.run("python", "scripts/write_dvc_yaml.py")
    figures |= _named("dvc status of all stages", _timed(project, "dvc", "status", "--quiet", failing=True)[0])
    figures["bytes of scale.dvc"] = (project.folder / "data/raw/scale.dvc").stat().st_size
    figures["kB of the list in DVC's cache"] = sum(f.stat().st_size for f in project.folder.rglob("*.dir")) / 1e3
    return figures


def as_features(folder: Path, clips: int) -> Figures:
    """Seconds and memory of each rule that is run on precomputed features, and the sizes of what it leaves."""
    project = _checkout(folder)
    _bring_features(project, clips)
    whole, _ = _timed(project, "snakemake", "--cores", "1", "--quiet", "host", "reason")
    figures: Figures = _named("all rules", whole)
    benchmarks = project.folder / "results/scale/benchmarks"
    seconds, memory = defaultdict(float), defaultdict(float)
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule = "/".join(path.relative_to(benchmarks).with_suffix("").parts[:2])
        header, values = (line.split("\t") for line in path.read_text().splitlines()[:2])
        row = dict(zip(header, values, strict=True))
        seconds[rule] += float(row["s"])
        memory[rule] = max(memory[rule], float(row["max_rss"]) if row["max_rss"] not in ("-", "NA") else 0)
    for rule in seconds:
        figures |= {f"{rule}: s": seconds[rule], f"{rule}: MB": memory[rule]}
    results = project.folder / "results/scale"
    one = next(results.glob("runs/sgd/stratified/*/*/predictions.csv"))
    for path in (
        *(results / name for name in ("manifest.csv", "labels.csv", "errors.csv", "report/index.html")),
        *(results / "features/tabular.json", results / "splits/stratified/repeat0.csv", one),
    ):
        figures[f"kB of {path.name if path != one else 'one predictions.csv'}"] = path.stat().st_size / 1e3
    return figures


def as_steps(folder: Path, clips: int) -> Figures:
    """Steps of rules that need audio or artists, on made-up values, each in a process of its own."""
    figures: Figures = {}
    for step in STEPS:
        command = (sys.executable, __file__, "--step", step, "--sizes", str(clips))
        figures |= _named(step, _timed(Project(ROOT), *command)[0])
    return figures


PARTS: dict[str, Callable[[Path, int], Figures]] = {"audio": as_audio, "features": as_features, "steps": as_steps}


def _checkout(folder: Path) -> Project:
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in listed.split("\0"):
        if name and not name.startswith("tests/") and name != "dvc.lock" and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    project = Project(folder)
    project.change("dataset", "scale")
    return project


def _write_audio(project: Project, clips: int) -> Path:
    """A file of 0.1 kB per clip, each with other bytes."""
    raw = project.folder / "data/raw/scale"
    for genre in range(GENRES):
        (raw / f"genre{genre}").mkdir(parents=True)
    for clip in range(clips):
        (raw / f"genre{clip % GENRES}" / f"{clip:06}.wav").write_bytes(b"RIFF" + clip.to_bytes(4, "little") * 25)
    return raw


def _write_manifest(project: Project, raw: Path) -> None:
    rows = [
        {"clip_id": path.stem, "path": path.relative_to(project.folder), "genre": path.parent.name, "duration_s": 30}
        for path in sorted(raw.rglob("*.wav"))
    ]
    files.write_rows(project.folder / "results/scale/manifest.csv", rows[0], rows)
    files.write_rows(project.folder / "results/scale/rejected.csv", ("path", "genre", "reason", "detail"), [])
    files.write_rows(project.folder / "results/scale/notes.csv", ("note", "files", "example"), [])


def _bring_features(project: Project, clips: int) -> None:
    raw = project.folder / "data/raw/scale"
    (raw / "features").mkdir(parents=True)
    rows = [
        {"clip_id": f"clip{i:06}", "genre": f"genre{i % GENRES}", "artist": f"artist {_artist(i)}", "duration_s": "30"}
        for i in range(clips)
    ]
    files.write_rows(raw / "manifest.csv", rows[0], rows)
    noise = np.random.default_rng(0).normal(size=(clips, VALUES))
    noise[np.arange(clips), np.arange(clips) % GENRES] += 1  # something to learn
    np.save(raw / "features/tabular.npy", noise.astype(np.float32))
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    kept = {name: params["models"][name] | {"features": ["tabular"]} for name in ("logistic", "sgd", "random_forest")}
    for entry in kept.values():
        entry.pop("for_dataset", None)
        entry["protocols"] = ["stratified", "artist"]
    params |= {"seeds": [0], "models": kept, "leakage": {"models": ["sgd"]}}
    params["features"] = {name: params["features"][name] for name in ("tabular", "mel", "mfcc_20")}
    params["ablation"] |= {"models": {"random_forest": {}}, "features": ["mel", "mfcc_20"], "for_dataset": {}}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def _artist(clip: int) -> int:
    """Artists stay in one genre."""
    return clip // (GENRES * CLIPS_PER_ARTIST) * GENRES + clip % GENRES


def _step(name: str, clips: int) -> None:
    from genrebench.audio.fingerprint import near_duplicates

    rng = np.random.default_rng(0)
    made_up = []
    for _ in range(clips):
        bits, first, second = rng.integers(0, 2**32, (3, FRAMES_OF_30_S), np.uint32)
        made_up.append(bits & (first | np.uint32(0xFFFFFF00)) | second & np.uint32(0x0000FF00))  # 16 of 32 are uneven
    near_duplicates(made_up)


def _timed(project: Project, *command: str, failing: bool = False) -> tuple[tuple[float, float], str]:
    """((seconds, peak memory in MB of the process), what it printed); it may fail if it is said to be `failing`."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=project.folder, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        output.seek(0)
        text = output.read()
    if status and not failing:
        raise cli.InputError(f"{' '.join(command)}\n{text[-3000:]}")
    return (seconds, usage.ru_maxrss / 1024), text


def _named(name: str, figures: tuple[float, float]) -> Figures:
    return {f"{name}: s": figures[0], f"{name}: MB": figures[1]}


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000, 100000], help="numbers of clips")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--folder", type=Path, help="where the checkouts are made (default: the temporary folder)")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        _step(given.step, given.sizes[0])
    else:
        cli.run(bench_scale, {"sizes": given.sizes, "parts": given.parts, "folder": given.folder})
