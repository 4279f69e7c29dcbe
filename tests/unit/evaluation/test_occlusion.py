import numpy as np
import pytest

from genrebench.evaluation import occlusion


def logistic(bits):
    """The probability whose odds are 2^bits."""
    return 1 / (1 + 2.0**-bits)


def test_the_patch_that_decides_is_found():
    """Cell (2, 5) of 8 x 16 is 3 bits of evidence for the class, cell (6, 11) 1 bit against it."""
    plane = np.zeros((80, 160), np.float32)
    plane[20:30, 50:60] = 1
    plane[60:70, 110:120] = 1

    def probability(planes):
        return logistic(3 * planes[:, 20:30, 50:60].mean(axis=(1, 2)) - planes[:, 60:70, 110:120].mean(axis=(1, 2)))

    whole, bits = occlusion.sensitivity(plane, probability)
    assert whole == pytest.approx(0.8)
    assert bits.shape == occlusion.GRID
    assert bits[2, 5] == bits.max() == pytest.approx(3, abs=1e-5)  # all four patches over it hide all of it
    assert bits[6, 11] == bits.min() == pytest.approx(-1, abs=1e-5)
    # a neighbour shares two of its four patches, a diagonal one a single one, what is further away none
    assert [bits[2, 6], bits[1, 5], bits[3, 6], bits[2, 7]] == pytest.approx([1.5, 1.5, 0.75, 0], abs=1e-5)


def test_the_weight_of_evidence_is_that_of_the_paper():
    """Zintgraf et al. (2017): log2 of p / (1 - p) with the part less that without; of certainty too."""
    plane = np.ones((1, 1), np.float32)
    _, bits = occlusion.sensitivity(plane, lambda planes: np.where(planes[:, 0, 0] == 1, 0.9, 0.4))
    assert bits == pytest.approx(np.array([[np.log2(0.9 / 0.1) - np.log2(0.4 / 0.6)]]))
    _, bits = occlusion.sensitivity(plane, lambda planes: planes[:, 0, 0])
    assert np.isfinite(bits).all()


def test_what_covers_a_part_is_the_fill():
    plane = np.full((16, 16), 2.0, np.float32)
    _, bits = occlusion.sensitivity(plane, lambda planes: logistic(planes.mean(axis=(1, 2))), fill=2.0)
    assert not bits.any()


def test_a_plane_smaller_than_the_grid_has_a_cell_for_each_value():
    plane = np.arange(6, dtype=np.float32).reshape(2, 3)
    whole, bits = occlusion.sensitivity(plane, lambda planes: logistic(planes.sum(axis=(1, 2))))
    assert (whole, bits.shape) == (pytest.approx(logistic(15.0)), (2, 3))
    # patches that cover the first value: of it alone, with its right, its upper, and all four neighbours
    assert bits[0, 0] == pytest.approx((0 + 1 + 3 + (0 + 1 + 3 + 4)) / 4, rel=1e-3)


def test_planes_are_predicted_in_full_batches():
    """Each size of batch is traced anew by TensorFlow."""
    sizes = []

    def probability(planes):
        sizes.append(len(planes))
        return np.full(len(planes), 0.5)

    occlusion.sensitivity(np.zeros((80, 160), np.float32), probability)
    assert set(sizes) == {occlusion.BATCH}


def test_clips_are_taken_from_both_ends_and_of_different_genres():
    genres = ["rock", "rock", "jazz", "pop", "metal", "metal"]
    rows = [{"clip_id": str(i), "genre": genre} for i, genre in enumerate(genres)]
    assert [row["clip_id"] for row in occlusion.choose_clips(rows, 4)] == ["0", "2", "3", "5"]
    same = [{"clip_id": str(i), "genre": "rock"} for i in range(3)]
    assert [row["clip_id"] for row in occlusion.choose_clips(same, 4)] == ["0", "1", "2"]
    assert occlusion.choose_clips([], 4) == []
