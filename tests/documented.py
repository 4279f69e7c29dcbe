"""The code blocks of the README and the documentation, and the commands in them."""

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

from project import ROOT

PROMISED = ("make", "snakemake", "dvc", "genrebench", "python")  # commands that are checked wherever they stand
FENCE = re.compile(r'^( *)```(\w+)(?: title="(.+?)")?\n(.*?)\n\1```$', re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
BETWEEN = ("&&", "||", ";", "|")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page (a path in the project), language, title (a file of the project) and text."""

    page: str
    language: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines of a block of bash, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pages() -> list[Path]:
    """List the pages for readers: the README, the documentation, and the README of each folder of data."""
    return [
        ROOT / "README.md",
        ROOT / "config/README.md",
        *sorted(ROOT.glob("docs/**/*.md")),
        *sorted(ROOT.glob("data/**/README.md")),
    ]


def blocks(*languages: str) -> list[Block]:
    """List the fenced blocks of all pages, those of these languages."""
    return [block for page in pages() for block in blocks_of(page) if not languages or block.language in languages]


def blocks_of(page: Path) -> list[Block]:
    """List the fenced blocks of a page, in its order."""
    found = FENCE.findall(page.read_text())
    name = page.relative_to(ROOT).as_posix()
    return [Block(name, language, title, textwrap.dedent(text)) for _, language, title, text in found]


def inline_commands() -> list[tuple[str, str]]:
    """List (page, command) of what stands within lines: `make plan`, `dvc repro`."""
    found = []
    for page in pages():
        prose = FENCE.sub("", page.read_text())
        for code in INLINE.findall(prose):
            if code.split()[0] in PROMISED and len(code.split()) > 1 and "<" not in code:
                found.append((page.relative_to(ROOT).as_posix(), code))
    return found


def simple_commands(line: str) -> list[list[str]]:
    """Split a line of bash into the words of each simple command, without comments, assignments and redirections."""
    found: list[list[str]] = [[]]
    for word in shlex.split(re.sub(r" >>? \S+", "", line), comments=True):
        if word in BETWEEN:
            found.append([])
        elif found[-1] or not re.match(r"[A-Z_]+=", word):
            found[-1].append(word)
    return [words for words in found if words]
