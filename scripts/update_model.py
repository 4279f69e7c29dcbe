"""Update an exported model with newly labelled clips: `python scripts/update_model.py MODEL CLIPS --output FOLDER`."""

import argparse
import os
from pathlib import Path

from genrebench.common import cli, files
from genrebench.inference import update


def update_model(
    model: Path, clips: Path, output: Path, results: Path | None, rehearse: bool, seed: int, jobs: int, catalogue: Path
) -> None:
    """Write the updated model to `output`, and say what was rejected, what was chosen, and how good it was and is."""
    known = {row["clip_id"]: row for row in files.read_rows(catalogue)} if catalogue.is_file() else {}
    description = update.update(model, clips, output, results, rehearse, seed, jobs, known)
    done = description["updates"][-1]
    print()
    for one in done["rejected"]:
        print(f"rejected ({one['reason']}): {one['path']}: {one['detail']}")
    for line in update.sentences(done):
        print(line)
    print(f"The model is in {output}: `python scripts/predict.py --model {output} song.mp3`")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of an exported model; it stays as it is")
    parser.add_argument("clips", type=Path, metavar="CLIPS", help="folder with a folder of audio files for each genre")
    parser.add_argument("--output", type=Path, required=True, help="folder to write, which is not there yet")
    parser.add_argument(
        "--results",
        type=Path,
        help="results of the training (results/demo): its test clips then show what is forgotten",
    )
    parser.add_argument(
        "--rehearse", action="store_true", help="with --results: hear its training clips again too, to forget less"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split of the new clips, and of the training")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that read files (else all)")
    parser.add_argument("--catalogue", type=Path, default=Path("data/catalogue/gtzan.csv"), help="GTZAN's artists")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(update_model, vars(arguments()))
