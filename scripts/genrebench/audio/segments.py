"""How a clip is cut into segments: one grid for splits, training and evaluation."""

import math

TOLERANCE_S = 1e-6  # manifests round durations to it


def starts(duration_s: float, length_s: float, hop_s: float) -> list[float]:
    """Start times (s) of a clip's segments: k * hop_s for all that lie whole within the clip, in order.

    `length_s` is how long a segment is and `hop_s` how far the next one begins after it. The number of a segment is its
    place in this list. There is at least one: a clip shorter than a segment has one, which its reader pads.
    """
    last = math.floor((duration_s - length_s + TOLERANCE_S) / hop_s)
    return [k * hop_s for k in range(max(last, 0) + 1)]
