"""Train one model on one split with one seed, then predict every clip of the split: the rules train_<model>."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.training import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="an entry of `models` in params.yaml")
    parser.add_argument("--settings", required=True, type=json.loads, help="that entry as JSON")
    parser.add_argument("--compute", required=True, type=json.loads, help="section `compute` as JSON")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument(
        "--selection", nargs="*", default=[], help="JSON that names those of them that are read, if any"
    )
    parser.add_argument("--copies", nargs="*", default=[], help="JSON of the degraded copies of training clips, if any")
    parser.add_argument("--checkpoints", required=True, type=Path, help="where an interrupted training is kept")
    parser.add_argument("--cost", required=True, type=Path, help="JSON to write: what the run took")
    parser.add_argument("--folder", required=True, type=Path, help="where the run's files go")
    cli.run(run.train, vars(parser.parse_args()))
