import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_tables import (
    clip,
    corpus,
    describe,
    describe_segments,
    frame,
    lasting,
    make_split,
    sizes,
    split_segments,
    subsets_by,
)
from genrebench.audio.lengths import segment_starts
from genrebench.common import cli
from genrebench.datasets import splits

SHARES = {"test": 0.2, "valid": 0.2}


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


def genres_and_subsets(rows: list[dict], split: dict[str, str]) -> set[tuple[str, str]]:
    return {(row["genre"], split[row["clip_id"]]) for row in rows if row["clip_id"] in split}


def complete(rows: list[dict]) -> set[tuple[str, str]]:
    return {(row["genre"], subset) for row in rows for subset in splits.SUBSETS}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(corpora(), st.integers(0, 3))
def test_artist_keeps_artists_groups_and_recordings_on_one_side(rows, seed):
    split = make_split(rows, "artist", f"repeat{seed}", SHARES, {})
    assert split.keys() == {row["clip_id"] for row in rows}
    for column in ("artist", "group"):
        assert all(len(subsets) == 1 for subsets in subsets_by(rows, split, column).values()), column
    for row in rows:
        assert not row["duplicate_of"] or split[row["clip_id"]] == split[row["duplicate_of"]]
    assert genres_and_subsets(rows, split) == complete(rows)
    facts = describe(rows, split)
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
    split = make_split(rows, "artist", "repeat0", dict(zip(SHARES, shares, strict=True)), {})
    for counts in sizes(rows, split).values():
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert abs(counts[subset] - share * sum(counts.values())) <= 2


@pytest.mark.parametrize("protocol", ["stratified", "holdout", "artist", "size_matched"])
@pytest.mark.parametrize("duplicates", ["use", "drop"])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(rows=corpora())
def test_a_split_depends_on_what_the_rows_say_and_not_on_their_order(rows, protocol, duplicates):
    given = SHARES | {"duplicates": duplicates, "seed": 3}
    split = make_split(rows, protocol, "repeat0", given, {})
    assert make_split(rows, protocol, "repeat0", given, {}) == split
    if duplicates == "drop":
        assert split.keys() == {row["clip_id"] for row in rows if not row["duplicate_of"]}
    else:
        by_id = sorted(rows, key=lambda row: row["clip_id"])
        assert make_split(by_id, protocol, "repeat0", given, {}) == split


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(5, 40), min_size=1),
    st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0.34, 0.33)]),
)
def test_stratified_gives_each_genre_its_share(genres, shares):
    rows = [clip(f"{genre}{i}", genre) for genre, n in genres.items() for i in range(n)]
    split = make_split(rows, "stratified", "repeat0", dict(zip(SHARES, shares, strict=True)), {})
    assert split.keys() == {row["clip_id"] for row in rows}
    for genre, counts in sizes(rows, split).items():
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert counts[subset] >= 1
            assert abs(counts[subset] - share * genres[genre]) <= 1
        assert counts["train"] >= 1


def test_clips_that_are_left_out_by_name_are_in_no_subset():
    rows = [clip(f"jazz.{i}", "jazz") for i in range(10)] + [clip(f"pop.{i}", "pop") for i in range(10)]
    own = SHARES | {"leave_out": ["jazz.3", "not there"]}
    for protocol in ("stratified", "holdout"):
        split = make_split(rows, protocol, "repeat0", own, {})
        assert {row["clip_id"] for row in rows} - set(split) == {"jazz.3"}
    halves = lasting({"jazz": [2.0] * 6, "pop": [2.0] * 6})
    split = split_segments(halves, "repeat0", own | {"length_s": 1.0, "hop_s": 1.0}, "longest")
    assert "jazz.3" not in {clip_id for clip_id, _ in split} and len(split) == 22


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(5, 20), min_size=1), st.integers(3, 5))
def test_kfold_tests_and_validates_each_clip_once(genres, folds):
    rows = [clip(f"{genre}{i}", genre) for genre, n in genres.items() for i in range(n)]
    made = [make_split(rows, "kfold", f"fold{k}", {"folds": folds}, {}) for k in range(folds)]
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
    honest = make_split(rows, "artist", "repeat0", SHARES, {})
    # a seed of its own draws other clips, not other sizes
    matched = make_split(rows, "size_matched", "repeat0", {"seed": 1}, {})
    assert matched.keys() == honest.keys()
    assert sizes(rows, matched) == sizes(rows, honest)


def test_repeats_differ_and_a_repeat_is_the_next_seed():
    rows = corpus(3, 6, 3)
    for protocol in ("stratified", "artist"):
        first, second = (make_split(rows, protocol, f"repeat{k}", SHARES, {}) for k in (0, 1))
        assert first != second
        assert make_split(rows, protocol, "repeat0", SHARES | {"seed": 1}, {}) == second


def test_clips_of_unknown_artists_are_left_out_of_artist():
    rows = [*corpus(2, 5, 2), clip("unknown", "genre 0")]
    split = make_split(rows, "artist", "repeat0", SHARES, {})
    assert split.keys() == {row["clip_id"] for row in rows} - {"unknown"}


def test_dropping_keeps_one_clip_of_each_recording_though_its_original_is_absent():
    rows = [clip("b", duplicate_of="gone"), clip("c", duplicate_of="gone"), clip("e", duplicate_of="d"), clip("d")]
    assert splits.drop_duplicates(frame(rows))["clip_id"].to_list() == ["b", "d"]


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
        (
            [clip(str(i)) for i in range(9)],
            "size_matched",
            {},
            "no artist-disjoint split to match.*artist of 0 of 9",
        ),
        (corpus(2, 3, 3), "fault_filtered", {}, "none of these is"),
    ],
)
def test_a_protocol_that_the_dataset_cannot_have_says_why(rows, protocol, given, reason):
    with pytest.raises(splits.NoSplit, match=reason):
        make_split(rows, protocol, "repeat0", given, {})


def test_artists_of_several_genres_may_leave_no_artist_split():
    # Each genre has three of four artists: all four would need sides of their own.
    rows = [clip(f"{g}{a}", f"genre {g}", f"artist {a}") for g in range(4) for a in range(4) if a != g]
    with pytest.raises(splits.NoSplit, match="Artists that stand in several genres"):
        make_split(rows, "artist", "repeat0", SHARES, {})


def test_every_genre_is_on_all_sides_though_artists_stand_in_several():
    rows = [clip(f"{a}{g}", f"genre {g}", f"artist {a}") for a in range(3) for g in range(4)]
    split = make_split(rows, "artist", "repeat0", SHARES, {})
    assert genres_and_subsets(rows, split) == complete(rows)


def test_fault_filtered_names_the_subsets_and_genres_that_are_missing():
    published = {f"{g}.{i}": s for g in ("a", "b") for i, s in enumerate(splits.SUBSETS)} | {"a.9": ""}
    rows = [clip(name, name[0]) for name in published]
    assert make_split(rows, "fault_filtered", "fixed", {}, published) == {c: s for c, s in published.items() if s}
    for lacking, reason in (
        ({"b.2"}, "this dataset has no test clip of b"),
        ({"a.2", "b.2"}, "this dataset has no test clip"),
        ({"a.1", "b.2"}, "no valid clip of a; no test clip of b"),
    ):
        with pytest.raises(splits.NoSplit, match=f"{reason}[.]"):
            there = [row for row in rows if row["clip_id"] not in lacking]
            make_split(there, "fault_filtered", "fixed", {}, published)


def test_impossible_settings_are_refused():
    for protocol in ("stratified", "artist"):
        with pytest.raises(cli.InputError, match="leave nothing to train on"):
            make_split(corpus(2, 4, 2), protocol, "repeat0", {"test": 0.5, "valid": 0.5}, {})
    with pytest.raises(cli.InputError, match="protocol nonsense is unknown"):
        make_split(corpus(2, 4, 2), "nonsense", "repeat0", {}, {})


# Segments


SEGMENTS = SHARES | {"length_s": 3.0, "hop_s": 3.0}


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
    split = split_segments(rows, "repeat0", given, "longest")
    assert segments_of(split) == {
        row["clip_id"]: list(range(len(segment_starts(float(row["duration_s"]), *grid))))
        for row in sorted(rows, key=lambda row: row["clip_id"])
    }
    facts = describe_segments(rows, split, given)
    assert sum(facts["counts"].values()) == len(split)
    for counts in facts["genres"].values():
        n = sum(counts.values())
        for subset, share in zip(("test", "valid"), shares, strict=True):
            assert counts[subset] >= 1
            assert abs(counts[subset] - share * n) <= 1
        assert counts["train"] >= 1


def test_a_deal_of_segments_depends_on_the_seed_and_not_on_the_order_of_the_rows():
    rows = lasting({"a": [30.0] * 4, "b": [12.0] * 6})
    first = split_segments(rows, "repeat0", SEGMENTS | {"seed": 3}, "longest")
    assert split_segments(rows[::-1], "repeat0", SEGMENTS | {"seed": 3}, "longest") == first
    assert split_segments(rows, "repeat3", SEGMENTS, "longest") == first
    assert split_segments(rows, "repeat1", SEGMENTS | {"seed": 3}, "longest") != first


def test_a_clip_shorter_than_a_segment_is_one():
    rows = lasting({"a": [1.0, 2.0, 3.0, 5.9, 6.0], "b": [0.1] * 3})
    found = segments_of(split_segments(rows, "repeat0", SEGMENTS, "longest"))
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
    found = segments_of(split_segments(rows, "repeat0", SEGMENTS, duration))
    assert [len(found[f"a.{i}"]) for i in range(3)] == expected


def test_dropped_duplicates_have_no_segments():
    rows = lasting({"a": [30.0] * 3})
    rows[2]["duplicate_of"] = "a.0"
    split = split_segments(rows, "repeat0", SEGMENTS | {"duplicates": "drop"}, "longest")
    assert segments_of(split).keys() == {"a.0", "a.1"}
    assert describe_segments(rows, split, SEGMENTS)["clips_left_out"] == 1


def test_what_segments_leak_is_counted():
    rows = [
        *lasting({"a": [9.0]}, "One"),
        *lasting({"b": [9.0]}, "one"),
        *lasting({"c": [9.0]}),
    ]
    rows[2]["duplicate_of"] = "a.0"
    split = {("a.0", 0): "train", ("a.0", 1): "valid", ("a.0", 2): "test"}
    split |= {("b.0", k): "test" for k in range(2)} | {("b.0", 2): "valid", ("c.0", 0): "test"}
    facts = describe_segments(rows, split, SEGMENTS)
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
    with pytest.raises(splits.NoSplit, match=reason):
        split_segments(rows, "repeat0", given, "longest")


def test_shares_of_segments_must_leave_some_to_train_on():
    with pytest.raises(cli.InputError, match="leave nothing to train on"):
        split_segments(lasting({"a": [30.0] * 3}), "repeat0", SEGMENTS | {"test": 0.5, "valid": 0.5}, "longest")
