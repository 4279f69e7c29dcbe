"""Pages that need no other file: templates, and pictures and sounds as data addresses."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genrebench.common import cli, files, formatting

TEMPLATES = Path(__file__).parent / "templates"
FILTERS = (
    "amount", "counted", "deviation", "interval", "megabytes", "number", "p_value", "percent", "percent_value",
    "seconds", "signed",
)  # fmt: skip


def write_page(template: str, content: Mapping[str, Any], output: Path) -> None:
    """Write a page of `TEMPLATES` with this content; text of the content is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(formatting, name) for name in FILTERS}
    environment.globals["as_is"] = lambda name: Markup((TEMPLATES / name).read_text(encoding="utf-8"))
    html = environment.get_template(template).render(content)
    with files.atomic(output) as temporary:
        temporary.write_text(html, encoding="utf-8")


def data_address(content: bytes, kind: str) -> str:
    """Return content of a MIME type as a data: address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def svg(content: bytes) -> str:
    """Return an SVG picture as a data: address; its ids cannot meet those of another picture."""
    return data_address(content, "image/svg+xml")


def png(path: Path) -> str:
    """Return a PNG file as a data: address."""
    return data_address(existing(path).read_bytes(), "image/png")


def existing(path: Path) -> Path:
    """Return `path`; raise InputError if it does not exist."""
    if not path.exists():
        raise cli.InputError(f"{path} is missing, and the report is made from it: run its rule first.")
    return path
