from pathlib import Path

import pytest

from genrebench.common.run_key import RunKey


def test_a_key_and_its_path_are_the_same():
    key = RunKey("cnn", "artist", "repeat0", 3)
    assert str(key) == "cnn/artist/repeat0/seed3"
    assert key.within_model == "artist/repeat0/seed3"
    assert RunKey.parse(str(key)) == key
    assert RunKey.parse(Path("results/demo/runs") / str(key)) == key


@pytest.mark.parametrize("path", ["artist/repeat0/seed3", "cnn/artist/repeat0/3", "cnn/artist/repeat0/seedx"])
def test_another_path_is_refused(path):
    with pytest.raises(ValueError, match=r"seed|invalid"):
        RunKey.parse(path)


def test_keys_are_sorted_by_number_of_the_seed():
    keys = [RunKey("cnn", "artist", "repeat0", seed) for seed in (10, 9)]
    assert [key.seed for key in sorted(keys)] == [9, 10]
