"""Hand a job script of Snakemake's to qsub, with what its rule asks for; print the job's number.

python profiles/sge/submit.py --pe smp --memory mem_free --memory-per slot --gpu gpu -- [options of qsub] script
"""

import argparse
import json
import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

LOGS = Path(".snakemake/sge")


def requests(job, site):
    """The options of qsub for the threads, MB, minutes and GPUs of a job (the properties that Snakemake writes)."""
    threads, resources = job["threads"], job["resources"]
    limits = {}
    if "mem_mb" in resources:
        megabytes = resources["mem_mb"] / (threads if site.memory_per == "slot" else 1)
        limits[site.memory] = f"{math.ceil(megabytes)}M"
    if "runtime" in resources:
        limits["h_rt"] = math.ceil(60 * resources["runtime"])
    if resources.get("gpu"):
        limits[site.gpu] = resources["gpu"]
    options = ["-pe", site.pe, str(threads)] if threads > 1 else []
    return options + [word for name, value in limits.items() for word in ("-l", f"{name}={value}")]


def main():
    """Read the command line, submit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pe", required=True, help="parallel environment whose slots are on one host")
    parser.add_argument("--memory", required=True, help="complex for memory")
    parser.add_argument("--memory-per", choices=("slot", "job"), required=True, help="what a request is for")
    parser.add_argument("--gpu", required=True, help="complex for GPUs, per job")
    parser.add_argument("qsub", nargs="+", help="options of qsub, and the script")
    site = parser.parse_args()
    *options, path = site.qsub
    script = Path(path).read_text()
    job = json.loads(re.search(r"^# properties = (.*)$", script, re.MULTILINE)[1])
    name = job.get("rule") or f"group_{job['groupid']}"
    LOGS.mkdir(parents=True, exist_ok=True)
    # Grid Engine forgets a job when it ends: profiles/sge/status.sh reads this file, which goes with its folder.
    folder = shlex.quote(str(Path(path).parent))
    script = f"""ended={folder}/$JOB_ID.status\ntrap 'echo $? > "$ended"' EXIT\n{script}"""
    command = ["qsub", "-terse", "-V", "-cwd", "-S", "/bin/bash", "-r", "n", "-N", name]
    command += ["-j", "y", "-o", str(LOGS.absolute() / "$JOB_NAME.$JOB_ID.log"), *requests(job, site), *options]
    submitted = subprocess.run(command, input=script, stdout=subprocess.PIPE, text=True)
    if submitted.returncode:
        print(f"Refused: {shlex.join(command)}", file=sys.stderr)
        sys.exit(submitted.returncode)
    print(submitted.stdout.split()[-1])


if __name__ == "__main__":
    main()
