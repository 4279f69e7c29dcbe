from genrebench.common import files
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols


def test_every_split_of_a_protocol_must_keep_artists_apart(tmp_path):
    facts = {"available": True, "reason": None, "counts": {"test": 8}, "artists_known": 1.0}
    facts |= {"test_clips_with_known_artist": 8, "test_clips_duplicated_in_train": 0}
    for i, shared in enumerate((0, 2)):
        split = facts | {"test_clips_sharing_artist_with_train": shared}
        files.write_json(tmp_path / "mine" / f"fold{i}.json", split)
    protocol = describe_protocols(tmp_path, {("mine", "fold0"), ("mine", "fold1")})["mine"]
    assert protocol["shared"] == 0.25
    assert not protocol["separate"]
    # one that an earlier configuration left behind does not count
    protocol = describe_protocols(tmp_path, {("mine", "fold0")})["mine"]
    assert (protocol["splits"], protocol["shared"]) == (1, 0)


def write_splits(folder):
    facts = {"available": True, "reason": None, "counts": {"test": 8}, "artists_known": 1.0}
    facts |= {"test_clips_with_known_artist": 8, "test_clips_duplicated_in_train": 0}
    for protocol, shared, unit in (("artist", 0, "clip"), ("another", 0, "segment"), ("stratified", 6, "clip")):
        split = facts | {"test_clips_sharing_artist_with_train": shared, "unit": unit}
        files.write_json(folder / protocol / "repeat0.json", split)
    return describe_protocols(folder, {(name, "repeat0") for name in ("artist", "another", "stratified")})


def test_what_splits_segments_comes_last_and_keeps_nothing_apart(tmp_path):
    protocols = write_splits(tmp_path)
    assert list(protocols) == ["artist", "stratified", "another"]
    assert protocols["artist"]["separate"]
    assert not protocols["another"]["separate"]


def test_what_splits_segments_is_never_quoted(tmp_path):
    protocols = write_splits(tmp_path)
    rows = [{"protocol": name, "accuracy_mean": 0.9} for name in protocols]
    assert pick_protocols(rows, protocols) == ("artist", "stratified")
    assert pick_protocols([rows[2]], protocols) == (None, None)
    assert pick_protocols([rows[0] | {"accuracy_mean": None}, *rows[1:]], protocols) == (None, "stratified")
