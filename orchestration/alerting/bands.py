"""What a number would be if nothing had happened, learnt from the periods before it.

docs/definitions.md, "Alerts", states the formula: the level is the median of the cycle before
(7 days, 12 months), the season the median quotient of value and level on the same weekday or in
the same month, and the spread the median absolute deviation of what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from orchestration.alerting.rules import Period

CYCLE: Mapping[Period, int] = {"day": 7, "month": 12}
WINDOW: Mapping[Period, int] = {"day": 56, "month": 48}
"""How many periods before the judged one teach."""

NORMAL = 1.4826
"""The median absolute deviation of a normal distribution, times this, is its standard deviation."""


@dataclass(frozen=True)
class Expectation:
    """The expected value, its relative spread (one standard deviation), periods that taught it."""

    value: float
    spread: float
    history: int


def expect(values: Mapping[int, float], at: int, period: Period) -> Expectation | None:
    """The expectation of period `at` from the periods before it, or None where they say nothing.

    `values` is by period number; what stands at `at` or later is not looked at.
    """
    level = _level(values, at, CYCLE[period])
    if level is None:
        return None
    quotients: dict[int, float] = {}
    for number in range(at - WINDOW[period], at):
        before = _level(values, number, CYCLE[period]) if number in values else None
        if before is not None:
            quotients[number] = values[number] / before
    seasons: dict[int, list[int]] = defaultdict(list)
    for number in quotients:
        seasons[number % CYCLE[period]].append(number)
    rests: list[float] = []
    for number, quotient in quotients.items():
        others = [quotients[other] for other in seasons[number % CYCLE[period]] if other != number]
        season = median(others) if others else 1.0
        if season > 0:
            rests.append(quotient / season)
    same = [quotients[number] for number in seasons[at % CYCLE[period]]]
    season = median(same) if same else 1.0
    if not rests or season <= 0:
        return None
    spread = NORMAL * median(abs(rest - 1) for rest in rests)
    return Expectation(level * season, spread, len(rests))


def _level(values: Mapping[int, float], at: int, cycle: int) -> float | None:
    """Median of the cycle before a period; None where half is missing or it is not above 0."""
    before = [values[number] for number in range(at - cycle, at) if number in values]
    if 2 * len(before) <= cycle:
        return None
    level = median(before)
    return level if level > 0 else None
