"""This repository breaks no rule. There is no baseline: zero violations, from the first day."""

import pytest

import tests.policy.rules  # noqa: F401  (fills RULES)
from tests.policy.project import Project
from tests.policy.rule import RULES, violations


@pytest.mark.parametrize("name", RULES)
def test_repository_keeps(name: str, repository: Project) -> None:
    sentences = violations(name, repository)
    assert not sentences, "\n".join([RULES[name].__doc__ or name, *sentences])


def test_repository_was_read(repository: Project) -> None:
    assert len(repository.models) > 100
    assert len(repository.contract) > 40
    assert repository.marts
    assert repository.seeds
    assert repository.macros
    assert repository.data_tests
