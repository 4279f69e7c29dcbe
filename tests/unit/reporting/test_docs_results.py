import pytest

from genrebench.common.cli import InputError
from genrebench.evaluation import tables
from genrebench.reporting import docs_results

ROWS = [
    {"model": "a", "protocol": "artist", "n_test": 120, "splits": 2, "accuracy_mean": 0.5, "accuracy_low": 0.4}
    | {"accuracy_high": 0.6, "valid_accuracy": 0.55, "status": "done"},
    {"model": "b", "protocol": "artist", "n_test": 120, "splits": 2, "accuracy_mean": 0.75, "accuracy_low": 0.7}
    | {"accuracy_high": 0.8, "valid_accuracy": 0.7, "status": "done"},
    {"model": "a", "protocol": "fault_filtered", "status": "unavailable", "reason": "No test clip."},
    {"model": "b", "protocol": "fault_filtered", "status": "unavailable", "reason": "No test clip."},
]


def test_the_table_has_the_runs_and_says_what_could_not_be_run():
    lines = docs_results.as_markdown(tables.LEADERBOARD.frame(ROWS)).splitlines()
    assert lines[2] == "| `b` | `artist` | 120 | 2 | 75.0 | 70.0 to 80.0 | 70.0 |"
    assert lines[3].startswith("| `a` | `artist` | 120 |")
    assert lines[4:] == ["", "- `fault_filtered`: unavailable. No test clip."]


def test_the_page_is_written_between_its_lines_and_again_the_same(tmp_path):
    results, page, folder = tmp_path / "results/mine", tmp_path / "page.md", tmp_path / "page"
    results.mkdir(parents=True)
    tables.LEADERBOARD.write(results / "leaderboard.csv", ROWS)
    (results / "leaderboard.png").write_bytes(b"picture")
    page.write_text("# Page\n\n<!-- mine -->\nold\n<!-- end of mine -->\n\nEnd.\n")
    docs_results.write_results(results, page, folder)
    first = page.read_text()
    assert first.startswith("# Page\n\n<!-- mine -->\n\n| model |") and first.endswith("<!-- end of mine -->\n\nEnd.\n")
    assert "old" not in first
    docs_results.write_results(results, page, folder)
    assert page.read_text() == first
    assert (folder / "mine.png").read_bytes() == b"picture"
    assert (folder / "mine.csv").read_text().splitlines()[0] == ",".join(docs_results.COLUMNS)
    assert len((folder / "mine.csv").read_text().splitlines()) == 3
    page.write_text("# Page\n")
    with pytest.raises(InputError, match="around the table"):
        docs_results.write_results(results, page, folder)
