"""The evaluation of one model's runs: its tables and its pictures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import evaluate_model
from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.evaluation import predictions, results, tables

NAMES = ["a, b", "NA", "never"]  # genres
KEY = RunKey("mine", "artist", "repeat0", 3)


def row(clip: str, segment: int, subset: str, *probabilities: float) -> dict:
    values = dict(zip(NAMES, probabilities, strict=True))
    return {"clip_id": clip, "segment": segment, "subset": subset, "predicted": max(values, key=values.get)} | values


ROWS = [
    row("1", 0, "train", 0, 1, 0),
    row("2", 0, "valid", 1, 0, 0),
    # by the mean of its segments 0.45 to 0.55, though two of three vote for the other
    row("3", 0, "test", 0.6, 0.4, 0),
    row("3", 1, "test", 0.6, 0.4, 0),
    row("3", 2, "test", 0.15, 0.85, 0),
    row("4", 0, "test", 0.7, 0.2, 0.1),
]
GENRE_OF = {"1": "a, b", "2": "a, b", "3": "NA", "4": "NA"}


def write_run(
    folder: Path,
    rows: list[dict],
    status: str = "done",
    reason: str | None = None,
    unit: str = "clip",
    epochs: int = 1,
    key: RunKey = KEY,
) -> None:
    run = folder / "runs" / str(key)
    history = ({"epoch": e, "loss": 1 / e, "val_accuracy": 0.5, "val_loss": 1} for e in range(1, epochs + 1))
    columns = ["epoch", "learning_rate", "accuracy", "loss", "val_accuracy", "val_loss"]
    files.write_rows(run / "history.csv", columns, history if rows else [])
    caveats = ["scaler fitted on all clips"]
    files.write_json(run / "status.json", {"status": status, "reason": reason, "caveats": caveats})
    columns = ["clip_id", "segment", "subset", "predicted", *(NAMES if rows else [])]
    files.write_rows(run / "predictions.csv", columns, rows)
    split = {"version": "7", "source": "generated", "available": True, "unit": unit}
    files.write_json(folder / "splits" / key.protocol / f"{key.split}.json", split)
    clips = [{"clip_id": clip, "genre": genre} for clip, genre in GENRE_OF.items()]
    files.write_rows(folder / "manifest.csv", ["clip_id", "genre"], clips)


def evaluate(folder: Path, *keys: RunKey) -> Path:
    out = folder / "evaluation" / KEY.model
    evaluate_model.evaluate_model(
        folder / "runs" / KEY.model,
        [key.within_model for key in keys or [KEY]],
        folder / "manifest.csv",
        folder / "splits",
        out,
    )
    return out


def test_a_run_is_evaluated_on_the_clips_of_its_test_subset(tmp_path):
    write_run(tmp_path, ROWS)
    out = evaluate(tmp_path)
    (run,) = tables.rows(tables.METRICS.read(out / "metrics.csv"))
    assert tuple(run[name] for name in RunKey._fields) == KEY
    assert (run["protocol_version"], run["split_source"], run["status"], run["unit"]) == (
        "7",
        "generated",
        "done",
        "clip",
    )
    assert run["caveats"] == "scaler fitted on all clips"
    assert (run["n_test"], run["accuracy"]) == (2, 0.5)
    assert (run["train_accuracy"], run["valid_accuracy"]) == (0.0, 1.0)
    scores = tables.GENRES.read(out / "genres.csv").set_index("genre")
    assert scores.loc["never", ["precision", "recall", "f1"]].isna().all()
    assert scores["support"].to_dict() == {"a, b": 0, "NA": 2, "never": 0}
    assert scores.loc["NA", "recall"] == 0.5
    assert results.read_run(tmp_path / "evaluation", KEY)["genres"]["NA"]["recall"] == 0.5
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_has_a_row_per_clip_with_its_genre_and_the_mean_of_its_segments(tmp_path):
    write_run(tmp_path, ROWS)
    found = tables.PREDICTIONS.read(evaluate(tmp_path) / "predictions.csv")
    assert list(found.columns) == [*tables.PREDICTIONS.columns, *NAMES]
    assert set(zip(found["protocol"], found["split"], found["seed"], strict=True)) == {("artist", "repeat0", 3)}
    assert found["clip_id"].tolist() == ["1", "2", "3", "4"]
    assert found["subset"].tolist() == ["train", "valid", "test", "test"]
    assert found["genre"].tolist() == ["a, b", "a, b", "NA", "NA"]
    assert found["predicted"].tolist() == ["NA", "a, b", "NA", "a, b"]
    assert (found["segments"].tolist(), found["segments_right"].tolist()) == ([1, 1, 3, 1], [0, 1, 1, 0])
    assert found["segment"].isna().all()
    assert found.loc[2, NAMES].tolist() == pytest.approx([0.45, 0.55, 0])
    read = predictions.read(tmp_path / "evaluation", ["mine", "elsewhere"])
    assert predictions.genres_in(read) == NAMES
    assert read["right"].tolist() == [False, True, True, False]


def test_where_segments_are_assigned_each_is_a_case_of_its_own_and_marked(tmp_path):
    rows = [
        row("3", 0, "train", 0, 1, 0),
        row("3", 1, "test", 0, 1, 0),
        row("3", 2, "test", 0.9, 0.1, 0),
        row("2", 0, "test", 1, 0, 0),
    ]
    write_run(tmp_path, rows, unit="segment")
    out = evaluate(tmp_path)
    (run,) = tables.rows(tables.METRICS.read(out / "metrics.csv"))
    assert (run["unit"], run["n_test"], run["accuracy"]) == ("segment", 3, pytest.approx(2 / 3))
    assert MEANINGLESS in run["caveats"]
    found = tables.PREDICTIONS.read(out / "predictions.csv").query("subset == 'test'")
    assert list(zip(found["clip_id"], found["segment"], found["predicted"], strict=True)) == [
        ("3", 1, "NA"),
        ("3", 2, "a, b"),
        ("2", 0, "a, b"),
    ]


def test_a_run_that_is_unavailable_has_a_reason_and_no_numbers(tmp_path):
    write_run(tmp_path, [], status="unavailable", reason="no artists are known")
    out = evaluate(tmp_path)
    (run,) = tables.rows(tables.METRICS.read(out / "metrics.csv"))
    assert (run["status"], run["reason"], run["accuracy"]) == ("unavailable", "no artists are known", None)
    assert tables.PREDICTIONS.read(out / "predictions.csv").empty
    assert tables.GENRES.read(out / "genres.csv").empty
    assert not list(out.glob("*.png"))


def test_what_cannot_be_evaluated_is_refused_and_leaves_nothing(tmp_path):
    write_run(tmp_path, [row("1", 0, "train", 0, 1, 0)])
    with pytest.raises(cli.InputError, match="no row of the test subset"):
        evaluate(tmp_path)
    write_run(tmp_path, [row("unknown", 0, "test", 0, 1, 0)])
    with pytest.raises(cli.InputError, match="no clip unknown"):
        evaluate(tmp_path)
    with pytest.raises(cli.InputError, match=r"no status\.json"):
        evaluate(tmp_path, KEY._replace(seed=9))
    assert not (tmp_path / "evaluation" / "mine").exists()
    with pytest.raises(cli.InputError, match="evaluate the models"):
        results.read_runs(tmp_path / "evaluation", ["mine"])


def test_runs_are_sorted_and_only_the_given_ones_are_evaluated(tmp_path):
    keys = [KEY._replace(seed=seed) for seed in (10, 9, 1)]
    for key in keys:
        write_run(tmp_path, ROWS, key=key)
    out = evaluate(tmp_path, *keys[:2])
    assert tables.METRICS.read(out / "metrics.csv")["seed"].tolist() == [9, 10]
    assert tables.PREDICTIONS.read(out / "predictions.csv")["seed"].tolist() == [9] * 4 + [10] * 4


def test_curves_are_drawn_of_what_is_trained_by_epochs(tmp_path):
    for epochs, drawn in ((1, False), (3, True)):
        write_run(tmp_path, ROWS, epochs=epochs)
        assert (evaluate(tmp_path) / "curves.png").exists() == drawn


def test_the_same_runs_give_the_same_bytes(tmp_path):
    write_run(tmp_path, ROWS, epochs=3)
    first, second = ({path.name: path.read_bytes() for path in evaluate(tmp_path).iterdir()} for _ in range(2))
    assert first == second
    assert len(first) == 6


def test_a_model_that_is_unavailable_needs_neither_scikit_learn_nor_matplotlib(tmp_path):
    write_run(tmp_path, [], status="unavailable", reason="no artists are known")
    program = (
        "import sys; from pathlib import Path; import evaluate_model; folder = Path(sys.argv[1]);"
        "evaluate_model.evaluate_model(folder / 'runs/mine', ['artist/repeat0/seed3'], folder / 'manifest.csv',"
        " folder / 'splits', folder / 'out');"
        "print(sorted({'sklearn', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    scripts = str(Path(evaluate_model.__file__).parent)
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": scripts}
    )
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "out" / "metrics.csv").exists()
