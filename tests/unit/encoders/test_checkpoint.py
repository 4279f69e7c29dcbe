"""Checkpoints of TensorFlow, read without it."""

import numpy as np
import pytest

from genrebench.common.cli import InputError
from genrebench.encoders import checkpoint, saved_model


@pytest.fixture(scope="module")
def arrays():
    """More names than a block of the table holds, of all kinds of shapes."""
    random = np.random.default_rng(0)
    shapes = [(), (1,), (0, 3), (2, 3), (7, 5, 1, 4)]
    return {f"layer_{n}/kernel": random.standard_normal(shapes[n % 5]).astype(np.float32) for n in range(300)}


@pytest.fixture(scope="module")
def folder(arrays, tmp_path_factory):
    tf = saved_model.tensorflow()
    place = tmp_path_factory.mktemp("checkpoint")
    names = [*arrays, "step"]
    values = [*arrays.values(), np.int64(7)]
    tf.raw_ops.SaveV2(
        prefix=f"{place}/",
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=list(map(tf.constant, values)),
    )
    return place


def test_arrays_are_those_that_tensorflow_reads(folder, arrays):
    found = checkpoint.read(folder)
    reader = saved_model.tensorflow().compat.v1.train.NewCheckpointReader(f"{folder}/")
    assert set(found) == set(arrays) == set(reader.get_variable_to_shape_map()) - {"step"}
    for name, values in found.items():
        np.testing.assert_array_equal(values, reader.get_tensor(name), strict=True)


def test_a_damaged_one_is_refused_in_one_line(folder, tmp_path):
    with pytest.raises(InputError, match="no checkpoint that can be read: No such file"):
        checkpoint.read(tmp_path)
    table, data = ((folder / name).read_bytes() for name in (checkpoint.INDEX, checkpoint.DATA))
    for index, content in ((table[:-1], data), (table, data[:-4000]), (b"", b""), (table[-48:], data)):
        (tmp_path / checkpoint.INDEX).write_bytes(index)
        (tmp_path / checkpoint.DATA).write_bytes(content)
        with pytest.raises(InputError, match="damaged"):
            checkpoint.read(tmp_path)
