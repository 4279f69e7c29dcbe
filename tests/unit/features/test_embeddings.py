"""Embeddings of pretrained networks.

What is no part of the project is tested where the environment names it: the real YAMNet (GENREBENCH_YAMNET, its
folder), the released PCA (GENREBENCH_VGGISH_PCA, its .npz) and real clips (GENREBENCH_CLIPS, a folder).
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import saved_models
from genrebench.audio import decode
from genrebench.audio.clip import Clip
from genrebench.common.cli import InputError
from genrebench.encoders import saved_model
from genrebench.extraction import survey
from genrebench.features import vggish, yamnet

RATE = saved_model.SAMPLE_RATE
REAL = os.environ.get("GENREBENCH_YAMNET")
PARAMETERS = Path(os.environ.get("GENREBENCH_VGGISH_PCA") or os.devnull)
CLIPS = Path(os.environ.get("GENREBENCH_CLIPS") or os.devnull)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {"vggish": saved_models.vggish_like(folder / "v"), "yamnet": saved_models.yamnet_like(folder / "y")}


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def clip_of(samples):
    return Clip(samples, RATE, [])


def averages(hop, sizes=None):
    """A network that gives mean and energy of each full window, and notes how many samples it was given."""

    def network(samples):
        if sizes is not None:
            sizes.append(len(samples))
        windows = np.lib.stride_tricks.sliding_window_view(samples, saved_model.WINDOW)[::hop]
        return np.stack([windows.mean(axis=1), (windows**2).mean(axis=1)], axis=1)

    return network


@pytest.mark.parametrize("hop", [yamnet.HOP, vggish.HOP])
@pytest.mark.parametrize("frames", [1, 2, 31, 32, 33, 63, 64, 65, 100])
@pytest.mark.parametrize("rest", [0, 1, 7679])
def test_in_blocks_is_the_whole(hop, frames, rest):
    samples = noise(saved_model.WINDOW + (frames - 1) * hop + rest)
    found = saved_model.in_blocks(averages(hop), samples, hop, "where")
    assert found.shape == (frames, 2)
    np.testing.assert_array_equal(found, averages(hop)(samples))


def test_in_blocks_leaves_the_padding_of_the_end_to_the_network():
    def padding(samples):
        return averages(yamnet.HOP)(np.pad(samples, (0, yamnet.HOP)))

    samples = noise(saved_model.WINDOW + 99 * yamnet.HOP)
    found = saved_model.in_blocks(padding, samples, yamnet.HOP, "where")
    assert len(found) == 101
    np.testing.assert_array_equal(found, padding(samples))


def test_ten_minutes_are_heard_in_parts_no_larger_than_those_of_one():
    most = {}
    for minutes in (1, 10):
        sizes = []
        saved_model.in_blocks(averages(yamnet.HOP, sizes), noise(minutes * 60 * RATE), yamnet.HOP, "where")
        most[minutes] = max(sizes)
    assert most[10] <= most[1] < 60 * RATE


def test_a_network_of_another_hop_is_told():
    with pytest.raises(InputError, match=r"where holds a model that gives 5 frames of .* instead of 3"):
        saved_model.in_blocks(averages(yamnet.HOP), noise(saved_model.WINDOW + 2 * vggish.HOP), vggish.HOP, "where")


@pytest.mark.parametrize("seconds", [0.0001, 0.5, 0.975, 0.976, 3.0, 16.0, 40.0])
def test_features_are_what_the_models_give_of_the_whole_clip(models, seconds):
    tf = saved_model.tensorflow()
    samples = noise(max(1, round(seconds * RATE)))
    padded = tf.constant(np.pad(samples, (0, max(0, saved_model.WINDOW - len(samples)))))
    found = vggish.extract(clip_of(samples), str(models["vggish"]), pca=False)
    expected = tf.saved_model.load(str(models["vggish"]))(padded).numpy().T
    assert found.dtype == np.float32
    assert found.shape == (128, max(1, 1 + (len(samples) - 15600) // 15360))
    np.testing.assert_array_equal(found, expected)
    found = yamnet.extract(clip_of(samples), str(models["yamnet"]))
    expected = tf.saved_model.load(str(models["yamnet"]))(tf.constant(samples))[1].numpy().T
    assert found.shape == (1024, max(1, 1 + -((15600 - len(samples)) // 7680)))
    np.testing.assert_array_equal(found, expected)


def test_a_thirty_second_clip_has_the_shape_of_paper_001(models):
    assert vggish.extract(clip_of(noise(480000)), str(models["vggish"]), pca=False).size == 3968


def check_pca(frames, means, eigenvectors):
    """`vggish_postprocess.py`, in its own words: columns, clip to [-2, 2], 8 bits."""
    applied = np.dot(eigenvectors, frames.T - means.reshape(-1, 1)).T
    quantised = (np.clip(applied, -2.0, 2.0) - -2.0) * (255.0 / (2.0 - -2.0))
    found = vggish.postprocess(frames, means, eigenvectors)
    assert found.dtype == np.float32
    assert (found == quantised.astype(np.uint8)).mean() > 0.999  # but where a last digit decides the level
    assert np.abs(found - quantised.astype(np.uint8)).max() <= 1
    return found


def test_pca_is_that_of_the_release(models, tmp_path, monkeypatch):
    random = np.random.default_rng(1)
    means, eigenvectors = random.standard_normal(128), random.standard_normal((128, 128)) / 10
    monkeypatch.chdir(tmp_path)
    Path("data/weights").mkdir(parents=True)
    Path("data/weights/vggish").symlink_to(models["vggish"])
    np.savez(models["vggish"] / vggish.PCA, pca_means=means, pca_eigen_vectors=eigenvectors)
    samples = noise(5 * RATE)
    plain, levels = (vggish.extract(clip_of(samples), "https://any/vggish", pca=pca) for pca in (False, True))
    np.testing.assert_array_equal(check_pca(plain.T, means, eigenvectors).T, levels)
    wide = check_pca(random.standard_normal((50, 128)) * 3, means, eigenvectors)
    assert (wide.min(), wide.max()) == (0, 255)


@pytest.mark.skipif(not PARAMETERS.is_file(), reason="the released PCA parameters are not here")
def test_the_released_parameters_whiten():
    check_pca(np.random.default_rng(2).standard_normal((50, 128)) * 0.3, *vggish.read_pca(PARAMETERS))


def test_what_is_not_the_named_network_is_told(models, tmp_path):
    tf = saved_model.tensorflow()
    clip = clip_of(noise(RATE))
    with pytest.raises(InputError, match=r"/v holds a model that gives \(1, 128\); that of yamnet .* \(frames, 1024\)"):
        yamnet.extract(clip, str(models["vggish"]))
    with pytest.raises(InputError, match=r"/y holds a model that gives \(2, 1024\)"):
        vggish.extract(clip, str(models["yamnet"]), pca=False)
    with pytest.raises(InputError, match="no SavedModel"):
        yamnet.extract(clip, str(tmp_path))
    with pytest.raises(InputError, match="the folder nowhere"):
        yamnet.extract(clip, "nowhere")
    plain = tf.Module()
    plain.values = tf.Variable(1.0)
    tf.saved_model.save(plain, str(tmp_path / "plain"))
    with pytest.raises(InputError, match="cannot be called"):
        yamnet.extract(clip, str(tmp_path / "plain"))
    picky = tf.Module()
    picky.__class__ = type("Picky", (tf.Module,), {"__call__": tf.function(lambda self, x: x)})
    picky.__call__.get_concrete_function(tf.TensorSpec([None, 96, 64], tf.float32))
    tf.saved_model.save(picky, str(tmp_path / "picky"))
    with pytest.raises(InputError, match="does not take audio"):
        yamnet.extract(clip, str(tmp_path / "picky"))
    with pytest.raises(ValueError, match="not at 22050 Hz"):
        yamnet.extract(Clip(noise(100), 22050, []), str(models["yamnet"]))


EXTRACT = """
import sys; sys.path.insert(0, "scripts")
import numpy as np
from genrebench.audio.clip import Clip
from genrebench.features import yamnet
samples = (0.1 * np.random.default_rng(0).standard_normal(20 * 16000)).astype(np.float32)
np.save(sys.argv[2], yamnet.extract(Clip(samples, 16000, []), sys.argv[1]))
"""


def test_another_process_hears_the_same_and_is_silent(models, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", EXTRACT, models["yamnet"], tmp_path / "a.npy"],
        env=os.environ | {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2"},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    np.testing.assert_array_equal(
        np.load(tmp_path / "a.npy"), yamnet.extract(clip_of(noise(20 * RATE)), str(models["yamnet"]))
    )


def test_the_features_are_found_without_tensorflow():
    code = "import sys; from genrebench.features import vggish, yamnet; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "scripts"}, capture_output=True)
    assert run.stdout == b"False\n"


@pytest.mark.skipif(not REAL, reason="GENREBENCH_YAMNET does not name the folder of the real YAMNet")
@pytest.mark.skipif(not CLIPS.is_dir(), reason="the real clips are not here")
def test_the_real_yamnet_hears_music():
    samples = decode.load(next(CLIPS.rglob("*.wav")), RATE)
    found = yamnet.extract(clip_of(samples), REAL)
    scores, whole, _ = saved_model.tensorflow().saved_model.load(REAL)(samples)
    np.testing.assert_array_equal(found, whole.numpy().T)
    assert found.shape in {(1024, 61), (1024, 62)}
    classes = (Path(REAL) / "assets" / "yamnet_class_map.csv").read_text().splitlines()[1:]
    assert classes[int(scores.numpy().mean(axis=0).argmax())].endswith(",Music")


def test_the_plan_knows_the_size_of_what_is_there_and_of_what_is_not(models):
    features = {
        "yamnet": {"handle": str(models["yamnet"])},
        "vggish": {"handle": "not/there", "pca": False},
        "rms": {"frame_length": 2048, "hop_length": 512},
    }
    frames = yamnet.extract(Clip(noise(3 * RATE), RATE, []), str(models["yamnet"])).size
    expected = {"yamnet": frames, "vggish": 0, "rms": 1 + 3 * 22050 // 512}
    assert survey.feature_sizes(features, 22050, 3.0) == expected
