"""The tables of a dataset as pandas frames: their columns and data types are declared here, and nowhere else.

Text that is not known is blank (""), a number that is not known is missing (NaN).
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from genrebench.common import files
from genrebench.common.cli import InputError

MANIFEST = {
    "clip_id": "str",
    "path": "str",
    "genre": "str",
    "artist": "str",  # as credited; blank if not known
    "group": "str",  # clips that must stay together: of one artist, of one recording (genrebench.datasets.artists)
    "duplicate_of": "str",  # clip_id of an earlier clip of the same recording
    "duration_s": "float64",
    "sample_rate": "Int64",  # of the file, Hz
    "channels": "Int64",
    "mean_amplitude": "float64",  # of the decoded audio in mono; full scale is 1
    "rms_amplitude": "float64",
    "max_amplitude": "float64",
    "md5": "str",  # of the decoded audio
}
REJECTED = {"path": "str", "genre": "str", "reason": "str", "detail": "str"}
SPLIT = {"clip_id": "str", "subset": "str"}
SEGMENT_SPLIT = {"clip_id": "str", "segment": "int64", "subset": "str"}  # segments count from 0 in each clip
# What is known about GTZAN's clips: data/catalogue/gtzan.csv.
CATALOGUE = {
    "clip_id": "str",
    "md5": "str",
    "artist": "str",
    "title": "str",
    "fault_filtered": "str",
    "artist_fold": "str",
    "artist_group": "str",
}
# What a person may say about the clips of a folder (clips.csv): at least `path` and one of the others.
CLIPS = {"path": "str", "artist": "str", "group": "str"}


def read(path: str | Path, columns: Mapping[str, str], only: Collection[str] | None = None) -> pd.DataFrame:
    """Read a CSV file that has these columns, and perhaps others, which are left out.

    Parameters
    ----------
    path : path
        The file, UTF-8.
    columns : mapping
        The name and the data type of each column.
    only : collection of str, optional
        The names of those that are needed.

    Raises
    ------
    InputError
        If it is no such file, if a column is missing, or holds something else than numbers.
    """
    columns = {name: columns[name] for name in only} if only else columns
    text = read_text(path)
    if missing := [name for name in columns if name not in text]:
        raise InputError(f"{path} has the columns {', '.join(text)}; it lacks {', '.join(missing)}")
    table = text[list(columns)].copy()
    for name, kind in columns.items():
        if kind != "str":
            try:
                table[name] = pd.to_numeric(table[name].replace("", None)).astype(kind)
            except (ValueError, TypeError) as error:
                raise InputError(f"{path}: {name} must be a number in every row ({error})") from None
    return table


def read_text(path: str | Path) -> pd.DataFrame:
    """Read a CSV file of any columns as text, as somebody wrote it; a file without a line has no columns."""
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return table.fillna("")


def write(path: str | Path, table: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Write these columns of a table as CSV: the same table gives the same bytes, fractions with six decimals.

    Columns that the table lacks are blank.
    """
    typed = table.reindex(columns=list(columns))
    text = [name for name, kind in columns.items() if kind == "str"]
    typed[text] = typed[text].astype("object").fillna("")
    with files.atomic(path) as temporary:
        typed.astype(dict(columns)).to_csv(temporary, index=False, lineterminator="\n", float_format="%.6f")
