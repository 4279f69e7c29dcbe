"""Accuracies on degraded clips beside those on the clips as they are."""

import pandas as pd
import pytest

from genrebench.evaluation import robustness, tables


def test_differences_are_paired_by_clip_and_means_over_runs(tmp_path):
    """Of 20 clips one run loses 10 and the other none: a loss of a quarter, whose interval is far from 0."""
    clips = [f"c{number}" for number in range(20)]
    runs = [{"protocol": "artist", "split": "repeat0", "seed": seed, "clip_id": c} for seed in (0, 1) for c in clips]
    clean = [run | {"subset": "test", "genre": "a", "predicted": "a", "a": 1.0, "b": 0.0} for run in runs]
    tables.PREDICTIONS.write(tmp_path / "evaluation/m/predictions.csv", clean)
    lost = {(0, clip) for clip in clips[:10]}
    degraded = [
        run | {"condition": "dull", "predicted": "b" if (run["seed"], run["clip_id"]) in lost else "a"} for run in runs
    ]
    tables.DEGRADED.write(tmp_path / "degraded/m.csv", pd.DataFrame(degraded))
    rows = robustness.study(tmp_path / "evaluation", tmp_path / "degraded", ["m"], "artist", ["dull"])
    first, second = rows
    assert (first["accuracy"], second["accuracy"]) == (1, pytest.approx(0.75))
    assert second["difference"] == pytest.approx(-0.25)
    assert -0.4 < second["difference_low"] < -0.3 and -0.2 < second["difference_high"] < -0.1
    assert (second["runs"], second["clips"]) == (2, 20)
    assert second["accuracy_low"] < 0.75 < second["accuracy_high"]


def test_findings_name_the_best_model_and_the_hardest_condition():
    accuracies = {"one": {"clean": 0.8, "dull": 0.5, "loud": 0.75}, "two": {"clean": 0.7, "dull": 0.3, "loud": 0.7}}
    rows = [
        {"model": model, "condition": name, "accuracy": value, "difference": value - own["clean"]}
        for model, own in accuracies.items()
        for name, value in own.items()
    ]
    first, second = robustness.findings(rows)
    assert all(word in first for word in ("one", "80.0%", "dull", "50.0%"))
    assert all(word in second for word in ("dull", "35.0 points", "2 models"))
    assert robustness.findings([]) == []
