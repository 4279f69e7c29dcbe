"""The conda environments and the lock file say the same."""

import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import yaml

from genrebench.extras import PACKAGES

SPEECH = PACKAGES["speech"]  # which may be installed, or not


def test_envs_are_those_of_the_lock_file(tmp_path):
    subprocess.run([sys.executable, "scripts/write_envs.py", "--folder", tmp_path], check=True)
    for path in tmp_path.iterdir():
        assert path.read_text() == Path("envs", path.name).read_text(), f"run `make envs`: {path.name} differs"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in Path("envs").glob("*.yaml")}


def test_envs_pin_what_is_installed():
    for path in Path("envs").glob("*.yaml"):
        pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        assert pins
        for name, pinned in (pin.split("==") for pin in pins):
            if name not in SPEECH or find_spec(name):
                assert version(name).partition("+")[0] == pinned  # of PyTorch there are builds


def test_every_rule_names_an_environment_that_exists():
    named = {
        name for path in Path("rules").glob("*.smk") for name in re.findall(r'"\.\./(envs/[^"]+)"', path.read_text())
    }
    assert named
    assert all(Path(name).is_file() for name in named)
