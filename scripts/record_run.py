"""Record a direct Snakemake run in dvc.lock (`make record`), if nothing is left to run."""

import argparse
import subprocess

from genrebench import job
from genrebench.job import InputError


def record_run() -> None:
    """Run `dvc commit --force`, after a dry run of the workflow that finds nothing to do."""
    dry = subprocess.run(["snakemake", "--dry-run"], capture_output=True, text=True)
    if dry.returncode or "Nothing to be done" not in dry.stdout + dry.stderr:
        raise InputError(
            "the results are not up to date, so they are not recorded; run `snakemake --cores all` first, "
            "and see `snakemake --dry-run` for what is left"
        )
    subprocess.run(["dvc", "commit", "--force"], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    job.run(record_run, vars(parser.parse_args()))
