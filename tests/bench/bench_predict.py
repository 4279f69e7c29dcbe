"""How long `genrebench predict` takes for its first answer, and how many files per second it classifies.

    python tests/bench/bench_predict.py --audio FOLDER results/demo/export/best results/demo/export/cnn

Each figure is that of whole processes, from the command to its end. `FOLDER` has audio files, of which the first is
classified alone, and then 100, which are repeated if there are fewer.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from genrebench.audio import decode, formats

FILES, REPEATS = 100, 5


def seconds(*arguments: object) -> float:
    """The wall time of one call of the command."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "genrebench", "predict", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main(folder: Path, models: list[Path]) -> None:
    """Print the figures of each model."""
    found = sorted(path for path in folder.rglob("*") if formats.is_audio(path.name))
    print(f"{os.cpu_count()} processors; {FILES} files, the first {audio_seconds(found[0]):.1f} s long")
    with tempfile.TemporaryDirectory() as place:
        for number in range(FILES):
            source = found[number % len(found)].absolute()
            Path(place, f"{number:03}{source.suffix}").symlink_to(source)
        for model in models:
            first = sorted(seconds(found[0], "--model", model) for _ in range(REPEATS))
            many = seconds(place, "--model", model, "--csv")
            print(
                f"{model}: first answer {statistics.median(first):.2f} s ({first[0]:.2f} to {first[-1]:.2f}), "
                f"then {FILES / many:.1f} files per second ({many:.1f} s for {FILES})"
            )


def audio_seconds(path: Path) -> float:
    """The length of a file."""
    return decode.read(path).file_s


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", type=Path, required=True, help="folder of audio files")
    parser.add_argument("models", nargs="+", type=Path, help="folders of exported models")
    options = parser.parse_args()
    main(options.audio, options.models)
