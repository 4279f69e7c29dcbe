"""Tests of the plot of the artists of each genre."""

from genrebench.plots import artists

CLIPS = [
    ("jazz", "Monk"),
    ("jazz", "Coltrane"),
    ("jazz", "Coltrane"),
    ("jazz", ""),
    ("metal", "Dio"),
    ("metal", "Abba"),
]


def counted():
    return artists.count_artists([{"genre": genre, "artist": artist} for genre, artist in CLIPS])


def test_artists_come_by_their_clips_and_the_unknown_last():
    assert counted() == {"jazz": [("Coltrane", 2), ("Monk", 1), ("", 1)], "metal": [("Abba", 1), ("Dio", 1)]}


def test_a_segment_is_as_long_as_its_clips_and_named_where_the_name_fits():
    axes = artists.draw_artists(counted()).axes[0]
    assert [(bar.get_x(), bar.get_width(), bar.get_y() > 0) for bar in axes.patches] == [
        *((0, 2, False), (2, 1, False), (3, 1, False)),
        *((0, 1, True), (1, 1, True)),
    ]
    assert [text.get_text() for text in axes.texts] == ["Coltrane", "Monk", "unknown", "Abba", "Dio"]
    many = {"jazz": [("Thelonious Monk", 1), *((f"Somebody Else {i}", 1) for i in range(14))]}
    assert [text.get_text() for text in artists.draw_artists(many).axes[0].texts][:2] == ["Theloni…", "Somebod…"]
    crowd = {"jazz": [(f"Somebody Else {i}", 1) for i in range(60)]}
    assert not artists.draw_artists(crowd).axes[0].texts


def test_of_many_artists_the_smallest_are_one_segment(monkeypatch):
    monkeypatch.setattr(artists, "ARTISTS_DRAWN", 2)
    counts = {"jazz": [("Coltrane", 9), ("Monk", 8), ("Davis", 7), ("Evans", 6), ("", 5)]}
    axes = artists.draw_artists(counts).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [9, 8, 13, 5]
    assert [text.get_text() for text in axes.texts] == ["Coltrane", "Monk", "2 others", "unknown"]
