"""What the churn classifier looks at, by name."""

from __future__ import annotations

FEATURES = (
    "forecast",
    "silence",
    "repeats",
    "age",
    "month",
    "quarter",
    "rhythm",
    "longest",
    "single",
)
"""The features of the classifier, in the order of its columns (docs/definitions.md, Churn)."""
