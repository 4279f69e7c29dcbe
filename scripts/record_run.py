"""Record a direct Snakemake run in dvc.lock (`make record`), if nothing is left to run."""

import argparse
import subprocess
from pathlib import Path

from genrebench.common import cli
from genrebench.common.cli import InputError
from genrebench.workflow import config, dag


def record_run() -> None:
    """Run `dvc commit --force`, after a dry run that finds nothing to do, if there are no other results about."""
    dry = subprocess.run(["snakemake", "--dry-run"], capture_output=True, text=True)
    if dry.returncode or "Nothing to be done" not in dry.stdout + dry.stderr:
        raise InputError(
            "the results are not up to date, so they are not recorded; run `snakemake --cores all` first, "
            "and see `snakemake --dry-run` for what is left"
        )
    if left := _left_over(Path("results", config.load()["dataset"])):
        raise InputError(
            f"{len(left)} files are results of an earlier configuration and would be recorded with those of this one; "
            f"move or remove them: {', '.join(map(str, left[:3]))}{' ...' if len(left) > 3 else ''}"
        )
    subprocess.run(["dvc", "commit", "--force"], check=True)


def _left_over(results: Path) -> list[Path]:
    """Files in the folders that DVC records as a whole which no configured job makes."""
    jobs, _ = dag.jobs({"all"})
    made = {Path(path) for one in jobs for path in one.output}
    found = [path for folder in ("splits", "runs") for path in sorted((results / folder).rglob("*")) if path.is_file()]
    return [path for path in found if path.name != ".snakemake_timestamp" and not made & {path, *path.parents}]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    cli.run(record_run, vars(parser.parse_args()))
