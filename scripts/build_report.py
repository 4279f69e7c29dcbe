"""Write all results of a dataset as one self-contained HTML page: rule build_report."""

import argparse
from pathlib import Path

from genrebench.common import cli
from genrebench.reporting.report import build_report

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", dest="name", required=True, help="name of the dataset")
    parser.add_argument("--results", dest="folder", type=Path, required=True, help="folder of the dataset's results")
    parser.add_argument(
        "--params", type=Path, nargs="+", required=True, help="params.yaml and the preset, shown in the report"
    )
    parser.add_argument("--published", dest="published_table", type=Path, required=True, help="data/published.csv")
    parser.add_argument("--benchmarks", type=Path, help="folder of Snakemake's benchmark files")
    parser.add_argument("--ablation", nargs="*", default=[], help="protocols whose feature ablation is shown")
    parser.add_argument("--robustness", action="store_true", help="show the study of degraded recordings")
    parser.add_argument("--page", type=Path, required=True, help="HTML to write")
    parser.add_argument("--cost-table", type=Path, required=True, help="CSV of the runs' costs, to write")
    parser.add_argument("--cost-picture", type=Path, required=True, help="PNG of accuracy against cost, to write")
    parser.add_argument(
        "--measures-table", type=Path, required=True, help="CSV of the papers' losses, sizes and times, to write"
    )
    cli.run(build_report, vars(parser.parse_args()))
