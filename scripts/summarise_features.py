"""One table of all features: shape, unit, and statistics as computed and standardised: rule summarise_features."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.training.feature_summary import summarise_features

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--descriptions", type=Path, required=True, nargs="+", help="JSON of each feature")
    parser.add_argument("--unavailable", type=json.loads, default={}, help="JSON: feature -> why there is none")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    cli.run(summarise_features, vars(parser.parse_args()))
