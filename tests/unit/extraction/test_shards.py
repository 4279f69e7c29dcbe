import pytest

from genrebench.extraction.shards import MOST_SHARDS, shard_count, shard_of


@pytest.mark.parametrize(
    ("clips", "shards"), [(0, 1), (1, 1), (127, 1), (128, 2), (150, 2), (1000, 8), (8000, 64), (16383, 128)]
)
def test_small_shards_are_all_of_one_size(clips, shards):
    assert shard_count(clips) == shards


def test_number_of_shards_is_a_power_of_two_and_bounded():
    counts = [shard_count(clips) for clips in range(0, 200_000, 50)] + [shard_count(10**7)]
    assert counts == sorted(counts)
    assert all(count.bit_count() == 1 for count in counts)
    assert counts[-1] == MOST_SHARDS


def test_shard_of_a_clip_does_not_depend_on_the_others():
    assert [shard_of("00000105" + 24 * "f", shards) for shards in (1, 4, 128)] == [0, 1, 5]
