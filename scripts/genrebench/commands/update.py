"""Update an exported linear model or network with newly labelled clips, and compare it before and after."""

import argparse
import os
from pathlib import Path

from genrebench.commands.options import positive
from genrebench.common import files
from genrebench.common.cli import InputError

HELP = "update an exported model with newly labelled clips"
EXAMPLES = """\
  genrebench update results/demo/export/best new_clips/ --output my_model
  genrebench update results/demo/export/best new_clips/ --output my_model_replay --results results/demo --replay
"""
CATALOGUE = Path("data/catalogue/gtzan.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of an exported model; it is not changed")
    parser.add_argument(
        "clips", type=Path, metavar="CLIPS", help="folder with one folder of audio files for each genre"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write, which does not exist")
    parser.add_argument(
        "--results",
        type=Path,
        help="results of the first training, such as results/demo: its test clips show what the model forgets",
    )
    parser.add_argument(
        "--replay", action="store_true", help="with --results: train on the clips of the first training too"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the training (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="processes that read files (default: all processors)"
    )
    parser.add_argument("--catalogue", type=Path, help=f"CSV with GTZAN's artists (default: {CATALOGUE}, if it exists)")


def run(
    model: Path,
    clips: Path,
    output: Path,
    results: Path | None,
    replay: bool,
    seed: int,
    jobs: int,
    catalogue: Path | None,
) -> None:
    """Write the updated model to `output`, and print what was rejected, what was chosen, and the accuracies."""
    from genrebench.inference.description import read_description

    read_description(model)  # says at once what is wrong
    if catalogue and not catalogue.is_file():
        raise InputError(f"{catalogue} does not exist: --catalogue takes a CSV file with clip_id and artist")

    from genrebench.inference import model_card
    from genrebench.inference import update as library

    path = catalogue or CATALOGUE
    known = {row["clip_id"]: row for row in files.read_rows(path)} if path.is_file() else {}
    description = library.update(model, clips, output, results, replay, seed, jobs, known)
    done = description["updates"][-1]
    print()
    for one in done["rejected"]:
        print(f"rejected ({one['reason']}): {one['path']}: {one['detail']}")
    for line in model_card.update_sentences(done):
        print(line)
    print(f"The model is in {output}: `genrebench predict --model {output} song.mp3`")
