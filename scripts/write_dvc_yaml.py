"""Write dvc.yaml from the Snakefile, params.yaml and the preset of its dataset (`make dvc.yaml`)."""

import argparse

from genrebench.common import cli
from genrebench.workflow import dvc_stages

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="dvc.yaml")
    cli.run(dvc_stages.write, vars(parser.parse_args()))
