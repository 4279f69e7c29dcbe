"""One table of all features: shape, unit, mean, standard deviation, minimum and maximum (paper 001, Figure 2)."""

import argparse

from genrebench.common import cli, files

COLUMNS = ("feature", "shape", "flattened", "unit", "mean", "std", "min", "max", "available", "reason", "caveats")


def summarise_features(descriptions: list[str], table: str) -> None:
    """Join the JSON descriptions of the features into a CSV table; `flattened` is the paper's (clips, values)."""
    rows = []
    for description in map(files.read_json, descriptions):
        row = {column: description.get(column, "") for column in COLUMNS}
        row["caveats"] = "; ".join(description.get("caveats", []))
        if description["available"]:
            clips, *rest = description["shape"]
            values = 1
            for size in rest:
                values *= size
            row |= {"shape": " x ".join(map(str, (clips, *rest))), "flattened": f"{clips} x {values}"}
            row |= {column: f"{description[column]:.6g}" for column in ("mean", "std", "min", "max")}
        rows.append(row)
    files.write_rows(table, COLUMNS, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--descriptions", required=True, nargs="+")
    parser.add_argument("--table", required=True)
    cli.run(summarise_features, vars(parser.parse_args()))
