"""The numbers that rules judge, out of the marts of a build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb

from orchestration.alerting.rules import Period, Rule


@dataclass(frozen=True)
class Point:
    """A value of a complete period and what it is held against (None where nothing is)."""

    value: float
    denominator: float | None


@dataclass
class Series:
    """A metric along one dimension: the points of each dimension value by period number.

    `newest` is the newest complete period of any dimension value, with a value or without.
    """

    newest: int | None = None
    points: dict[str, dict[int, Point]] = field(default_factory=dict)


SeriesKey = tuple[Period, str, str]
"""Period, metric code and dimension type."""

# Each table as period start, metric, dimension type and value, value, denominator, completeness.
_SOURCES: Mapping[str, tuple[Period, str]] = {
    "kpi.kpi_daily": (
        "day",
        """select period_start_date, metric_code, dimension_type, dimension_value, value,
            denominator, is_complete
        from kpi.kpi_daily""",
    ),
    "kpi.kpi_monthly": (
        "month",
        """select period_start_date, metric_code, dimension_type, dimension_value, value,
            denominator, is_complete
        from kpi.kpi_monthly""",
    ),
    "identity.oneid_audit": (
        "day",
        """select as_of_date, 'identity_warning', 'audit_metric', metric_code,
            count(*) filter (where is_warning), count(*), true
        from identity.oneid_audit
        group by as_of_date, metric_code""",
    ),
    "ops.data_quality_scorecard": (
        "day",
        """select check_date, 'quality_below_minimum', 'source_table', system || '.' || table_name,
            count(*) filter (where is_below_minimum), count(*), true
        from ops.data_quality_scorecard
        group by check_date, system, table_name""",
    ),
}


def number_of(period: Period, day: date) -> int:
    """The period that holds a day, as a whole number; the next one has the next number."""
    return day.toordinal() if period == "day" else day.year * 12 + day.month - 1


def start_of(period: Period, number: int) -> date:
    """The first day of a period."""
    if period == "day":
        return date.fromordinal(number)
    return date(number // 12, number % 12 + 1, 1)


def read_series(
    build: duckdb.DuckDBPyConnection, tables: Collection[str], rules: Iterable[Rule]
) -> dict[SeriesKey, Series]:
    """What the rules look at. A mart that the build does not have gives nothing."""
    wanted = {(rule.period, rule.metric_code, rule.dimension_type) for rule in rules}
    found: dict[SeriesKey, Series] = {key: Series() for key in wanted}
    for table, (period, query) in _SOURCES.items():
        pairs = sorted(
            {(metric, dimension) for when, metric, dimension in wanted if when == period}
        )
        if not pairs or table not in tables:
            continue
        rows = build.execute(
            f"""with observed (
                period_start_date, metric_code, dimension_type, dimension_value, value,
                denominator, is_complete
            ) as ({query})
            select * from observed
            where is_complete and metric_code || ' ' || dimension_type in (select unnest(?))""",
            [[f"{metric} {dimension}" for metric, dimension in pairs]],
        ).fetchall()
        for day, metric, dimension_type, dimension_value, value, denominator, _ in rows:
            series = found[period, metric, dimension_type]
            number = number_of(period, day)
            series.newest = number if series.newest is None else max(series.newest, number)
            if value is not None:
                points = series.points.setdefault(str(dimension_value), {})
                points[number] = Point(
                    float(value), None if denominator is None else float(denominator)
                )
    return found
