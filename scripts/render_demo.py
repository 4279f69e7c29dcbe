"""Render the demo corpus: synthetic music in ten genres, with the faults that real collections have."""

import argparse
from pathlib import Path

from genrebench.common import cli
from genrebench.datasets.demo.corpus import render_demo

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the dataset's folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--artists-per-genre", type=int, default=5)
    parser.add_argument("--clips-per-artist", type=int, default=3)
    parser.add_argument("--duration-s", type=float, default=4.0, help="length of a clip")
    parser.add_argument("--sample-rate", type=int, default=22050, help="Hz")
    parser.add_argument("--jobs", type=int, default=1, help="processes that render at a time")
    cli.run(render_demo, vars(parser.parse_args()))
