"""Draw the top of a report as the README shows it (needs Chromium): `make picture`."""

import argparse
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, PngImagePlugin

from genrebench.common import cli, files
from genrebench.plots import style
from genrebench.reporting.page import TEMPLATES

WIDTH, HEIGHT = 1000, 1300
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLOURS = 128
DIGEST = "digest"  # the text chunk of the PNG file that says of which sources it is
SOURCES = ("report.html.j2", "macros.html.j2", "style.css", "sections/results.html.j2")


def digest() -> str:
    """The digest of the templates of what a browser shows first; another one needs another picture."""
    return hashlib.sha256(b"\0".join((TEMPLATES / name).read_bytes() for name in SOURCES)).hexdigest()[:16]


def draw_report(report: Path, output: Path) -> None:
    """Write what a browser shows of `report` first to `output`, with `digest` as a text chunk."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        raise cli.InputError(f"None of {', '.join(BROWSERS)} is installed; on Debian and Ubuntu: apt install chromium")
    if not report.is_file():
        raise cli.InputError(f"{report} is missing: `make demo` writes it")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder, "shot.png")
        command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        command += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}", report.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not shot.is_file():
            raise cli.InputError(f"{browser} drew nothing: {done.stderr.strip().splitlines()[-1:]}")
        image = style.reduce_colours(Image.open(shot).convert("RGB"), COLOURS)
    facts = PngImagePlugin.PngInfo()
    facts.add_text(DIGEST, digest())
    with files.atomic(output) as temporary:
        image.save(temporary, "PNG", optimize=True, pnginfo=facts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("results/demo/report/index.html"))
    parser.add_argument("--output", type=Path, default=Path("docs/report.png"))
    cli.run(draw_report, vars(parser.parse_args()))
