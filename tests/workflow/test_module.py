"""Another workflow uses this one as a module, with its own parameters and in its own folder."""

import re

import pytest
import yaml

from project import Project

SNAKEFILE = """
configfile: "config.yaml"


module genrebench:
    snakefile:
        "{snakefile}"
    config:
        config


use rule * from genrebench{prefix}


rule mine:
    input:
        "results/demo/manifest.csv",
    output:
        "clips.txt",
    shell:
        "wc -l < {{input}} > {{output}}; echo and more >> {{output}}"
"""


@pytest.fixture
def other(tiny, tmp_path):
    """A workflow of its own, with the tiny parameters."""

    def make(prefix=""):
        snakefile = tiny.folder / "workflow" / "Snakefile"
        (tmp_path / "Snakefile").write_text(SNAKEFILE.format(snakefile=snakefile, prefix=prefix))
        params = yaml.safe_load((tiny.folder / "params.yaml").read_text())
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(params | {"seeds": [0, 1]}))
        return Project(tmp_path)

    return make


@pytest.mark.long
def test_its_rules_run_in_the_folder_of_the_other(other, tiny):
    project = other()
    assert project.jobs("all")["train_sgd"] == 2 * tiny.jobs()["train_sgd"]  # two seeds
    project.snakemake("mine")
    # a job of the other's own runs as it would alone
    lines = len((project.folder / "results/demo/manifest.csv").read_text().splitlines())
    assert (project.folder / "clips.txt").read_text() == f"{lines}\nand more\n"
    assert project.jobs("mine") == {}
    assert not (tiny.folder / "data/raw/demo").exists()


def test_its_rules_may_have_a_prefix_and_all_find_their_scripts(other, tiny):
    project = other(" as genres_*")
    commands = project.snakemake("--dry-run", "--printshellcmds", "genres_all")
    scripts = set(re.findall(r"command: python (\S+)/\w+\.py", commands))
    assert scripts == {str(tiny.folder / "scripts")}
