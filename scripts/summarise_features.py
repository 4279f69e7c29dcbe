"""One table of all features: shape, unit, mean, standard deviation, minimum and maximum (paper 001, Figure 2)."""

import argparse
import json
import math

from genrebench.common import cli, files

COLUMNS = ("feature", "shape", "flattened", "unit", "mean", "std", "min", "max", "available", "reason", "caveats")


def summarise_features(descriptions: list[str], unavailable: dict[str, str], table: str) -> None:
    """Join the JSON descriptions of the features into a CSV table; `flattened` is the paper's (clips, values).

    Features that are `unavailable` (name -> reason) are listed last.
    """
    rows = []
    for description in map(files.read_json, descriptions):
        row = {column: description.get(column, "") for column in COLUMNS}
        row["caveats"] = "; ".join(description.get("caveats", []))
        clips, *rest = description["shape"]
        row |= {"shape": " x ".join(map(str, (clips, *rest))), "flattened": f"{clips} x {math.prod(rest)}"}
        row |= {column: f"{description[column]:.6g}" for column in ("mean", "std", "min", "max")}
        rows.append(row | {"available": True})
    rows += [{"feature": name, "available": False, "reason": reason} for name, reason in unavailable.items()]
    files.write_rows(table, COLUMNS, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--descriptions", required=True, nargs="+", help="JSON of each feature")
    parser.add_argument("--unavailable", type=json.loads, default={}, help="JSON: feature -> why there is none")
    parser.add_argument("--table", required=True, help="CSV to write")
    cli.run(summarise_features, vars(parser.parse_args()))
