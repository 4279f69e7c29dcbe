import pytest

from genrebench.workflow.dvc_outputs import KINDS, is_recoverable
from parameters import FEATURES as FEATURES_OF_PROJECT

FEATURES = {"mel": {}, "wavelet": {}, "fine": {"module": "wavelet"}, "waveform": {}, "tabular": "precomputed"}


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("data/raw/mine", ["audio"]),
        ("results/mine/excerpts", ["audio"]),
        ("results/mine/features/mel.npy", ["features"]),
        ("results/mine/features/wavelet.npy", ["audio", "features"]),
        ("results/mine/features/fine.npy", ["audio", "features"]),
        ("results/mine/features/waveform.npy", ["audio", "features"]),
        ("results/mine/features/tabular.npy", ["features"]),
        ("results/mine/features/removed.npy", ["features"]),
        ("results/mine/features/mel.json", []),
        ("results/mine/errors", []),
        ("data/raw/mine.csv/x", ["audio"]),
    ],
)
def test_what_is_of_which_kind(path, kinds):
    assert [kind for kind in KINDS if is_recoverable(path, FEATURES, [kind])] == kinds


def test_what_a_dataset_brings_cannot_be_had_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_recoverable("data/raw/mine", {})
    (tmp_path / "data/raw/mine").mkdir(parents=True)
    (tmp_path / "data/raw/mine/manifest.csv").touch()
    assert not is_recoverable("data/raw/mine", {})


def test_features_with_a_value_for_each_sample_give_the_audio_back():
    """What has no statistics or bands of a spectrum is the signal in another form."""
    marked = {
        name
        for name, entry in FEATURES_OF_PROJECT.items()
        if is_recoverable(f"results/demo/features/{name}.npy", {name: entry}, ["audio"])
    }
    assert marked == {"wavelet", "waveform"}
