from genrebench.reporting.sections import dataset


def clip(genre: str, artist: str, duration: str = "30", duplicate: str = "") -> dict:
    return {
        "clip_id": "x",
        "genre": genre,
        "artist": artist,
        "duration_s": duration,
        "duplicate_of": duplicate,
        "path": "",
    }


def test_a_genre_has_its_clips_artists_and_minutes():
    found = dataset.describe_genres(
        [clip("rock", "a"), clip("rock", ""), clip("jazz", "b", "", "y"), clip("rock", "a")]
    )
    jazz, rock = found
    assert (jazz["clips"], jazz["artists"], jazz["duplicates"], jazz["minutes"]) == (1, 1, 1, 0)
    assert (rock["clips"], rock["artists"], rock["unknown"], rock["minutes"], rock["share"]) == (3, 1, 1, 1.5, 1)


def test_faults_are_counted_by_genre_and_in_all():
    rows = [clip("rock", "a") | {"faults": "distorted"}, clip("rock", "a") | {"faults": ""}]
    found = dataset.describe_faults([*rows, clip("jazz", "b") | {"faults": "exact_repetition"}])
    assert found["kinds"] == ["exact_repetition", "distorted", "artist_repetition"]
    assert [(row["genre"], *(row[kind] for kind in found["kinds"])) for row in found["rows"]] == [
        ("jazz", 1, 0, 0),
        ("rock", 0, 1, 1),
        ("all", 1, 1, 1),
    ]
    assert dataset.describe_faults([clip("rock", "") | {"faults": ""}])["kinds"] == []


def test_artists_are_drawn_if_any_is_known():
    assert dataset.draw_artists_of([clip("rock", "")]) is None
    assert dataset.draw_artists_of([clip("rock", "a")]).startswith("data:image/svg+xml;base64,")


def test_without_a_feature_table_there_is_a_reason(tmp_path):
    missing = {"summary": [], "missing": {"tabular": "too short"}}
    assert "too short" in dataset.table_plots(tmp_path, missing)["reason"]
    assert dataset.table_plots(tmp_path, {"summary": [], "missing": {}})["reason"]
