"""What the tests of profiles/slurm share: whether there is a cluster, and what it knows of jobs."""

import re
import shutil
import subprocess

import pytest

from project import ROOT

PROFILE = ["--workflow-profile", "profiles/slurm"]


def answers():
    return shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, timeout=20).returncode == 0


needs_slurm = pytest.mark.skipif(not answers(), reason="no Slurm answers")


def for_this_cluster(project):
    """The project with the partitions of one_node.sh: all that a site has to say."""
    shutil.copy(ROOT / "tests/slurm/partitions.yaml", project.folder / "profiles/slurm/partitions.yaml")
    return project


def jobs(project):
    """What Slurm knows of the jobs of a project, those that have ended too, in the order of their submission."""
    shown = subprocess.run(["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True).stdout
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.splitlines()]
    return [job for job in found if job.get("WorkDir") == str(project.folder)]
