"""Check every file of a dataset and list the usable clips and the rejected files."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from genrebench.common import cli, files
from genrebench.datasets import manifest as clips_of

SECONDS_BETWEEN_LINES = 10  # of progress where there is no terminal


def build_manifest(
    dataset_dir: Path,
    sample_rate: int,
    settings: dict[str, Any],
    catalogue: str,
    jobs: int,
    manifest: str,
    rejected: str,
) -> None:
    """Write `manifest` (usable clips, by clip_id) and `rejected` (the other files, by path, and why)."""
    clips = clips_of.find_clips(dataset_dir)
    if not clips:
        rows = clips_of.read_precomputed(dataset_dir)
        files.write_rows(rejected, clips_of.REJECTED_COLUMNS, [])
        files.write_rows(manifest, clips_of.COLUMNS, rows)
        print(f"{len(rows)} clips, as the dataset lists them", file=sys.stderr)
        return
    known = {row["clip_id"]: row for row in files.read_rows(catalogue)}
    clips_of.set_artists(clips, dataset_dir, known)
    for clip, checked in zip(clips, _check(clips, sample_rate, settings, jobs), strict=True):
        clip.figures, clip.fingerprint = checked.figures, checked.fingerprint
        clip.reason, clip.detail = checked.reason, checked.detail
    clips_of.mark_duplicates([clip for clip in clips if not clip.reason], settings["duplicates"] == "reject")
    kept = sorted((clip for clip in clips if not clip.reason), key=lambda clip: clip.clip_id)
    _tell_contradictions(kept)
    others = [clip for clip in clips if clip.reason]
    if not kept:
        raise cli.InputError(
            f"none of the {len(clips)} files in {dataset_dir} is usable; {others[0].path}: {others[0].detail}"
        )
    together = clips_of.groups(kept)
    files.write_rows(
        rejected,
        clips_of.REJECTED_COLUMNS,
        [{"path": c.path.as_posix(), "genre": c.genre, "reason": c.reason, "detail": c.detail} for c in others],
    )
    rows = [clips_of.row(clip) | {"group": together[clip.clip_id]} for clip in kept]
    files.write_rows(manifest, clips_of.COLUMNS, rows)
    print(f"checked {len(clips)} files: {len(kept)} kept, {len(others)} rejected", file=sys.stderr)


def _check(
    clips: list[clips_of.Clip], sample_rate: int, settings: dict[str, Any], jobs: int
) -> Iterator[clips_of.Clip]:
    check = partial(
        clips_of.check,
        sample_rate=sample_rate,
        min_duration_s=settings["min_duration_s"],
        min_rms=settings["min_rms"],
    )
    paths = [clip.path for clip in clips]
    with ProcessPoolExecutor(jobs, initializer=cli.end_with_parent, initargs=(os.getpid(),)) as pool:
        yield from _with_progress(pool.map(check, paths, chunksize=4), len(paths))


def _tell_contradictions(kept: list[clips_of.Clip]) -> None:
    genre = {clip.clip_id: clip.genre for clip in kept}
    for clip in kept:
        if clip.duplicate_of and genre[clip.duplicate_of] != clip.genre:
            print(f"note: {clip.path} repeats {clip.duplicate_of}, so its labels contradict", file=sys.stderr)


def _with_progress(results: Iterator[clips_of.Clip], total: int) -> Iterator[clips_of.Clip]:
    if sys.stderr.isatty():
        yield from tqdm(results, total=total, unit="file", desc="checking")
        return
    reported = time.monotonic()
    for done, result in enumerate(results, 1):
        if time.monotonic() - reported > SECONDS_BETWEEN_LINES:
            reported = time.monotonic()
            print(f"checked {done} of {total} files", file=sys.stderr, flush=True)
        yield result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset-dir", required=True, type=Path, help="data/raw/<dataset>")
    parser.add_argument("--sample-rate", required=True, type=int, help="Hz at which clips are compared and measured")
    parser.add_argument("--settings", required=True, type=json.loads, help="section `manifest` of params.yaml as JSON")
    parser.add_argument("--catalogue", required=True, help="what is known about GTZAN's clips (CSV)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--manifest", required=True, help="CSV to write")
    parser.add_argument("--rejected", required=True, help="CSV to write")
    cli.run(build_manifest, vars(parser.parse_args()))
