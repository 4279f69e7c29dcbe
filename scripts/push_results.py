"""Push the results to the default remote (`make push`): all that DVC keeps, or all but what can be had again.

Audio may be somebody's, and features are large; who pulls the rest has the numbers, and computes features when needed.
"""

import argparse
import subprocess

from dvc.repo import Repo

from genrebench.common import cli
from genrebench.common.cli import InputError
from genrebench.workflow import config
from genrebench.workflow.dvc_outputs import KINDS, is_recoverable


def push_results(without: list[str]) -> None:
    """`dvc push` of every output but those of the kinds `without`."""
    features = config.load()["features"]
    with Repo() as repo:
        outs = [str(out) for out in repo.index.outs if out.use_cache]
    wanted = [out for out in outs if not is_recoverable(out, features, without)]
    if subprocess.run(["dvc", "push", *wanted]).returncode:
        raise InputError("nothing or not all was pushed; the reason stands above")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", nargs="*", default=[], choices=KINDS, help="what is not pushed")
    cli.run(push_results, vars(parser.parse_args()))
