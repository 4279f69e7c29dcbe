"""After `git checkout` and `dvc pull`: tell Snakemake that what DVC has verified is up to date (`make restore`).

A checkout leaves arbitrary times on the files, by which Snakemake would run everything again. DVC compares contents;
where it finds every stage unchanged, the times may be set. What can be had again, the audio and the arrays of features,
need not be there: Snakemake asks for it only when something that reads it is to run.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.workflow import config, dvc_stages, file_index
from genrebench.workflow.dvc_outputs import is_recoverable

MISSING = ("deleted", "not in cache")
# `snakemake --touch` sleeps a tenth of a second at each job, for file systems whose times are coarser than that
TOUCH = (
    "from snakemake.executors import touch; touch.Executor.SLEEPING_TIME = 0; from snakemake.cli import main; main()"
)


def restore_run() -> None:
    """If DVC finds no change, touch all outputs and make the report; else change nothing and say what differs."""
    settings = config.load()
    found = _status()
    missing = sorted({path for _, path, state in found if state in MISSING})
    needed = [path for path in missing if not is_recoverable(path, settings["features"])]
    changed = [": ".join(filter(None, one)) for one in found if one[2] not in MISSING]
    if needed or changed:
        raise InputError(
            "nothing was touched, because not everything is as dvc.lock says; `dvc pull` (or `dvc checkout`) brings "
            "what is missing, `dvc repro` runs what changed:\n"
            + "\n".join([*changed, *(f"{path}: missing" for path in needed)])
        )
    # of what is missing, dvc.lock has to say the same wherever it is named
    if missing and "Running stage" in (dry := _dvc("repro", "--dry", "--allow-missing")):
        raise InputError(f"nothing was touched, because DVC would run something:\n{dry}")
    _index_absent_audio(settings["dataset"])
    touch = ["--touch", "--forceall", "--cores", "1", "--quiet", "all"]
    # the report holds measured times, so DVC does not keep it, and what is there may be of another experiment
    report = ["snakemake", "--cores", "all", "--quiet", "--forcerun", "build_report", "--", "all"]
    for command in ([sys.executable, "-c", TOUCH, *touch], report):
        if subprocess.run(command).returncode:
            raise InputError("Snakemake failed; the reason stands above")
    dvc_stages.UNRECORDED.unlink(missing_ok=True)
    print("The results are those of dvc.lock, and Snakemake knows it.")
    if missing:
        print(f"Not here, because nothing needs it now: {', '.join(missing)}")


def _status() -> list[tuple[str, str, str]]:
    """What `dvc status` finds: stage, path, and what is with it; of a change of the stage itself, no path."""
    found = []
    for stage, entries in json.loads(_dvc("status", "--json")).items():
        for entry in entries:
            if isinstance(entry, str):
                found.append((stage, "", entry))
            else:
                found += [(stage, path, str(state)) for paths in entry.values() for path, state in paths.items()]
    return found


def _index_absent_audio(dataset: str) -> None:
    """Where a user's audio is absent, list its files from the manifest: Snakemake wants to know how many there are."""
    folder, index = Path("data/raw", dataset), Path(".cache", dataset, "raw.json")
    if folder.is_dir() or index.is_file() or not folder.with_name(f"{dataset}.dvc").is_file():
        return
    tables = (f"results/{dataset}/{name}.csv" for name in ("manifest", "rejected"))
    paths = sorted(row["path"] for table in tables for row in files.read_rows(table))
    if not all(paths):
        raise InputError(f"{folder} is missing, and brings features that nothing here could make again: `dvc pull` it.")
    file_index.write(({"path": Path(path).relative_to(folder).as_posix()} for path in paths), index)


def _dvc(*arguments: str) -> str:
    """What a command of DVC's prints."""
    result = subprocess.run(["dvc", *arguments], capture_output=True, text=True)
    if result.returncode:
        raise InputError(f"dvc {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    cli.run(restore_run, vars(parser.parse_args()))
