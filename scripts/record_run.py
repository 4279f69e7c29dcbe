"""Record a direct Snakemake run in dvc.lock (`make record`), if nothing is left to run."""

import argparse
import subprocess
from pathlib import Path

from genrebench.common import cli
from genrebench.common.cli import InputError
from genrebench.workflow import config, dag, dvc_stages


def record_run(remove_stale: bool) -> None:
    """Run `dvc commit --force`, after a dry run that finds nothing to do.

    dvc.yaml is made for the configuration, if it is that of another one. Files of an earlier configuration, in folders
    that DVC records as a whole, are removed with `remove_stale`, and refused without it.
    """
    dry = subprocess.run(["snakemake", "--dry-run"], capture_output=True, text=True)
    if dry.returncode or "Nothing to be done" not in dry.stdout + dry.stderr:
        raise InputError(
            "the results are not up to date, so they are not recorded; run `snakemake --cores all` first, "
            "and see `snakemake --dry-run` for what is left"
        )
    if left := _left_over(f"results/{config.load()['dataset']}"):
        if not remove_stale:
            raise InputError(
                f"{len(left)} files are results of an earlier configuration and would be recorded with those of this "
                f"one ({', '.join(map(str, left[:3]))}{' ...' if len(left) > 3 else ''}); `make record STALE=remove` "
                "removes them"
            )
        _remove(left)
    if dvc_stages.update():
        print(f"{dvc_stages.DVC_YAML} was of another configuration, and is now of this one.")
    if subprocess.run(["dvc", "commit", "--force"]).returncode:
        raise InputError("DVC recorded nothing, or not all; the reason stands above")
    dvc_stages.UNRECORDED.unlink(missing_ok=True)


def _left_over(results: str) -> list[Path]:
    """Files in the folders that DVC records as a whole which no configured job makes."""
    jobs, _ = dag.jobs({"all"})
    made = {Path(path) for one in jobs for path in one.output}
    folders = {Path(dvc_stages.tracked(str(path), results)) for path in made} - made
    found = [path for folder in sorted(folders) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in found if not made & {path, *path.parents}]


def _remove(paths: list[Path]) -> None:
    """Remove files, and the folders that are empty then."""
    for path in paths:
        path.unlink()
        folder = path.parent
        while not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
    print(f"Removed {len(paths)} files of an earlier configuration.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--remove-stale", action="store_true", help="remove results of an earlier configuration")
    cli.run(record_run, vars(parser.parse_args()))
