"""Shards: the parts into which the clips are divided for extraction.

A shard's members are chosen by the digest of their audio, so that adding clips moves none of the others. The rules
import this module, so it has to be light.
"""

SHARD_SIZE = 64  # clips per shard, about: 4 to 8 s of work, 90 MB of wavelet coefficients
# There is a job per shard and feature, and each costs the scheduler some milliseconds and a cluster some seconds. From
# some 10,000 clips on shards grow instead: neither memory nor what a killed job loses does, because the store writes a
# shard in parts.
MOST_SHARDS = 128


def shard_count(clips: int) -> int:
    """Number of shards for so many clips: a power of two, so that it seldom changes while a corpus grows."""
    return min(MOST_SHARDS, 1 << max(0, (clips // SHARD_SIZE).bit_length() - 1))


def shard_of(md5: str, shards: int) -> int:
    """The shard of the clip whose decoded audio has this hexadecimal md5."""
    return int(md5[:8], 16) % shards
