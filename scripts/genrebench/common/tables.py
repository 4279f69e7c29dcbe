"""Tables in CSV files: declared columns and types, read as pandas frames and written to the same bytes.

In a data frame of these, text that is missing is blank, and a missing number, count or flag is NaN or NA. The tables of
a dataset are declared in genrebench.datasets.tables, those of the results in genrebench.evaluation.tables.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.common import files, written
from genrebench.common.cli import InputError

TEXT, COUNT, NUMBER, FLAG = "str", "Int64", "float64", "boolean"


@dataclass(frozen=True)
class Table:
    """A table in a CSV file: its `columns` in their order with their types, and the format of a number.

    `others` is the type of further columns, one per genre, where there are any; a `number` of None is written with as
    many digits as it takes to read the same number again.
    """

    columns: Mapping[str, str]
    number: str | None = "%.6g"
    others: str | None = None

    def frame(self, rows: pd.DataFrame | Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
        """These rows as a data frame of the declared columns and types; a column that they lack is missing."""
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        others = [name for name in frame.columns if name not in self.columns]
        if others and self.others is None:
            raise ValueError(f"no such columns: {', '.join(map(str, others))}")
        frame = frame.reindex(columns=[*self.columns, *others])
        types = dict(self.columns) | dict.fromkeys(others, self.others)
        return pd.DataFrame({name: _typed(frame[name], kind) for name, kind in types.items()})

    def write(self, path: str | Path, rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> None:
        """Write these rows: the same ones give the same bytes."""
        with files.atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            lines = files.CsvLines(file)
            self.frame(rows).to_csv(lines, index=False, float_format=self.number, lineterminator=lines.END)

    def read(self, path: str | Path, only: Collection[str] | None = None) -> pd.DataFrame:
        """Read the file: all columns, or `only` these.

        Raises
        ------
        InputError
            If the file is not there or lacks a column.
        """
        if not Path(path).is_file():
            raise InputError(f"{path} is missing: run its rule first.")
        found = _columns(path)
        if lacking := [name for name in only or self.columns if name not in found]:
            raise InputError(f"{path} has no column {', '.join(lacking)}; it has {', '.join(found) or 'none'}.")
        names = [name for name in found if name in (self.columns if self.others is None else found)]
        types = {name: self.columns.get(name, self.others) for name in names if only is None or name in only}
        try:
            return pd.read_csv(
                path,
                usecols=list(types),
                dtype=types,
                keep_default_na=False,  # a genre may be called NA
                na_values={name: [""] for name, kind in types.items() if kind != TEXT},
                encoding="utf-8-sig",
            )
        except ValueError as error:
            raise InputError(f"{path} holds something else than numbers where they are needed: {error}") from None


def _typed(column: pd.Series, kind: str | None) -> pd.Series:
    if kind == TEXT:
        return column.astype(object).where(column.notna(), "").astype(str).astype(TEXT)
    return column.astype(object).where(column.notna(), None if kind != NUMBER else float("nan")).astype(kind)


def _columns(path: str | Path) -> list[str]:
    try:
        return list(pd.read_csv(path, nrows=0, index_col=False, encoding="utf-8-sig").columns)
    except pd.errors.EmptyDataError:
        return []
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None


def read_text(path: str | Path) -> pd.DataFrame:
    """Read a CSV file of any columns as text, as somebody wrote it (see `written.read`), without blank rows."""
    table = written.read(path)
    return pd.DataFrame(list(table.rows), columns=list(table.columns), dtype=TEXT)
