"""Accuracies taken apart: on numbers made by hand, and on files such as the workflow writes."""

import csv
import re

import numpy as np
import pandas as pd
import pytest

import study_leakage
from genrebench.common import files
from genrebench.evaluation import leakage, tables
from genrebench.evaluation.intervals import wilson_interval
from genrebench.evaluation.leakage import Scores

UNKNOWN = dict.fromkeys(leakage.PROTOCOLS, "It was not run.")


def of_runs(*runs):
    """Scores of runs, each of (clip, segments, segments of the right genre)."""
    columns = ["clip_id", "segments", "segments_right"]
    frames = [pd.DataFrame(run, columns=columns).assign(split="s", seed=k) for k, run in enumerate(runs)]
    return Scores.of_runs(pd.concat(frames))


def scores(text, runs=1):
    """A clip per word, a segment per character, upper case where its genre was found; the clip is its first letter."""
    return of_runs(*[[(word[0].lower(), len(word), sum(map(str.isupper, word))) for word in text.split()]] * runs)


def clips(right, of, name="clip"):
    """As many clips of one segment, the first `right` of them found."""
    return of_runs([(f"{name}{i}", 1, int(i < right)) for i in range(of)])


def test_the_accuracy_is_the_mean_over_runs_whatever_their_sizes():
    assert of_runs([("a", 2, 1)], [("b", 4, 4)]).accuracy == pytest.approx(np.mean([0.5, 1.0]))
    assert scores("Aa Bb bb").accuracy == pytest.approx(2 / 6)


def test_the_parts_add_up_to_what_is_lost():
    found = {"segment_random": clips(90, 100), "stratified": clips(70, 100), "size_matched": clips(65, 100)}
    rows = leakage.decompose("one", "segment", found | {"artist": clips(40, 100)}, "artist", UNKNOWN)
    by_part = {row["part"]: row for row in rows}
    assert {part: row["difference"] for part, row in by_part.items()} == pytest.approx(
        {"segments": 0.2, "size": 0.05, "artists": 0.25, "total": 0.5}
    )
    assert (by_part["total"]["protocol"], by_part["total"]["other"]) == ("segment_random", "artist")
    assert set(rows[0]) == set(tables.LEAKAGE_PARTS.columns)


def test_size_matched_is_set_against_the_split_whose_sizes_it_has():
    assert leakage.disjoint_protocol(["stratified", "artist", "fault_filtered"]) == "fault_filtered"
    assert leakage.disjoint_protocol(["stratified", "artist"]) == "artist"
    found = {name: clips(n, 100) for name, n in (("size_matched", 60), ("artist", 50), ("fault_filtered", 45))}
    rows = leakage.decompose("one", "clip", found, "fault_filtered", UNKNOWN)
    assert [row["difference"] for row in rows if row["part"] == "artists"] == pytest.approx([0.15])


def test_the_interval_of_separate_clips_is_that_of_two_proportions():
    """Normal approximation of the difference of two independent proportions."""
    found, low, high = leakage.difference(clips(240, 300, "a"), clips(150, 300, "b"))
    assert found == pytest.approx(0.3)
    margin = 1.96 * np.sqrt(0.8 * 0.2 / 300 + 0.5 * 0.5 / 300)
    assert (low, high) == pytest.approx((0.3 - margin, 0.3 + margin), abs=0.006)


def test_the_interval_of_the_same_clips_is_paired():
    """Every clip that the second finds, the first finds too: only the 30 others vary."""
    found, low, high = leakage.difference(clips(240, 300), clips(210, 300))
    assert found == pytest.approx(0.1)
    margin = 1.96 * np.sqrt(0.1 * 0.9 / 300)
    assert (low, high) == pytest.approx((0.1 - margin, 0.1 + margin), abs=0.005)
    same = clips(5, 9)
    assert leakage.difference(same, same) == (0, 0, 0)


def test_the_interval_counts_clips_and_neither_segments_nor_runs():
    one, other = "A b C d E f G h I j K l", "m n o P q r s t u v w X"
    expected = leakage.difference(scores(one), scores(other))
    assert expected[1] < expected[0] < expected[2]
    tenfold = [" ".join(word * 10 for word in text.split()) for text in (one, other)]
    assert leakage.difference(*map(scores, tenfold)) == pytest.approx(expected)
    assert leakage.difference(scores(one, runs=3), scores(other, runs=3)) == pytest.approx(expected)


def test_too_few_clips_have_no_interval():
    assert leakage.difference(scores("A"), scores("a")) == (1, None, None)
    assert leakage.difference(scores("A"), scores("b")) == (1, None, None)  # some draws lack one of them


def test_the_finding_says_what_is_owed_to_what_and_what_may_be_chance():
    found = {"segment_random": clips(90, 100), "stratified": clips(70, 100, "x"), "size_matched": clips(69, 100, "y")}
    rows = leakage.decompose("one", "segment", found | {"artist": clips(40, 100, "z")}, "artist", UNKNOWN)
    sentence = leakage.finding(rows)
    assert re.findall(r"(\d+\.\d) points", sentence) == ["50.0", "20.0", "1.0", "29.0"]
    assert all(word in sentence for word in ("90.0%", "40.0%", *leakage.PARTS.values()))
    assert sentence.count("not significant") == 1


def test_the_finding_says_what_cannot_be_told():
    ends = {"segment_random": clips(90, 100), "artist": clips(40, 100)}
    rows = leakage.decompose("one", "segment", ends, "artist", UNKNOWN)
    sentence = leakage.finding(rows)
    assert "unknown" in sentence and all(name in sentence for name in leakage.PARTS.values())
    assert {row["reason"] for row in rows if row["part"] == "size"} == {
        "stratified: It was not run. size_matched: It was not run."
    }
    of_clips = {name: clips(n, 100) for name, n in (("stratified", 70), ("size_matched", 60), ("artist", 40))}
    rows = leakage.decompose("two", "clip", of_clips, "artist", UNKNOWN)
    assert "segments" not in leakage.finding(rows)  # what is not dealt is no part of what is lost
    only = leakage.decompose("three", "clip", {"artist": clips(40, 100)}, "artist", UNKNOWN)
    assert "artist only" in leakage.finding(only)
    none = leakage.decompose("four", "clip", {"stratified": clips(40, 100)}, "artist", UNKNOWN)
    assert "artist: It was not run." in leakage.finding(none)


def make_run(folder, model, protocol, train, test, unit="clip", seed=0):
    """The evaluation of a run; words are clips and characters segments, as for `scores`."""
    run = {"protocol": protocol, "split": "repeat0", "seed": seed}
    cases = [
        run | {"clip_id": word[0].lower(), "subset": subset, "genre": "x", "predicted": "xy"[part[0].islower()]}
        | {"segments": len(part), "segments_right": sum(map(str.isupper, part))}
        for subset, text in (("train", train), ("test", test))
        for word in text.split()
        for part in (word if unit == "segment" else [word])
    ]  # fmt: skip
    words = test.split()
    run |= {"model": model, "unit": unit, "status": "done" if cases else "unavailable"}
    run |= {"reason": None if cases else "There are no artists."}
    run |= {"accuracy": sum(word[0].isupper() for word in words) / len(words) if cases else None}
    for table, name, rows in ((tables.METRICS, "metrics.csv", [run]), (tables.PREDICTIONS, "predictions.csv", cases)):
        path = folder / "evaluation" / model / name
        before = table.read(path) if path.exists() else table.frame()
        table.write(path, pd.concat([before, table.frame(rows)]))
    facts = {"available": bool(cases), "reason": run["reason"], "unit": unit, "counts": {"test": len(words)}}
    facts |= {"artists_known": 1.0, "test_clips_with_known_artist": 4, "test_clips_sharing_artist_with_train": 3}
    facts |= {"test_clips_duplicated_in_train": 1, "test_segments_of_clips_in_train": 2}
    files.write_json(folder / "splits" / protocol / "repeat0.json", facts)


def study(folder, models=("one",), protocols=leakage.PROTOCOLS, md5="abc", unavailable=()):
    files.write_rows(folder / "manifest.csv", ["clip_id", "md5"], [{"clip_id": "a", "md5": md5}])
    out = [folder / name for name in ("leakage.csv", "leakage_parts.csv", "leakage.png")]
    study_leakage.study_leakage(
        *(folder / name for name in ("manifest.csv", "evaluation", "splits")), models, protocols, *out, unavailable
    )
    rows = {(row["model"], row["protocol"]): row for row in files.read_rows(out[0])}
    return rows, leakage.read_study(*out[:2])


@pytest.fixture
def folder(tmp_path):
    """A model of segments that has no artist split, and one of whole clips."""
    make_run(tmp_path, "one", "segment_random", "AB CC DD EE", "ABab C D E", unit="segment")
    make_run(tmp_path, "one", "stratified", "EF GH", "AA Bb cc Dd")
    make_run(tmp_path, "one", "artist", "", "")
    make_run(tmp_path, "two", "stratified", "E F", "A B c d")
    make_run(tmp_path, "two", "artist", "", "")
    return tmp_path


def test_a_row_per_model_and_protocol_with_the_reason_where_there_is_none(folder):
    rows, _ = study(folder, ["one", "two"], ["segment_random", "stratified", "artist", "size_matched"])
    assert list(rows) == [(model, protocol) for model in ("one", "two") for protocol in leakage.PROTOCOLS]
    leak = rows["one", "segment_random"]
    assert (leak["unit"], leak["n_train"], leak["train_clips"], leak["n_test"], leak["test_clips"]) == tuple(
        ("segment", "8", "4", "7", "4")
    )
    assert float(leak["accuracy"]) == pytest.approx(5 / 7, abs=1e-6)
    assert leak["clip_accuracy"] == ""
    low, high = wilson_interval(5 / 7, 4)
    assert (float(leak["accuracy_low"]), float(leak["accuracy_high"])) == pytest.approx((low, high), abs=1e-5)
    disjoint = rows["one", "stratified"]
    assert (float(disjoint["accuracy"]), float(disjoint["clip_accuracy"])) == (0.5, 0.75)
    assert rows["two", "stratified"]["unit"] == "clip"
    reasons = {key: row["reason"] for key, row in rows.items() if row["status"] == "unavailable"}
    assert reasons == {
        ("one", "size_matched"): "The protocol is not configured for this model.",
        ("one", "artist"): "There are no artists.",
        ("one", "fault_filtered"): "The protocol is not configured.",
        ("two", "segment_random"): "It assigns segments, and two takes whole clips.",
        ("two", "size_matched"): "The protocol is not configured for this model.",
        ("two", "artist"): "There are no artists.",
        ("two", "fault_filtered"): "The protocol is not configured.",
    }


def test_what_is_known_to_be_unavailable_has_its_reason(folder):
    missing = {"model": "two", "protocol": "size_matched", "reason": "The weights are missing."}
    rows, _ = study(folder, ["one", "two"], unavailable=[missing])
    assert (rows["two", "size_matched"]["status"], rows["two", "size_matched"]["reason"]) == tuple(
        ("unavailable", "The weights are missing.")
    )


def test_segments_are_compared_with_segments(folder):
    """5 of 7 segments, and 4 of 8: not 3 of the 4 clips."""
    _, found = study(folder)
    segments = next(part for part in found[0]["parts"] if part["part"] == "segments")
    assert segments["difference"] == pytest.approx(5 / 7 - 4 / 8, abs=1e-6)
    assert segments["unit"] == "segment"
    assert "artist: There are no artists." in found[0]["finding"]


def test_what_stands_on_both_sides_is_that_of_the_splits(folder):
    rows, _ = study(folder)
    row = rows["one", "stratified"]
    assert (row["shared"], row["repeated"]) == ("0.75", "0.25")
    assert rows["one", "segment_random"]["repeated"] == "0.5"  # of the segments
    assert rows["one", "artist"]["shared"] == ""


def test_where_there_is_no_audio_nobody_has_looked_for_repetitions(folder):
    rows, _ = study(folder, md5="")
    assert rows["one", "stratified"]["repeated"] == ""
    assert rows["one", "segment_random"]["repeated"] == "0.5"


def test_what_an_earlier_configuration_left_is_not_counted(folder):
    rows, _ = study(folder, protocols=["artist", "segment_random"])
    assert rows["one", "stratified"]["status"] == "unavailable"
    assert "not configured" in rows["one", "stratified"]["reason"]


def test_seeds_are_averaged(folder):
    make_run(folder, "one", "stratified", "EF GH", "AA BB CC DD", seed=1)
    rows, _ = study(folder)
    row = rows["one", "stratified"]
    assert (row["runs"], float(row["accuracy"]), float(row["clip_accuracy"])) == ("2", 0.75, 0.875)


def test_the_same_results_give_the_same_bytes(folder):
    study(folder)
    first = {path.name: path.read_bytes() for path in folder.glob("leakage*")}
    study(folder)
    assert {path.name: path.read_bytes() for path in folder.glob("leakage*")} == first
    with (folder / "leakage.csv").open() as file:
        assert next(csv.reader(file)) == list(tables.LEAKAGE.columns)
