"""Say in the terminal what came out: the best figures per protocol, what is unavailable, and where the report is."""

import argparse
from pathlib import Path

from genrebench.common import cli, files
from genrebench.workflow import config, dvc_stages


def show_result(params: str) -> None:
    """Print the leaderboard of the dataset that `params` names and the path of its report."""
    results = Path("results", config.load(params)["dataset"])
    rows = files.read_rows(results / "leaderboard.csv")
    print(f"\n{'protocol':<16}{'model':<24}{'accuracy':>9}   95% interval    test clips")
    for row in rows:
        if row["accuracy_mean"]:
            mean, low, high = (100 * float(row[f"accuracy_{part}"]) for part in ("mean", "low", "high"))
            print(
                f"{row['protocol']:<16}{row['model']:<24}{mean:>8.1f}%   {low:.1f} to {high:.1f}%  {row['n_test']:>9}"
            )
    for reason in dict.fromkeys(f"unavailable: {r['protocol']}: {r['reason']}" for r in rows if not r["accuracy_mean"]):
        print(reason)
    if dvc_stages.UNRECORDED.is_file():
        print("\ndvc.lock does not have these results: `make record` records them. Else `dvc repro` makes them again.")
    print(f"\nReport: {results / 'report' / 'index.html'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--params", default="params.yaml")
    cli.run(show_result, vars(parser.parse_args()))
