"""How long all clips are made, by `audio.duration` of params.yaml."""

from collections.abc import Sequence

import numpy as np


def given_seconds(duration: str | float | dict[str, float]) -> float | None:
    """The seconds that a clip is cut or padded to before its features are computed.

    None where what it is made as long as depends on other clips (`common_seconds`), which comes afterwards.
    """
    return float(duration) if isinstance(duration, int | float) else None


def common_seconds(duration: str | float | dict[str, float], durations: Sequence[float]) -> float:
    """The seconds that all clips are made as long as, given their own `durations` in seconds.

    0 if there are none.
    """
    if not len(durations):
        return 0.0
    if isinstance(duration, dict):
        percentile = float(np.percentile(durations, duration["percentile"], method="higher"))
        return max(percentile, duration["at_least_s"])
    return max(durations) if duration == "longest" else float(duration)
