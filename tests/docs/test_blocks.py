"""What the documentation tells readers to type exists: targets, rules, scripts, options, settings, files."""

import ast
import re
import subprocess
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest
import yaml
from dvc.cli.parser import get_main_parser
from snakemake.cli import get_argument_parser

from documented import INLINE, blocks, inline_commands, pages, simple_commands
from genrebench.commands import main
from genrebench.workflow import config
from project import ROOT

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#([^)\s]*))?\)")
# Of these, only the files are checked.
OTHERS = {"apptainer", "beet", "cd", "curl", "docker", "git", "ln", "mkdir", "mkdocs", "printf", "sed", "source"}
FOLDERS = ("scripts/", "profiles/", "containers/", "tests/", "rules/", "config/", "docs/", "envs/")


def commands():
    fenced = [(block.page, line) for block in blocks("bash") for line in block.commands]
    return [(page, words) for page, line in fenced + inline_commands() for words in simple_commands(line)]


COMMANDS = commands()


def of(program):
    chosen = [(page, words[1:]) for page, words in COMMANDS if words[0] == program]
    return pytest.mark.parametrize(("page", "words"), chosen, ids=[f"{p}: {' '.join(w)}"[:80] for p, w in chosen])


@cache
def rule_names():
    text = "\n".join(path.read_text() for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")])
    return set(re.findall(r"^ *(?:use )?rule (?:\w+ as )?(\w+)", text, re.M))


@cache
def sections():
    return set(yaml.safe_load((ROOT / "params.yaml").read_text()))


@cache
def help_of(*command):
    done = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)} --help: {done.stderr[-500:]}"
    return done.stdout


def options(words):
    return {word.split("=")[0] for word in words if word.startswith("--") and len(word) > 2}


def parsed(parser, words):
    try:
        return parser.parse_args(words)
    except SystemExit:
        pytest.fail(f"not a command line: {' '.join(words)}")


def test_only_known_programs_are_called():
    programs = {words[0] for _, words in COMMANDS}
    assert programs - OTHERS == {"make", "snakemake", "dvc", "genrebench", "python"}


@of("make")
def test_make(page, words):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w.-]+):", makefile, re.M))
    for word in words:
        name, _, value = word.partition("=")
        assert f"$({name})" in makefile if value else name in targets


@of("snakemake")
def test_snakemake(page, words):
    arguments = parsed(get_argument_parser(), words)
    made = [target for target in arguments.targets if target not in rule_names()]
    assert all(target.startswith(("results/", "data/raw/demo")) for target in made)
    assert set(arguments.forcerun or []) <= rule_names()
    # an option that takes several words takes a target after it too
    for option in {"--resources", "--config"} & set(words):
        values = list(takewhile(lambda word: not word.startswith("--"), words[words.index(option) + 1 :]))
        assert all("=" in word for word in values), f"{option} takes {values}"
    assert {item.split("=")[0] for item in arguments.config or []} <= sections()
    if arguments.workflow_profile:
        assert (ROOT / arguments.workflow_profile / "config.yaml").is_file()


@of("dvc")
def test_dvc(page, words):
    arguments = parsed(get_main_parser(), words)
    changed = getattr(arguments, "set_param", None) or []
    assert {item.lstrip("+").split(".")[0].split("=")[0] for item in changed} <= sections()


@of("genrebench")
def test_genrebench(page, words):
    parsed(main.parser(), [word for word in words if word != "--help"] or ["plan"])


@of("python")
def test_scripts(page, words):
    script, *rest = words
    assert (ROOT / script).is_file()
    if options(rest):
        assert options(rest) <= set(re.findall(r"--[\w-]+", help_of(sys.executable, script)))


def test_files_that_commands_name_are_there():
    named = [word for _, words in COMMANDS for word in words if word.startswith(FOLDERS)]
    assert named and not [word for word in named if not (ROOT / word).exists()]


def merged(over, under):
    if not (isinstance(over, dict) and isinstance(under, dict)):
        return over
    return under | {key: merged(value, under.get(key)) for key, value in over.items()}


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: f"{block.page}: {block.text.splitlines()[0]}")
def test_settings(block):
    """A block without a title is of params.yaml; one of a profile has options of Snakemake; others are files."""
    given = yaml.safe_load(block.text)
    if block.title.startswith("profiles/") and Path(block.title).name == "config.yaml":
        parsed(get_argument_parser(), [f"--{key}={value}" for key, value in given.items() if isinstance(value, str)])
        assert not [key for key in given if f"--{key}" not in get_argument_parser().format_help()]
    elif block.title == "profiles/slurm/partitions.yaml":
        known = yaml.safe_load((ROOT / "tests/slurm/partitions.yaml").read_text())
        assert given.keys() == known.keys()
    elif block.title == "config.yaml of beets":
        plugin = pytest.importorskip("beetsplug.genrebench", reason="not installed: `make beets`")
        assert given["genrebench"].items() <= plugin.DEFAULTS.items()
    elif block.title == "local.yaml":
        assert given.keys() <= {"gtzan"}
    else:
        assert block.title in ("", "params.yaml")
        assert given.keys() <= sections()
        if not new_modules() & set(given.get("models", {})):
            config.resolve(merged(given, yaml.safe_load((ROOT / "params.yaml").read_text())))


@cache
def new_modules():
    """The models that the documentation adds; they are trained by a test of the workflow."""
    return {Path(block.title).stem for block in blocks("python")}


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.title)
def test_modules(block):
    assert Path(block.title).parent.as_posix() in ("scripts/genrebench/models", "scripts/genrebench/features")
    assert ast.get_docstring(ast.parse(block.text))


@pytest.mark.parametrize("block", blocks("snakemake"), ids=lambda block: block.text.splitlines()[0])
def test_rules(block):
    used = set(re.findall(r"use rule (\w+) as", block.text))
    assert used <= rule_names()


def test_languages_are_those_that_are_checked():
    assert {block.language for block in blocks()} <= {"bash", "yaml", "python", "snakemake", "text"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of_the_readmes(page):
    """MkDocs checks those between the pages of docs/, but not what a README links to."""
    for target, _ in LINK.findall(page.read_text()):
        if not target.startswith(("http", "api/", "../api/", "reference/configuration.md", "release_notes.md")):
            assert (page.parent / target).exists(), target


def test_models_and_protocols_that_are_named_exist():
    """A name in the tables of models is one of params.yaml."""
    known = set(yaml.safe_load((ROOT / "params.yaml").read_text())["models"])
    rows = [
        line.split("|")[1:-1] for line in (ROOT / "docs/models.md").read_text().splitlines() if line.startswith("|")
    ]
    named = {name for row in rows for name in INLINE.findall(row[0])}
    suites = {"quick", "papers", "all"}
    assert named - suites <= known and len(named) > 10


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_words(page):
    """The field's words: what the project once called things, and papers by number, are not for readers."""
    once = r"brought|dealt|numerics|strangeness|unsure|honest|segment_leak|embedding_probe|segment_probe|for_dataset"
    assert not re.findall(rf"\b({once})\b|paper 00\d", page.read_text(), re.I)
