"""All rules; importing this package fills the list of rules."""

from tests.policy.rules import (
    contract,
    documentation,
    layering,
    macros,
    marts,
    metrics,
    naming,
    portability,
    python,
    repository,
    seeds,
    style,
    testing,
)

__all__ = [
    "contract",
    "documentation",
    "layering",
    "macros",
    "marts",
    "metrics",
    "naming",
    "portability",
    "python",
    "repository",
    "seeds",
    "style",
    "testing",
]
