from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import compare_claims
from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.datasets.published import PAPERS, paper_of
from genrebench.evaluation import claims, intervals, tables
from genrebench.evaluation.claims import Claim
from genrebench.evaluation.intervals import bootstrap_interval, newcombe_interval, wilson_interval
from genrebench.evaluation.stability import learning
from genrebench.workflow import ablation, config, settings_file
from genrebench.workflow.entries import entry_name

ROOT = Path(__file__).parents[3]
PATH = ROOT / "data/claims.csv"
PROTOCOLS = {
    "stratified": {"unit": "clip", "separate": False},
    "artist": {"unit": "clip", "separate": True},
    "segment_random": {"unit": "segment", "separate": False},
}
GENRES = ["blues", "jazz", "pop", "rock"]


def claim(kind: str, entries: str, others: str = "", genres: str = "", source: str = "Cao, section V") -> Claim:
    lists = (tuple(text.split()) for text in (entries, others, genres))
    return Claim("c", source, "One is better.", kind, *lists, "holdout", "")


def predicted(model: str, answers: dict[str, list[str]], protocol: str = "stratified", seed: int = 0) -> pd.DataFrame:
    """Predictions of test clips: by genre, what the clips are taken for."""
    rows = [
        {"model": model, "protocol": protocol, "split": "repeat0", "seed": seed, "clip_id": f"{genre}.{i}"}
        | {"genre": genre, "predicted": guess, "right": guess == genre}
        for genre, guesses in answers.items()
        for i, guess in enumerate(guesses)
    ]
    return pd.DataFrame(rows)


def answers(*right: int, of: int = 10, wrong: dict[str, str] | None = None) -> dict[str, list[str]]:
    """How many clips of each genre are right; the others are taken for the next genre, or for what `wrong` says."""
    following = dict(zip(GENRES, GENRES[1:] + GENRES[:1], strict=True)) | (wrong or {})
    return {g: [g] * count + [following[g]] * (of - count) for g, count in zip(GENRES, right, strict=True)}


def run(model: str, protocol: str = "stratified", seed: int = 0, **numbers) -> dict:
    key = {"model": model, "protocol": protocol, "split": "repeat0", "seed": seed}
    return key | {"status": "done", "caveats": "", "reason": ""} | numbers


def answer(asked: Claim, *tested: pd.DataFrame, runs: list[dict] = (), statuses: list[dict] = ()) -> list[dict]:
    found = pd.concat(tested)
    known = [run(*key) for key in found[["model", "protocol", "seed"]].drop_duplicates().itertuples(index=False)]
    frame = claims.add_fluctuation(tables.METRICS.frame(runs or known), {})
    return claims.compare_claims([asked], found, frame, statuses, PROTOCOLS)


def test_the_better_of_two_is_better_by_an_interval_paired_by_clip():
    first, second = predicted("cnn", answers(9, 9, 8, 8)), predicted("rnn", answers(5, 4, 3, 5))
    (row,) = answer(claim("better", "cnn", "rnn"), first, second)
    of_clip = first["right"].astype(float) - second["right"].astype(float)
    assert row["difference"] == pytest.approx((34 - 17) / 40)
    assert (row["low"], row["high"]) == pytest.approx(bootstrap_interval(of_clip.sort_index()), abs=0.02)
    assert row["verdict"] == claims.HOLDS
    assert "cnn 85.0%" in row["ours"] and "rnn 42.5%" in row["ours"] and "40 clips" in row["ours"]
    (row,) = answer(claim("better", "rnn", "cnn"), first, second)
    assert row["verdict"] == claims.FAILS
    (row,) = answer(claim("better", "cnn", "rnn"), first, predicted("rnn", answers(9, 9, 8, 8)))
    assert (row["difference"], row["verdict"]) == (0, claims.UNDECIDED)


def test_each_of_several_has_to_be_better_than_each_other_one():
    tested = [predicted(name, answers(n, n, n, n)) for name, n in {"a": 9, "b": 6, "c": 5, "d": 2}.items()]
    (row,) = answer(claim("better", "a b", "c d"), *tested)
    assert row["difference"] == pytest.approx(0.1)  # the worst of the first, the best of the others


def test_only_runs_that_all_have_are_compared():
    tested = [predicted("a", answers(5, 5, 5, 5)), predicted("a", answers(0, 0, 0, 0), seed=1)]
    (row,) = answer(claim("better", "a", "b"), *tested, predicted("b", answers(5, 5, 5, 5)))
    assert row["difference"] == 0
    (row,) = answer(claim("better", "a", "b"), tested[1], predicted("b", answers(5, 5, 5, 5)))
    assert row["verdict"] == claims.NOT_RUN and row["reason"]


def test_a_claim_about_genres_is_tested_on_their_clips_and_few_clips_have_no_interval():
    tested = predicted("a", answers(9, 0, 9, 9)), predicted("b", answers(1, 9, 9, 9))
    (row,) = answer(claim("better", "a", "b", "blues"), *tested)
    assert row["difference"] == pytest.approx(0.8)
    assert (row["low"], row["verdict"]) == (None, claims.UNDECIDED)  # 10 clips
    (row,) = answer(claim("better", "a", "b", "polka"), *tested)
    assert row["verdict"] == claims.NOT_RUN and "polka" in row["reason"]


@pytest.mark.parametrize(
    ("kind", "genres", "verdict"),
    [
        ("easy_genre", "jazz", claims.HOLDS),
        ("hard_genre", "jazz", claims.FAILS),
        ("hard_genre", "rock pop", claims.HOLDS),
        ("easy_genre", "rock pop", claims.FAILS),
        ("easy_genre", "blues", claims.UNDECIDED),
    ],
)
def test_easy_and_hard_genres_are_those_of_higher_and_lower_recall(kind, genres, verdict):
    (row,) = answer(claim(kind, "cnn", genres=genres), predicted("cnn", answers(12, 20, 6, 4, of=20)))
    assert row["verdict"] == verdict
    if genres == "jazz":
        assert row["difference"] == pytest.approx((1 - 22 / 60) * (1 if kind == "easy_genre" else -1))
        ends = sorted(end * np.sign(row["difference"]) for end in newcombe_interval(1, 20, 22 / 60, 60))
        assert (row["low"], row["high"]) == pytest.approx(ends)
        assert "jazz 100.0% (place 1 of 4)" in row["ours"]


def test_confused_genres_are_taken_for_each_other_more_often_than_by_chance():
    tested = predicted("cnn", answers(10, 8, 20, 6, of=20, wrong={"jazz": "rock", "rock": "jazz"}))
    (row,) = answer(claim("confused", "cnn", genres="rock jazz"), tested)
    assert row["difference"] == pytest.approx(1 - 1 / 3)  # all 26 wrong predictions, of three wrong genres
    low, high = wilson_interval(1.0, 26)
    assert (row["low"], row["high"]) == pytest.approx((low - 1 / 3, high - 1 / 3))
    assert row["verdict"] == claims.HOLDS
    assert "place 1 of 6 pairs" in row["ours"]
    (row,) = answer(claim("confused", "cnn", genres="rock pop"), tested)
    assert row["difference"] == pytest.approx(-1 / 3)
    assert row["verdict"] == claims.FAILS
    (row,) = answer(claim("confused", "cnn", genres="rock pop"), predicted("cnn", answers(0, 0, 10, 10)))
    assert row["verdict"] == claims.UNDECIDED  # nothing is wrong


def test_a_model_is_even_where_its_genres_differ_less(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 499)
    tested = predicted("a", answers(20, 20, 20, 20, of=40)), predicted("b", answers(40, 0, 40, 0, of=40))
    (row,) = answer(claim("even", "a", "b"), *tested)
    assert row["difference"] == pytest.approx(0.5)  # the standard deviation of 1, 0, 1, 0 against none
    assert row["verdict"] == claims.HOLDS
    (row,) = answer(claim("even", "b", "a"), *tested)
    assert row["verdict"] == claims.FAILS
    few = predicted("a", answers(2, 2, 2, 2, of=4)), predicted("b", answers(4, 0, 4, 0, of=4))
    (row,) = answer(claim("even", "a", "b"), *few)
    assert (row["low"], row["verdict"]) == (None, claims.UNDECIDED)


def test_the_steadier_one_fluctuates_less_by_welchs_interval():
    def history(*accuracies: float) -> list[dict[str, str]]:
        return [{"val_accuracy": str(a), "val_loss": "1"} for a in accuracies]

    histories = {
        RunKey(model, "stratified", "repeat0", seed): history(0.5, 0.5, 0.5 + step, 0.5, 0.5 + step + seed / 1000)
        for (model, step), seed in product({"lstm": 0.01, "hubert": 0.2}.items(), range(3))
    }
    runs = [run(key.model, seed=key.seed) for key in histories]
    frame = claims.add_fluctuation(tables.METRICS.frame(runs), histories)
    moved = [learning(one)["fluctuation"] for one in histories.values()]
    assert frame["fluctuation"].tolist() == pytest.approx(moved)
    tested = pd.concat([predicted(model, answers(1, 1, 1, 1)) for model in ("lstm", "hubert")])
    (row,) = claims.compare_claims([claim("steadier", "lstm", "hubert")], tested, frame, [], PROTOCOLS)
    expected = stats.ttest_ind(moved[3:], moved[:3], equal_var=False).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))
    assert row["verdict"] == claims.HOLDS
    alone = frame[frame["seed"] == 0]
    (row,) = claims.compare_claims([claim("steadier", "lstm", "hubert")], tested, alone, [], PROTOCOLS)
    assert (row["low"], row["verdict"]) == (None, claims.UNDECIDED)
    (row,) = answer(claim("steadier", "lstm", "hubert"), tested)
    assert row["verdict"] == claims.NOT_RUN  # a forest has no epochs


def test_overfitting_is_the_gap_between_training_and_unseen_clips():
    tested = [predicted(model, answers(5, 5, 5, 5)) for model in ("a", "b")]
    numbers = [("a", 0, 0.7, 0.6), ("a", 1, 0.72, 0.61), ("b", 0, 0.99, 0.6), ("b", 1, 0.98, 0.61)]
    runs = [
        run(model, seed=seed, train_accuracy=train, accuracy=test, valid_accuracy=test)
        for model, seed, train, test in numbers
    ]
    (row,) = answer(claim("overfits_less", "a", "b"), *tested, runs=runs)
    assert row["difference"] == pytest.approx((0.39 + 0.37 - 0.10 - 0.11) / 2)
    assert row["verdict"] == claims.HOLDS
    (row,) = answer(claim("overfits", "b"), tested[1], runs=runs[2:])
    interval = stats.ttest_1samp([0.39, 0.37], 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == claims.HOLDS


def test_genres_differ_where_the_corrected_test_of_one_finds_it():
    first, second = predicted("a", answers(10, 10, 10, 10, of=20)), predicted("b", answers(10, 0, 10, 10, of=20))
    (row,) = answer(claim("genres_differ", "b", "a"), first, second)
    assert row["verdict"] == claims.HOLDS
    assert row["difference"] == pytest.approx(0.5)
    assert "1 genre of 4" in row["ours"] and "jazz" in row["ours"]
    third = predicted("b", answers(10, 7, 10, 10, of=20))  # an interval above 0, by McNemar's test p = 0.25
    (row,) = answer(claim("genres_differ", "a", "b"), first, third)
    assert row["verdict"] == claims.UNDECIDED


def test_claims_are_answered_under_the_closest_and_the_artist_disjoint_protocol():
    tested = [predicted(model, answers(5, 5, 5, 5), protocol) for model in "ab" for protocol in PROTOCOLS]
    rows = answer(claim("better", "a", "b"), *tested)  # of holdout, which is not there, and never of segments
    assert [row["protocol"] for row in rows] == ["stratified", "artist"]
    rows = answer(claim("better", "a", "b"), *(one for one in tested if one["protocol"].iloc[0] == "artist"))
    assert [row["protocol"] for row in rows] == ["artist"]


def test_the_settings_of_the_paper_are_preferred_where_they_were_run():
    source = "Li, section V.C"
    tested = [
        predicted(model, answers(n, n, n, n), protocol)
        for model, n, protocol in [
            ("lstm", 1, "stratified"), ("lstm-selected", 9, "stratified"), ("cnn", 5, "stratified"),
            ("lstm", 1, "artist"), ("cnn", 5, "artist"),
        ]
    ]  # fmt: skip
    closest, disjoint = answer(claim("better", "lstm", "cnn", source=source), *tested)
    assert "lstm-selected" in closest["ours"] and closest["verdict"] == claims.HOLDS
    assert "lstm-selected" not in disjoint["ours"] and disjoint["verdict"] == claims.FAILS


def test_a_claim_without_a_run_says_why():
    tested = predicted("a", answers(5, 5, 5, 5))
    (row,) = answer(
        claim("better", "a", "b"), tested, statuses=[run("b") | {"status": "unavailable", "reason": "No weights."}]
    )
    assert (row["verdict"], row["reason"]) == (claims.NOT_RUN, "b: No weights.")
    (row,) = answer(claim("better", "a", "b"), tested)
    assert "b is not in the suite" in row["reason"]
    (row,) = answer(claim("better", "a", "b"), tested, predicted("b", answers(5, 5, 5, 5), "artist"))
    assert "no protocol" in row["reason"]
    asked = replace(claim(claims.NONE, ""), reason="It is a hope.")
    (row,) = answer(asked, tested)
    assert (row["verdict"], row["reason"]) == (claims.NOT_RUN, "It is a hope.")


def test_claims_are_counted_by_their_strictest_protocol():
    rows = [
        {"id": "x", "verdict": claims.HOLDS},
        {"id": "x", "verdict": claims.FAILS},
        {"id": "y", "verdict": claims.NOT_RUN},
    ]
    (sentence,) = claims.describe(rows)
    assert all(text in sentence for text in ("2 claims", "answer 1", "0 of 1 hold", "1 do not hold", "0 are"))
    (sentence,) = claims.describe(rows[2:])
    assert "none" in sentence


# ---- data/claims.csv


@pytest.fixture(scope="module")
def listed() -> list[Claim]:
    return claims.read_claims(PATH)


def test_every_paper_has_claims_and_every_claim_is_answered_or_has_a_reason(listed):
    assert len({one.id for one in listed}) == len(listed)
    assert {paper_of(one.source) for one in listed} == set(PAPERS)
    for one in listed:
        assert one.claim
        assert bool(one.reason) == (one.kind == claims.NONE) == (not one.entries) == (not one.protocol), one.id


def test_the_claims_are_about_entries_and_genres_that_exist(listed):
    settings = config.resolve(settings_file.read(ROOT / "params.yaml") | {"dataset": "gtzan"})
    sections = settings.sections
    entries = set(sections["models"])
    entries |= {entry_name(model, name) for model, own in sections["variants"].items() for name in own}
    features = sections["ablation"]["features"]
    names = [*ablation.variants(features), ablation.SELECTED, ablation.PCA]
    entries |= {entry_name(model, name) for model in sections["ablation"]["models"] for name in names}
    for one in listed:
        assert set(one.names) <= entries, one.id
        assert set(one.genres) <= set("blues classical country disco hiphop jazz metal pop reggae rock".split()), one.id
        assert one.protocol in (*sections["protocols"], "holdout", ""), one.id


def test_each_kind_gets_what_it_needs(listed):
    for one in listed:
        sizes = len(one.entries), len(one.others), len(one.genres)
        match one.kind:
            case "easy_genre" | "hard_genre":
                assert sizes[:2] == (1, 0) and sizes[2], one.id
            case "confused":
                assert sizes == (1, 0, 2), one.id
            case "better":
                assert sizes[0] and sizes[1], one.id
            case "even" | "steadier" | "overfits_less":
                assert sizes[0] == 1 and sizes[1] and not sizes[2], one.id
            case "overfits":
                assert sizes == (1, 0, 0), one.id
            case "genres_differ":
                assert sizes == (1, 1, 0), one.id


def test_every_claim_of_the_file_is_in_the_table(listed, monkeypatch):
    """As if every entry had been run under every protocol."""
    monkeypatch.setattr(intervals, "RESAMPLES", 99)
    entries = {name for one in listed for name in one.names}
    genres = sorted({genre for one in listed for genre in one.genres})
    rng = np.random.default_rng(0)
    tested = pd.concat(
        predicted(name, {g: list(rng.choice(genres, 4)) for g in genres}, protocol)
        for name in entries
        for protocol in ("stratified", "artist")
    )
    runs = [
        run(name, protocol, train_accuracy=0.9, valid_accuracy=0.5, accuracy=0.4)
        for name in entries
        for protocol in ("stratified", "artist")
    ]
    frame = claims.add_fluctuation(
        tables.METRICS.frame(runs),
        {RunKey(r["model"], r["protocol"], "repeat0", 0): [{"val_accuracy": "0.5", "val_loss": "1"}] * 4 for r in runs},
    )
    rows = claims.compare_claims(listed, tested, frame, [], PROTOCOLS)
    assert list(dict.fromkeys(row["id"] for row in rows)) == [one.id for one in listed]
    assert {row["id"] for row in rows if row["verdict"] == claims.NOT_RUN} == {
        one.id for one in listed if one.kind == claims.NONE
    }
    assert all(row["protocol"] for row in rows if row["verdict"] != claims.NOT_RUN)


def test_a_claim_that_cannot_be_read_is_refused(tmp_path):
    rows = files.read_rows(PATH)
    for change in ({"kind": "nicer"}, {"kind": "none", "reason": ""}):
        files.write_rows(tmp_path / "claims.csv", list(rows[0]), [rows[0] | change])
        with pytest.raises(cli.InputError, match=rows[0]["id"]):
            claims.read_claims(tmp_path / "claims.csv")


def test_the_same_results_give_the_same_bytes(tmp_path):
    """The script, from the evaluations to the table."""
    for model, right in {"feature_lstm": 8, "feature_cnn": 5}.items():
        cases = predicted(model, answers(right, right, right, right), "stratified").drop(columns=["model", "right"])
        tables.PREDICTIONS.write(tmp_path / f"evaluation/{model}/predictions.csv", cases.assign(subset="test"))
        tables.METRICS.write(tmp_path / f"evaluation/{model}/metrics.csv", [run(model, unit="clip")])
    facts = {"available": True, "artists_known": 1.0, "counts": {"train": 9, "test": 40}, "reason": None}
    facts |= {"test_clips_sharing_artist_with_train": 3, "test_clips_with_known_artist": 4}
    files.write_json(tmp_path / "splits/stratified/repeat0.json", facts | {"test_clips_duplicated_in_train": 0})
    tables.STATUSES.write(tmp_path / "statuses.csv", [])
    written = []
    for name in ("once.csv", "twice.csv"):
        compare_claims.compare_claims(
            *(tmp_path / folder for folder in ("evaluation", "runs", "splits", "statuses.csv")),
            ["feature_cnn", "feature_lstm"],
            PATH,
            tmp_path / name,
        )
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    rows = {row["id"]: row for row in files.read_rows(tmp_path / "once.csv")}
    assert (rows["li-lstm-better"]["verdict"], rows["li-lstm-better"]["difference"]) == (claims.HOLDS, "0.3")
    assert rows["hm-deep-better"]["verdict"] == claims.NOT_RUN
