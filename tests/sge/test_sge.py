"""The workflow on a real Grid Engine, in the environment of which the tests run (`make test-sge` starts one)."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genrebench.common import files
from project import eventually

PROFILE = ["--workflow-profile", "profiles/sge"]
QUICK = ["--seconds-between-status-checks", "1", "--latency-wait", "20"]
RUN = "results/demo/runs/sgd/artist/repeat0/seed0/status.json"
SMALL = """
rule all:
    localrule: True
    input: "asks", "grows", "after_failed", "after_killed"
rule asks:
    output: "asks"
    threads: 2
    resources: mem_mb=1001, runtime=7, gpu=1
    shell: "echo $NSLOTS > {output}"
rule grows:
    output: "grows"
    resources: mem_mb=lambda wildcards, attempt: 500 * attempt, runtime=5
    shell: "test {resources.mem_mb} = 1000 && touch {output}"
rule failed:
    output: "failed"
    log: "failed.log"
    retries: 0
    shell: "echo there is no tuba here > {log}; exit 3"
rule killed:
    output: "killed"
    retries: 0
    shell: "$SGE_BINARY_PATH/qdel $JOB_ID; sleep 300; touch {output}"
rule after:
    input: "{name}"
    output: "after_{name}"
    shell: "touch {output}"
ruleorder: asks > grows > failed > killed > after
"""


def answers():
    return shutil.which("qhost") and subprocess.run(["qhost"], capture_output=True, timeout=20).returncode == 0


pytestmark = pytest.mark.skipif(not answers(), reason="no Grid Engine answers")


@pytest.fixture
def project(tiny, tmp_path):
    return tiny.copy(tmp_path / "project")


def submitted(project, rule):
    """The numbers of a rule's jobs, from the names of their logs."""
    return sorted(int(path.name.split(".")[1]) for path in (project.folder / ".snakemake/sge").glob(f"{rule}.*.log"))


def account(number):
    """What the accounting says of a job."""
    command = ["qacct", "-j", str(number)]
    output = eventually(lambda: subprocess.run(command, capture_output=True, text=True).stdout)
    return dict(re.findall(r"^(\w+) +(.*?) *$", output, re.MULTILINE))


def requested(number):
    """What a job asked for, as one writes it for qsub."""
    return account(number)["category"]


def processes(folder):
    """The commands of the processes that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            found += [path.with_name("cmdline").read_text()] if path.readlink() == folder else []
        except OSError:  # it ended
            pass
    return found


def test_requests_and_failures(project):
    (project.folder / "small.smk").write_text(SMALL)
    output = project.run("snakemake", *PROFILE, *QUICK, "--snakefile", "small.smk", check=False)
    done = {path.name for path in project.folder.iterdir()}

    # threads, MB (of each slot), minutes and GPUs arrive; what is not asked for is not mentioned
    (asks,) = submitted(project, "asks")
    assert requested(asks) == "-l gpu=1,h_rt=420,mem_free=501M -pe smp 2"
    assert (project.folder / "asks").read_text() == "2\n"
    # a job that failed is submitted again with what its rule then asks for
    assert [requested(number) for number in submitted(project, "grows")] == [
        "-l h_rt=300,mem_free=500M",
        "-l h_rt=300,mem_free=1000M",
    ]
    # a failure is reported with its log, a kill with what the accounting says of it; the rest goes on
    assert {"asks", "grows"} <= done
    assert not {"failed", "killed", "after_failed", "after_killed"} & done
    assert "there is no tuba here" in output
    (killed,) = submitted(project, "killed")
    assert f"Job {killed} did not end by itself" in output
    assert submitted(project, "after") == submitted(project, "all") == []
    assert not list(project.folder.glob("*.[oe][0-9]*")), "logs of jobs stand in the root"


def test_interrupted_then_finished(project):
    project.change("demo.artists_per_genre", 20)  # some seconds of work
    command = [Path(sys.executable).with_name("snakemake"), *PROFILE, *QUICK, RUN]
    with (project.folder / "output.txt").open("w") as output:
        scheduler = subprocess.Popen(command, cwd=project.folder, stdout=output, stderr=subprocess.STDOUT)
        (number,) = eventually(lambda: submitted(project, "render_demo"))
        # once its script works, and not only the Snakemake that runs it
        eventually(lambda: any("scripts/render_demo.py" in command for command in processes(project.folder)))
        scheduler.send_signal(signal.SIGINT)
        assert scheduler.wait(timeout=60) != 0
    # nothing is left in the queue, and nothing that the job had started
    eventually(lambda: subprocess.run(["qstat", "-j", str(number)], capture_output=True).returncode != 0)
    eventually(lambda: not processes(project.folder), seconds=20)
    assert account(number)["failed"] != "0"

    project.run("snakemake", *PROFILE, *QUICK, RUN)
    assert files.read_json(project.folder / RUN)["status"] == "done"
    assert requested(number) == requested(submitted(project, "render_demo")[-1])
    assert len(submitted(project, "group_model_sgd")) == 1
    assert submitted(project, "group_shard_0") and not submitted(project, "extract_shard")
    assert submitted(project, "index_raw") == [], "it takes no time, and runs where Snakemake runs"
    assert project.jobs(RUN) == {}
