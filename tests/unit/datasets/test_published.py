from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from genrebench.common import files
from genrebench.datasets import published
from genrebench.evaluation import paper_comparison, tables
from genrebench.workflow import config, settings_file
from genrebench.workflow.entries import entry_name

ROOT = Path(__file__).parents[3]
PATH = ROOT / "data/published.csv"
GENRES = "blues classical country disco hiphop jazz metal pop reggae rock".split()
METRICS = (
    "accuracy valid_accuracy test_loss precision recall f1 support parameters seconds_per_epoch".split()
)  # as data/README.md says
SCORES = ("precision", "recall", "f1", "support")
REPORTS = [*(f"Huang and Minami 2024, Figure {number}" for number in (12, 13, 14)), "Cao, Figure 5"]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return files.read_rows(PATH)


def printed(rows: list[dict], source: str, metric: str) -> dict[str, float]:
    return {
        row["genre"]: float(row["value"])
        for row in rows
        if (row["source"], row["metric"]) == (source, metric) and row["genre"]
    }


def test_every_value_is_of_a_known_kind(rows):
    for row in rows:
        assert row["metric"] in METRICS
        assert row["genre"] in ["", *GENRES, "macro avg", "weighted avg"]
        assert all(row[column] for column in ("model", "source", "dataset", "protocol"))
        value = float(row["value"])
        assert value >= 0
        if row["metric"] not in ("test_loss", "support", "parameters", "seconds_per_epoch"):
            assert value <= 1


def test_no_figure_is_there_twice(rows):
    count = Counter(tuple(row[c] for c in ("model", "protocol", "metric", "genre")) for row in rows)
    assert [key for key, n in count.items() if n > 1] == []


@pytest.mark.parametrize("source", REPORTS)
@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_the_printed_averages_are_those_of_the_genres(rows, source, metric):
    values = printed(rows, source, metric)
    mean = np.mean([values[genre] for genre in GENRES])
    # Cao has no macro average, and does not print how many clips of each genre weigh in its average
    average, tolerance = (values["weighted avg"], 0.02) if source.startswith("Cao, ") else (values["macro avg"], 0.0051)
    assert mean == pytest.approx(average, abs=tolerance)


@pytest.mark.parametrize("source", REPORTS)
def test_the_printed_f1_is_that_of_precision_and_recall(rows, source):
    precision, recall, f1 = (printed(rows, source, metric) for metric in ("precision", "recall", "f1"))
    for genre in GENRES:
        # both are rounded to half a hundredth
        ends = [
            2 * p * r / (p + r) if p + r else 0
            for p, r in (
                (precision[genre] + d, recall[genre] + d) if precision[genre] else (0, 0) for d in (-0.005, 0.005)
            )
        ]
        assert ends[0] - 0.0051 <= f1[genre] <= ends[1] + 0.0051, genre


@pytest.mark.parametrize("source", REPORTS[:3])
def test_the_accuracy_is_the_mean_recall_of_equal_genres(rows, source):
    (accuracy,) = [float(row["value"]) for row in rows if (row["source"], row["metric"]) == (source, "accuracy")]
    support, recall = printed(rows, source, "support"), printed(rows, source, "recall")
    assert [support[genre] for genre in GENRES] == [20] * 10
    assert support["macro avg"] == support["weighted avg"] == 200
    assert np.mean([recall[genre] for genre in GENRES]) == pytest.approx(accuracy, abs=1e-9)


@pytest.mark.parametrize("source", REPORTS[:3])
def test_the_printed_averages_are_those_that_ours_are_compared_with(rows, source):
    run = {"model": "m", "protocol": "stratified", "split": "repeat0", "seed": 0}
    scores = [
        run | {"genre": genre} | {metric: printed(rows, source, metric)[genre] for metric in SCORES} for genre in GENRES
    ]
    averages = paper_comparison.average_genres(tables.GENRES.frame(scores)).set_index("genre")
    for name in ("macro avg", "weighted avg"):
        assert averages.loc[name, "support"] == 200
        for metric in ("precision", "recall", "f1"):
            assert averages.loc[name, metric] == pytest.approx(printed(rows, source, metric)[name], abs=0.0051)


def test_scores_of_genres_are_read_with_what_the_text_says_of_them():
    scores = published.read_scores(PATH)
    assert {row["metric"] for row in scores} == {*SCORES, "accuracy"}
    assert (
        sum(row["model"] == "mel599_cnn" for row in scores) == 3 * (10 + 1) + 2
    )  # an average, no support; two in words
    assert sum(row["model"] == "sgd" for row in scores) == 4 * (10 + 2)
    (jazz,) = [r for r in scores if (r["model"], r["genre"], r["metric"]) == ("mel599_cnn", "jazz", "recall")]
    assert jazz["value"] == 0.88


def test_every_system_of_the_papers_has_its_accuracy():
    accuracies = published.read_accuracies(PATH)
    systems = {
        row["model"]: row["value"] for row in accuracies if published.paper_of(row["source"]) in published.PAPERS
    }
    assert {published.paper_of(row["source"]) for row in accuracies} >= set(published.PAPERS)
    assert systems == {
        "mel_lstm": 0.971, "mel_lstm_segments": 0.971, "hubert": 0.86, "wavlm": 0.83, "wav2vec2": 0.80,
        "cnn": 0.625, "rnn": 0.57, "hybrid": 0.745,
        "logistic": 0.45, "sgd": 0.38, "random_forest": 0.55, "random_forest_vggish": 0.80,
        "random_forest_all": 0.80,
        "vgg16": 0.36, "vgg16-softmax_twice": 0.36, "vgg16-initial": 0.34,
        "feature_cnn": 0.466, "feature_lstm": 0.544,
        "mel599_cnn": 0.79, "mel599_cnn-mfcc": 0.79,
    }  # fmt: skip
    counterparts = [row["model"] for row in published.read_accuracies(PATH) if published.is_counterpart(row, ["passt"])]
    assert set(counterparts) == {*systems, "passt"}  # of the literature only a model that is configured
    assert published.is_of("gtzan", published.read_accuracies(PATH))


def test_every_figure_is_read_by_one_function(rows):
    read = (published.read_accuracies(PATH), published.read_scores(PATH), published.read_measures(PATH))
    assert sum(len(found) for found in read) == len(rows)
    measures = {(row["model"], row["metric"]): row["value"] for row in read[2]}
    assert measures["feature_lstm", "parameters"] == 107460
    assert measures["hybrid", "test_loss"] == pytest.approx(0.963, abs=5e-4)


def test_the_variant_with_the_settings_of_the_paper_has_its_figures_too():
    figures = [
        row for row in published.read_accuracies(PATH) if row["model"] in ("cnn", "feature_cnn", "hubert", "vgg16")
    ]
    entries = {"cnn-scaled_on_all", "feature_cnn-selected", "cnn-selected", "vgg16-softmax_twice"}
    found = [(row["model"], row["value"]) for row in published.with_paper_settings(figures, entries)]
    assert [row for row in found if "-" in row[0]] == [("cnn-scaled_on_all", 0.625), ("feature_cnn-selected", 0.466)]
    assert [row for row in found if "-" not in row[0]] == [(row["model"], row["value"]) for row in figures]


def test_the_figures_are_of_entries_that_exist_or_of_the_literature(rows):
    sections = config.resolve(settings_file.read(ROOT / "params.yaml")).sections
    variants = {entry_name(model, name) for model, own in sections["variants"].items() for name in own}
    own = {row["model"] for row in rows if published.paper_of(row["source"]) in published.PAPERS}
    assert own <= {*sections["models"], *variants}
    literature = {row["model"] for row in rows} - own
    assert not literature & {*sections["models"], *variants}
    for variant in published.PAPER_SETTINGS.values():
        assert any(name.endswith(f"-{variant}") for name in [*variants, "feature_cnn-selected"])
