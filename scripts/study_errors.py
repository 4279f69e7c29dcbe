"""List the test clips of the headline protocol by how many models are wrong about them: rule study_errors.

Of those that most models get wrong there is also a picture and, where the recording is at hand, a few seconds of it.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genrebench.audio import decode, excerpt
from genrebench.common import cli, files
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.evaluation import hard_clips
from genrebench.plots import clip as clip_plot
from genrebench.plots import style

EXCERPT_S = 6.0
MARK = "#e69f00"
PREDICTION_COLUMNS = ("clip_id", "segment", "subset", "genre", "predicted")  # the others of predictions.csv are genres
# About 30 kB a picture: dots per inch, colours in the file, what stands side by side, and shades of a spectrum.
DPI, PALETTE, COLUMNS, SHADES = 84, 48, 240, 20


def study_errors(
    manifest: Path,
    statuses: Path,
    leaderboard: Path,
    splits: Path,
    runs: Path,
    features: list[str],
    settings: list[dict[str, Any]],
    reading: dict[str, Any],
    table: Path,
    pictures: Path,
    excerpts: Path,
) -> None:
    """Write errors.csv and, for its first clips, as far as their audio is there, pictures and excerpts by clip_id.

    `statuses` and `leaderboard` name the runs and the protocol, the one that the report quotes; without one the table
    is empty. `features` with their `settings`, and `reading` (section `audio`), are entries of params.yaml.
    """
    clips = {clip["clip_id"]: clip for clip in files.read_rows(manifest)}
    protocol, rows = study(files.read_rows(statuses), files.read_rows(leaderboard), splits, runs)
    genres = sorted({genre for row in rows for genre in row["probabilities"]})
    files.write_rows(
        table,
        [*hard_clips.COLUMNS, *(f"p_{genre}" for genre in genres)],
        (_formatted(row, protocol, clips[row["clip_id"]]) for row in rows),
    )
    drawn = dict(zip(features, settings, strict=True))
    with files.atomic(pictures) as seen, files.atomic(excerpts) as heard:
        seen.mkdir()
        heard.mkdir()
        for row in hard_clips.hard(rows)[: hard_clips.SHOWN]:
            clip = clips[row["clip_id"]]
            if clip["path"] and Path(clip["path"]).is_file():
                show_clip(clip, drawn, reading, seen, heard)


def study(
    statuses: Sequence[Mapping[str, str]], leaderboard: Sequence[Mapping[str, str]], splits: Path, runs: Path
) -> tuple[str | None, list[dict[str, Any]]]:
    """The protocol that the report quotes, and its test clips (`errors.rank_clips`)."""
    protocols = describe_protocols(splits, {(row["protocol"], row["split"]) for row in statuses})
    scored = [row | {"accuracy_mean": row["accuracy_mean"] or None} for row in leaderboard]
    strict, loose = pick_protocols(scored, protocols)
    protocol = strict or loose
    predictions: dict[str, list[list[dict[str, str]]]] = defaultdict(list)
    for row in statuses:
        if (row["protocol"], row["status"]) == (protocol, "done"):
            run = runs / row["model"] / row["protocol"] / row["split"] / f"seed{row['seed']}"
            predictions[row["model"]].append(files.read_rows(run / "predictions.csv"))
    verdicts = [
        verdict
        for model, by_run in sorted(predictions.items())
        for verdict in hard_clips.verdicts(model, by_run, PREDICTION_COLUMNS)
    ]
    return protocol, hard_clips.rank_clips(verdicts)


def show_clip(
    clip: Mapping[str, str], features: dict[str, Any], reading: dict[str, Any], pictures: Path, excerpts: Path
) -> None:
    """Write `excerpts`/<clip_id>.mp3, the loudest part, and `pictures`/<clip_id>.png, on which that is marked."""
    view = clip_plot.look(clip["path"], features, reading)
    view.columns, view.shades = COLUMNS, SHADES
    samples = decode.to_mono(view.samples[:, None], view.sample_rate, excerpt.SAMPLE_RATE)
    length = round(EXCERPT_S * excerpt.SAMPLE_RATE)
    start = excerpt.loudest(samples, length)
    span = start / excerpt.SAMPLE_RATE, (start + length) / excerpt.SAMPLE_RATE
    partly = len(samples) > length
    figure = clip_plot.draw(view, f"Excerpt from {span[0]:.1f} to {span[1]:.1f} s" if partly else "The whole clip")
    if partly:
        figure.axes[0].axvspan(*span, color=MARK, alpha=0.3, lw=0, zorder=0)
    style.write(figure, pictures / f"{clip['clip_id']}.png", DPI, PALETTE)
    with files.atomic(excerpts / f"{clip['clip_id']}.mp3") as temporary:
        temporary.write_bytes(excerpt.encode(samples[start : start + length], excerpt.SAMPLE_RATE))


def _formatted(row: dict[str, Any], protocol: str | None, clip: Mapping[str, str]) -> dict[str, Any]:
    probabilities = {f"p_{genre}": f"{p:.6f}" for genre, p in row["probabilities"].items()}
    return (
        {key: row[key] for key in ("clip_id", "genre", "models", "wrong", "guess", "guesses")}
        | {"protocol": protocol, "artist": clip["artist"], "path": clip["path"], "share": f"{row['share']:.6f}"}
        | probabilities
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--statuses", type=Path, required=True, help="statuses.csv, which names the runs")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--features", nargs="*", default=[], help="names of the features that are drawn")
    parser.add_argument(
        "--settings", nargs="*", default=[], type=json.loads, help="their entries in params.yaml as JSON"
    )
    parser.add_argument("--reading", required=True, type=json.loads, help="section `audio` of params.yaml as JSON")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures to write")
    parser.add_argument("--excerpts", type=Path, required=True, help="folder of audio to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(study_errors, vars(arguments()))
