"""Get GTZAN from a mirror, or from a copy that the user has, and check every clip against its published MD5."""

import argparse

from genrebench.common import cli
from genrebench.datasets.gtzan import fetch_gtzan

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="data/raw/gtzan")
    parser.add_argument("--catalogue", required=True, dest="path_to_catalogue", help="data/catalogue/gtzan.csv")
    parser.add_argument("--report", required=True, dest="path_to_report", help="JSON: what is missing, altered ...")
    parser.add_argument("--source", help="a folder or an archive with GTZAN; without it, the mirrors are asked")
    parser.add_argument("--local", help="YAML whose key `gtzan` names the source on this machine, if it is there")
    parser.add_argument("--mirrors", nargs="*", default=[], help="addresses of genres.tar.gz, tried in turn")
    parser.add_argument("--cache", default=".cache/downloads", dest="path_to_cache", help="for partial downloads")
    cli.run(fetch_gtzan, vars(parser.parse_args()))
