"""Checkpoints: what is kept, for whom, and what a kill leaves."""

import numpy as np

from genrebench.training.checkpoints import Checkpoints


def arrays(value):
    return {"00000": np.full((3, 2), value, np.float32), "00001": np.array(value)}


def test_state_facts_and_best_weights_come_back(tmp_path):
    Checkpoints(tmp_path / "run", "key").save(arrays(1), {"history": [0.25]}, 1, arrays(2))
    state, facts, best = Checkpoints(tmp_path / "run", "key").load()
    np.testing.assert_equal((state, best), (arrays(1), arrays(2)))
    assert facts == {"history": [0.25]}


def test_only_the_best_epoch_is_kept_and_it_is_written_once(tmp_path):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save(arrays(1), {}, 1, arrays(10))
    checkpoints.save(arrays(2), {}, 1, arrays(99))
    np.testing.assert_equal(checkpoints.load()[2], arrays(10))
    checkpoints.save(arrays(3), {}, 3, arrays(30))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept3.npz", "last.npz"]
    np.testing.assert_equal(checkpoints.load()[2], arrays(30))


def test_a_checkpoint_of_another_training_is_not_read_and_removed(tmp_path):
    Checkpoints(tmp_path / "run", "key").save(arrays(1), {}, 1, arrays(2))
    assert Checkpoints(tmp_path / "run", "other").load() is None
    assert not (tmp_path / "run").exists()


def test_what_is_left_of_a_kill_between_the_files_is_the_last_checkpoint(tmp_path):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save(arrays(1), {"epoch": 1}, 1, arrays(10))
    (tmp_path / "kept2.npz").write_bytes(b"written, but no checkpoint names it yet")
    (tmp_path / ".last.tmp.npz").write_bytes(b"half")
    state, facts, best = checkpoints.load()
    assert facts == {"epoch": 1}
    np.testing.assert_equal((state, best), (arrays(1), arrays(10)))


def test_damaged_files_begin_anew(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run", "key")
    checkpoints.save(arrays(1), {}, 1, arrays(10))
    (tmp_path / "run" / "kept1.npz").write_bytes(b"")
    assert checkpoints.load() is None
    assert checkpoints.load() is None
