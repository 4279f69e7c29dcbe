"""Write the leaderboards of finished datasets into the documentation: docs/results_gtzan.md and its folder."""

import argparse
from pathlib import Path

from genrebench.common import cli
from genrebench.reporting.docs_results import write_results


def write_all(results: list[Path], page: Path) -> None:
    """Write each dataset's leaderboard into the page, and into the folder of its name."""
    for folder in results:
        write_results(folder, page, page.with_suffix(""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="results/<dataset>")
    parser.add_argument("--page", type=Path, default=Path("docs/results_gtzan.md"))
    cli.run(write_all, vars(parser.parse_args()))
