"""Answer what the papers claim in words by our runs: rule compare_claims."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import describe_protocols
from genrebench.evaluation import claims, predictions, results, tables


def compare_claims(
    evaluation: Path, runs: Path, splits: Path, statuses: Path, models: Sequence[str], claims_table: Path, table: Path
) -> None:
    """Write claims.csv, a row per claim and protocol; `models` were evaluated, variants of an ablation among them."""
    evaluated = results.read_runs(evaluation, models)
    tested = predictions.read(evaluation, models, ("protocol", "split", "seed", "clip_id", "subset"))
    keys = [RunKey(*key) for key in evaluated[["model", "protocol", "split", "seed"]].itertuples(index=False)]
    paths = {key: runs / str(key) / "history.csv" for key in keys}
    histories = {key: files.read_rows(path) for key, path in paths.items() if path.is_file()}
    rows = claims.compare_claims(
        claims.read_claims(claims_table),
        tested.query("subset == 'test'"),
        claims.add_fluctuation(evaluated, histories),
        tables.rows(tables.STATUSES.read(statuses)),
        describe_protocols(splits, set(zip(evaluated["protocol"], evaluated["split"], strict=True))),
    )
    tables.CLAIMS.write(table, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--statuses", type=Path, required=True, help="statuses.csv")
    parser.add_argument("--models", nargs="*", default=[], help="the models and variants that were evaluated")
    parser.add_argument("--claims", dest="claims_table", type=Path, required=True, help="the papers' claims (CSV)")
    parser.add_argument("--table", type=Path, required=True, help="CSV to write")
    cli.run(compare_claims, vars(parser.parse_args()))
