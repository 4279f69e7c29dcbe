"""Datasets that come as features instead of audio: manifest.csv and features/<feature>.npy."""

from pathlib import Path

import numpy as np
import pandas as pd

from genrebench.common.cli import InputError
from genrebench.common.tables import read_text
from genrebench.datasets import artists
from genrebench.workflow import dataset_folder

NUMBER = r"(\d+(\.\d*)?)?"  # or blank
OPTIONAL = ("artist", "group", "duration_s")


def read_manifest(folder: Path) -> pd.DataFrame:
    """The clips of a dataset that comes as features, in the order of its own manifest.csv.

    Parameters
    ----------
    folder : Path
        data/raw/<dataset>. Its manifest.csv has a row per clip with clip_id and genre, and may have artist, group and
        duration_s; the first axis of every features/*.npy has the same rows.

    Returns
    -------
    DataFrame
        With the columns clip_id, genre, artist, group and duration_s (seconds, missing where not known).

    Raises
    ------
    InputError
        For missing columns, blank or repeated ids, blank genres, and features with other numbers of rows.
    """
    path = folder / "manifest.csv"
    table = read_text(path)
    if missing := sorted({"clip_id", "genre"} - set(table.columns if len(table) else ())):
        raise InputError(
            f"{path} lacks {' and '.join(missing)}: it needs a row per clip and the columns clip_id, genre"
        )
    table = table.reindex(columns=["clip_id", "genre", *OPTIONAL], fill_value="")
    _refuse(path, table, (table["clip_id"] == "") | (table["genre"] == ""), "clip_id or genre is blank")
    _refuse(path, table, table["clip_id"].duplicated(), "clip_id {clip_id} stands there twice")
    _refuse(
        path,
        table,
        ~table["duration_s"].str.fullmatch(NUMBER),
        "duration_s is {duration_s!r}, and no number of seconds",
    )
    features = sorted((folder / "features").glob("*.npy"))
    if not features:
        raise InputError(
            f"{folder} has manifest.csv, but neither audio nor features/*.npy; expected is one subfolder per genre "
            "with audio files in it, or manifest.csv and features/*.npy"
        )
    for feature in features:
        if (count := _row_count(feature)) != len(table):
            raise InputError(f"{feature} has {count} rows, but {path} has {len(table)}; they must be the same clips")
    spelling = dataset_folder.one_spelling(table["genre"])
    table["genre"] = table["genre"].map(spelling)
    dataset_folder.refuse_reserved(spelling.values(), path)
    group = artists.groups(table.assign(duplicate_of=""))
    return table.assign(group=group.to_numpy(), duration_s=pd.to_numeric(table["duration_s"]))


def _refuse(path: Path, table: pd.DataFrame, wrong: pd.Series, sentence: str) -> None:
    """Raise InputError for the first row that is wrong; the sentence may name its columns."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"{path}, line {row + 2}: {sentence.format(**table.iloc[row])}")


def _row_count(feature: Path) -> int:
    try:
        values = np.load(feature, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise InputError(f"{feature} is no array of numbers in NumPy's format: {error}") from None
    if values.ndim == 0 or not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        raise InputError(
            f"{feature} holds {values.dtype} of shape {values.shape}; expected is a row of numbers per clip"
        )
    return len(values)
