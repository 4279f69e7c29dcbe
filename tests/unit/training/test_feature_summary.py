import numpy as np
import pytest

from genrebench.common import files
from genrebench.training import feature_summary


def write(folder, name, values, axes):
    """A feature of these values (clips, ...) with its JSON description."""
    values = values.astype(np.float32)
    np.save(folder / f"{name}.npy", values)
    statistics = {of: float(getattr(np, of)(values)) for of in feature_summary.STATISTICS}
    description = {"axes": axes, "unit": "dB", "shape": list(values.shape), **statistics}
    files.write_json(folder / f"{name}.json", description)
    return folder / f"{name}.json"


def test_a_feature_has_one_scaler_and_a_table_one_per_column(tmp_path):
    random = np.random.default_rng(0)
    mel = random.normal(-40, [[[3.0], [9.0]]], (70, 2, 5))  # of more than one batch
    table = random.normal([5, -2000], [1, 300], (70, 2))
    described = [write(tmp_path, "mel", mel, ["band", "frame"]), write(tmp_path, "table", table, ["column"])]
    feature_summary.summarise_features(described, {"vggish": "no weights"}, tmp_path / "summary.csv")
    rows = {row["feature"]: row for row in files.read_rows(tmp_path / "summary.csv")}
    assert list(rows) == ["mel", "table", "vggish"]
    assert [rows["mel"][name] for name in ("shape", "flattened")] == ["70 x 2 x 5", "70 x 10"]
    scaled = {"mel": (mel - mel.mean()) / mel.std(), "table": (table - table.mean(axis=0)) / table.std(axis=0)}
    for name, values in (("mel", mel), ("table", table)):
        for of in feature_summary.STATISTICS:
            assert float(rows[name][of]) == pytest.approx(getattr(np, of)(values), rel=1e-4)
            expected = getattr(np, of)(scaled[name])
            assert float(rows[name][f"standardised_{of}"]) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert [rows["vggish"][name] for name in ("available", "reason", "mean")] == ["False", "no weights", ""]
