"""Push the results to the default remote (`make push`): all that DVC keeps, or all but what can be had again.

Audio may be somebody's, and features are large; who pulls the rest has the numbers, and computes features when needed.
"""

import argparse

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from genrebench.common import cli
from genrebench.common.cli import InputError
from genrebench.workflow import config
from genrebench.workflow.dvc_outputs import KINDS, is_recoverable


def push_results(without: list[str]) -> None:
    """`dvc push` of every output but those of the kinds `without`."""
    features = config.load()["features"]
    # targets on the command line of `dvc push` would be looked up one by one, for minutes
    with Repo() as repo, lock_repo(repo):
        left_out = [out for out in repo.index.outs if is_recoverable(str(out), features, without)]
        for out in left_out:
            out.can_push = False
        try:
            pushed = repo.push()
        except DvcException as error:
            raise InputError(f"nothing or not all was pushed: {error}") from None
    print(f"{pushed} files pushed, {len(left_out)} outputs left out ({' and '.join(without) or 'none asked for'}).")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", nargs="*", default=[], choices=KINDS, help="what is not pushed")
    cli.run(push_results, vars(parser.parse_args()))
