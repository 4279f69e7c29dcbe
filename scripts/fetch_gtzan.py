"""Get GTZAN from a mirror, or from a copy that the user has, and check every clip against its published MD5."""

import argparse
import sys
from collections.abc import Collection, Sequence

from genrebench.common import cli, files
from genrebench.datasets import gtzan

NAMED = 20  # clips in the summary; the report names all
HINTS = {
    "missing": "",
    "altered": "kept as they are; delete them and run this again to get the published ones",
    "unreadable": "jazz.00054 is so in the published WAV files",
}


def fetch_gtzan(
    output: str,
    path_to_catalogue: str,
    path_to_report: str,
    source: str | None,
    local: str | None,
    mirrors: Sequence[str],
    path_to_cache: str,
) -> None:
    """Put the clips that are not in `output` there, and write which are missing, altered or unreadable."""
    md5s = {row["clip_id"]: row["md5"] for row in files.read_rows(path_to_catalogue)}
    if gtzan.missing_clips(output, md5s):
        source = source or gtzan.local_source(local)
        if source is None:
            _take_from_mirrors(mirrors, output, md5s, path_to_cache)
        elif gtzan.take_clips(source, output, md5s) == 0:
            raise cli.InputError(f"{source} has no clip of GTZAN: they have names such as blues.00000.wav (or .au).")
    report = gtzan.check_clips(output, md5s)
    files.write_json(path_to_report, report)
    print(_summary(report, output), file=sys.stderr)


def _take_from_mirrors(mirrors: Sequence[str], output: str, clips: Collection[str], cache: str) -> None:
    failures = []
    for url in mirrors:
        print(f"downloading {url}", file=sys.stderr, flush=True)
        try:
            archive = gtzan.download(url, cache)
        except gtzan.DownloadError as failure:
            failures.append(str(failure))
            continue
        try:
            found = gtzan.take_clips(archive, output, clips)
        except cli.InputError as error:
            found = 0
            failures.append(f"{url}: {error}")
        else:
            if found == 0:
                failures.append(f"{url}: an archive without a clip of GTZAN")
        # Of no more use: its clips are in `output`, or it has none.
        gtzan.forget_download(url, cache)
        if found:
            return
    raise cli.InputError(
        "No mirror gave GTZAN:\n  " + "\n  ".join(failures) + "\nIf you have a copy, write its place, a folder or "
        "an archive, into local.yaml (gtzan: /path/to/it). A download that broke off goes on where it stopped."
    )


def _summary(report: dict, output: str) -> str:
    lines = [f"GTZAN: {report['verified']} of {report['published']} clips are in {output} as published"]
    for state, hint in HINTS.items():
        if clips := report[state]:
            more = f" and {len(clips) - NAMED} more" if len(clips) > NAMED else ""
            lines.append(f"{len(clips)} {state}{f' ({hint})' if hint else ''}: {', '.join(clips[:NAMED])}{more}")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="data/raw/gtzan")
    parser.add_argument("--catalogue", required=True, dest="path_to_catalogue", help="data/catalogue/gtzan.csv")
    parser.add_argument("--report", required=True, dest="path_to_report", help="JSON: what is missing, altered ...")
    parser.add_argument("--source", help="a folder or an archive with GTZAN; without it, the mirrors are asked")
    parser.add_argument("--local", help="YAML whose key `gtzan` names the source on this machine, if it is there")
    parser.add_argument("--mirrors", nargs="*", default=[], help="addresses of genres.tar.gz, tried in turn")
    parser.add_argument("--cache", default=".cache/downloads", dest="path_to_cache", help="for partial downloads")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(fetch_gtzan, vars(arguments()))
