"""Tables that people write: CSV as spreadsheets save it, in whatever encoding and with whatever separator."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genrebench.common.cli import InputError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks
SEPARATORS = ",;\t"  # Excel writes the second where the first is a decimal point, and the third as "Unicode text"


@dataclass(frozen=True)
class Written:
    """A table: its columns, its rows without blank ones, and its encoding where that is not UTF-8."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    encoding: str | None


def read(path: str | Path) -> Written:
    """Read a CSV file as text; a file without a line has no columns.

    Raises
    ------
    InputError
        If the file cannot be read, or a row has more values than there are columns.
    """
    text, encoding = _decode(path)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        columns = tuple(name.strip() for name in next(lines, []))
        rows = []
        for values in lines:
            if any(value.strip() for value in values[len(columns) :]):
                raise InputError(
                    f"{path}, line {lines.line_num}: {len(values)} values for {len(columns)} columns; put a value that "
                    "has a separator in quotes"
                )
            if any(value.strip() for value in values):
                rows.append(dict.fromkeys(columns, "") | dict(zip(columns, values, strict=False)))
    except csv.Error as error:
        raise InputError(f"{path}, line {lines.line_num}, is no CSV: {error}") from None
    return Written(columns, tuple(rows), encoding)


def _decode(path: str | Path) -> tuple[str, str | None]:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    encodings = {"utf-16": "UTF-16"} if data.startswith(UTF_16) else {"utf-8-sig": None, "cp1252": "Windows-1252"}
    for encoding, name in encodings.items():
        try:
            return data.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path} cannot be read: it is neither UTF-8, UTF-16 nor Windows-1252; save it as CSV in UTF-8")


def _separator(text: str) -> str:
    header = text.partition("\n")[0]
    return next((one for one in SEPARATORS if one in header), SEPARATORS[0])
