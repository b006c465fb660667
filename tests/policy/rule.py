"""How a rule of the policy suite looks, and the list of all rules."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from tests.policy.project import Project

Rule = Callable[[Project], Iterable[str]]
"""Yields one sentence for each violation: which file, what is wrong, what to do."""

RULES: dict[str, Rule] = {}
"""All rules by name."""


def rule(function: Rule) -> Rule:
    """Adds a function to the rules, under its own name."""
    RULES[function.__name__] = function
    return function


@lru_cache(maxsize=1024)
def violations(name: str, project: Project) -> tuple[str, ...]:
    """What a rule says about a project, asked once."""
    return tuple(RULES[name](project))
