"""Index the files of a folder: a dataset's raw files, or pretrained weights."""

import argparse

from genrebench.common import cli
from genrebench.workflow import file_index

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="data/raw/<dataset>, or a folder of weights")
    parser.add_argument("--index", required=True, help="JSON to write; the listing of the files goes beside it")
    cli.run(file_index.update, vars(parser.parse_args()))
