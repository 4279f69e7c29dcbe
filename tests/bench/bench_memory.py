"""Measure the peak memory of extraction and collection for few clips and for ten times as many, in one shard.

Each measurement is a process of its own. Clips are made up; `--seconds` long ones are asked for once more, to see what
one long clip needs.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import _paths  # noqa: F401 (before what it finds)
import numpy as np
import soundfile
import yaml

from genrebench.common import cli, files
from genrebench.extraction import store
from genrebench.extraction.collect import collect_feature
from genrebench.workflow.entries import is_precomputed, is_pretrained

ROOT = Path(__file__).parents[2]
RATE = 22050


def bench_memory(clips: int, seconds: float, long_s: float) -> None:
    """Print peak memory in MB for `clips` clips of `seconds` s, for ten times as many, and for one of `long_s` s."""
    few, many, long = (
        measure(number, length) for number, length in ((clips, seconds), (10 * clips, seconds), (1, long_s))
    )
    for step in few:
        print(
            f"{step}: {few[step]:.0f} MB for {clips} clips of {seconds:g} s, {many[step]:.0f} MB for {10 * clips}: "
            f"{many[step] / few[step]:.2f} times; {long[step]:.0f} MB for one of {long_s:g} s"
        )


def measure(clips: int, seconds: float) -> dict[str, float]:
    """Peak memory (MB) of the extraction of so many clips, and of the collection of the largest feature."""
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * RATE))
        soundfile.write(Path(folder, "clip.wav"), noise, RATE)
        rows = [
            {"clip_id": i, "path": f"{folder}/clip.wav", "md5": f"{i:032x}", "duration_s": seconds}
            for i in range(clips)
        ]
        files.write_rows(Path(folder, "manifest.csv"), rows[0], rows)
        return {step: in_process(step, folder) for step in ("extract", "collect")}


def in_process(step: str, folder: str) -> float:
    """Peak memory (MB) of one step in a process of its own."""
    output = subprocess.check_output([sys.executable, __file__, "--step", step, "--folder", folder], cwd=ROOT)
    return float(output.split()[-1])


def run_step(step: str, folder: Path) -> None:
    """Run one step on the clips in `folder` and print the peak memory of this process in MB."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    features = {
        name: entry
        for name, entry in params["features"].items()
        if not is_precomputed(entry) and not is_pretrained(entry)
    }
    audio = params["audio"] | {"duration": "longest"}
    manifest = folder / "manifest.csv"
    if step == "extract":
        store.Store(folder / "store", features, audio).fill(files.read_rows(manifest), 0, 1)
    else:
        out = folder / "out.npy", folder / "out.json"
        collect_feature("wavelet", features["wavelet"], audio, manifest, 1, folder / "store", None, *out)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--long-s", type=float, default=600)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        run_step(given.step, given.folder)
    else:
        cli.run(bench_memory, {"clips": given.clips, "seconds": given.seconds, "long_s": given.long_s})
