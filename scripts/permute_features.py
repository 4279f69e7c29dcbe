"""Permutation importance of each feature for a model that was trained on all of them: rule permute_features."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli, files
from genrebench.evaluation import permutation


def permute_features(
    run: Path, repeats: int, manifest: Path, split: Path, features: Sequence[Path], output: Path
) -> None:
    """Write the `output` JSON: the accuracy in validation, and by feature what each of `repeats` permutations loses."""
    files.write_json(output, permutation.of_run(run, manifest, split, features, repeats))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=Path, help="folder of the run on all features")
    parser.add_argument("--repeats", required=True, type=int, help="permutations of each feature")
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--split", required=True, type=Path, help="CSV of the split")
    parser.add_argument(
        "--features", required=True, type=Path, nargs="+", help="JSON of each cache, its .npy beside it"
    )
    parser.add_argument("--output", required=True, type=Path, help="JSON to write")
    cli.run(permute_features, vars(parser.parse_args()))
