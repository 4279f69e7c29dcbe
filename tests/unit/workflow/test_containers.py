"""The two container definitions install the same, from the lock files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DOCKERFILE = Path("containers/Dockerfile").read_text()
DEFINITION = Path("containers/genrebench.def").read_text()
INSTALL = Path("containers/install.sh")
PYTHON_OF = {"bookworm": "3.11"}  # what Debian's releases bring
# What Apptainer knows; it refuses a definition with another section.
SECTIONS = {
    *("arguments", "setup", "files", "post", "environment", "test", "runscript", "startscript", "labels", "help"),
}


def test_both_start_from_the_release_of_debian_that_has_the_python_of_the_project():
    (base,) = re.findall(r"^FROM (.+)$", DOCKERFILE, re.M)
    assert re.findall(r"^From: (.+)$", DEFINITION, re.M) == [base]
    assert re.findall(r"^Bootstrap: (.+)$", DEFINITION, re.M) == ["docker"]
    release = re.fullmatch(r"debian:(\w+)-slim", base)[1]
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert f"Programming Language :: Python :: {PYTHON_OF[release]}" in project["classifiers"]


def test_both_take_the_files_that_the_installation_reads():
    (copied,) = re.findall(r"^COPY (.+) /opt/genrebench/$", DOCKERFILE, re.M)
    docker = {str(path) for pattern in copied.split() for path in Path().glob(pattern)}
    apptainer = dict(line.split() for line in _section("files").splitlines())
    assert set(apptainer) == docker
    assert all(target == f"/opt/genrebench/{Path(source).name}" for source, target in apptainer.items())
    ignored = Path(".dockerignore").read_text()
    assert [f"!{name}" in ignored for name in copied.split()] == [True] * 4


def test_both_run_the_script_with_the_extras():
    assert 'ARG EXTRAS=""' in DOCKERFILE and "\nRUN /opt/genrebench/install.sh $EXTRAS\n" in DOCKERFILE
    assert _section("arguments") == "EXTRAS=" and _section("post") == "/opt/genrebench/install.sh {{ EXTRAS }}"
    assert INSTALL.stat().st_mode & 0o111


@pytest.mark.parametrize("extras", [[], ["gpu"], ["speech"], ["gpu", "speech"]])
def test_everything_but_pytorch_is_installed_with_hashes_from_a_lock_file_that_exists(extras, tmp_path):
    for name in re.findall(r"^    (\S+) ", DEFINITION.split("%files")[1].split("\n\n")[0], re.M):
        (tmp_path / Path(name).name).write_bytes(Path(name).read_bytes())
    commands = subprocess.run(
        ["make", "--dry-run", ".venv/ready", *extras], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    installs = [i for i in re.findall(r"pip install (.+)$", commands, re.M) if not i.endswith("--editable .")]
    assert len(installs) == 2 + extras.count("gpu") + 2 * extras.count("speech")
    unlocked = [install for install in installs if "--require-hashes" not in install]
    # there are builds of PyTorch for each kind of GPU
    assert len(unlocked) == extras.count("speech") and all("torch==" in install for install in unlocked)
    for install in set(installs) - set(unlocked):
        lock = re.search(r"(requirements|\.venv/uv)\.lock\b", install)[0]
        assert lock == ".venv/uv.lock" or (tmp_path / lock).is_file()


def test_definition_has_sections_that_apptainer_knows_in_the_language_of_the_shell():
    assert set(re.findall(r"^%(\w+)", DEFINITION, re.M)) <= SECTIONS
    for name in ("post", "environment", "test", "runscript"):
        subprocess.run(["sh", "-n"], input=_section(name).replace("{{ EXTRAS }}", "gpu"), check=True, text=True)
    subprocess.run(["sh", "-n", INSTALL], check=True)


def test_caches_are_where_everyone_can_write_and_nobody_else_writes():
    def caches(temporary):
        command = f"{_section('environment')}\necho $PATH $XDG_CACHE_HOME $MPLCONFIGDIR $NUMBA_CACHE_DIR"
        environment = {"PATH": "/usr/bin:/bin", **temporary}
        return subprocess.run(
            ["sh", "-euc", command], env=environment, check=True, capture_output=True, text=True
        ).stdout

    path, cache, *others = caches({}).split()
    assert path.startswith("/opt/genrebench/.venv/bin:") and re.fullmatch(r"/tmp/genrebench-\d+", cache)
    assert len(others) == 2 and all(other.startswith(f"{cache}/") for other in others)
    assert caches({"TMPDIR": "/scratch"}).split()[1].startswith("/scratch/genrebench-")
    docker = dict(re.findall(r"([A-Z_]+)=(/\S+)", DOCKERFILE.split("\nENV ")[1]))
    assert {"HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"} < set(docker)
    assert all(docker[name].startswith("/tmp") for name in set(docker) - {"PATH"})


def test_dockerfile_passes_the_linter():
    subprocess.run([Path(sys.executable).with_name("hadolint"), "containers/Dockerfile"], check=True)


def _section(name):
    """The lines of a section of Apptainer's definition, without comments and indentation."""
    body = re.search(rf"^%{name}\n(.*?)(?=^%|\Z)", DEFINITION, re.M | re.S)[1]
    return "\n".join(line.strip() for line in body.splitlines() if line.strip() and not line.strip().startswith("#"))
