"""After `git checkout` and `dvc pull`: tell Snakemake that what DVC has verified is up to date (`make restore`).

A checkout leaves arbitrary times on the files, by which Snakemake would run everything again. DVC compares contents;
where it finds every stage unchanged, the times may be set.
"""

import argparse
import subprocess

from genrebench import job
from genrebench.job import InputError


def restore_run() -> None:
    """If `dvc status` is clean, touch all outputs and make the report; else change nothing and say what differs."""
    status = subprocess.run(["dvc", "status"], capture_output=True, text=True)
    if status.returncode:
        raise InputError(f"dvc status failed: {status.stderr.strip()}")
    if "up to date" not in status.stdout:
        raise InputError(
            f"DVC finds changes, so nothing was touched; `dvc pull` or `dvc repro` first:\n{status.stdout}"
        )
    subprocess.run(["snakemake", "--touch", "--forceall", "--cores", "1", "--quiet", "all"], check=True)
    # the report holds measured times, so DVC does not keep it
    subprocess.run(["snakemake", "--cores", "all", "--quiet", "all"], check=True)
    print("The results are those of dvc.lock, and Snakemake knows it.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    job.run(restore_run, vars(parser.parse_args()))
