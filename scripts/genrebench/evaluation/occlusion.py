"""What a classifier of spectrograms looks at: the parts without which its answer is another.

Occlusion: M. D. Zeiler and R. Fergus (2014), Visualizing and Understanding Convolutional Networks, ECCV,
arXiv:1311.2901, section 4.2. It asks only for predictions, so it suits any classifier on any backend. What is measured
is the weight of evidence, as in L. M. Zintgraf et al. (2017), Visualizing Deep Neural Network Decisions: Prediction
Difference Analysis, ICLR, arXiv:1702.04595: a probability of nearly 1 hardly falls whatever is covered, its odds do.
"""

from collections.abc import Callable, Iterator

import numpy as np

GRID = (8, 16)  # cells of a map: in frequency, in time
CERTAIN = 1e-6  # nearest to 0 or 1 that a probability is taken
BATCH = 11  # planes that are predicted at a time; with GRID all batches are full


def sensitivity(
    plane: np.ndarray,
    probability: Callable[[np.ndarray], np.ndarray],
    fill: float = 0.0,
    grid: tuple[int, int] = GRID,
) -> tuple[float, np.ndarray]:
    """How much each part of `plane` (rows, columns) speaks for a class.

    `probability` takes planes (n, rows, columns) and returns the class's (n,). A patch of 2 x 2 cells of the `grid` is
    replaced by `fill`, cell by cell along both axes, beyond the edges too, so that each cell is covered four times.
    Returns the probability for the whole plane, and the evidence in bits (cells in rows, cells in columns):
    log2 odds(p) - log2 odds(p, cell covered), the mean over the patches. It is positive where the cell speaks for the
    class, negative where it speaks against it; 1 bit is that covering the cell halves the odds.
    """
    rows, columns = (
        np.rint(np.linspace(0, size, min(cells, size) + 1)).astype(int)
        for size, cells in zip(plane.shape, grid, strict=True)
    )
    corners = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
    values: list[float] = []
    for some in _batches([None, *corners]):
        planes = np.repeat(plane[None], len(some), axis=0)
        for one, corner in zip(planes, some, strict=True):
            if corner:
                one[_around(corner[0], rows), _around(corner[1], columns)] = fill
        values += [float(p) for p in probability(planes)]
    whole, covered = values[0], np.reshape(values[1:], (len(rows), len(columns)))
    bits = _log2_odds(whole) - _log2_odds(covered)
    # a cell lies in the patches around its four corners
    return whole, (bits[:-1, :-1] + bits[:-1, 1:] + bits[1:, :-1] + bits[1:, 1:]) / 4


def _log2_odds(probability: np.ndarray | float) -> np.ndarray:
    p = np.clip(np.asarray(probability, np.float64), CERTAIN, 1 - CERTAIN)
    return np.log2(p / (1 - p))


def _around(corner: int, edges: np.ndarray) -> slice:
    """The cells on both sides of an edge, as far as there are any."""
    return slice(edges[max(corner - 1, 0)], edges[min(corner + 1, len(edges) - 1)])


def _batches(items: list) -> Iterator[list]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
