"""Every rule fires where it must, on the smallest project and on this repository."""

import inspect

import pytest

import tests.policy.rules  # noqa: F401  (fills RULES)
from tests.policy.cases import CASES, Case
from tests.policy.draft import Draft, clean
from tests.policy.project import Project
from tests.policy.rule import RULES

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.name}")


def caused(case: Case, before: Draft) -> set[str]:
    """What the rule says after the change and did not say before it."""
    after = before.copy()
    case.change(after)
    rule = RULES[case.rule]
    return set(rule(after.project())) - set(rule(before.project()))


@pytest.mark.parametrize("name", RULES)
def test_rule_accepts_the_smallest_project(name: str) -> None:
    assert list(RULES[name](clean().project())) == []


@by_name
def test_rule_fires_on_the_smallest_project(case: Case) -> None:
    sentences = caused(case, clean())
    assert any(case.says in sentence for sentence in sentences), sentences


@by_name
def test_rule_fires_on_this_repository(case: Case, repository: Project) -> None:
    before = Draft(dict(repository.manifest), dict(repository.files))
    sentences = caused(case, before)
    assert any(case.says in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("name", RULES)
def test_rule_has_a_failing_case_and_says_what_it_holds(name: str) -> None:
    assert name in {case.rule for case in CASES}, "add a case that breaks it to cases.py"
    assert inspect.getdoc(RULES[name])


def test_cases_name_rules() -> None:
    assert {case.rule for case in CASES} <= set(RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.name}")
def test_sentence_names_a_place_and_ends_as_one(case: Case) -> None:
    for sentence in caused(case, clean()):
        assert sentence.rstrip().endswith((".", "…", "…'}}).", ")")), sentence
        assert any(mark in sentence for mark in ("/", ".md", ".yml", "The g")), sentence
