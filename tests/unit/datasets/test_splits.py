import json
import sys
from pathlib import Path

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make_split
import write_gtzan_splits
from genrebench.audio import segments
from genrebench.common import cli, files
from genrebench.datasets import splits

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "data/catalogue/gtzan.csv"
CANONICAL = ROOT / "data/splits/gtzan.csv"
REAL = ROOT.parent / "shared/data"
SHARES = {"test": 0.2, "valid": 0.2}


def clip(clip_id: str, genre: str = "a", artist: str = "", group: str = "", duplicate_of: str = "") -> dict[str, str]:
    return {
        "clip_id": clip_id,
        "genre": genre,
        "artist": artist,
        "group": group or clip_id,
        "duplicate_of": duplicate_of,
    }


def corpus(genres: int, artists: int, clips: int) -> list[dict[str, str]]:
    """`artists` of each genre with `clips` each."""
    return [
        clip(f"{g}.{a}.{i}", f"genre {g}", f"artist {g} {a}")
        for g in range(genres)
        for a in range(artists)
        for i in range(clips)
    ]


@st.composite
def corpora(draw) -> list[dict[str, str]]:
    """In each genre three artists with nothing in common, and others who share groups, recordings and credits."""
    rows, others = [], []
    for g in range(draw(st.integers(2, 4))):
        for a, n in enumerate(draw(st.lists(st.integers(1, 5), min_size=4, max_size=10))):
            for i in range(n):
                rows.append(clip(f"{g}.{a}.{i}", f"genre {g}", f"Artist {g} {a}"))
                if a >= 3:
                    others.append(rows[-1])
    for row in draw(st.lists(st.sampled_from(others), max_size=4)):
        row["group"] = draw(st.sampled_from(["group x", "group y"]))
    for later in draw(st.sets(st.integers(1, len(others) - 1), min_size=1, max_size=4)):
        others[later]["duplicate_of"] = others[draw(st.integers(0, later - 1))]["clip_id"]
    for row in draw(st.lists(st.sampled_from(others), max_size=2)):
        row["artist"] += f" feat. {others[0]['artist'].lower()}"
    order = draw(st.permutations(range(len(rows))))
    return [rows[i] for i in order]


def subsets_by(rows: list[dict], split: dict[str, str], column: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["clip_id"] in split and row[column]:
            found.setdefault(row[column], set()).add(split[row["clip_id"]])
    return found


def genres_and_subsets(rows: list[dict], split: dict[str, str]) -> set[tuple[str, str]]:
    return {(row["genre"], split[row["clip_id"]]) for row in rows if row["clip_id"] in split}


def sizes(rows: list[dict], split: dict[str, str]) -> dict[str, dict[str, int]]:
    return splits.describe(rows, split)["genres"]


def complete(rows: list[dict]) -> set[tuple[str, str]]:
    return {(row["genre"], subset) for row in rows for subset in splits.SUBSETS}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(corpora(), st.integers(0, 3))
def test_artist_keeps_artists_groups_and_recordings_on_one_side(rows, seed):
    split = splits.make_split(rows, "artist", f"repeat{seed}", SHARES, {})
    assert split.keys() == {row["clip_id"] for row in rows}
    for column in ("artist", "group"):
        assert all(len(subsets) == 1 for subsets in subsets_by(rows, split, column).values()), column
    for row in rows:
        assert not row["duplicate_of"] or split[row["clip_id"]] == split[row["duplicate_of"]]
    assert genres_and_subsets(rows, split) == complete(rows)
    facts = splits.describe(rows, split)
    assert facts["test_clips_sharing_artist_with_train"] == facts["test_clips_duplicated_in_train"] == 0


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.integers(1, 6), min_size=10, max_size=15), min_size=1, max_size=4),
    st.sampled_from([(0.2, 0.2), (0.3, 0.1)]),
)
def test_artist_gives_each_genre_nearly_its_share(genres, shares):
    rows = [
        clip(f"{g}.{a}.{i}", f"genre {g}", f"artist {g} {a}")
        for g, artists in enumerate(genres)
        for a, n in enumerate(artists)
        for i in range(n)
    ]
    split = splits.make_split(rows, "artist", "repeat0", dict(zip(SHARES, shares, strict=True)), {})
    for counts in sizes(rows, split).values():
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert abs(counts[subset] - share * sum(counts.values())) <= 2


@pytest.mark.parametrize("protocol", ["stratified", "holdout", "artist", "size_matched"])
@pytest.mark.parametrize("duplicates", ["use", "drop"])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(rows=corpora())
def test_a_split_depends_on_what_the_rows_say_and_not_on_their_order(rows, protocol, duplicates):
    given = SHARES | {"duplicates": duplicates, "seed": 3}
    split = splits.make_split(rows, protocol, "repeat0", given, {})
    assert splits.make_split(rows, protocol, "repeat0", given, {}) == split
    if duplicates == "drop":
        assert split.keys() == {row["clip_id"] for row in rows if not row["duplicate_of"]}
    else:
        by_id = sorted(rows, key=lambda row: row["clip_id"])
        assert splits.make_split(by_id, protocol, "repeat0", given, {}) == split


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(5, 40), min_size=1),
    st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0.34, 0.33)]),
)
def test_stratified_gives_each_genre_its_share(genres, shares):
    rows = [clip(f"{genre}{i}", genre) for genre, n in genres.items() for i in range(n)]
    split = splits.make_split(rows, "stratified", "repeat0", dict(zip(SHARES, shares, strict=True)), {})
    assert split.keys() == {row["clip_id"] for row in rows}
    for genre, counts in sizes(rows, split).items():
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert counts[subset] >= 1
            assert abs(counts[subset] - share * genres[genre]) <= 1
        assert counts["train"] >= 1


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(5, 20), min_size=1), st.integers(3, 5))
def test_kfold_tests_and_validates_each_clip_once(genres, folds):
    rows = [clip(f"{genre}{i}", genre) for genre, n in genres.items() for i in range(n)]
    made = [splits.make_split(rows, "kfold", f"fold{k}", {"folds": folds}, {}) for k in range(folds)]
    for row in rows:
        dealt = [split[row["clip_id"]] for split in made]
        assert (dealt.count("test"), dealt.count("valid"), len(dealt)) == (1, 1, folds)
    tests = [sum(subset == "test" for subset in split.values()) for split in made]
    assert max(tests) - min(tests) <= len(genres)
    valid_of_first = {c for c, subset in made[0].items() if subset == "valid"}
    assert valid_of_first == {c for c, subset in made[1].items() if subset == "test"}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(corpora())
def test_size_matched_has_the_clips_and_the_sizes_of_the_artist_split(rows):
    honest = splits.make_split(rows, "artist", "repeat0", SHARES, {})
    # a seed of its own draws other clips, not other sizes
    matched = splits.make_split(rows, "size_matched", "repeat0", {"seed": 1}, {})
    assert matched.keys() == honest.keys()
    assert sizes(rows, matched) == sizes(rows, honest)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "A", "a ", "The A", "B", "B feat. C", "C & D", "E"]),
            st.sampled_from("pqrs"),
            st.integers(-1, 4),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_groups_are_the_connected_components(clips):
    rows = [
        clip(str(i), artist=artist, group=group, duplicate_of="" if not 0 <= original < i else str(original))
        for i, (artist, group, original) in enumerate(clips)
    ]
    names = {"": "", "A": "a", "a ": "a", "The A": "a", "B": "b", "B feat. C": "b c", "C & D": "c d", "E": "e"}
    graph = networkx.Graph()
    for row in rows:
        graph.add_edge(row["clip_id"], f"group {row['group']}")
        graph.add_edges_from((row["clip_id"], f"artist {name}") for name in names[row["artist"]].split())
        if row["duplicate_of"]:
            graph.add_edge(row["clip_id"], row["duplicate_of"])
    expected = {frozenset(c & {row["clip_id"] for row in rows}) for c in networkx.connected_components(graph)}
    group = splits.groups(rows)
    found: dict[str, set[str]] = {}
    for clip_id, name in group.items():
        found.setdefault(name, set()).add(clip_id)
    assert {frozenset(members) for members in found.values()} == expected


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        ("", set()),
        (" ", set()),
        ("The Beatles", {"beatles"}),
        ("AC/DC", {"ac", "dc"}),
        ("Lauryn Hill and Bob Marley", {"lauryn hill", "bob marley"}),
        ("Queen feat. David Bowie", {"queen", "david bowie"}),
        ("Sandy Anderson", {"sandy anderson"}),
        ("坂本 龍一", {"坂本 龍一"}),
    ],
)
def test_a_collaboration_is_by_each_of_its_artists(credit, expected):
    assert splits.artists({"artist": credit}) == expected


def test_one_band_in_two_spellings_is_one_artist():
    one, other = splits.artists({"artist": "Earth, Wind & Fire"}), splits.artists({"artist": "Earth Wind and Fire"})
    assert one & other


def test_repeats_differ_and_a_repeat_is_the_next_seed():
    rows = corpus(3, 6, 3)
    for protocol in ("stratified", "artist"):
        first, second = (splits.make_split(rows, protocol, f"repeat{k}", SHARES, {}) for k in (0, 1))
        assert first != second
        assert splits.make_split(rows, protocol, "repeat0", SHARES | {"seed": 1}, {}) == second


def test_clips_of_unknown_artists_are_left_out_of_artist():
    rows = [*corpus(2, 5, 2), clip("unknown", "genre 0")]
    split = splits.make_split(rows, "artist", "repeat0", SHARES, {})
    assert split.keys() == {row["clip_id"] for row in rows} - {"unknown"}


def test_dropping_keeps_one_clip_of_each_recording_though_its_original_is_absent():
    rows = [clip("b", duplicate_of="gone"), clip("c", duplicate_of="gone"), clip("e", duplicate_of="d"), clip("d")]
    assert [row["clip_id"] for row in splits.drop_duplicates(rows)] == ["b", "d"]


@pytest.mark.parametrize(
    ("rows", "protocol", "given", "reason"),
    [
        ([], "stratified", SHARES, "no clips"),
        ([*corpus(1, 5, 2), clip("x", "rock"), clip("y", "rock")], "stratified", SHARES, "rock has 2 clips; 3 are"),
        ([*corpus(1, 5, 2), clip("x", "rock")], "holdout", SHARES, "rock has 1 clip; 3 are"),
        ([clip(str(i)) for i in range(3)], "kfold", {"folds": 5}, "a has 3 clips; 5 are needed"),
        ([clip(str(i)) for i in range(9)], "artist", SHARES, "artist of 0 of 9 clips is known"),
        ([*corpus(1, 4, 4), clip("x", "genre 0"), clip("y", "genre 0")], "artist", SHARES, "of 16 of 18 clips"),
        ([*corpus(1, 5, 9), *corpus(2, 2, 2)[4:]], "artist", SHARES, "genre 1 has 2 groups"),
        ([clip(str(i)) for i in range(9)], "size_matched", {}, "There is no honest split to match.*artist of 0 of 9"),
        (corpus(2, 3, 3), "fault_filtered", {}, "none of these is"),
    ],
)
def test_a_protocol_that_the_dataset_cannot_have_says_why(rows, protocol, given, reason):
    with pytest.raises(splits.Unavailable, match=reason):
        splits.make_split(rows, protocol, "repeat0", given, {})


def test_artists_of_several_genres_may_leave_no_artist_split():
    # Each genre has three of four artists: all four would need sides of their own.
    rows = [clip(f"{g}{a}", f"genre {g}", f"artist {a}") for g in range(4) for a in range(4) if a != g]
    with pytest.raises(splits.Unavailable, match="Artists that stand in several genres"):
        splits.make_split(rows, "artist", "repeat0", SHARES, {})


def test_every_genre_is_on_all_sides_though_artists_stand_in_several():
    rows = [clip(f"{a}{g}", f"genre {g}", f"artist {a}") for a in range(3) for g in range(4)]
    split = splits.make_split(rows, "artist", "repeat0", SHARES, {})
    assert genres_and_subsets(rows, split) == complete(rows)


def test_fault_filtered_names_the_subsets_and_genres_that_are_missing():
    published = {f"{g}.{i}": s for g in ("a", "b") for i, s in enumerate(splits.SUBSETS)} | {"a.9": ""}
    rows = [clip(name, name[0]) for name in published]
    assert splits.make_split(rows, "fault_filtered", "fixed", {}, published) == {
        c: s for c, s in published.items() if s
    }
    for lacking, reason in (
        ({"b.2"}, "this dataset has no test clip of b"),
        ({"a.2", "b.2"}, "this dataset has no test clip"),
        ({"a.1", "b.2"}, "no valid clip of a; no test clip of b"),
    ):
        with pytest.raises(splits.Unavailable, match=f"{reason}[.]"):
            there = [row for row in rows if row["clip_id"] not in lacking]
            splits.make_split(there, "fault_filtered", "fixed", {}, published)


def test_impossible_settings_are_refused():
    for protocol in ("stratified", "artist"):
        with pytest.raises(cli.InputError, match="leave nothing to train on"):
            splits.make_split(corpus(2, 4, 2), protocol, "repeat0", {"test": 0.5, "valid": 0.5}, {})
    with pytest.raises(cli.InputError, match="protocol nonsense is unknown"):
        splits.make_split(corpus(2, 4, 2), "nonsense", "repeat0", {}, {})


# Segments


SEGMENTS = SHARES | {"length_s": 3.0, "hop_s": 3.0}


def lasting(durations: dict[str, list[float]], artist: str = "") -> list[dict[str, str]]:
    """A manifest with a clip for each duration (s) of each genre."""
    return [
        clip(f"{genre}.{i}", genre, artist) | {"duration_s": f"{seconds:.6f}"}
        for genre, own in durations.items()
        for i, seconds in enumerate(own)
    ]


def segments_of(split: dict[tuple[str, int], str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for clip_id, number in sorted(split):
        found.setdefault(clip_id, []).append(number)
    return found


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.lists(st.floats(1, 40), min_size=5, max_size=12), min_size=1, max_size=4
    ),
    st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0.34, 0.33)]),
    st.sampled_from([(3.0, 3.0), (3.0, 1.0), (0.5, 2.5)]),
)
def test_every_segment_is_dealt_once_and_each_genre_has_its_share(durations, shares, grid):
    rows = lasting(durations | {"long": [30.0] * 3})
    given = dict(zip(SEGMENTS, (*shares, *grid), strict=True))
    split = splits.deal_segments(rows, "repeat0", given, "longest")
    assert segments_of(split) == {
        row["clip_id"]: list(range(len(segments.starts(float(row["duration_s"]), *grid))))
        for row in sorted(rows, key=lambda row: row["clip_id"])
    }
    facts = splits.describe_segments(rows, split, given)
    assert sum(facts["counts"].values()) == len(split)
    for counts in facts["genres"].values():
        n = sum(counts.values())
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert counts[subset] >= 1
            assert abs(counts[subset] - share * n) <= 1
        assert counts["train"] >= 1


def test_a_deal_of_segments_depends_on_the_seed_and_not_on_the_order_of_the_rows():
    rows = lasting({"a": [30.0] * 4, "b": [12.0] * 6})
    first = splits.deal_segments(rows, "repeat0", SEGMENTS | {"seed": 3}, "longest")
    assert splits.deal_segments(rows[::-1], "repeat0", SEGMENTS | {"seed": 3}, "longest") == first
    assert splits.deal_segments(rows, "repeat3", SEGMENTS, "longest") == first
    assert splits.deal_segments(rows, "repeat1", SEGMENTS | {"seed": 3}, "longest") != first


def test_a_clip_shorter_than_a_segment_is_one():
    rows = lasting({"a": [1.0, 2.0, 3.0, 5.9, 6.0], "b": [0.1] * 3})
    found = segments_of(splits.deal_segments(rows, "repeat0", SEGMENTS, "longest"))
    assert found == {f"a.{i}": [0] for i in range(4)} | {"a.4": [0, 1]} | {f"b.{i}": [0] for i in range(3)}


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("longest", [10, 10, 3]),
        (15.0, [5, 5, 3]),
        (60.0, [10, 10, 3]),  # what clips are padded with has no segments
        ({"percentile": 30, "at_least_s": 1.0}, [10, 10, 3]),
        ({"percentile": 0, "at_least_s": 1.0}, [3, 3, 3]),
        ({"percentile": 0, "at_least_s": 12.0}, [4, 4, 3]),
    ],
)
def test_what_is_cut_from_long_clips_has_no_segments(duration, expected):
    rows = lasting({"a": [30.0, 30.0, 9.0]})
    found = segments_of(splits.deal_segments(rows, "repeat0", SEGMENTS, duration))
    assert [len(found[f"a.{i}"]) for i in range(3)] == expected


def test_dropped_duplicates_have_no_segments():
    rows = lasting({"a": [30.0] * 3})
    rows[2]["duplicate_of"] = "a.0"
    split = splits.deal_segments(rows, "repeat0", SEGMENTS | {"duplicates": "drop"}, "longest")
    assert segments_of(split).keys() == {"a.0", "a.1"}
    assert splits.describe_segments(rows, split, SEGMENTS)["clips_left_out"] == 1


def test_what_segments_leak_is_counted():
    rows = [
        *lasting({"a": [9.0]}, "One"),
        *lasting({"b": [9.0]}, "one"),
        *lasting({"c": [9.0]}),
    ]
    rows[2]["duplicate_of"] = "a.0"
    split = {("a.0", 0): "train", ("a.0", 1): "valid", ("a.0", 2): "test"}
    split |= {("b.0", k): "test" for k in range(2)} | {("b.0", 2): "valid", ("c.0", 0): "test"}
    facts = splits.describe_segments(rows, split, SEGMENTS)
    assert (facts["unit"], facts["segments"]) == ("segment", {"length_s": 3.0, "hop_s": 3.0})
    assert facts["counts"] == {"train": 1, "valid": 2, "test": 4}
    assert facts["genres"]["b"] == {"train": 0, "valid": 1, "test": 2}
    assert facts["test_segments_of_clips_in_train"] == 1
    # these are clips: a.0 and b.0 by an artist in training, a.0 and c.0 of a recording in training
    assert facts["test_clips_with_known_artist"] == facts["test_clips_sharing_artist_with_train"] == 2
    assert facts["test_clips_duplicated_in_train"] == 2


@pytest.mark.parametrize(
    ("rows", "given", "reason"),
    [
        ([], SEGMENTS, "no clips"),
        (corpus(2, 3, 3), SEGMENTS, "no duration_s for 18 clips .*Datasets that bring features have none"),
        ([*lasting({"a": [30.0] * 3}), clip("x")], SEGMENTS, r"no duration_s for 1 clip \(x\)"),
        (lasting({"a": [4.0] * 9}), SEGMENTS, "No clip has two segments of 3 s, 3 s apart"),
        (lasting({"a": [30.0] * 9, "b": [6.0]}), SEGMENTS, "b has 2 segments; 3 are needed"),
    ],
)
def test_a_dataset_that_cannot_leak_segments_says_why(rows, given, reason):
    with pytest.raises(splits.Unavailable, match=reason):
        splits.deal_segments(rows, "repeat0", given, "longest")


def test_shares_of_segments_must_leave_some_to_train_on():
    with pytest.raises(cli.InputError, match="leave nothing to train on"):
        splits.deal_segments(lasting({"a": [30.0] * 3}), "repeat0", SEGMENTS | {"test": 0.5, "valid": 0.5}, "longest")


# A person's own split


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("clip_id,subset\na,train\nb,valid\nc,test\nx,test\n", "clips that the manifest does not have: x"),
        ("clip_id,subset\na,train\nb,valid\nc,test\na,test\n", "more than once: a"),
        ("clip_id,subset\na,train\nb,valid\nc,testing\n", r"c \(testing\)"),
        ("clip_id,subset\na,train\nb,valid\nc\n", r"c \(None\)"),
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
        splits.read_split(path, rows)


def test_a_split_that_cannot_be_read_is_an_input_error(tmp_path):
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    for name in ("missing.csv", "", "binary.csv"):
        with pytest.raises(cli.InputError, match="cannot be read"):
            splits.read_split(tmp_path / name, [clip("a")])


# The command


def run(folder: Path, rows: list[dict], protocol: str, given: dict, dataset: str = "mine", **paths):
    split = {"kfold": "fold0", "fault_filtered": "fixed"}.get(protocol, "repeat0")
    files.write_rows(folder / "manifest.csv", rows[0], rows)
    command = f"make_split.py --protocol {protocol} --split {split} --dataset {dataset}".split()
    for option, value in {
        "manifest": folder / "manifest.csv",
        "settings": json.dumps(given),
        "duration": json.dumps(paths.get("duration")),
        "canonical": paths.get("canonical", CANONICAL),
        "catalogue": CATALOGUE,
        "csv": folder / "split.csv",
        "json": folder / "split.json",
    }.items():
        command += [f"--{option}", str(value)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        make_split.make_split(**vars(make_split.arguments()))
    return files.read_rows(folder / "split.csv"), files.read_json(folder / "split.json")


def test_the_command_writes_the_split_in_the_order_of_the_manifest(tmp_path):
    rows = corpus(3, 5, 2)[::-1]
    table, facts = run(tmp_path, rows, "stratified", SHARES)
    assert [row["clip_id"] for row in table] == [row["clip_id"] for row in rows]
    assert (facts["protocol"], facts["split"], facts["version"]) == ("stratified", "repeat0", splits.PROTOCOL_VERSION)
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


def test_an_unavailable_split_is_an_empty_table_with_the_reason(tmp_path):
    table, facts = run(tmp_path, [clip(str(i)) for i in range(9)], "artist", SHARES)
    assert table == [] and (tmp_path / "split.csv").read_text() == "clip_id,subset\n"
    assert not facts["available"] and facts["reason"].startswith("The artist of 0 of 9 clips is known")
    assert facts["counts"] == dict.fromkeys(splits.SUBSETS, 0)


def test_the_command_deals_segments_and_says_so(tmp_path):
    rows = lasting({"b": [30.0] * 5, "a": [30.0] * 4 + [2.0]}, "one")
    table, facts = run(tmp_path, rows, "segment_random", SEGMENTS, "gtzan", duration=21.0)
    assert (tmp_path / "split.csv").read_text().startswith("clip_id,segment,subset\nb.0,0,")
    expected = [(row["clip_id"], str(k)) for row in rows for k in range(7 if row["duration_s"] != "2.000000" else 1)]
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
    rows = [row | {"duration_s": ""} for row in corpus(2, 3, 2)]
    table, facts = run(tmp_path, rows, "segment_random", SEGMENTS, duration="longest")
    assert table == [] and (tmp_path / "split.csv").read_text() == "clip_id,segment,subset\n"
    assert not facts["available"] and facts["unit"] == "segment"
    assert "no duration_s" in facts["reason"]


# GTZAN


@pytest.fixture(scope="module")
def gtzan() -> list[dict[str, str]]:
    return write_gtzan_splits.manifest_rows(files.read_rows(CATALOGUE))


def test_the_canonical_table_is_what_the_catalogue_gives(tmp_path):
    write_gtzan_splits.write_gtzan_splits(CATALOGUE, tmp_path / "gtzan.csv")
    assert (tmp_path / "gtzan.csv").read_bytes() == CANONICAL.read_bytes()


def test_another_canonical_table_is_refused(tmp_path):
    (tmp_path / "gtzan.csv").write_text(CANONICAL.read_text().replace("blues.00000,train", "blues.00000,test"))
    with pytest.raises(cli.InputError, match="is not the table of protocol version 1"):
        splits.read_canonical(tmp_path / "gtzan.csv")


def test_the_canonical_splits_are_what_they_are_called(gtzan):
    table = splits.read_canonical(CANONICAL)
    columns = {c: {row["clip_id"]: row[c] for row in table if row[c]} for c in table[0] if c != "clip_id"}
    facts = {column: splits.describe(gtzan, split) for column, split in columns.items()}
    published = {row["clip_id"]: row["fault_filtered"] for row in files.read_rows(CATALOGUE) if row["fault_filtered"]}
    assert columns["fault_filtered_fixed"] == published
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
    assert {splits.describe(gtzan, columns[c])["counts"]["test"] for c in columns if "kfold" in c} == {200}


def test_a_catalogue_group_or_recording_is_on_one_side_of_the_canonical_artist_splits(gtzan):
    table = splits.read_canonical(CANONICAL)
    md5 = {row["clip_id"]: row["md5"] for row in files.read_rows(CATALOGUE)}
    rows = [row | {"md5": md5[row["clip_id"]]} for row in gtzan]
    for k in range(3):
        split = {row["clip_id"]: row[f"artist_repeat{k}"] for row in table if row[f"artist_repeat{k}"]}
        for column in ("artist", "group", "md5"):
            assert all(len(subsets) == 1 for subsets in subsets_by(rows, split, column).values())


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


def test_the_published_images_are_the_training_and_validation_clips():
    path = REAL / "gtzan_images/manifest.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    rows = [clip(row["clip_id"], row["genre"], row["artist"]) for row in files.read_rows(path)]
    table = files.read_rows(CANONICAL)
    chosen = {row["clip_id"] for row in table if row["fault_filtered_fixed"] in ("train", "valid")}
    assert chosen - {row["clip_id"] for row in rows} <= {"jazz.00054"}
    published = {row["clip_id"]: row["fault_filtered"] for row in files.read_rows(CATALOGUE)}
    with pytest.raises(splits.Unavailable, match=r"this dataset has no test clip\."):
        splits.make_split(rows, "fault_filtered", "fixed", {}, published)
    matched = splits.make_split(rows, "size_matched", "repeat0", {"duplicates": "drop"}, published)
    honest = splits.make_split(rows, "artist", "repeat0", SHARES, published)
    assert sizes(rows, matched) == sizes(rows, honest)
