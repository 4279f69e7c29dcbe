"""How many jobs a large corpus has: the DAG of a made-up index of its files."""

from genrebench.extraction.shards import MOST_SHARDS
from genrebench.workflow import file_index

EXTRACTED = 5  # features of the tiny project that need no weights


def jobs_of(project, clips):
    rows = ({"path": f"genre{i % 10}/{i}.wav", "size": 1, "md5": f"{i:032x}"} for i in range(clips))
    file_index.write(rows, project.folder / ".cache/large/raw.json")
    return project.jobs()


def test_number_of_jobs_is_bounded(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.change("dataset", "large")
    ten_thousand, hundred_thousand = jobs_of(project, 10_000), jobs_of(project, 100_000)
    assert ten_thousand == hundred_thousand
    assert hundred_thousand.pop("extract_shard") == EXTRACTED * MOST_SHARDS
    assert sum(hundred_thousand.values()) < 100  # what is not extraction does not know how many clips there are
