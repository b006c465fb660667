"""Holds the newest complete period of each rule against its limit and its band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from orchestration.alerting.bands import expect
from orchestration.alerting.rules import Rule
from orchestration.alerting.series import Series, SeriesKey, start_of

LONGEST_LOOK_BACK = 366
"""Periods before the judged one that may have breached already."""


@dataclass(frozen=True)
class Bound:
    """What a value may not pass, and the value that was expected (None for a fixed limit)."""

    threshold: float
    expected: float | None


@dataclass(frozen=True)
class Verdict:
    """What a rule says of one dimension value in its newest complete period.

    `since` is the start of the first of the periods in a row that breached, up to this one;
    `details` are those of the point.
    """

    rule: Rule
    dimension_value: str
    period_start: date
    value: float
    denominator: float | None
    bound: Bound
    is_breach: bool
    since: date
    details: tuple[str, str] = ("", "")


def judge(rule: Rule, series: Series) -> Iterator[Verdict]:
    """The verdicts of a rule, by dimension value; none of what cannot be judged.

    That is a dimension value without a value in the newest complete period, one with too small a
    denominator, and for a band one with too little history.
    """
    if series.newest is None:
        return
    for dimension_value, all_points in sorted(series.points.items()):
        if not rule.watches(rule.dimension_type, dimension_value):
            continue
        points = {
            number: point
            for number, point in all_points.items()
            if point.denominator is None or point.denominator >= rule.min_denominator
        }
        values = {number: point.value for number, point in points.items()}
        point, bound = points.get(series.newest), _bound(rule, values, series.newest)
        if point is None or bound is None:
            continue
        is_breach = _is_beyond(rule, point.value, bound)
        first = series.newest
        if is_breach:
            first = _first_of_row(rule, values, series.newest)
        yield Verdict(
            rule=rule,
            dimension_value=dimension_value,
            period_start=start_of(rule.period, series.newest),
            value=point.value,
            denominator=point.denominator,
            bound=bound,
            is_breach=is_breach,
            since=start_of(rule.period, first),
            details=point.details,
        )


def judge_all(rules: tuple[Rule, ...], series: Mapping[SeriesKey, Series]) -> tuple[Verdict, ...]:
    """The verdicts of all rules, in their order."""
    return tuple(
        verdict
        for rule in rules
        for verdict in judge(rule, series[rule.period, rule.metric_code, rule.dimension_type])
    )


def _bound(rule: Rule, values: Mapping[int, float], at: int) -> Bound | None:
    """The bound of a period; of limit and band the one that is passed last."""
    if rule.kind == "limit" and rule.threshold is not None:
        return Bound(rule.threshold, None)
    found = expect(values, at, rule.period)
    if found is None or found.history < (rule.least_history or 0):
        return None
    change = max((rule.band_width or 0) * found.spread, rule.min_change or 0)
    below = rule.comparator == "below"
    edge = found.value * (1 - change if below else 1 + change)
    if rule.kind == "both" and rule.threshold is not None:
        edge = min(edge, rule.threshold) if below else max(edge, rule.threshold)
    return Bound(edge, found.value)


def _is_beyond(rule: Rule, value: float, bound: Bound) -> bool:
    return value < bound.threshold if rule.comparator == "below" else value > bound.threshold


def _first_of_row(rule: Rule, values: Mapping[int, float], at: int) -> int:
    """The first of the periods in a row, up to `at`, that are beyond their own bound."""
    first = at
    while at - first < LONGEST_LOOK_BACK:
        before = first - 1
        bound = _bound(rule, values, before) if before in values else None
        if bound is None or not _is_beyond(rule, values[before], bound):
            break
        first = before
    return first
