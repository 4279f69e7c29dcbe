"""The pages about the papers: what they name exists, and no figure, claim or entry of the suite is missing."""

import csv
import re
from functools import cache

import pytest
import yaml

from documented import INLINE
from genrebench.datasets import tables as dataset_tables
from genrebench.datasets.published import PAPERS, paper_of
from genrebench.evaluation import costs, tables
from genrebench.reporting.report import SECTIONS
from genrebench.workflow import ablation, config, settings_file, settings_page
from genrebench.workflow.entries import entry_name
from project import ROOT

PAGES = ("comparative_analysis", "huang_minami_2024", "sankhe_kulkarni_ambulkar", "li", "cao")
OF_NO_PAPER = {"svm_pooled"}  # a model of the suite
NAME = re.compile(r"[a-z]\w*(-\w+)*")  # of a model, a variant, a feature, a setting, a column, a claim


def text(page):
    return (ROOT / f"docs/papers/{page}.md").read_text(encoding="utf-8")


def names(page):
    return {word for word in INLINE.findall(text(page)) if NAME.fullmatch(word)}


@cache
def suites():
    return yaml.safe_load((ROOT / "config/suites.yaml").read_text())


@cache
def configuration():
    return config.resolve(settings_file.read(ROOT / "params.yaml") | {"dataset": "gtzan", "suite": "papers"})


@cache
def claims():
    with (ROOT / "data/claims.csv").open(encoding="utf-8") as file:
        return {row["id"]: paper_of(row["source"]) for row in csv.DictReader(file)}


@cache
def known():
    sections = configuration().sections
    ablated = sections["ablation"]
    of_ablation = {entry_name(m, v) for m in ablated["models"] for v in ablation.variants(ablated["features"])}
    declared = [found for module in (tables, dataset_tables) for found in vars(module).values()]
    columns = {column for table in declared if isinstance(table, tables.Table) for column in table.columns}
    columns |= set(costs.COLUMNS)
    settings = set(INLINE.findall(settings_page.page()))
    named = {*sections, *sections["models"], *sections["features"], *config.PROTOCOLS, *of_ablation}
    return named | columns | settings | set(claims()) | set(suites())


@pytest.mark.parametrize("page", ("index", *PAGES))
def test_what_a_page_names_exists(page):
    assert sorted(names(page) - known()) == []


@pytest.mark.parametrize("page", PAGES)
def test_each_statement_runs_somewhere_or_has_the_reason_why_not(page):
    tables_of_statements = re.findall(r'<div class="statements" markdown>\n\n(.*?)\n\n</div>', text(page), re.S)
    rows = [line.strip("|").split("|") for table in tables_of_statements for line in table.splitlines()[2:]]
    assert len(rows) > 10
    for cells in rows:
        statement, where, outcome, choice = map(str.strip, cells)
        assert statement and where and (outcome or choice), cells
        assert choice or not where.startswith("not run"), cells


@pytest.mark.parametrize("page", PAGES)
def test_the_sections_of_the_report_that_a_page_names_exist(page):
    assert set(re.findall(r"report, (?:section )?([A-Z][a-z ]*[a-z])", text(page))) <= set(SECTIONS.values())


@pytest.mark.parametrize(("page", "paper"), [*zip(PAGES, PAPERS, strict=True)])
def test_a_page_has_the_figures_and_all_claims_of_its_paper_and_no_other(page, paper):
    assert f"\n<!-- published: {paper} -->\n" in text(page)
    assert names(page) & set(claims()) == {claim for claim, source in claims().items() if source == paper}


def test_every_entry_of_the_suite_is_on_a_page():
    on_pages = set.union(*map(names, PAGES))
    assert set(suites()["papers"]) - OF_NO_PAPER <= on_pages
