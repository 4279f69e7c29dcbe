import pytest

from genrebench.planning import memory

CNN = {"batch_size": 32}


def test_a_network_needs_more_for_longer_clips():
    assert memory.of_network(CNN, clip_mb=0.1, clip_s=4) == memory.LEAST
    # 11 GB were used with songs of 5 minutes: 140 bands, 43 frames a second, float32
    assert 11_000 < memory.of_network(CNN, clip_mb=7.2, clip_s=300) < 16_000


def test_segments_are_as_long_in_longer_clips():
    entry = CNN | {"segments": {"length_s": 3.0, "hop_s": 3.0}}
    assert memory.of_network(entry, clip_mb=72.0, clip_s=300) == memory.LEAST
    assert memory.of_network(entry, clip_mb=72.0, clip_s=0) > memory.LEAST


@pytest.mark.parametrize(("name", "mb"), [("a.wav", 60), ("a.MP3", 500)])
def test_the_largest_file_decides(name, mb):
    assert memory.of_decoding({name: 10**7, "b.wav": 1000}) == pytest.approx(mb)
    assert memory.of_decoding({}) == 0
