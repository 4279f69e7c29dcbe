"""What is needed is named in pyproject.toml and locked, and the Makefile finds a Python to install it with."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PYPROJECT = tomllib.loads(Path("pyproject.toml").read_text())
PROJECT, GROUPS = PYPROJECT["project"], PYPROJECT["dependency-groups"]
DECLARED = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
OPTIONAL = {
    canonicalize_name(Requirement(text).name) for name in ("torch", "speech", "jax", "beets") for text in GROUPS[name]
}
# what is imported with a package that depends on it
BROUGHT = {
    **{
        "annotated-types": "pydantic",
        "anyio": "starlette",
        "confuse": "beets",
        "huggingface-hub": "transformers",
        "markupsafe": "jinja2",
        "urllib3": "requests",
    },
    **{"snakemake-interface-common": "snakemake", "snakemake-interface-logger-plugins": "snakemake"},
}
# Snakemake and Keras import these: executors of profiles/, and what weights are written with.
PLUGINS = {"snakemake-executor-plugin-cluster-generic", "snakemake-executor-plugin-slurm", "h5py"}


def imported():
    """The distributions whose modules the scripts and the library import."""
    modules = set()
    for path in Path("scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.partition(".")[0])
    names = {"yaml": ["pyyaml"], "pywt": ["pywavelets"]} | packages_distributions()
    return {
        canonicalize_name(names.get(module, [module])[0])
        for module in modules - sys.stdlib_module_names - {"genrebench", "beetsplug"}
    }


def test_dependencies_are_what_the_code_imports():
    found = {BROUGHT.get(name, name) for name in imported()}
    either = {"tensorflow", "tensorflow-cpu"}  # one of the two is installed
    assert found - either <= DECLARED | OPTIONAL | PLUGINS
    assert DECLARED - either - PLUGINS <= found


def test_the_lock_has_every_requirement_with_hashes_but_pytorch():
    text = Path("requirements.lock").read_text()
    locked = {}
    for name, version, hashes in re.findall(
        r"^([a-z0-9._-]+)==([^ ;\\]+).*\\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.M
    ):
        assert name not in locked, f"two versions of {name}"
        locked[name] = version
        assert hashes
    assert len(locked) == len(re.findall(r"^[^ #]", text, re.M))
    wanted = PROJECT["dependencies"] + [text for name, group in GROUPS.items() if name != "torch" for text in group]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
    assert "torch" not in locked


def test_supported_versions_of_python_are_the_same_everywhere():
    versions = [text.rpartition(" ")[2] for text in PROJECT["classifiers"]]
    assert versions == [
        v for v in (f"3.{minor}" for minor in range(8, 30)) if v in SpecifierSet(PROJECT["requires-python"])
    ]
    makefile = Path("Makefile").read_text()
    looked_for = re.search(r"^PYTHONS := (.*)$", makefile, re.M)[1].split()
    assert looked_for == [*(f"python{version}" for version in reversed(versions)), "python3"]
    first, last = (tuple(map(int, version.split("."))) for version in (versions[0], versions[-1]))
    assert f"not {first} <= sys.version_info < {(last[0], last[1] + 1)}" in makefile


INTERPRETER = """#!/bin/sh
case "$*" in
  *version_info*) exec {python} -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' "$2" ;;
  *ensurepip*) exit {lacks_venv} ;;
  --version) echo "Python of $0" ;;
  *) echo "$*"; exit 9 ;;
esac
"""
SHIM = "#!/bin/sh\nexit 127\n"  # what is left of a version that is not active


@pytest.fixture
def setup(tmp_path):
    """Set up an environment where PATH has these interpreters, {name: script}; the output."""

    def run(**interpreters):
        tools = tmp_path / "tools"
        tools.mkdir()
        for name, script in interpreters.items():
            (tools / name.replace("_", ".")).write_text(script)
            (tools / name.replace("_", ".")).chmod(0o755)
        for name in ("requirements.lock", "Makefile"):
            (tmp_path / name).write_bytes(Path(name).read_bytes())
        for tool in {"sh", "make", "basename", "awk", "grep"} - set(interpreters):
            (tools / tool).symlink_to(shutil.which(tool))
        result = subprocess.run(
            ["make", ".venv/ready"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True
        )
        assert result.returncode  # there is nothing to install from
        return result.stdout + result.stderr

    return run


def interpreter(*version, lacks_venv=0):
    return INTERPRETER.format(python=sys.executable, version=version, lacks_venv=lacks_venv)


def test_the_newest_python_that_runs_and_can_make_environments_is_taken(setup):
    output = setup(
        **{"python3_13": SHIM, "python3_12": interpreter(3, 12, lacks_venv=1)},
        **{"python3_11": interpreter(3, 11), "python3": interpreter(3, 12)},
    )
    assert "apt install" not in output  # another one does
    assert "python3.11: 2.5 GB" in output and "-m venv --clear .venv" in output


def test_a_python_without_its_package_for_environments_is_named_first(setup):
    output = setup(python3_12=interpreter(3, 12, lacks_venv=1), python3=interpreter(3, 12, lacks_venv=1))
    assert output.startswith("python3.12 is here") and "apt install python3.12-venv" in output
    assert "Looked for" not in output


@pytest.mark.parametrize(("free", "is_enough"), [(3_000_000, False), (4_000_000, True)])
def test_what_the_environment_takes_is_said_before_it_is_made(setup, free, is_enough):
    output = setup(python3=interpreter(3, 12), df=f"#!/bin/sh\necho head; echo x x x {free} x x\n")
    assert ("-m venv --clear" in output) == is_enough
    assert "2.5 GB" in output and (is_enough or "3000 MB free" in output)


@pytest.mark.parametrize(("place", "is_made"), [("here", False), ("elsewhere", True), (None, False)])
def test_the_environment_of_a_checkout_that_was_moved_is_made_anew(place, is_made, tmp_path):
    folder = tmp_path / "a checkout"
    (folder / ".venv").mkdir(parents=True)
    for name in ("requirements.lock", "Makefile"):
        (folder / name).write_bytes(Path(name).read_bytes())
    (folder / ".venv/ready").touch()
    command = f"command = python -m venv --clear {folder if place == 'here' else '/old/checkout'}/.venv\n"
    (folder / ".venv/pyvenv.cfg").write_text(f"home = /usr/bin\n{command if place else ''}")
    result = subprocess.run(["make", "--dry-run", "setup"], cwd=folder, capture_output=True, text=True, check=True)
    assert ("-m venv --clear" in result.stdout) == is_made


def test_the_path_of_a_checkout_may_have_a_space(tmp_path):
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "Makefile").write_bytes(Path("Makefile").read_bytes())
    result = subprocess.run(
        ["make", "--dry-run", "--old-file", ".venv/ready", "gpu", "app", "s3", "docs"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folder) in result.stdout
    for line in result.stdout.splitlines():
        assert str(folder) not in line or any(str(folder) in word for word in shlex.split(line)), line


def test_where_there_is_no_python_the_error_says_what_was_looked_for_and_how_to_get_one(setup):
    output = setup(python3=interpreter(3, 10))
    assert "python3.13 python3.12 python3.11 python3." in output
    assert "python3-venv" in output and "PYTHON=" in output
    assert "-m venv --clear" not in output


@pytest.mark.parametrize("made", ["report.html", "dvc_plots/index.html", "results/demo/x.csv", "site/index.html"])
def test_what_commands_write_is_ignored(made):
    assert subprocess.run(["git", "check-ignore", "--quiet", made]).returncode == 0
