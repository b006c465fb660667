"""This repository breaks no rule. There is no baseline: zero violations, from the first day."""

import pytest

import tests.policy.rules  # noqa: F401  (fills RULES)
from orchestration.warehouse.policy import NOT_KEPT
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


def test_no_row_that_is_kept_follows_the_models(repository: Project) -> None:
    """What NOT_KEPT leaves out of the reasons for a full refresh reaches no row that is kept."""
    nodes, children = repository.manifest["nodes"], repository.manifest["child_map"]
    for policy in NOT_KEPT:
        found, ahead = set(), [name for name in nodes if name.endswith(f".{policy}")]
        assert ahead, policy
        while ahead:
            for child in children[ahead.pop()]:
                if child not in found:
                    found.add(child)
                    ahead.append(child)
        built = [nodes[name]["config"] for name in found if name in nodes]
        assert not {"incremental", "snapshot"} & {config["materialized"] for config in built}
