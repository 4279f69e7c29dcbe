import networkx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_tables import clip
from genrebench.datasets import artists


def listed(rows: list[dict]) -> pd.DataFrame:
    """Clips with their groups as they are listed."""
    return pd.DataFrame(rows)


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
    group = artists.groups(listed(rows)).to_dict()
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
    assert artists.names(credit) == expected


def test_one_band_in_two_spellings_is_one_artist():
    one, other = artists.names("Earth, Wind & Fire"), artists.names("Earth Wind and Fire")
    assert one & other


def grouped(*clips):
    """The sets of clips that are together."""
    found = artists.groups(listed(list(clips)))
    return {frozenset(found.index[found == name]) for name in found}


def test_case_does_not_part_an_artist():
    assert grouped(clip("a", artist="ABBA"), clip("b", artist="Abba"), clip("c", artist="Queen")) == {
        frozenset("ab"),
        frozenset("c"),
    }


def test_a_collaboration_joins_its_artists():
    queen, bowie = clip("a", artist="Queen"), clip("b", artist="David Bowie")
    assert grouped(queen, bowie) == {frozenset("a"), frozenset("b")}
    assert grouped(queen, bowie, clip("c", artist="queen feat. David Bowie")) == {frozenset("abc")}


def test_listed_groups_and_recordings_join_clips():
    assert grouped(clip("a", group="Tape 1"), clip("b", group="tape 1"), clip("c", duplicate_of="b"), clip("d")) == {
        frozenset("abc"),
        frozenset("d"),
    }


def test_a_group_has_the_name_of_its_artist_or_of_its_first_clip():
    rows = [clip("b", artist="ABBA"), clip("a", artist="Abba"), clip("d", group="x"), clip("c", group="x"), clip("e")]
    assert artists.groups(listed(rows)).to_dict() == {"b": "ABBA", "a": "ABBA", "d": "c", "c": "c", "e": "e"}


def test_groups_of_groups_are_the_same():
    rows = [clip("a", artist="A"), clip("b", artist="A & B"), clip("c", artist="B"), clip("d"), clip("e", group="d")]
    once = listed(rows).assign(group=artists.groups(listed(rows)).to_numpy())
    assert artists.groups(once).to_list() == once["group"].to_list()
