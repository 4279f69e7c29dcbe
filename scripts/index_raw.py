"""Index the raw files of a dataset that a rule has just made."""

import argparse

from genrebench.common import cli
from genrebench.workflow import file_index

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="the dataset, data/raw/<dataset>")
    parser.add_argument("--index", required=True, help="CSV to bring up to date")
    cli.run(file_index.update, vars(parser.parse_args()))
