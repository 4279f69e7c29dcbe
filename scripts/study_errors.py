"""List the test clips that most models predict wrongly, and the genres that each model confuses: rule study_errors."""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common import cli
from genrebench.evaluation import confused_pairs, hard_clips, predictions, tables
from genrebench.plots.hard_clips import draw_hard_clips


def study_errors(
    manifest: Path,
    statuses: Path,
    leaderboard: Path,
    splits: Path,
    evaluation: Path,
    models: list[str],
    table: Path,
    pairs: Path,
    features: list[str],
    settings: list[dict[str, Any]],
    **drawing: Any,
) -> None:
    """Write errors.csv (see `hard_clips.study`), confused_pairs.csv (see `confused_pairs.rank_pairs`), and pictures.

    `models` are those that were evaluated. For pictures and excerpts of the first hard clips see `draw_hard_clips`.
    """
    clips = pd.read_csv(manifest, dtype="str", keep_default_na=False)
    board = tables.LEADERBOARD.read(leaderboard)
    hard = hard_clips.study(clips, tables.STATUSES.read(statuses), board, splits, evaluation)
    tables.HARD_CLIPS.write(table, hard)
    predicted = predictions.read(evaluation, models, ("protocol", "subset"))
    tables.CONFUSED_PAIRS.write(pairs, confused_pairs.rank_pairs(predicted[predicted["subset"] == "test"]))
    draw_hard_clips(manifest, table, settings=dict(zip(features, settings, strict=True)), **drawing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("manifest", "statuses", "leaderboard"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{name}.csv")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--models", nargs="*", default=[], help="the models that were evaluated")
    parser.add_argument("--caches", dest="descriptions", type=Path, nargs="*", default=[], help="JSON of each cache")
    parser.add_argument("--features", nargs="*", default=[], help="names of the drawn features")
    parser.add_argument("--settings", nargs="*", default=[], type=json.loads, help="settings of each as JSON")
    parser.add_argument(
        "--audio", dest="audio_settings", required=True, type=json.loads, help="section `audio` as JSON"
    )
    parser.add_argument("--table", type=Path, required=True, help="CSV of the clips to write")
    parser.add_argument("--pairs", type=Path, required=True, help="CSV of the pairs of genres to write")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures to write")
    parser.add_argument("--excerpts", type=Path, required=True, help="folder of audio to write")
    cli.run(study_errors, vars(parser.parse_args()))
