"""Exports from strangers: each that was tampered with ends in the same answer or one line, and does nothing else."""

import shutil

import pytest
import soundfile

import tampering
from exported_models import CLASSICAL, CNN, NETWORKS, RATE, Corpus, tone
from genrebench.common.workers import Failure, Workers
from genrebench.inference.description import read_description

MODELS = ["logistic", "random_forest", "svm_pooled", "cnn"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    for model in MODELS:
        corpus.train(model, CLASSICAL.get(model, CNN | {"epochs": 1}), NETWORKS if model == "cnn" else {"threads": 1})
        corpus.export(model)
    return corpus


@pytest.mark.parametrize(
    "count", [48, pytest.param(300, marks=[pytest.mark.long, pytest.mark.exhaustive], id="campaign")]
)
def test_a_tampered_export_says_the_same_or_is_refused_in_a_line(corpus, tmp_path, count):
    song, outside = tmp_path / "song.wav", tmp_path / "outside" / "secret"
    soundfile.write(song, tone("bass", 99, 2.0), RATE)
    outside.parent.mkdir()
    outside.write_text("secret")
    folders = [corpus.folder / "export" / model for model in MODELS]
    changes = []
    for number in range(count):
        folders.append(shutil.copytree(folders[number % len(MODELS)], tmp_path / "exports" / str(number)))
        changes.append(tampering.tamper(folders[-1], number, outside))
    with Workers(tampering.start, [song, outside], 1, 60) as workers:
        found = list(workers.map(folders))
    assert not [one for one in found if isinstance(one, Failure)], list(zip(changes, found[4:], strict=True))
    good = [answer for answer, _ in found[:4]]
    assert all(isinstance(answer, list) for answer in good)
    refused = 0
    for number, (what, (answer, done)) in enumerate(zip(changes, found[4:], strict=True)):
        assert done == [], what
        if isinstance(answer, str):
            refused += 1
            assert "\n" not in answer and len(answer) < 2000, what
        elif "told" not in what:  # who knows how can make another model of it, and nothing else
            assert answer == good[number % len(MODELS)], what
    assert refused > count / 2
    assert outside.read_text() == "secret"


@pytest.mark.parametrize("model", MODELS)
def test_the_same_run_is_exported_to_the_same_bytes(corpus, model):
    before = corpus.folder / "export" / model
    again = corpus.export(model, name=f"{model}_again")
    first, second = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (before, again))
    assert first == second
    assert [name for name in read_description(again)["files"] if name.endswith(".npz")]
