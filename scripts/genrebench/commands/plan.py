"""Estimate a run of the workflow before it starts: jobs, hours, memory and disk.

Start it in the folder of the workflow; it reads params.yaml and the costs of earlier runs.
"""

import argparse
import csv
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from genrebench.common.cli import InputError

HELP = "estimate the jobs, hours, memory and disk of a run of the workflow"
EXAMPLES = """\
  genrebench plan
  genrebench plan --cores 16 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="of the run (default: all)")
    parser.add_argument("--json", dest="as_json", action="store_true", help="JSON, with seconds and megabytes")
    parser.add_argument(
        "--reference",
        type=Path,
        default=Path("data/reference_costs.csv"),
        help="what jobs cost on another machine (default: %(default)s)",
    )
    parser.add_argument(
        "--measurements", action="store_true", help="print what the jobs of this dataset cost, as rows of --reference"
    )


def run(reference: Path, cores: int, as_json: bool, measurements: bool) -> None:
    """Print the plan for the parameters of ./params.yaml."""
    if not Path("Snakefile").is_file():
        raise InputError(f"There is no Snakefile in {Path.cwd()}: go to the folder of the workflow")
    from snakemake_interface_common.exceptions import WorkflowError

    from genrebench.extraction import survey
    from genrebench.planning import costs, plan, plan_text
    from genrebench.workflow import config, dag

    settings = config.load()
    dataset = settings["dataset"]
    if measurements:
        writer = csv.DictWriter(sys.stdout, costs.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(costs.typical(plan.measure(dataset, cores), costs.processor()))
        return
    # Reading headers and trying features (3 s) goes on while Snakemake derives the jobs (3 s).
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        surveyed = pool.submit(survey.survey_dataset, settings)
        try:
            jobs, pending = dag.jobs({"all"}, cores=cores)
        except WorkflowError as error:  # what the Snakefile says to people
            raise InputError(str(error)) from None
        corpus, values = surveyed.result()
    tasks, todo = (sorted(plan.as_task(one, dataset) for one in some) for some in (jobs, pending))
    workload = plan.workload_of(config.load_all(), corpus, values, tasks, cores)
    local, where = plan.earlier_runs(dataset, cores)
    known = costs.Costs(costs.read_reference(reference), local, where)
    result = plan.estimate(settings, workload, tasks, todo, known, cores)
    print(json.dumps(result, indent=2, sort_keys=True) if as_json else plan_text.as_text(result))
