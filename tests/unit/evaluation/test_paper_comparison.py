import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

import compare_papers
from genrebench.common import files
from genrebench.datasets import published
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.evaluation import paper_comparison, tables

ROOT = Path(__file__).parents[3]
RUN = {"model": "cnn", "protocol": "stratified", "split": "repeat0", "seed": 0}


def protocol(shared: float = 0.0, unit: str = "clip", train: int = 60) -> dict:
    separate = unit == "clip" and not shared
    return {"unit": unit, "shared": shared, "separate": separate, "counts": {"train": train, "test": 20}}


PROTOCOLS = {
    "stratified": protocol(0.76),
    "size_matched": protocol(0.6, train=40),
    "fault_filtered": protocol(train=40),
    "segment_random": protocol(1.0, "segment"),
}


def figure(model: str, value: float, stated: str = "stratified", dataset: str = "gtzan") -> dict:
    return {
        "model": model,
        "source": "Huang and Minami 2024, Figure 1",
        "dataset": dataset,
        "protocol": stated,
        "value": value,
        "note": "",
    }


def result(model: str, name: str, accuracy: float | None, caveats: str = "", reason: str = "") -> dict:
    low, high = (None, None) if accuracy is None else (accuracy - 0.05, accuracy + 0.05)
    return {
        **{"model": model, "protocol": name, "accuracy_mean": accuracy, "accuracy_low": low, "accuracy_high": high},
        **{"runs": 3, "n_test": 200, "caveats": caveats, "reason": reason, "unit": PROTOCOLS[name]["unit"]},
    }


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+\.\d", text)


def compare(figures: list[dict], results: list[dict], dataset: str = "gtzan", models=("cnn", "lstm", "vgg")):
    return paper_comparison.compare_accuracies(figures, results, PROTOCOLS, dataset, models)


def test_a_figure_is_set_against_ours_under_its_protocol_and_under_the_artist_disjoint_one():
    (row,) = compare(
        [figure("cnn", 0.625)],
        [
            result("cnn", "stratified", 0.75),
            result("cnn", "fault_filtered", 0.55),
            result("cnn", "size_matched", 0.7),
            result("lstm", "stratified", 0.1),
        ],
    )
    assert (row["closest_protocol"], row["closest_accuracy"], row["shared"]) == ("stratified", 0.75, 0.76)
    assert (row["disjoint_protocol"], row["disjoint_accuracy"]) == ("fault_filtered", 0.55)
    assert row["difference"] == pytest.approx(0.125)
    assert row["inside"] is False
    assert row["gap"] == pytest.approx(0.2)
    assert row["published_gap"] == pytest.approx(0.075)
    assert row["size_matched"] == 0.7
    assert numbers(row["summary"]) == ["75.0", "70.0", "80.0", "12.5", "55.0", "50.0", "60.0", "20.0", "70.0", "15.0"]
    assert all(word in row["summary"] for word in ("outside", "76%", "do not overlap", "size_matched"))


def test_subsets_of_other_sizes_are_not_called_matched():
    results = [result("cnn", name, 0.5) for name in ("stratified", "size_matched", "fault_filtered")]
    sizes = PROTOCOLS | {"size_matched": protocol(0.6, train=41)}
    (row,) = paper_comparison.compare_accuracies([figure("cnn", 0.5)], results, sizes, "gtzan", ["cnn"])
    assert row["size_matched"] is None
    assert "the same as published" in row["summary"] and "inside" in row["summary"]


def test_on_another_dataset_ours_is_shown_without_differences():
    results = [result("cnn", "stratified", 0.75), result("cnn", "fault_filtered", 0.55)]
    (row,) = compare([figure("cnn", 0.625)], results, dataset="mine")
    assert row["comparable"] is False
    assert row["closest_accuracy"] == 0.75
    assert row["difference"] is row["inside"] is row["published_gap"] is None
    assert "published" not in row["summary"]
    assert "not comparable" in " ".join(paper_comparison.describe_all([row], "mine"))


def test_a_random_split_stands_for_another_but_not_for_one_of_segments():
    assert paper_comparison.closest_protocol("holdout", {"artist", "kfold", "size_matched"}) == "kfold"
    assert paper_comparison.closest_protocol("holdout", {"holdout", "stratified"}) == "holdout"
    assert paper_comparison.closest_protocol("segment_random", {"stratified"}) is None
    assert paper_comparison.closest_protocol("fault_filtered", {"stratified"}) is None
    assert paper_comparison.closest_protocol("stratified", {"artist", "fault_filtered"}) is None
    (row,) = compare([figure("cnn", 0.79, "holdout")], [result("cnn", "stratified", 0.75)])
    assert all(word in row["summary"] for word in ("stratified", "holdout", "75.0%"))
    assert row["disjoint_protocol"] in (None, "")


def test_two_readings_of_a_figure_and_what_leaks_in_one():
    whole, segments = compare(
        [figure("lstm", 0.971), figure("lstm", 0.971, "segment_random")],
        [
            result("lstm", "segment_random", 0.93, MEANINGLESS),
            result("lstm", "stratified", 0.75),
            result("lstm", "fault_filtered", 0.6),
        ],
    )
    assert (whole["closest_protocol"], segments["closest_protocol"]) == ("stratified", "segment_random")
    assert whole["inside"] is False
    assert segments["inside"] is True
    assert "share clips" in segments["summary"]
    assert "share clips" not in whole["summary"]
    sentences = paper_comparison.describe_all([whole, segments], "gtzan")
    assert re.findall(r"\b\d\b", sentences[-2]) == ["2", "1", "1", "0"]  # comparable: in, above and below our interval
    assert numbers(sentences[-1]) == ["15.0"]  # not of the model whose training and test share clips


def test_what_was_not_run_says_why_and_marks_are_kept():
    foreign = figure("mert", 0.8) | {"source": "Li et al. 2023"}
    unknown, missing, marked, literature = compare(
        [figure("alexnet", 0.3), figure("cnn", 0.6), figure("vgg", 0.36), foreign],
        [
            result("cnn", "stratified", None, reason="the weights are missing."),
            result("vgg", "stratified", None, reason="too large"),
            result("vgg", "fault_filtered", 0.3, "trained from scratch"),
        ],
    )
    assert "not configured" in unknown["summary"]
    assert "literature" in literature["summary"]
    assert "the weights are missing" in missing["summary"]
    assert all(word in marked["summary"] for word in ("stratified: too large", "fault_filtered", marked["caveats"]))
    assert numbers(marked["summary"]) == ["30.0", "25.0", "35.0", "6.0"]
    assert marked["caveats"] == "trained from scratch"


def test_averages_over_genres_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    true, predicted = random.choice(4, 90, p=[0.4, 0.3, 0.2, 0.1]), random.choice(4, 90)
    scores = precision_recall_fscore_support(true, predicted)
    rows = [
        RUN | {"genre": str(g)} | dict(zip(("precision", "recall", "f1", "support"), values, strict=True))
        for g, values in enumerate(zip(*scores, strict=True))
    ]
    rows.append(RUN | {"genre": "untested", "support": 0})
    averages = paper_comparison.average_genres(tables.GENRES.frame(rows)).set_index("genre")
    assert "untested" not in averages.index
    for name in ("macro", "weighted"):
        expected = precision_recall_fscore_support(true, predicted, average=name)[:3]
        assert averages.loc[f"{name} avg", ["precision", "recall", "f1"]].tolist() == pytest.approx(expected)
        assert averages.loc[f"{name} avg", "support"] == 90


def test_genres_are_compared_under_the_protocols_of_the_model():
    scores = [
        {
            "model": "cnn",
            "source": "Huang and Minami 2024, Figure 12",
            "dataset": "gtzan",
            "genre": genre,
            "metric": metric,
            "value": value,
        }
        for genre, metric, value in [
            *(("rock", "f1", 0.5), ("rock", "support", 20.0), ("polka", "f1", 0.7), ("rock", "accuracy", 0.9)),
        ]
    ]
    rows = [{"model": "cnn", "closest_protocol": "stratified", "disjoint_protocol": None}]
    runs = tables.GENRES.frame(
        RUN | {"seed": seed, "genre": "rock", "f1": f1, "recall": 0.75, "support": 8}
        for seed, f1 in enumerate((0.6, 0.8))
    )
    rock, polka, in_words = paper_comparison.compare_genres(scores, rows, runs, "gtzan")
    assert (rock["published"], rock["published_clips"], rock["closest_clips"]) == (0.5, 20, 8)
    assert rock["closest_score"] == pytest.approx(0.7)
    assert rock["difference"] == pytest.approx(0.2)
    assert rock["disjoint_score"] is None
    assert (in_words["closest_score"], in_words["published"]) == (0.75, 0.9)  # the accuracy of a genre is its recall
    assert polka["closest_score"] is polka["difference"] is None  # a genre that the dataset does not have
    sentence = paper_comparison.describe_genres([rock, polka])
    assert numbers(sentence) == ["20.0", "70.0", "50.0"] and "rock" in sentence
    foreign = paper_comparison.compare_genres(scores, rows, runs, "mine")
    assert foreign[0]["closest_score"] == pytest.approx(0.7)
    assert paper_comparison.describe_genres(foreign) is None


def test_losses_sizes_and_times_are_set_against_ours():
    def printed(metric: str, value: float, model: str = "cnn") -> dict:
        return figure(model, value) | {"metric": metric}

    figures = [
        *(printed("test_loss", 1.4), printed("valid_accuracy", 0.6), printed("parameters", 52290.0)),
        *(printed("seconds_per_epoch", 0.24), printed("test_loss", 1.3, "lstm"), printed("test_loss", 1.2, "vgg")),
    ]
    results = [
        result("cnn", "stratified", 0.5) | {"log_loss_mean": 1.25, "valid_accuracy": 0.65},
        result("cnn", "fault_filtered", 0.4) | {"log_loss_mean": 1.75, "valid_accuracy": None},
        result("lstm", "stratified", None, reason="No weights."),
    ]
    rows = compare([figure("cnn", 0.6), figure("lstm", 0.6)], results)
    machine = {"model": "cnn", "protocol": "stratified", "backend": "jax", "device": "CPU"}
    costs = [machine | {"parameters": 50000, "seconds_per_epoch": seconds} for seconds in (1.0, 2.0)]
    found = paper_comparison.compare_measures(figures, rows, results, costs, "gtzan")
    loss, valid, parameters, seconds, unavailable, unknown = found
    assert (loss["closest_value"], loss["disjoint_value"]) == (1.25, 1.75)
    assert loss["difference"] == pytest.approx(-0.15)
    assert (valid["closest_value"], valid["disjoint_value"]) == (0.65, None)
    assert (parameters["closest_value"], parameters["difference"]) == (50000, None)
    assert (seconds["closest_value"], seconds["published"], seconds["device"]) == (1.5, 0.24, "jax, CPU")
    assert "No weights" in unavailable["reason"]
    assert "No accuracy" in unknown["reason"]
    assert paper_comparison.compare_measures(figures, rows, results, costs, "mine")[0]["difference"] is None
    unmeasured = paper_comparison.compare_measures(figures, rows, results, [], "gtzan")
    assert [bool(row["reason"]) for row in unmeasured[:4]] == [False, False, True, True]
    assert len(tables.PAPERS_FIGURES.frame(found)) == len(figures)


@pytest.mark.parametrize(
    "configured", [set(), {"cnn-scaled_on_all", "cnn", "logistic-scaled_on_all", "feature_cnn-selected"}]
)
def test_every_published_figure_is_in_a_table(configured):
    """Nothing has to be run for that; a variant with the paper's settings has the figures of its model."""
    path = ROOT / "data/published.csv"
    results = [result(name, "stratified", 0.5) for name in configured]
    read = [
        list(published.with_paper_settings(rows, configured))
        for rows in (published.read_accuracies(path), published.read_scores(path), published.read_measures(path))
    ]
    accuracies = paper_comparison.compare_accuracies(read[0], results, PROTOCOLS, "gtzan", configured)
    scores = paper_comparison.compare_genres(read[1], accuracies, tables.GENRES.frame(), "gtzan")
    measures = paper_comparison.compare_measures(read[2], accuracies, results, [], "gtzan")
    shown = [
        *((row["model"], row["source"], "accuracy", "", row["published"]) for row in accuracies),
        *((row["model"], row["source"], row["metric"], row["genre"], row["published"]) for row in scores),
        *((row["model"], row["source"], row["metric"], "", row["published"]) for row in measures),
    ]
    clips = {(row["model"], row["genre"], row["published_clips"]) for row in scores}
    rows = files.read_rows(path)
    for row in rows:
        if row["metric"] == "support":
            assert (row["model"], row["genre"], float(row["value"])) in clips
        else:
            assert (row["model"], row["source"], row["metric"], row["genre"], float(row["value"])) in shown
    variants = {model for model, *_ in shown} - {row["model"] for row in rows}
    assert variants == {name for name in configured if "-" in name}
    assert ("cnn-scaled_on_all", "Huang and Minami 2024, Figure 4", "accuracy", "", 0.625) in shown or not configured
    assert all(row["summary"] for row in accuracies)
    assert all(row["reason"] or row["closest_value"] is not None for row in measures if row["model"] not in configured)


def test_the_same_results_give_the_same_bytes(tmp_path: Path):
    """The script, from the evaluation to tables and plots."""
    run = RUN | {"model": "logistic"}
    folder = tmp_path / "evaluation/logistic"
    tables.METRICS.write(folder / "metrics.csv", [run | {"status": "done", "unit": "clip", "accuracy": 0.5}])
    scores = dict.fromkeys(("precision", "recall", "f1"), 0.5)
    tables.GENRES.write(folder / "genres.csv", [run | scores | {"genre": "rock", "support": 4}])
    facts = {"available": True, "artists_known": 1.0, "counts": {"train": 9, "test": 4}, "reason": None}
    facts |= {"test_clips_sharing_artist_with_train": 3, "test_clips_with_known_artist": 4}
    files.write_json(tmp_path / "splits/stratified/repeat0.json", facts | {"test_clips_duplicated_in_train": 0})
    board = result("logistic", "stratified", 0.5)
    tables.LEADERBOARD.write(tmp_path / "leaderboard.csv", [board])
    written = []
    for name in ("once", "twice"):
        outputs = [tmp_path / name / file for file in ("papers.csv", "genres.csv", "papers.png", "genres.png")]
        compare_papers.compare_papers(
            tmp_path / "evaluation",
            tmp_path / "splits",
            tmp_path / "leaderboard.csv",
            ROOT / "data/published.csv",
            "gtzan",
            ["logistic"],
            *outputs,
        )
        written.append([output.read_bytes() for output in outputs])
    assert written[0] == written[1]
    rows = {row["model"]: row for row in files.read_rows(tmp_path / "once" / "papers.csv")}
    accuracies = published.read_accuracies(ROOT / "data/published.csv")
    assert set(rows) == {row["model"] for row in accuracies}
    assert rows["logistic"]["difference"] == "0.05"
    assert "not configured" in rows["cnn"]["summary"]
    genres = files.read_rows(tmp_path / "once" / "genres.csv")
    assert len(genres) == 3 * 3 * 12 + 3 * 11 + 2
    (rock,) = [r for r in genres if (r["model"], r["genre"], r["metric"]) == ("logistic", "rock", "f1")]
    assert rock["published"] == "0.2"
    assert rock["difference"] == "0.3"
