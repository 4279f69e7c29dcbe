"""The console command: its help, its errors, and what it imports for them."""

import shlex
import subprocess
import sys

import pytest

from genrebench.commands.main import SUBCOMMANDS, main, parser

SLOW = ("tensorflow", "keras", "sklearn", "librosa", "pandas", "matplotlib", "numpy", "snakemake", "torch", "pydantic")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_has_examples(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"  genrebench {name}" in capsys.readouterr().out.partition("examples:")[2]


def test_examples_can_be_given_as_they_are_one_after_another():
    written = []
    for module in SUBCOMMANDS.values():
        for line in module.EXAMPLES.splitlines():
            words = shlex.split(line.partition(">")[0])
            options = vars(parser().parse_args(words[1:]))
            written += [options["output"]] if options.get("output") else []
    assert written and len(set(written)) == len(written)  # an update writes to a folder that is not there


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["predict", "--help"], 0),
        (["predict"], 2),
        (["predict", "--model", "none", "song.mp3"], 1),
        (["predict", "--model", "./nowhere", "song.mp3"], 1),
        (["app", "--model", "none"], 1),
        (["update", "nowhere", "clips", "--output", "out"], 1),
        (["plan"], 1),  # no Snakefile
    ],
)
def test_help_and_errors_import_nothing_slow(tmp_path, arguments, status):
    code = (
        "import atexit, sys; from genrebench.commands.main import main; "
        f"atexit.register(lambda: print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)); "
        f"main({arguments})"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == status
    # what is in an export is checked with pydantic
    assert result.stderr.splitlines()[-1] in (["[]", "['pydantic']"] if status == 1 else ["[]"])
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_all_commands_and_options(shell, capsys):
    main(["completion", shell])
    script = capsys.readouterr().out
    assert all(word in script for word in [*SUBCOMMANDS, "max-minutes", "replay"])


def test_a_reader_who_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m genrebench completion bash | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert result.stderr == ""


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("genrebench ")
