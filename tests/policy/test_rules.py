"""Every rule fires where it must, on the smallest project and on this repository."""

import inspect
import json

import pytest

import tests.policy.rules  # noqa: F401  (fills RULES)
from tests.policy.cases import CASES, Case
from tests.policy.draft import Draft, clean
from tests.policy.project import Project
from tests.policy.rule import RULES, violations

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.name}")


def caused(case: Case, before: Project) -> set[str]:
    """What the rule says after the change and did not say before it."""
    after = Draft(before.manifest, before.files)
    case.change(after)
    return set(RULES[case.rule](after.project())).difference(violations(case.rule, before))


@pytest.fixture(scope="module")
def smallest() -> Project:
    """The smallest project without a violation."""
    return clean().project()


@pytest.mark.parametrize("name", RULES)
def test_rule_accepts_the_smallest_project(name: str) -> None:
    assert list(RULES[name](clean().project())) == []


@by_name
def test_rule_fires_on_the_smallest_project(case: Case, smallest: Project) -> None:
    sentences = caused(case, smallest)
    assert any(case.says in sentence for sentence in sentences), sentences


@by_name
def test_rule_fires_on_this_repository(case: Case, repository: Project) -> None:
    sentences = caused(case, repository)
    assert any(case.says in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("name", RULES)
def test_rule_has_a_failing_case_and_says_what_it_holds(name: str) -> None:
    assert name in {case.rule for case in CASES}, "add a case that breaks it to cases.py"
    assert inspect.getdoc(RULES[name])


@by_name
def test_a_case_leaves_the_project_as_it_was(case: Case, smallest: Project) -> None:
    case.change(Draft(smallest.manifest, smallest.files))
    untouched = clean().project()
    assert json.dumps(smallest.manifest) == json.dumps(untouched.manifest)
    assert smallest.files == untouched.files


def test_cases_name_rules() -> None:
    assert {case.rule for case in CASES} <= set(RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.name}")
def test_sentence_names_a_place_and_ends_as_one(case: Case, smallest: Project) -> None:
    for sentence in caused(case, smallest):
        assert sentence.rstrip().endswith((".", "…", "…'}}).", ")")), sentence
        assert any(mark in sentence for mark in ("/", ".md", ".yml", "The g")), sentence
