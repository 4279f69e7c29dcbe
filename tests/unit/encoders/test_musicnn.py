"""The networks of Pons and Serra (2019) compute what TensorFlow computes of the weights that it reads itself."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from genrebench.common import packages
from genrebench.common.cli import InputError
from genrebench.encoders import checkpoint, musicnn, saved_model

FOLDER = packages.folder("musicnn")
NETWORKS = list(musicnn.TAGS)


@pytest.fixture(scope="module")
def windows():
    """Three windows, (3, 187, 96), of the values that music has."""
    power = np.random.default_rng(0).gamma(0.3, 2, (3, musicnn.FRAMES, musicnn.BANDS))
    return musicnn.compress(power)


class Reference:
    """The layers of a network in TensorFlow's own order of axes, (windows, frames, bands, maps)."""

    def __init__(self, network):
        self.tf = saved_model.tensorflow()
        self.tensor = self.tf.compat.v1.train.NewCheckpointReader(f"{FOLDER / network}/").get_tensor

    def normalised(self, x, number):
        name = "batch_normalization" + (f"_{number}" if number else "")
        gamma, beta, mean, variance = (
            self.tensor(f"{name}/{part}") for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 0.001) * gamma + beta

    def convolved(self, x, name, number, padding):
        y = self.tf.nn.conv2d(x, self.tensor(f"{name}/kernel"), 1, padding) + self.tensor(f"{name}/bias")
        return self.normalised(self.tf.nn.relu(y), number)

    def dense(self, x, name):
        return self.tf.matmul(x, self.tensor(f"{name}/kernel")) + self.tensor(f"{name}/bias")

    def musicnn(self, windows):
        tf = self.tf
        three = partial(tf.pad, paddings=[[0, 0], [3, 3], [0, 0], [0, 0]])
        x = self.normalised(windows[..., None], 0)
        maps = [self.convolved(three(x), name, n, "VALID") for n, name in ((1, "conv2d"), (2, "conv2d_1"))]
        maps += [self.convolved(x, f"conv2d_{n - 1}", n, "SAME") for n in (3, 4, 5)]
        front = tf.concat([tf.reduce_max(y, axis=2) for y in maps], 2)[..., None]
        one = tf.transpose(self.convolved(three(front), "conv2d_5", 6, "VALID"), [0, 1, 3, 2])
        two = tf.transpose(self.convolved(three(one), "conv2d_6", 7, "VALID"), [0, 1, 3, 2]) + one
        three_ = tf.transpose(self.convolved(three(two), "conv2d_7", 8, "VALID"), [0, 1, 3, 2]) + two
        x = tf.concat([front, one, two, three_], 2)
        greatest, mean = tf.reduce_max(x, 1), tf.reduce_mean(x, 1)
        flat = tf.reshape(tf.concat([greatest, mean], 2), (len(windows), -1))
        penultimate = self.normalised(tf.nn.relu(self.dense(self.normalised(flat, 9), "dense")), 10)
        tags = tf.sigmoid(self.dense(penultimate, "dense_1"))
        pooled = {"max_pool": greatest[..., 0], "mean_pool": mean[..., 0]}
        return pooled | {"penultimate": penultimate, "tags": tags}

    def vgg(self, windows):
        x = self.normalised(windows[..., None], 0)
        for number, size in enumerate(((4, 1), (1, 4), (2, 2), (2, 2), (4, 4)), 1):
            x = self.convolved(x, f"{number}CNN", number, "SAME")
            x = self.tf.nn.max_pool2d(x, size, size, "VALID")
        flat = self.tf.reshape(x, (len(windows), -1))
        return {"penultimate": flat, "tags": self.tf.sigmoid(self.dense(flat, "dense"))}


@pytest.mark.parametrize("network", NETWORKS)
def test_each_layer_is_that_of_tensorflow(network, windows):
    expected = getattr(Reference(network), network.partition("_")[2])(windows)
    assert set(expected) == set(musicnn.layers(network))
    for layer, values in expected.items():
        found = musicnn.load(FOLDER, network, layer)(windows)
        assert found.shape == (3, musicnn.layers(network)[layer]) and found.dtype == np.float32
        np.testing.assert_allclose(found, values, atol=1e-4 * np.abs(values).max())


def test_a_window_is_computed_by_itself(windows):
    network = musicnn.load(FOLDER, "MSD_musicnn", "tags")
    many = np.concatenate([windows] * 3)
    np.testing.assert_allclose(network(many), np.tile(network(windows), (3, 1)), atol=1e-6)
    np.testing.assert_allclose(network(windows[1:2]), network(windows)[1:2], atol=1e-6)


def test_loud_music_does_not_overflow():
    loud = musicnn.compress(np.array([1e3, 1e8], np.float32))
    np.testing.assert_allclose(loud, [7, 12], rtol=1e-6)


def test_the_weights_of_another_network_are_refused(tmp_path):
    (tmp_path / "MSD_musicnn").symlink_to(FOLDER / "MSD_vgg")
    with pytest.raises(InputError, match="another network than MSD_musicnn"):
        musicnn.load(tmp_path, "MSD_musicnn", "tags")


def test_tags_have_a_name_each():
    for network, tags in musicnn.TAGS.items():
        assert (
            len(set(tags))
            == len(tags)
            == checkpoint.read(FOLDER / network)["dense_1/bias" if network.endswith("musicnn") else "dense/bias"].size
        )


def test_neither_tensorflow_nor_the_package_is_imported():
    code = (
        "import sys; from genrebench.encoders import musicnn; from genrebench.common import packages;"
        "musicnn.load(packages.folder('musicnn'), 'MSD_musicnn', 'tags');"
        "print({'tensorflow', 'keras', 'musicnn', 'librosa'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
