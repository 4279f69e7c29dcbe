import pytest

from genrebench.common.cli import InputError
from genrebench.reporting import docs_papers

PUBLISHED = """\
model,source,dataset,protocol,metric,genre,value,note
cnn,"Li, section V",gtzan,stratified,accuracy,,0.4660,mean of 5
cnn,"Li, section V",gtzan,stratified,parameters,,52290,
cnn,"Li, section V",gtzan,stratified,test_loss,,1.429723267868652,
cnn,"Li, Figure 5",gtzan,stratified,precision,jazz,0.96,
cnn,"Li, Figure 5",gtzan,stratified,recall,jazz,0.88,
cnn,"Li, Figure 5",gtzan,stratified,recall,rock,0.50,
other,"Cao, Figure 5",gtzan,holdout,accuracy,,0.79,
"""


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "published.csv"
    path.write_text(PUBLISHED)
    return path


def test_every_figure_of_the_paper_is_shown_and_no_other(published):
    lines = docs_papers.published_tables(published, "Li").splitlines()
    assert "| `cnn` | accuracy | 46.6% | `stratified` | section V | mean of 5 |" in lines
    assert "| `cnn` | parameters | 52290 | `stratified` | section V |  |" in lines
    assert "| `cnn` | test loss | 1.4297 | `stratified` | section V |  |" in lines
    assert not any("other" in line for line in lines)


def test_scores_of_genres_stand_in_a_row_per_genre(published):
    text = docs_papers.published_tables(published, "Li")
    assert "cnn (Figure 5)" in text
    assert "    | genre | precision | recall |\n" in text
    assert "    | jazz | 0.96 | 0.88 |\n" in text
    assert text.endswith("    | rock | – | 0.50 |")


def test_a_paper_without_figures_is_an_error(published):
    with pytest.raises(InputError, match="Lee"):
        docs_papers.published_tables(published, "Lee")
