"""Lengths: how long clips are made, and where their segments begin."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

USUAL_S, LONG_S = 30, 60  # seconds of the excerpts that the models are made for, and of what is long beside them
TOLERANCE_S = 1e-6  # manifests round durations to it

Duration = str | float | Mapping[str, float]  # `audio.duration` of the parameters


def given_seconds(duration: Duration) -> float | None:
    """The seconds to which a clip is cut or padded before its features are computed.

    None where the common length depends on other clips (`common_seconds`): it is then made afterwards.
    """
    return float(duration) if isinstance(duration, int | float) else None


def common_seconds(duration: Duration, durations: Sequence[float]) -> float:
    """The length in seconds that all clips get.

    Parameters
    ----------
    duration : "longest", float or mapping
        `audio.duration` of the parameters: the longest clip, a number of seconds, or `percentile` (0 to 100) of the
        clips' durations and `at_least_s`.
    durations : sequence of float
        Seconds of each clip.

    Returns
    -------
    float
        Seconds; 0 if there are no clips.
    """
    if not len(durations):
        return 0.0
    if isinstance(duration, Mapping):
        percentile = float(np.percentile(durations, duration["percentile"], method="higher"))
        return max(percentile, duration["at_least_s"])
    return max(durations) if duration == "longest" else float(duration)


def advice(durations: Sequence[float]) -> str | None:
    """What is to be said of `longest` for clips of these durations, in seconds, with a length to set instead.

    None where it costs little: no clip is longer than a minute, or than twice the median.
    """
    known = sorted(seconds for seconds in durations if seconds)
    if not known:
        return None
    longest, median = known[-1], known[len(known) // 2]
    if longest <= LONG_S and longest <= 2 * median:
        return None
    proposed = min(USUAL_S, max(1, math.floor(median)))
    return (
        f"audio.duration is longest, so that features and networks take each clip to be {longest:.0f} s long, as the "
        f"longest is; half of the clips last less than {median:.0f} s. Memory and disk grow with it: "
        f"`audio: {{duration: {proposed}}}` in params.yaml takes {longest / proposed:.0f} times less."
    )


def segment_starts(duration_s: float, length_s: float, hop_s: float) -> list[float]:
    """Where the segments of a clip begin: one grid for splits, training and evaluation.

    Parameters
    ----------
    duration_s : float
        Length of the clip in seconds.
    length_s : float
        Length of a segment in seconds.
    hop_s : float
        Seconds from the start of one segment to that of the next.

    Returns
    -------
    list of float
        Seconds, k * hop_s for every segment that lies whole within the clip, in order; the number of a segment is its
        place in this list. There is at least one: a clip shorter than a segment has one, which its reader pads.
    """
    last = math.floor((duration_s - length_s + TOLERANCE_S) / hop_s)
    return [k * hop_s for k in range(max(last, 0) + 1)]
