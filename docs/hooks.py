"""What is made from the code and the data: API reference, settings, release notes, the figures of papers."""

import ast
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from genrebench.common.cli import InputError
from genrebench.reporting import docs_papers
from genrebench.workflow import settings_page

ROOT = Path(__file__).parents[1]
FOREIGN = re.compile(r'<(?:script|img|link|iframe)\b[^>]+(?:src|href)="https?://[^"]+"')
LIBRARY = ROOT / "scripts" / "genrebench"
SETTINGS = "reference/configuration.md"
FIGURES = ROOT / "data/published.csv"
PUBLISHED = re.compile(r"^<!-- published: (.+) -->$", re.M)  # where the figures of a paper stand


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of docs/."""
    pages = {f"api/{package.name}.md": api_page(package) for package in packages()}
    pages["release_notes.md"] = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    pages[SETTINGS] = settings_page.page()
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the figures of papers where a page asks for them; raises PluginError for a paper without figures."""
    try:
        return PUBLISHED.sub(lambda found: docs_papers.published_tables(FIGURES, found[1]), markdown)
    except InputError as error:
        raise PluginError(str(error)) from None


def on_post_page(output: str, page: object, config: MkDocsConfig) -> str:
    """Stop where a page would load something from another host; raises PluginError."""
    if found := FOREIGN.search(output):
        raise PluginError(f"a page loads something from another host: {found.group()}")
    return output


def packages() -> list[Path]:
    """List the packages of the library."""
    return sorted(path.parent for path in LIBRARY.glob("*/__init__.py"))


def api_page(package: Path) -> str:
    """Write the reference of one package, module by module: its own docstring, then each module's."""
    purpose = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    modules = sorted(path for path in package.rglob("*.py") if path.name != "__init__.py")
    names = [".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts) for path in modules]
    parts = [f"# genrebench.{package.name}", purpose]
    parts += [f"::: {name}\n    options:\n      heading_level: 2" for name in names if "._" not in name]
    return "\n\n".join(parts) + "\n"
