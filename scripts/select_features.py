"""Choose the features that a model needs, by the accuracies of its variants in validation: rule select_features."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import ablation


def select_features(
    folder: Path, runs: Sequence[str], output: Path, unavailable: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Write the JSON `output`: the features kept and dropped on one split, and the accuracies that they rest on.

    It also has the features that are `unavailable`, by name with the reasons: they could not be chosen.
    """
    found = ablation.select_features(folder, [RunKey.parse(run) for run in runs])
    files.write_json(output, found | {"unavailable": dict(unavailable)})
    print(f"keeps {', '.join(found['features'])}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, type=Path, help="folder of all runs")
    parser.add_argument(
        "--runs", required=True, nargs="+", metavar="RUN", help="of all variants of a model, on a split"
    )
    parser.add_argument("--unavailable", type=json.loads, default={}, help="JSON: feature -> why there is none")
    parser.add_argument("--output", required=True, type=Path, help="JSON to write")
    cli.run(select_features, vars(parser.parse_args()))
