"""What the workflow knows of the project's own source without running it."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]  # of the project
# Relative where a workflow runs in the project itself, so that what is recorded names no place. Another workflow that
# uses this one as a module runs elsewhere.
BASE = Path() if Path.cwd() == ROOT else ROOT
SCRIPTS = BASE / "scripts"


def closure(*paths: str | Path) -> list[str]:
    """The given Python files and all of the project's modules that they import, directly or not, sorted.

    These are the files whose edit may change what the given ones compute. Imports are read from the source,
    so modules have to be imported by statements; a model or feature that is loaded by name is given as a path.
    A path that is not absolute is relative to the root of the project.
    """
    found: set[Path] = set()
    pending = [BASE / path for path in paths]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending.extend(_imports(path))
    return sorted(str(path) for path in found)


def digest(paths: Iterable[str | Path]) -> str:
    """A short hexadecimal digest of the contents of files, in their order."""
    result = hashlib.blake2b(digest_size=16)
    for path in paths:
        result.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return result.hexdigest()


@cache
def _imports(path: Path) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    ours = {name for name in names if name.split(".")[0] == "genrebench"}
    # the __init__.py of each package on the way is run too
    packages = {".".join(parts[:n]) for name in ours for parts in [name.split(".")] for n in range(1, len(parts))}
    return sorted(file for name in ours | packages for file in _files(name))


def _files(name: str) -> list[Path]:
    module = SCRIPTS.joinpath(*name.split("."))
    candidates = (module.with_suffix(".py"), module / "__init__.py")
    # a package's __init__.py that is empty or holds only the version changes nothing
    return [path for path in candidates if path.is_file() and path != SCRIPTS / "genrebench" / "__init__.py"]
