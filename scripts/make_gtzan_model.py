"""Train the model that comes with the project from the tags that were published with MusiCNN (`make gtzan-model`)."""

import argparse
from pathlib import Path

from genrebench.common import cli
from genrebench.common.formatting import percent
from genrebench.inference import published_tags, registry
from genrebench.workflow.availability import CATALOGUE


def make_gtzan_model(dataset: Path, catalogue: Path, output: Path, audio: Path | None) -> None:
    """Make the model and say how accurate it is."""
    description = published_tags.make_model(dataset, catalogue, output, audio)
    print(f"{output}: accuracy {percent(description['metrics']['accuracy'])} in cross-validation")
    if tested := description.get("other_clips"):
        print(f"{tested['right']} of {tested['clips']} clips outside the training subset are right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, default=Path("data/raw/gtzan_musicnn"), help="folder of the tags")
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE)
    parser.add_argument("--output", type=Path, default=registry.SHIPPED, help="folder to write")
    parser.add_argument("--audio", type=Path, help="folder with clips of GTZAN, for degraded copies")
    cli.run(make_gtzan_model, vars(parser.parse_args()))
