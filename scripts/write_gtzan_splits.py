"""Write the splits of GTZAN in data/splits, canonical ones and that of the published pictures, from the catalogue."""

import argparse

from genrebench.common import cli
from genrebench.datasets.split_files import write_gtzan_splits, write_validation_split


def write_all(catalogue: str, canonical: str, images: str) -> None:
    """Write both tables."""
    write_gtzan_splits(catalogue, canonical)
    write_validation_split(catalogue, images)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", default="data/catalogue/gtzan.csv")
    parser.add_argument("--canonical", default="data/splits/gtzan.csv")
    parser.add_argument("--images", default="data/splits/gtzan_images.csv")
    cli.run(write_all, vars(parser.parse_args()))
