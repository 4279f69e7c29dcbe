"""The conda environments and the lock file say the same."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from genrebench.common.packages import version
from genrebench.workflow import dag, pretrained, scheduler
from genrebench.workflow.extras import PACKAGES

SPEECH = PACKAGES["speech"]  # which may be installed, or not


def test_envs_are_those_of_the_lock_file(tmp_path):
    subprocess.run([sys.executable, "scripts/write_envs.py", "--folder", tmp_path], check=True)
    for path in tmp_path.iterdir():
        assert path.read_text() == Path("envs", path.name).read_text(), f"run `make envs`: {path.name} differs"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in Path("envs").iterdir()}


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


def test_environments_have_what_the_jobs_import(monkeypatch, tmp_path):
    # as if all weights and packages were here: what is unavailable has no jobs
    monkeypatch.setattr(pretrained, "unavailable", lambda name, settings: None)
    monkeypatch.setattr(pretrained, "locate", lambda name, handle: tmp_path)
    jobs, _ = dag.jobs({"all", "ablation", "leakage"}, {"dataset": "demo"})
    pairs = {
        (Path(job.conda_env_spec.file.get_path_or_uri(secret_free=True)).name, Path(source))
        for job in jobs
        if job.conda_env_spec
        for source in job.input
        if source.endswith(".py")
    }
    assert {name for name, _ in pairs} == {path.name for path in Path("envs").glob("*.yaml")}
    had = {path.name: _distributions(path) for path in Path("envs").glob("*.yaml")}
    made_by = packages_distributions()
    for name, source in sorted(pairs):
        for module in _imports(source):
            sources = {canonicalize_name(distribution) for distribution in made_by.get(module, [module])}
            sources |= {module} if module == "tensorflow" else set()  # here it may be tensorflow-cpu
            assert sources & had[name], f"{source} imports {module}, which envs/{name} lacks"


def test_networks_have_their_backend_and_what_keras_stores_weights_with():
    for name in ("networks", "export"):
        assert {"keras", "tensorflow", "h5py"} <= _distributions(Path(f"envs/{name}.yaml"))


def test_the_environment_of_a_job_comes_before_one_that_is_active(monkeypatch):
    for name in ("PATH", "CONDA_SHLVL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setenv("GENREBENCH_SCHEDULER", "")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    scheduler.set_environment()
    assert "CONDA_SHLVL" not in os.environ  # with it, conda puts a new environment where the active one stands in PATH
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    full = SimpleNamespace(free=scheduler.ROOM // 2)
    monkeypatch.setattr(scheduler.shutil, "disk_usage", lambda place: full)
    scheduler.set_environment()
    assert os.environ["PYTHONDONTWRITEBYTECODE"] == "1"


def _imports(source):
    """The packages of others that a source file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    if source.name == "backend.py":
        names -= {"jax", "keras", "tensorflow", "torch"}  # it imports the one that params.yaml names, for networks only
    return sorted(names - sys.stdlib_module_names - {"genrebench"})


def _distributions(environment):
    """What an environment has: its pins and what they need, as the lock files resolve it."""
    pins = yaml.safe_load(environment.read_text())["dependencies"][-1]["pip"]
    pending, found = [canonicalize_name(pin.partition("==")[0]) for pin in pins], set()
    if "transformers" in pending:  # which need not be installed
        pending += ["huggingface-hub", "tokenizers"]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            try:
                needed = [Requirement(text) for text in requires(name) or []]
            except PackageNotFoundError:
                needed = []
            pending += [
                canonicalize_name(one.name) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
            ]
    return found
