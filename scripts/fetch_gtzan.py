"""Get GTZAN, from a mirror or from a copy that the user has, and verify every clip."""

import argparse
import sys
from pathlib import Path

from genrebench import files, gtzan, job

DOWNLOADS = ".cache/downloads"


def fetch_gtzan(output: str, catalogue: str, report: str, source: str | None, mirrors: list[str]) -> None:
    """Bring the clips that `output` lacks into it, never changing one that is there, and report on all 1000.

    Raises `job.InputError` if no clip can be had. Clips that are missing, altered or unreadable are named in the
    report and on standard error; they are no error.
    """
    md5 = {row["clip_id"]: row["md5"] for row in files.read_rows(catalogue)}
    if source:
        _take(source, output, set(md5))
    elif any(gtzan.find_clip(output, clip) is None for clip in md5):
        archive = gtzan.download_first(mirrors, DOWNLOADS)
        _take(archive, output, set(md5))
        archive.unlink()
    found = gtzan.verify(output, md5)
    if not found["verified"] + len(found["altered"]) + len(found["unreadable"]):
        raise job.InputError(
            f"{source or 'The downloaded archive'} holds no clip of GTZAN: files called <genre>.<5 digits>.wav or .au, "
            "such as genres_original/blues/blues.00000.wav, are looked for."
        )
    files.write_json(report, found)
    _summarise(found, output)


def _take(source: str | Path, output: str, known: set[str]) -> None:
    taken = gtzan.take_clips(source, output, known)
    print(f"{taken} new clips in {output}", file=sys.stderr, flush=True)


def _summarise(found: dict, output: str) -> None:
    lines = [f"GTZAN: {found['verified']} of {found['clips']} clips are the reference's."]
    for fault, advice in {
        "missing": "",
        "altered": f" They are used as they are; remove them from {output} to have them fetched again.",
        "unreadable": " They are left out; jazz.00054 is unreadable in a common copy.",
    }.items():
        if found[fault]:
            lines.append(f"{fault} ({len(found[fault])}): {', '.join(found[fault])}.{advice}")
    print("\n".join(lines), file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="data/raw/gtzan; clips that are there stay as they are")
    parser.add_argument("--catalogue", required=True, help="CSV with clip_id and md5 of each clip")
    parser.add_argument("--report", required=True, help="JSON to write: what is missing, altered and unreadable")
    parser.add_argument("--source", help="a folder or an archive of GTZAN that you have, instead of a download")
    parser.add_argument("--mirrors", nargs="*", default=[], help="addresses of the archive, tried in turn")
    return parser.parse_args()


if __name__ == "__main__":
    job.run(fetch_gtzan, vars(arguments()))
