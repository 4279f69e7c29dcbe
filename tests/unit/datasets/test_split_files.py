import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from clip_tables import clip, corpus, describe, frame, lasting, make_split, sizes, subsets_by
from genrebench.common import cli, files
from genrebench.datasets import split_files, splits, tables

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "data/catalogue/gtzan.csv"
CANONICAL = ROOT / "data/splits/gtzan.csv"
REAL = ROOT.parent / "shared/data"
SHARES = {"test": 0.2, "valid": 0.2}
SEGMENTS = SHARES | {"length_s": 3.0, "hop_s": 3.0}


# A person's own split


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("clip_id,subset\na,train\nb,valid\nc,test\nx,test\n", "clips that the manifest does not have: x"),
        ("clip_id,subset\na,train\nb,valid\nc,test\na,test\n", "more than once: a"),
        ("clip_id,subset\na,train\nb,valid\nc,testing\n", r"c \(testing\)"),
        ("clip_id,subset\na,train\nb,valid\nc\n", r"c \(\)"),
        ("clip_id,subset\na,train\nb,train\nc,test\n", "subsets without a clip: valid"),
        ("clip_id,subset\n", "subsets without a clip: train, valid, test"),
        ("clip,fold\na,1\n", "columns clip, fold"),
        ("clip_id,subset\na,train\nb,valid\nd,test\n", "genres without a training clip: other"),
    ],
)
def test_a_faulty_split_of_a_person_is_named(tmp_path, text, fault):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    rows = [clip("a"), clip("b"), clip("c"), clip("d", "other")]
    with pytest.raises(cli.InputError, match=fault):
        split_files.read_split(path, frame(rows))


def test_a_split_that_cannot_be_read_is_an_input_error(tmp_path):
    (tmp_path / "binary.csv").write_bytes(b"\x00\x81")
    for name in ("missing.csv", "", "binary.csv"):
        with pytest.raises(cli.InputError, match="cannot be read"):
            split_files.read_split(tmp_path / name, frame([clip("a")]))


# The files


def run(folder: Path, rows: list[dict], protocol: str, given: dict, dataset: str = "mine", duration=None):
    split = {"kfold": "fold0", "fault_filtered": "fixed"}.get(protocol, "repeat0")
    tables.MANIFEST.write(folder / "manifest.csv", frame(rows))
    split_files.write_split(
        manifest=folder / "manifest.csv",
        protocol=protocol,
        split=split,
        settings=given,
        dataset=dataset,
        canonical=CANONICAL,
        catalogue=CATALOGUE,
        duration=duration,
        path_to_csv=folder / "split.csv",
        path_to_json=folder / "split.json",
    )
    return files.read_rows(folder / "split.csv"), files.read_json(folder / "split.json")


def test_the_command_does_the_same(tmp_path):
    expected = run(tmp_path, corpus(3, 5, 2), "stratified", SHARES)
    paths = {"manifest": "manifest.csv", "csv": "other.csv", "json": "other.json"}
    options = {name: tmp_path / path for name, path in paths.items()} | {"settings": json.dumps(SHARES)}
    options |= {"protocol": "stratified", "split": "repeat0", "dataset": "mine", "duration": '"longest"'}
    options |= {"canonical": CANONICAL, "catalogue": CATALOGUE}
    command = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    subprocess.run([sys.executable, ROOT / "scripts/make_split.py", *command], check=True, cwd=ROOT)
    assert (files.read_rows(tmp_path / "other.csv"), files.read_json(tmp_path / "other.json")) == expected


def test_the_split_is_written_in_the_order_of_the_manifest(tmp_path):
    rows = corpus(3, 5, 2)[::-1]
    table, facts = run(tmp_path, rows, "stratified", SHARES)
    assert [row["clip_id"] for row in table] == [row["clip_id"] for row in rows]
    assert (facts["protocol"], facts["split"], facts["version"]) == (
        "stratified",
        "repeat0",
        split_files.PROTOCOL_VERSION,
    )
    assert (facts["available"], facts["reason"], facts["source"]) == (True, None, "generated")
    assert facts["counts"] == {"train": 18, "valid": 6, "test": 6}
    assert facts["genres"]["genre 0"] == {"train": 6, "valid": 2, "test": 2}
    assert facts["artists_known"] == 1
    assert facts["unit"] == "clip" and "segments" not in facts
    written = (tmp_path / "split.csv").read_bytes(), (tmp_path / "split.json").read_bytes()
    run(tmp_path, rows, "stratified", SHARES)
    assert written == ((tmp_path / "split.csv").read_bytes(), (tmp_path / "split.json").read_bytes())


def test_what_a_random_split_leaks_is_counted(tmp_path):
    rows = [
        clip("a", artist="One"),
        clip("b", artist="one and Two", duplicate_of="a"),
        clip("c"),
        clip("d", artist="Three"),
        clip("e", artist="Four"),
        clip("f", duplicate_of="a"),
    ]
    mine = {"a": "train", "b": "test", "c": "test", "d": "valid", "e": "test", "f": "test"}
    files.write_rows(
        tmp_path / "mine.csv", ["clip_id", "subset"], ({"clip_id": c, "subset": s} for c, s in mine.items())
    )
    table, facts = run(tmp_path, rows, "mine", {"file": str(tmp_path / "mine.csv")})
    assert {row["clip_id"]: row["subset"] for row in table} == mine
    assert facts["source"] == "file"
    assert facts["artists_known"] == round(4 / 6, 4)
    assert facts["test_clips_with_known_artist"] == 2
    assert facts["test_clips_sharing_artist_with_train"] == 1
    assert facts["test_clips_duplicated_in_train"] == 2


@pytest.mark.parametrize(
    ("protocol", "given"),
    [
        ("stratified", SHARES),
        ("holdout", SHARES),
        ("artist", SHARES),
        ("kfold", {"folds": 3}),
        ("size_matched", {}),
        ("segment_random", SEGMENTS),
    ],
)
def test_clips_with_faults_are_in_no_subset_and_counted(tmp_path, protocol, given):
    rows = [row | {"duration_s": 10.0} for row in corpus(3, 5, 2)]
    rows[0]["faults"], rows[5]["faults"], rows[6]["faults"] = "distorted", "exact_repetition", "mislabelled distorted"
    table, facts = run(tmp_path, rows, protocol, given | {"without": ["distorted"]}, duration="longest")
    assert facts["available"], facts["reason"]
    left_out = {row["clip_id"] for row in rows} - {row["clip_id"] for row in table}
    assert left_out == {rows[0]["clip_id"], rows[6]["clip_id"]}
    assert facts["clips_without"] == 2 and facts["clips_left_out"] >= 2


def test_canonical_splits_have_no_clips_left_out_for_faults(tmp_path, gtzan):
    rows = [row | {"faults": "distorted" if row["clip_id"] == "reggae.00086" else ""} for row in gtzan]
    table, facts = run(tmp_path, rows, "stratified", SHARES | {"without": []}, "gtzan")
    assert facts["source"] == "canonical" and "reggae.00086" in {row["clip_id"] for row in table}
    table, facts = run(tmp_path, rows, "stratified", SHARES | {"without": ["distorted"]}, "gtzan")
    assert facts["source"] == "generated" and "reggae.00086" not in {row["clip_id"] for row in table}
    mislabelled = [row | {"faults": "mislabelled" if row["clip_id"] == "disco.00027" else ""} for row in gtzan]
    table, facts = run(tmp_path, mislabelled, "fault_filtered", {"without": ["mislabelled"]}, "gtzan")
    assert facts["counts"] == {"train": 442, "valid": 197, "test": 290}


def test_an_unavailable_split_is_an_empty_table_with_the_reason(tmp_path):
    table, facts = run(tmp_path, [clip(str(i)) for i in range(9)], "artist", SHARES)
    assert table == [] and (tmp_path / "split.csv").read_text() == "clip_id,subset\n"
    assert not facts["available"] and facts["reason"].startswith("The artist of 0 of 9 clips is known")
    assert facts["counts"] == dict.fromkeys(splits.SUBSETS, 0)


def test_the_command_deals_segments_and_says_so(tmp_path):
    rows = lasting({"b": [30.0] * 5, "a": [30.0] * 4 + [2.0]}, "one")
    table, facts = run(tmp_path, rows, "segment_random", SEGMENTS, "gtzan", duration=21.0)
    assert (tmp_path / "split.csv").read_text().startswith("clip_id,segment,subset\nb.0,0,")
    expected = [(row["clip_id"], str(k)) for row in rows for k in range(7 if row["duration_s"] != 2 else 1)]
    assert [(row["clip_id"], row["segment"]) for row in table] == expected
    assert (facts["unit"], facts["segments"]) == ("segment", {"length_s": 3.0, "hop_s": 3.0})
    assert (facts["source"], facts["available"], facts["note"]) == ("generated", True, None)
    assert facts["counts"] == {"train": 38, "valid": 13, "test": 13}
    assert facts["genres"]["b"] == {"train": 21, "valid": 7, "test": 7}
    trained = {row["clip_id"] for row in table if row["subset"] == "train"}
    tested = [row for row in table if row["subset"] == "test"]
    assert facts["test_segments_of_clips_in_train"] == sum(row["clip_id"] in trained for row in tested) > 0
    written = (tmp_path / "split.csv").read_bytes(), (tmp_path / "split.json").read_bytes()
    run(tmp_path, rows, "segment_random", SEGMENTS, "gtzan", duration=21.0)
    assert written == ((tmp_path / "split.csv").read_bytes(), (tmp_path / "split.json").read_bytes())


def test_brought_features_have_no_segments_to_leak(tmp_path):
    rows = corpus(2, 3, 2)
    table, facts = run(tmp_path, rows, "segment_random", SEGMENTS, duration="longest")
    assert table == [] and (tmp_path / "split.csv").read_text() == "clip_id,segment,subset\n"
    assert not facts["available"] and facts["unit"] == "segment"
    assert "no duration_s" in facts["reason"]


# GTZAN


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return tables.CATALOGUE.read(CATALOGUE)


@pytest.fixture(scope="module")
def gtzan(catalogue) -> list[dict]:
    return split_files.manifest_of_catalogue(catalogue).to_dict("records")


@pytest.fixture(scope="module")
def canonical() -> dict[str, dict[str, str]]:
    """The subset of each clip, by split."""
    table = split_files.read_canonical(CANONICAL).set_index("clip_id")
    return {name: table[name][table[name] != ""].to_dict() for name in table}


def test_the_canonical_table_is_what_the_catalogue_gives(tmp_path):
    split_files.write_gtzan_splits(CATALOGUE, tmp_path / "gtzan.csv")
    assert (tmp_path / "gtzan.csv").read_bytes() == CANONICAL.read_bytes()


def test_the_split_of_the_published_pictures_is_what_the_catalogue_gives(tmp_path):
    split_files.write_validation_split(CATALOGUE, tmp_path / "images.csv")
    assert (tmp_path / "images.csv").read_bytes() == CANONICAL.with_name("gtzan_images.csv").read_bytes()


def test_another_canonical_table_is_refused(tmp_path):
    (tmp_path / "gtzan.csv").write_text(CANONICAL.read_text().replace("blues.00000,train", "blues.00000,test"))
    with pytest.raises(cli.InputError, match="is not the table of protocol version 1"):
        split_files.read_canonical(tmp_path / "gtzan.csv")


def test_the_canonical_splits_are_what_they_are_called(gtzan, catalogue, canonical):
    facts = {column: describe(gtzan, split) for column, split in canonical.items()}
    published = catalogue[catalogue["fault_filtered"] != ""].set_index("clip_id")["fault_filtered"].to_dict()
    assert canonical["fault_filtered_fixed"] == published
    for column, fact in facts.items():
        match column.split("_repeat")[0]:
            case "stratified" | "holdout":
                assert all(n == {"train": 60, "valid": 20, "test": 20} for n in fact["genres"].values())
                # two thirds at the least: what the protocol is known for
                assert fact["test_clips_sharing_artist_with_train"] / fact["test_clips_with_known_artist"] > 0.75
            case "fault_filtered_fixed" | "size_matched":
                assert fact["counts"] == {"train": 443, "valid": 197, "test": 290}
                assert fact["test_clips_duplicated_in_train"] == 0
            case "artist":
                assert sum(fact["counts"].values()) == 919
                assert fact["test_clips_sharing_artist_with_train"] == fact["test_clips_duplicated_in_train"] == 0
                for counts in fact["genres"].values():
                    n = sum(counts.values())
                    assert counts["test"] == pytest.approx(0.2 * n, abs=0.07 * n)
                    assert counts["valid"] == pytest.approx(0.2 * n, abs=0.07 * n)
    assert {facts[c]["counts"]["test"] for c in facts if "kfold" in c} == {200}


def test_a_catalogue_group_or_recording_is_on_one_side_of_the_canonical_artist_splits(gtzan, catalogue, canonical):
    md5 = dict(zip(catalogue["clip_id"], catalogue["md5"], strict=True))
    rows = [row | {"md5": md5[row["clip_id"]]} for row in gtzan]
    for k in range(3):
        for column in ("artist", "group", "md5"):
            found = subsets_by(rows, canonical[f"artist_repeat{k}"], column)
            assert all(len(subsets) == 1 for subsets in found.values())


def test_canonical_splits_are_taken_for_gtzan_with_the_canonical_settings_only(gtzan, tmp_path):
    def source(rows, given, dataset="gtzan", protocol="stratified"):
        _, facts = run(tmp_path, rows, protocol, given, dataset)
        return facts["source"], facts["note"]

    default = SHARES | {"repeats": 2, "seed": 0, "duplicates": "use"}
    assert source(gtzan, default) == ("canonical", "1000 of the canonical split's 1000 clips are there.")
    assert source(gtzan, SHARES)[0] == "canonical"
    assert source(gtzan[:-1], default) == ("canonical", "999 of the canonical split's 1000 clips are there.")
    assert source(gtzan, default | {"seed": 9}) == ("generated", "The settings are not the canonical ones.")
    assert source(gtzan[::2], default)[0] == "generated"
    assert source(gtzan, default, "mine") == ("generated", None)
    assert source(gtzan, {}, protocol="fault_filtered")[0] == "canonical"


def test_the_clips_that_a_copy_lacks_change_no_others_side(gtzan, tmp_path):
    whole, _ = run(tmp_path, gtzan, "stratified", SHARES, "gtzan")
    without, _ = run(tmp_path, [row for row in gtzan if row["clip_id"] != "jazz.00054"], "stratified", SHARES, "gtzan")
    assert without == [row for row in whole if row["clip_id"] != "jazz.00054"]


def test_the_published_images_are_the_training_and_validation_clips(canonical):
    path = REAL / "gtzan_images/manifest.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    rows = [clip(row["clip_id"], row["genre"], row["artist"]) for row in files.read_rows(path)]
    chosen = {clip for clip, subset in canonical["fault_filtered_fixed"].items() if subset in ("train", "valid")}
    assert chosen - {row["clip_id"] for row in rows} <= {"jazz.00054"}
    published = split_files.fault_filtered(CATALOGUE)
    with pytest.raises(splits.NoSplit, match=r"this dataset has no test clip\."):
        make_split(rows, "fault_filtered", "fixed", {}, published)
    matched = make_split(rows, "size_matched", "repeat0", {"duplicates": "drop"}, published)
    honest = make_split(rows, "artist", "repeat0", SHARES, published)
    assert sizes(rows, matched) == sizes(rows, honest)
