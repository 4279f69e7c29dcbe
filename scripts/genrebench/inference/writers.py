"""Predictions as a table for people, as CSV and as JSON, written one by one."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

from genrebench.common.formatting import printable
from genrebench.common.prediction import Prediction
from genrebench.datasets.synthetic import NOTE

SHOWN = 3  # genres of a line
BAR = 30  # characters of a probability of 1


class Writer(Protocol):
    """Writes results to an open file, one by one."""

    def __init__(self, file: TextIO, description: Mapping[str, Any], count: int): ...

    def write(self, path: Path, result: Prediction | str) -> None:
        """Write the prediction of one file, or the reason why there is none."""


class TableWriter(Writer):
    """For people: of one file a line for each genre, of several a line for each file. Errors are left out."""

    def __init__(self, file: TextIO, description: Mapping[str, Any], count: int):
        self.file, self.single = file, count == 1
        self.width = max(map(len, description["genres"]))
        if description["synthetic"]:
            print(f"The model was trained on {NOTE}", file=file)

    def write(self, path: Path, result: Prediction | str) -> None:
        """Write the prediction of one file."""
        if isinstance(result, str):
            return
        notes = [f"low confidence: {result.low_confidence}"] if result.low_confidence else []
        notes += result.warnings
        if not self.single:
            shown = "  ".join(f"{genre:{self.width}} {p:4.0%}" for genre, p in result.ranked()[:SHOWN])
            print("  ".join([shown, printable(str(path)), *notes]), file=self.file, flush=True)
            return
        print(f"{printable(str(path))} ({int(result.seconds // 60)}:{int(result.seconds % 60):02})", file=self.file)
        for genre, p in result.ranked():
            print(f"  {genre:{self.width}} {p:6.1%} {'█' * round(BAR * p)}".rstrip(), file=self.file)
        for note in notes:
            print(f"  {note}", file=self.file)


class CsvWriter(Writer):
    """CSV: path, genre, low_confidence (the reason), error, warnings, seconds, synthetic, and a column for each genre.

    Control characters in a path, and bytes that are no text, are escapes; JSON has the path as it is.
    `synthetic` says whether the model was trained on synthetic music.
    """

    def __init__(self, file: TextIO, description: Mapping[str, Any], count: int):
        self.file, self.genres, self.synthetic = file, description["genres"], description["synthetic"]
        self.writer = csv.writer(file, lineterminator="\n")
        facts = ["path", "genre", "low_confidence", "error", "warnings", "seconds", "synthetic"]
        self.writer.writerow([*facts, *self.genres])

    def write(self, path: Path, result: Prediction | str) -> None:
        """Write the row of one file."""
        name = printable(str(path))
        if isinstance(result, str):
            self.writer.writerow([name, "", "", printable(result), "", "", self.synthetic, *("" for _ in self.genres)])
        else:
            numbers = (f"{p:.9g}" for p in result.probabilities)
            facts = [name, result.genre, result.low_confidence, "", "; ".join(result.warnings)]
            self.writer.writerow([*facts, f"{result.seconds:.6f}", self.synthetic, *numbers])
        self.file.flush()  # what was computed is not lost where a long batch ends early


class JsonWriter(Writer):
    """JSON, one object in one line for each file, with the model and the probabilities of each window."""

    def __init__(self, file: TextIO, description: Mapping[str, Any], count: int):
        self.file = file
        self.model = {name: description[name] for name in ("model", "dataset", "synthetic")}

    def write(self, path: Path, result: Prediction | str) -> None:
        """Write the line of one file."""
        facts: dict[str, Any] = {"path": str(path)}
        if isinstance(result, str):
            facts["error"] = result
        else:
            facts |= self.model | {
                "seconds": result.seconds,
                "genre": result.genre,
                "low_confidence": result.low_confidence or None,
                "warnings": result.warnings,
                "probabilities": dict(zip(result.genres, result.probabilities.tolist(), strict=True)),
                "windows": [
                    {"start": start, "end": end, "probabilities": dict(zip(result.genres, values, strict=True))}
                    for (start, end), values in zip(result.windows, result.curve.tolist(), strict=True)
                ],
            }
        line = json.dumps(facts, ensure_ascii=False)
        if not line.isprintable():  # a name that is no text has escapes, as JSON knows them
            line = json.dumps(facts)
        print(line, file=self.file, flush=True)


WRITERS: dict[str, type[Writer]] = {"table": TableWriter, "csv": CsvWriter, "json": JsonWriter}
