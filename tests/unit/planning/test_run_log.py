"""What `make demo` prints: progress in a few lines, a failed job with the end of its log, and Ctrl-C in one line."""

import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from genrebench.planning import run_log
from project import eventually

SNAKEFILE = """
rule all:
    input: expand("{n}.txt", n=range(30))

rule quick:
    output: "{n}.txt"
    log: "{n}.log"
    message: "Making {wildcards.n}"
    shell: "exec PYTHON job.py {wildcards.n} {output} > {log} 2>&1"
"""
GOOD = "import sys; open(sys.argv[2], 'w')"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.replace("PYTHON", sys.executable))
    (tmp_path / "job.py").write_text(GOOD)
    return tmp_path


def start(folder, **options):
    command = [sys.executable, "-m", "snakemake", "--cores", "4", "--logger", "genrebench"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, **options)


def test_progress_is_a_few_lines_where_it_cannot_be_one(folder):
    process = start(folder, stderr=subprocess.STDOUT)
    lines = [line for line in process.communicate()[0].splitlines() if " jobs, " in line]
    assert process.returncode == 0
    assert 5 <= len(lines) <= 12
    assert lines[-1].startswith("31 of 31 jobs, 100%")


def test_progress_is_one_line_in_a_terminal(folder):
    ours, theirs = pty.openpty()
    process = start(folder, stderr=theirs)
    os.close(theirs)
    printed = b""
    while True:
        try:
            printed += os.read(ours, 65536)
        except OSError:
            break
    assert process.wait() == 0
    shown = [line for line in printed.decode().split("\r") if " jobs, " in line]
    assert len(shown) > 31 and not any("\n" in line.strip() for line in shown)


def test_a_job_that_fails_is_shown_once_with_the_end_of_its_log(folder):
    (folder / "job.py").write_text(f"{GOOD}\nif sys.argv[1] == '7': print(*range(99), sep='\\n'); sys.exit('why')")
    process = start(folder, stderr=subprocess.STDOUT)
    printed = process.communicate()[0]
    assert process.returncode == 1
    assert printed.count("Failed: Making 7 (rule quick)") == 1
    assert re.search(r"7\.log ends with\n    80\n.*\n    98\n    why\n", printed, re.S)
    assert "Complete log" in printed


def test_an_interruption_is_one_line_and_no_traceback(folder):
    """The group is interrupted, as Ctrl-C does, while jobs import and compute."""
    (folder / "job.py").write_text(
        "from genrebench.common import cli\nimport time\nprint('begun', flush=True)\ntime.sleep(60)"
    )
    process = start(folder, stderr=subprocess.STDOUT, start_new_session=True)
    eventually(lambda: sum("begun" in path.read_text() for path in folder.glob("*.log")) == 4)
    os.killpg(process.pid, signal.SIGINT)
    printed = process.communicate()[0]
    assert process.returncode
    assert printed.count("Interrupted: ") == 1
    assert "Traceback" not in printed and "Failed" not in printed
    assert not any("Traceback" in path.read_text() for path in folder.glob("*.log"))


def test_the_time_left_counts_jobs_by_what_they_cost():
    progress = run_log.Progress({"copy": 1.0, "train": 97.0})
    progress.begin({"copy": 3, "train": 1})
    for number in range(3):
        progress.start(number, "copy", "Copying")
        progress.finish(number)
    progress.start(3, "train", "Training")
    assert progress.line(3) == "3 of 4 jobs, 75%, about 2 min left: Training"  # nearly as on the reference machine


def test_the_time_left_follows_the_machine():
    progress = run_log.Progress({"copy": 1.0})
    progress.begin({"copy": 100})
    assert progress.line(0) == "0 of 100 jobs, 0%, about 2 min left"
    for number in range(90):
        progress.start(number, "copy", "")
        progress.finish(number)
    assert progress.line(900) == "90 of 100 jobs, 90%, about 2 min left"  # ten times slower


def test_every_rule_has_a_weight():
    weights = run_log.reference_seconds()
    assert weights["train_cnn"] > weights["collect_feature"] and weights["extract_shard"] < 5


def test_the_plugin_is_found_by_its_name():
    assert LoggerPluginRegistry().get_plugin("genrebench").log_handler is run_log.LogHandler
