"""Fetch the pretrained weights of a feature or model to data/weights, once; the workflow itself never does.

python scripts/fetch_weights.py vggish
"""

import argparse

from genrebench.common import cli
from genrebench.encoders.fetch import fetch_weights
from genrebench.workflow import pretrained

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "name", help="what has a `handle` in params.yaml (yamnet, hubert-base-ls960 ...), or a page of the hub"
    )
    parser.add_argument("--params", default="params.yaml", help="the parameter file (params.yaml)")
    parser.add_argument("--folder", default=str(pretrained.FOLDER), help=f"where the weights go ({pretrained.FOLDER})")
    cli.run(fetch_weights, vars(parser.parse_args()))
