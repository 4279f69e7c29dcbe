"""Write data/splits/gtzan.csv, GTZAN's canonical splits, from the catalogue alone (once for each protocol version)."""

import argparse

from genrebench.common import cli
from genrebench.datasets.split_files import write_gtzan_splits

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", default="data/catalogue/gtzan.csv")
    parser.add_argument("--output", default="data/splits/gtzan.csv")
    cli.run(write_gtzan_splits, vars(parser.parse_args()))
