"""A small exported model and the console command, for the tests at scale."""

import pytest

from exported_models import CLASSICAL, Corpus
from project import Project


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return Corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def exported(corpus):
    """The folder of an exported model."""
    corpus.train("logistic", CLASSICAL["logistic"])
    return corpus.export("logistic")


@pytest.fixture
def terminal(tmp_path):
    """An empty folder with a command line."""
    return Project(tmp_path)
