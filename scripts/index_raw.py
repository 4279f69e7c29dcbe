"""Index the files of a folder: a dataset's raw files, or pretrained weights."""

import argparse

from genrebench.common import cli
from genrebench.workflow import dataset_folder, file_index


def index_folder(folder: str, index: str, dataset: bool) -> None:
    """Index the files that a dataset is made of, or all files of another folder."""
    file_index.update(folder, index, dataset_folder.used_files if dataset else file_index.visible)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="data/raw/<dataset>, or a folder of weights")
    parser.add_argument("--index", required=True, help="JSON to write; the listing of the files goes beside it")
    parser.add_argument("--dataset", action="store_true", help="the folder is that of a dataset")
    cli.run(index_folder, vars(parser.parse_args()))
