import base64
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import build_leaderboard
import check_labels
import compare_claims
import compare_models
import compare_papers
import compare_stability
import evaluate_model
import study_errors
import study_leakage
from genrebench.audio import excerpt
from genrebench.common import cli, files, formatting
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.datasets.synthetic import NOTE
from genrebench.evaluation import leakage, tables
from genrebench.plots import style
from genrebench.reporting import report
from genrebench.reporting.sections import cost as cost_section
from genrebench.reporting.sections import studies
from genrebench.training import feature_summary
from genrebench.training.data import identity

ROOT = Path(__file__).parents[3]
GENRES = ["jazz & blues", "rock", "pop"]
PUBLISHED = "model,source,dataset,protocol,metric,genre,value,note".split(",")
AUDIO = ("path", "duration_s", "sample_rate", "channels", "mean_amplitude", "rms_amplitude", "max_amplitude", "md5")
EVIL = '<script>alert("x")</script>'


HISTORY = "epoch,learning_rate,accuracy,loss,val_accuracy,val_loss".split(",")
COST = {
    **{
        "status": "done",
        "parameters": 52290,
        "bytes": 2_500_000,
        "epochs": 2,
        "best_epoch": 1,
        "seconds_per_epoch": 0.5,
    },
    **{"training_clips_per_s": 1234.5, "inference_ms_per_clip": 0.25, "peak_memory_mb": 300.0, "threads": 2},
    **{"backend": "tensorflow 2.21.0", "device": "CPU"},
}


def make_results(
    folder: Path, audio: bool = True, skill: float = 3.0, artist_available: bool = True, leak: bool = False
) -> Path:
    """Results of two models under two protocols, from random probabilities; one genre has no test clip.

    The logistic regression has two epochs and a cost, the forest neither. With `leak` there is a protocol that
    assigns segments.
    """
    rng = np.random.default_rng(0)
    results = folder / "results"
    clips = [
        {"clip_id": f"{genre}.{i:02d}", "genre": genre, "artist": f"{genre} {i // 3}", "group": "g", "duplicate_of": ""}
        | dict.fromkeys(AUDIO, "1.5" if audio else "")
        for genre in GENRES
        for i in range(12)
    ]
    clips[0]["artist"] = EVIL
    clips[1]["warnings"] = "its header announces 15.0 s, but it holds 5.0 s" if audio else ""
    columns = ["clip_id", "genre", "artist", "group", "duplicate_of", "faults", *AUDIO, "warnings"]
    files.write_rows(results / "manifest.csv", columns, clips)
    rejected = [{"path": f"{EVIL}.wav", "genre": "rock", "reason": "unreadable", "detail": "not audio"}]
    files.write_rows(results / "rejected.csv", ["path", "genre", "reason", "detail"], rejected if audio else [])
    notes = [{"note": "passed over: no suffix of audio (.db)", "files": 2, "example": f"{EVIL}.db"}]
    files.write_rows(results / "notes.csv", ["note", "files", "example"], notes if audio else [])
    files.write_rows(
        results / "features" / "summary.csv",
        feature_summary.COLUMNS,
        [
            {"feature": "mel", "shape": "36 x 128", "mean": -40.25, "standardised_max": 2.75, "available": True},
            {"feature": "tabular", "shape": "36 x 57", "mean": 1.5, "available": True},
            {"feature": "vggish", "available": False, "reason": "its weights are missing"},
        ],
    )
    for name in ("distributions", "correlations", *(f"genres/{genre}" for genre in GENRES if audio)):
        style.write(style.empty(name), results / "plots" / f"{name}.png", 20)
    subsets = ["train", "train", "test"] * 8 + ["train"] * 12
    for protocol, shared in ({"artist": 0, "stratified": 6} | ({"segment_random": 8} if leak else {})).items():
        available = protocol != "artist" or artist_available
        reason = None if available else "the artists of too few clips are known"
        facts = {"available": available, "reason": reason, "version": "1", "source": "generated", "artists_known": 1.0}
        facts |= {"unit": "segment" if protocol == "segment_random" else "clip"}
        if protocol == "segment_random":
            facts |= {"segments": {"length_s": 3.0, "hop_s": 1.5}, "test_segments_of_clips_in_train": 7}
        facts |= {"counts": {"train": 28, "test": 8}, "test_clips_sharing_artist_with_train": shared}
        facts |= {"test_clips_with_known_artist": 8, "test_clips_duplicated_in_train": 0}
        files.write_json(results / "splits" / protocol / "repeat0.json", facts)
        for model, seed in (("logistic", 0), ("logistic", 1), ("forest", 0)):
            run = results / "runs" / model / protocol / "repeat0" / f"seed{seed}"
            caveats = ["scaler fitted on all clips"] if model == "forest" else []
            status = {"status": "done" if available else "unavailable", "reason": reason, "caveats": caveats}
            files.write_json(run / "status.json", status)
            epochs = [{"epoch": e, "accuracy": 0.5, "loss": 1, "val_accuracy": 0.5, "val_loss": 1} for e in (1, 2)]
            files.write_rows(run / "history.csv", HISTORY, epochs if model == "logistic" else epochs[:1])
            if model == "logistic":
                cost = results / "costs" / model / protocol / "repeat0" / f"seed{seed}.json"
                files.write_json(run / "config.json", {})
                files.write_json(cost, COST | {"of": identity(run)} if available else {"status": "unavailable"})
            scores = np.exp(rng.normal(size=(36, 3)) + skill * np.repeat(np.eye(3), 12, axis=0))
            rows = [
                {"clip_id": c["clip_id"], "segment": 0, "subset": subset, "predicted": GENRES[int(row.argmax())]}
                | dict(zip(GENRES, row / row.sum(), strict=True))
                for c, subset, row in zip(clips, subsets, scores, strict=True)
            ]
            columns = ["clip_id", "segment", "subset", "predicted", *GENRES]
            files.write_rows(run / "predictions.csv", columns, rows if available else [])
    for model in ("logistic", "forest"):
        only = [
            str(path.parent.relative_to(results / "runs" / model))
            for path in results.glob(f"runs/{model}/*/*/*/status.json")
        ]
        evaluate_model.evaluate_model(
            results / "runs" / model,
            only,
            results / "manifest.csv",
            results / "splits",
            results / "evaluation" / model,
        )
    figure = {
        "model": "logistic",
        "source": "Huang and Minami 2024, Figure 4",
        "dataset": "gtzan",
        "protocol": "stratified",
    }
    loss = figure | {"metric": "test_loss", "value": 1.4297}
    foreign = figure | {"model": "mert", "source": "Li et al. 2023", "metric": "accuracy", "value": 79.3}
    files.write_rows(
        results / "published.csv", PUBLISHED, [figure | {"metric": "accuracy", "value": 45}, loss, foreign]
    )
    claim = {"source": "Cao, section V", "protocol": "stratified", "genres": ""}
    stated = [
        {"id": "first", "claim": f"{EVIL} is better.", "kind": "better", "entries": "logistic", "others": "forest"},
        {"id": "second", "claim": "It is good for people.", "kind": "none", "reason": "Nobody was asked."},
    ]
    columns = "id source claim kind entries others genres protocol reason".split()
    files.write_rows(results / "stated.csv", columns, [claim | one for one in stated])
    with mock.patch.object(style, "write", write_placeholder):  # these plots are tested elsewhere
        build_leaderboard.build_leaderboard(
            results / "evaluation",
            results / "published.csv",
            "mine",
            False,
            *(results / name for name in ("leaderboard.csv", "accuracy.json", "leaderboard.png", "statuses.csv")),
            ["logistic", "forest"],
        )
        compare_models.compare_models(
            results / "evaluation",
            results / "splits",
            ["logistic", "forest"],
            *(results / name for name in ("leaderboard.csv", "comparisons.csv", "plots/comparisons.png")),
        )
        compare_papers.compare_papers(
            *(results / name for name in ("evaluation", "splits", "leaderboard.csv", "published.csv")),
            "mine",
            ["logistic", "forest"],
            *(
                results / name
                for name in ("papers.csv", "papers_genres.csv", "plots/papers.png", "plots/papers_genres.png")
            ),
        )
        compare_claims.compare_claims(
            *(results / name for name in ("evaluation", "runs", "splits", "statuses.csv")),
            ["logistic", "forest"],
            *(results / name for name in ("stated.csv", "claims.csv")),
        )
        compare_stability.compare_stability(
            *(results / name for name in ("evaluation", "runs", "splits", "leaderboard.csv")),
            ["logistic", "forest"],
            *(results / name for name in ("stability.csv", "plots/stability.png", "plots/curves.png")),
        )
        study_leakage.study_leakage(
            *(results / name for name in ("manifest.csv", "evaluation", "splits")),
            ["logistic", "forest"],
            ["stratified", "artist", *(["segment_random"] if leak else [])],
            *(results / name for name in ("leakage.csv", "leakage_parts.csv", "plots/leakage.png")),
        )
    study_errors.study_errors(
        *(results / name for name in ("manifest.csv", "statuses.csv", "leaderboard.csv", "splits", "evaluation")),
        models=["logistic", "forest"],
        table=results / "errors.csv",
        pairs=results / "confused_pairs.csv",
        descriptions=[],
        features=[],
        settings=[],
        audio_settings={"sample_rate": 22050, "duration": "longest"},
        pictures=results / "errors",
        excerpts=results / "excerpts",
    )
    check_labels.check_labels(
        results / "manifest.csv",
        [],
        {"features": [], "folds": 5, "seed": 0},
        *(results / name for name in ("labels.csv", "labels.json")),
    )
    files.write_json(results / "saliency.json", {"clips": [], "models": {}, "unavailable": {"cnn": "It is shy."}})
    style.write(style.empty("no network"), results / "plots" / "saliency.png", 20)
    return results


def write_placeholder(_figure, path: Path, dpi: int | None = None, palette: int | None = None) -> None:
    """Do as `style.write`, with a figure that takes no time."""
    path.write_bytes(placeholder(path.name))


@cache
def placeholder(name: str) -> bytes:
    return style.to_png(style.empty(name), 20)


def build(results: Path, output: str = "index.html", dataset: str = "mine", benchmarks: Path | None = None) -> str:
    """The report, with placeholders instead of the plots that it draws itself."""
    with (
        mock.patch.object(style, "write", write_placeholder),
        mock.patch.object(style, "to_svg", lambda _: b"<svg/>"),
    ):
        return build_with_plots(results, output, dataset, benchmarks)


def build_with_plots(results: Path, output: str, dataset: str = "mine", benchmarks: Path | None = None) -> str:
    params = results / "params.yaml"
    params.write_text(f"dataset: mine # {EVIL}\n")
    report.build_report(
        dataset, results, [params], results / "published.csv", results / output, results / "cost.csv",
        results / "plots" / "cost.png", results / "papers_figures.csv", benchmarks,
    )  # fmt: skip
    return (results / output).read_text()


class Page(HTMLParser):
    """The visible text of a page, its elements, and the anchors in it."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.elements, self.open, self.unbalanced = "", [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return make_results(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def html(results) -> str:
    return build_with_plots(results, "index.html")


def test_the_page_is_well_formed_and_its_contents_lead_somewhere(html):
    page = Page(html)
    assert not page.unbalanced
    assert not page.open
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    anchors = [attrs["href"][1:] for tag, attrs in page.elements if tag == "a" and attrs["href"].startswith("#")]
    assert len(anchors) > 8
    assert set(anchors) <= set(ids)


def test_the_page_opens_with_the_results_alone(html):
    page = Page(html)
    folded = [attrs for tag, attrs in page.elements if tag == "details" and attrs.get("class") == "folded"]
    sections = [attrs["id"] for tag, attrs in page.elements if tag == "section"]
    assert len(folded) == len(sections) - 1
    assert not [
        attrs for tag, attrs in page.elements if tag == "details" and attrs.get("class") == "folded" and "open" in attrs
    ]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_report_of_synthetic_music_says_so_before_its_first_accuracy(results, tmp_path, synthetic):
    results = shutil.copytree(results, tmp_path / "results")
    rows = tables.rows(tables.LEADERBOARD.read(results / "leaderboard.csv"))
    tables.LEADERBOARD.write(results / "leaderboard.csv", [row | {"synthetic": synthetic} for row in rows])
    text = Page(build(results)).text
    assert (NOTE in text[: text.index("% accuracy")].lower()) is synthetic


def test_nothing_is_fetched_from_elsewhere(html):
    page = Page(html)
    for tag, attrs in page.elements:
        for name in ("src", "href", "data", "action", "poster", "srcset"):
            address = attrs.get(name) or "#"
            assert address.startswith(("#", "data:")) or (tag == "a" and address.startswith("https://")), (tag, address)
    assert "url(" not in html
    assert "@import" not in html
    assert sum(tag == "img" for tag, _ in page.elements) == 18


def test_warnings_of_clips_are_shown(html):
    assert "its header announces 15.0 s, but it holds 5.0 s" in html


def test_what_people_wrote_is_escaped(html):
    assert EVIL not in html
    assert (
        html.count("&lt;script&gt;alert(") >= 4
    )  # the artist, the rejected file, the file passed over, the parameters
    assert "no suffix of audio (.db) (2 files" in html
    assert Page(html).text.count(EVIL) >= 2
    assert "jazz &amp; blues" in html


def test_the_same_results_give_the_same_bytes_in_two_processes(results, html):
    command = [sys.executable, "scripts/build_report.py", "--dataset", "mine", "--results", str(results)]
    command += ["--params", str(results / "params.yaml"), "--published", str(results / "published.csv")]
    command += ["--cost-table", str(results / "cost.csv"), "--cost-picture", str(results / "plots" / "cost.png")]
    command += ["--measures-table", str(results / "papers_figures.csv")]
    subprocess.run([*command, "--page", str(results / "again.html")], cwd=ROOT, check=True)
    assert (results / "again.html").read_text() == html
    runs = results / "runs" / "logistic"
    command = [sys.executable, "scripts/evaluate_model.py", "--runs", str(runs), "--output", str(results / "again")]
    command += ["--manifest", str(results / "manifest.csv"), "--splits", str(results / "splits"), "--only"]
    command += [str(path.parent.relative_to(runs)) for path in runs.glob("*/*/*/status.json")]
    subprocess.run(command, cwd=ROOT, check=True)
    again = {path.relative_to(results / "again"): path.read_bytes() for path in (results / "again").rglob("*.*")}
    first = results / "evaluation" / "logistic"
    assert len(again) == 6
    assert again == {path.relative_to(first): path.read_bytes() for path in first.rglob("*.*")}


def test_the_finding_quotes_the_protocol_that_keeps_artists_apart(results, html):
    rows = files.read_rows(results / "leaderboard.csv")
    best = max((r for r in rows if r["protocol"] == "artist"), key=lambda r: float(r["accuracy_mean"]))
    first, _, third = findings(html)
    assert best["model"] in first and f"{100 * float(best['accuracy_mean']):.1f}%" in first and "artist" in first
    assert "stratified" in third and "75%" in third


def test_figures_marks_and_missing_scores_are_shown(results, html):
    text = Page(html).text
    for row in files.read_rows(results / "leaderboard.csv"):
        assert f"{100 * float(row['accuracy_low']):.1f} to {100 * float(row['accuracy_high']):.1f}" in text
    assert text.count("scaler fitted on all clips") >= 3
    features = section(html, "features").text
    assert all(shown in features for shown in ("its weights are missing", "−40.25", "2.75"))
    assert "GTZAN, another dataset" in text
    assert 'title="precision –, recall –">–</td>' in html  # pop has no test clip
    assert "table" not in [tag for tag, _ in section(html, "unavailable").elements]


def test_on_gtzan_the_published_figures_are_comparable(results):
    text = Page(build(results, "gtzan.html", dataset="gtzan")).text
    assert "another dataset" not in text
    assert "45.0" in text


def test_a_protocol_not_run_is_reported_with_its_reason(tmp_path):
    html = build(make_results(tmp_path, audio=False, artist_available=False))
    reason = "the artists of too few clips are known"
    for name in ("protocols", "leakage", "unavailable"):
        assert reason in section(html, name).text, name
    best, bound = findings(html)
    assert "stratified" in best
    assert "upper bound" in bound and "75%" in bound
    assert "forest, logistic" in section(html, "unavailable").text
    assert "precomputed" in section(html, "dataset").text
    assert "Audio statistics" not in section(html, "dataset").text
    assert "table" not in [tag for tag, _ in section(html, "rejected").elements]


def test_the_time_of_jobs_is_summed_by_rule_where_it_was_measured(results, html, tmp_path):
    assert "<h3>Jobs</h3>" not in html
    for name, seconds in {"train/logistic": "90", "train/forest": "60.5", "manifest": "3"}.items():
        path = (tmp_path / name).with_suffix(".tsv")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:00\tNA\t-\n")
    costs = cost_section.read_benchmarks(tmp_path)
    assert [(cost["rule"], cost["jobs"], cost["seconds"]) for cost in costs] == [
        ("manifest", 1, 3),
        ("train", 2, 150.5),
    ]
    assert "<h3>Jobs</h3>" in build(results, "cost.html", benchmarks=tmp_path)


def findings(html: str) -> list[str]:
    """The sentences at the top of the page."""
    lead = html[html.index('<div class="lead">') :]
    return re.findall("<p>(.*?)</p>", lead[: lead.index("</div>")])


def section(html: str, name: str) -> Page:
    start = html.index(f'<section id="{name}">')
    return Page(html[start : html.index("</section>", start)])


def test_the_cost_of_each_model_stands_in_a_row(results):
    html = build(results)
    text = section(html, "cost").text
    for shown in (
        "logistic",
        "52\u202f290",
        "2.5 MB",
        "300 MB",
        "1\u202f234",
        "0.25",
        "tensorflow 2.21.0",
        "CPU, 2 threads",
    ):
        assert shown in text
    names = [
        attrs["data-value"] for tag, attrs in section(html, "cost").elements if tag == "th" and "data-value" in attrs
    ]
    assert names == ["logistic"]  # the forest was not measured
    assert "with the protocol artist" in text
    sources = [attrs["src"] for tag, attrs in section(html, "cost").elements if tag == "img"]
    assert sources == [image(results / "plots" / "cost.png")]


def test_without_costs_the_page_says_why(results, tmp_path):
    results = shutil.copytree(results, tmp_path / "results")
    shutil.rmtree(results / "costs")
    shown = section(build(results), "cost")
    assert "img" not in [tag for tag, _ in shown.elements]
    assert files.read_rows(results / "cost.csv") == []


def test_comparisons_are_shown_with_the_pairs_that_differ(results, tmp_path):
    results = shutil.copytree(results, tmp_path / "results")
    rows = files.read_rows(results / "comparisons.csv")
    assert [(row["protocol"], row["clips"]) for row in rows] == [("artist", "8"), ("stratified", "8")]
    shown = section(build(results), "significance")
    assert [attrs["src"] for tag, attrs in shown.elements if tag == "img"] == [
        image(results / "plots" / "comparisons.png")
    ]
    assert "table" not in [tag for tag, _ in shown.elements]  # no pair differs
    real = {"different": "True", "difference": "-0.5", "p_holm": "0.003", "only_model": "1", "only_other": "12"}
    files.write_rows(results / "comparisons.csv", list(rows[0]), [rows[0] | real, rows[1]])
    shown = section(build(results), "significance")
    better = rows[0]["other"]
    assert f"{better}{rows[0]['model']}50.01210.003" in "".join(shown.text.split())
    files.write_rows(results / "comparisons.csv", list(rows[0]), [])
    assert "img" not in [tag for tag, _ in section(build(results), "significance").elements]


def test_figures_of_papers_are_shown_beside_ours(results, html):
    row, literature = files.read_rows(results / "papers.csv")
    shown = section(html, "papers")
    assert [attrs["src"] for tag, attrs in shown.elements if tag == "img"] == [image(results / "plots/papers.png")]
    assert row["summary"] in " ".join(shown.text.split())
    assert "not comparable" in shown.text
    assert "difference, points" not in shown.text
    for accuracy in ("published", "closest_accuracy", "disjoint_accuracy"):
        assert f"{100 * float(row[accuracy]):.1f}" in shown.text
    assert literature["model"] == "mert" and "79.3" in shown.text
    (loss,) = files.read_rows(results / "papers_figures.csv")
    board = {(r["model"], r["protocol"]): r for r in files.read_rows(results / "leaderboard.csv")}
    assert loss["closest_value"] == f"{float(board['logistic', 'stratified']['log_loss_mean']):.6g}"
    assert "test loss" in shown.text and formatting.number(loss["closest_value"]) in shown.text


def test_claims_are_shown_with_their_verdicts(results, html):
    closest, disjoint, unanswered = files.read_rows(results / "claims.csv")
    assert (closest["protocol"], disjoint["protocol"]) == ("stratified", "artist")
    shown = section(html, "papers").text
    for row in (closest, disjoint):
        assert row["verdict"] == "undecided"  # 8 test clips have no interval
        assert row["ours"] in shown
        assert formatting.signed(float(row["difference"])) in shown
    assert "Nobody was asked." in shown and unanswered["verdict"] == "not run"
    assert "2 claims" in shown and "answer 1" in shown


def test_on_the_dataset_of_a_figure_the_difference_is_shown(results, tmp_path):
    results = shutil.copytree(results, tmp_path / "results")
    row, _ = files.read_rows(results / "papers.csv")
    files.write_rows(results / "papers.csv", list(row), [row | {"comparable": "True", "difference": "-0.125"}])
    shown = section(build(results), "papers")
    assert "difference, points" in shown.text
    assert "−12.5" in shown.text
    columns = "model,source,dataset,genre,metric,published,published_clips,closest_protocol,closest_score".split(",")
    columns += ["closest_clips", "disjoint_protocol", "disjoint_score", "disjoint_clips", "difference"]
    score = {"model": "logistic", "genre": "rock", "metric": "f1", "published": 0.5, "closest_score": 0.75}
    score |= {"closest_protocol": "stratified", "difference": 0.25}
    files.write_rows(results / "papers_genres.csv", columns, [score])
    shown = section(build(results), "papers")
    assert all(word in shown.text for word in ("rock", "75.0%", "50.0%"))
    assert sum(tag == "img" for tag, _ in shown.elements) == 2


def test_stability_is_shown_by_protocol(results, html):
    shown = section(html, "stability")
    assert [attrs["src"] for tag, attrs in shown.elements if tag == "img"] == [
        image(results / "plots/stability.png"), image(results / "plots/curves.png")
    ]  # fmt: skip
    assert sum(tag == "table" for tag, _ in shown.elements) == 2
    for row in files.read_rows(results / "stability.csv"):
        assert formatting.signed(float(row["gap"])) in shown.text


def test_the_leakage_study_is_shown_in_words_and_numbers(leaking):
    html = build(leaking)
    shown = section(html, "leakage")
    assert [attrs["src"] for tag, attrs in shown.elements if tag == "img"] == [image(leaking / "plots" / "leakage.png")]
    for one in leakage.read_study(leaking / "leakage.csv", leaking / "leakage_parts.csv"):
        assert one["finding"] in shown.text
        segments = next(part for part in one["parts"] if part["part"] == "segments")
        assert f"{100 * segments['difference']:.1f}" in shown.text
    assert "size_matched: " in shown.text  # the reason why it is unavailable
    assert 'href="#leakage"' in html


def test_near_duplicates_across_a_split_are_warned_of(results, tmp_path):
    warning = "12.5% of the test clips repeat, or nearly repeat, a training clip (forest, logistic; stratified)."
    assert warning not in Page(build(results)).text
    results = shutil.copytree(results, tmp_path / "results")
    path = results / "splits" / "stratified" / "repeat0.json"
    files.write_json(path, files.read_json(path) | {"test_clips_duplicated_in_train": 1})
    text = Page(build(results)).text
    assert warning in text[: text.index("Leaderboard")]


def test_hard_clips_are_shown_with_what_the_models_say_and_can_be_heard(results, tmp_path):
    results = shutil.copytree(results, tmp_path / "results")
    rows = files.read_rows(results / "errors.csv")
    columns = list(rows[0])
    assert {row["models"] for row in rows} == {"2"}
    rows = [
        row | {"wrong": "2", "share": "1", "guess": "pop", "guesses": "1", "artist": EVIL, "p_pop": "0.625"}
        for row in rows
    ]
    files.write_rows(results / "errors.csv", columns, rows)
    name = rows[0]["clip_id"]
    noise = np.random.default_rng(0).normal(0, 0.2, 6 * excerpt.SAMPLE_RATE)
    for row in rows:
        style.write(style.empty(row["clip_id"]), results / "errors" / f"{row['clip_id']}.png", 20)
        sound = excerpt.encode(noise, excerpt.SAMPLE_RATE)
        (results / "excerpts" / f"{row['clip_id']}.mp3").write_bytes(sound)
    suspect = {"clip_id": name, "genre": "rock", "suspected": True, "self_confidence": 0.25, "probability": 0.25}
    tables.LABELS.write(results / "labels.csv", [suspect | {"suggested": "pop"}])
    trial = {"changed": 20, "found": 13, "suspected": 17}
    facts = {"reason": None, "judged": 36, "suspected": 1, "accuracy": 0.75, "trial": trial, "features": ["tabular"]}
    files.write_json(results / "labels.json", facts)
    html = build(results)
    assert len(html) < 3e6  # of the 30 MB that a page may have
    shown = section(html, "hard_clips")
    sounds = [attrs["src"] for tag, attrs in shown.elements if tag == "audio"]
    assert len(sounds) == len([tag for tag, _ in shown.elements if tag == "img"]) == len(rows)
    assert base64.b64decode(sounds[0].removeprefix("data:audio/mpeg;base64,")) == sound
    assert [attrs["href"] for tag, attrs in shown.elements if tag == "a"] == ["#labels"]
    assert "62%" in shown.text and EVIL not in html
    labels = section(html, "labels").text
    assert all(number in labels for number in ("1 of 36 labels", "20 labels", "13 of them", "17 suspects", "75%"))
    assert f"{name}rockpop25252 of 2" in labels.replace("\n", "")


def test_a_page_lists_no_more_test_clips_than_a_browser_bears(results, monkeypatch):
    count = len(files.read_rows(results / "errors.csv"))
    assert f"All {count} test clips" in section(build(results), "hard_clips").text
    monkeypatch.setattr(studies, "TEST_CLIPS_SHOWN", 3)
    shown = section(build(results), "hard_clips")
    assert "errors.csv" in shown.text
    table = [tag for tag, _ in shown.elements]
    assert table[len(table) - table[::-1].index("tbody") :].count("tr") == 3
    monkeypatch.setattr(report, "CLIPS_SHOWN", 4)
    assert "the first 4 clips" in section(build(results), "dataset").text


def test_the_page_says_why_there_is_nothing_to_hear_or_to_look_at(results, html, tmp_path):
    assert "not checked" in section(html, "labels").text
    assert "It is shy." in section(html, "saliency").text
    results = without_audio(results, tmp_path)
    rows = files.read_rows(results / "errors.csv")
    wrong = {"wrong": "2", "share": "1", "guess": "pop", "guesses": "1"}
    files.write_rows(results / "errors.csv", list(rows[0]), [row | wrong for row in rows])
    shown = section(build(results), "hard_clips")
    assert "precomputed" in shown.text
    assert not [tag for tag, _ in shown.elements if tag in ("audio", "img")]


def test_the_artists_of_each_genre_are_drawn_where_they_are_known(results, tmp_path):
    with_artists = [attrs for tag, attrs in section(build(results), "dataset").elements if tag == "img"]
    assert [attrs["alt"] for attrs in with_artists] == ["The artists of each genre, with their numbers of clips"]
    copy = shutil.copytree(results, tmp_path / "results")
    rows = files.read_rows(copy / "manifest.csv")
    files.write_rows(copy / "manifest.csv", list(rows[0]), [row | {"artist": ""} for row in rows])
    assert "img" not in [tag for tag, _ in section(build(copy), "dataset").elements]


def test_reliability_is_shown_of_the_models_that_were_run(results, html):
    models = ("forest", "logistic")
    assert [attrs["src"] for tag, attrs in section(html, "calibration").elements if tag == "img"] == [
        image(results / "evaluation" / model / "reliability.png") for model in models
    ]


def test_curves_are_shown_of_the_models_that_have_them(results, html):
    assert {attrs["src"] for tag, attrs in section(html, "curves").elements if tag == "img"} == {
        image(results / "evaluation" / "logistic" / "curves.png")
    }
    assert 'href="#curves"' in html


@pytest.fixture(scope="module")
def leaking(tmp_path_factory) -> Path:
    return make_results(tmp_path_factory.mktemp("leaking"), leak=True)


def test_segments_on_both_sides_are_marked_wherever_they_stand(leaking):
    html = build(leaking)
    page = Page(html)
    assert not page.unbalanced
    assert f"{MEANINGLESS} (forest, logistic; segment_random)" in page.text[: page.text.index("Leaderboard")]
    for name in ("results", "leakage", "confusion", "genres"):
        assert MEANINGLESS in section(html, name).text, name
    row = html[html.index("<tr><th>segment_random") :]
    row = Page(row[: row.index("</tr>")]).text
    assert "3 s every 1.5 s" in row and "28segments" in row and "88%of the segments" in row  # 7 of 8
    results = html[html.index('<section id="results">') : html.index('<section id="significance">')]
    assert f"<summary>segment_random: {MEANINGLESS}</summary>" in results
    assert results.count('<tr class="void">') == 2
    cells = [attrs.get("class") for tag, attrs in section(html, "results").elements if tag == "td"]
    assert cells.count("n void") == 2  # a model each, in the table across protocols
    assert "F1 per genre with the protocol segment_random" not in html
    assert "artist" in findings(html)[0]
    assert "segment_random" not in " ".join(findings(html))


def test_a_report_of_nothing_but_segments_quotes_nothing(leaking, tmp_path):
    results = shutil.copytree(leaking, tmp_path / "results")
    for name in ("leaderboard.csv", "statuses.csv", "stability.csv"):
        rows = files.read_rows(results / name)
        files.write_rows(results / name, list(rows[0]), [row for row in rows if row["protocol"] == "segment_random"])
    files.write_rows(results / "papers.csv", list(files.read_rows(results / "papers.csv")[0]), [])
    html = build(results)
    (sentence,) = findings(html)
    assert "%" not in sentence
    assert 'id="confident_errors"' not in html


def image(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def test_the_plots_of_features_are_those_of_their_rules(results, html):
    shown = {attrs["src"]: attrs["alt"] for tag, attrs in Page(html).elements if tag == "img"}
    folder = results / "plots"
    assert shown[image(folder / "distributions.png")].startswith("Box plots, by genre")
    assert shown[image(folder / "correlations.png")].startswith("Correlation matrix")
    for genre in GENRES:
        assert shown[image(folder / "genres" / f"{genre}.png")] == f"{genre}: {genre}.00 over time"
    for name in ("feature_table", "clips"):
        assert f'href="#{name}"' in html


def without_audio(results: Path, folder: Path) -> Path:
    """A copy of the results of a dataset whose features are precomputed."""
    copy = shutil.copytree(results, folder / "results")
    rows = files.read_rows(copy / "manifest.csv")
    files.write_rows(copy / "manifest.csv", list(rows[0]), [row | dict.fromkeys(AUDIO, "") for row in rows])
    return copy


def test_a_report_without_table_and_without_audio_says_so(results, tmp_path):
    results = without_audio(results, tmp_path)
    summary = results / "features" / "summary.csv"
    rows = [row for row in files.read_rows(summary) if row["feature"] != "tabular"]
    missing = {"feature": "tabular", "available": False, "reason": "the dataset has none", "shape": "", "mean": ""}
    for added, reason in (([missing], "the dataset has none"), ([], "not configured")):
        files.write_rows(summary, list(rows[0]), rows + added)
        html = build(results)
        assert reason in section(html, "feature_table").text
        for name in ("feature_table", "clips"):
            assert not any(tag == "img" for tag, _ in section(html, name).elements)


def test_a_plot_that_is_missing_is_named(results, tmp_path):
    results = shutil.copytree(results, tmp_path / "results")
    (results / "plots" / "genres" / "rock.png").unlink()
    with pytest.raises(cli.InputError, match=r"genres/rock\.png is missing"):
        build(results)


def test_missing_results_are_named(tmp_path):
    with pytest.raises(cli.InputError, match=r"statuses\.csv is missing"):
        build(tmp_path)
