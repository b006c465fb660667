"""The numbers that rules judge, out of the marts of a build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb

from orchestration.alerting.rules import Period, Rule


@dataclass(frozen=True)
class Point:
    """A value of a complete period and what it is held against (None where nothing is).

    `details` say in English and in Chinese what was counted, the worst first; empty for a KPI.
    """

    value: float
    denominator: float | None
    details: tuple[str, str] = ("", "")


@dataclass
class Series:
    """A metric along one dimension: the points of each dimension value by period number.

    `newest` is the newest complete period of any dimension value, with a value or without.
    """

    newest: int | None = None
    points: dict[str, dict[int, Point]] = field(default_factory=dict)


SeriesKey = tuple[Period, str, str]
"""Period, metric code and dimension type."""


def _plain(column: str) -> str:
    """A number of a table, as people write it."""
    return f"regexp_replace(format('{{:.4f}}', {column}), '[.]?0+$', '')"


def _share(column: str) -> str:
    """A share of a table, in per cent."""
    return f"format('{{:.1f}}%', 100 * {column})"


SHOWN = 3
"""How many of the things counted are told."""

_CHECK_ZH = "case dimension {} else dimension end".format(
    " ".join(
        f"when '{code}' then '{label}'"
        for code, label in {
            "completeness": "完整性",
            "validity": "有效性",
            "uniqueness": "唯一性",
            "timeliness": "及时性",
            "consistency": "一致性",
        }.items()
    )
)
_WORST_CHECKS = "order by score - minimum_score, column_name, dimension"
_WORST_LIMITS = "order by dimension_value"

# Each table as period start, metric, dimension type and value, value, denominator, completeness,
# and lists of what is counted, in English and in Chinese.
_SOURCES: Mapping[str, tuple[Period, str]] = {
    "kpi.kpi_daily": (
        "day",
        """select period_start_date, metric_code, dimension_type, dimension_value, value,
            denominator, is_complete, null, null
        from kpi.kpi_daily""",
    ),
    "kpi.kpi_monthly": (
        "month",
        """select period_start_date, metric_code, dimension_type, dimension_value, value,
            denominator, is_complete, null, null
        from kpi.kpi_monthly""",
    ),
    "identity.oneid_audit": (
        "day",
        f"""select as_of_date, 'identity_warning', 'audit_metric', metric_code,
            count(*) filter (where is_warning), count(*), true,
            list(
                case when dimension_value = 'all' then '' else dimension_value || ' ' end
                || {_plain("value")} || ' (limit ' || {_plain("threshold")} || ')' {_WORST_LIMITS}
            ) filter (where is_warning),
            list(
                case when dimension_value = 'all' then '' else dimension_value || ' ' end
                || {_plain("value")} || '（限值 ' || {_plain("threshold")} || '）' {_WORST_LIMITS}
            ) filter (where is_warning)
        from identity.oneid_audit
        group by as_of_date, metric_code""",
    ),
    "ops.data_quality_scorecard": (
        "day",
        f"""select check_date, 'quality_below_minimum', 'source_table',
            system || '.' || table_name, count(*) filter (where is_below_minimum), count(*), true,
            list(
                dimension || ' of ' || replace(column_name, '(table)', 'the table') || ' '
                || {_share("score")} || ' (minimum ' || {_share("minimum_score")} || ')'
                {_WORST_CHECKS}
            ) filter (where is_below_minimum),
            list(
                replace(column_name, '(table)', '整表') || ' ' || {_CHECK_ZH} || ' '
                || {_share("score")} || '（标准 ' || {_share("minimum_score")} || '）'
                {_WORST_CHECKS}
            ) filter (where is_below_minimum)
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
                denominator, is_complete, details_en, details_zh
            ) as ({query})
            select * from observed
            where is_complete and metric_code || ' ' || dimension_type in (select unnest(?))""",
            [[f"{metric} {dimension}" for metric, dimension in pairs]],
        ).fetchall()
        for day, metric, dimension_type, dimension_value, value, denominator, _, *told in rows:
            series = found[period, metric, dimension_type]
            number = number_of(period, day)
            series.newest = number if series.newest is None else max(series.newest, number)
            if value is not None:
                points = series.points.setdefault(str(dimension_value), {})
                points[number] = Point(
                    float(value),
                    None if denominator is None else float(denominator),
                    (
                        _listed(told[0], ", ", " and {left} more"),
                        _listed(told[1], "、", "等 {all} 项"),
                    ),
                )
    return found


def _listed(details: list[str] | None, between: str, rest: str) -> str:
    """The first of the details, and how many are left or there are in all."""
    if not details:
        return ""
    left = len(details) - SHOWN
    told = between.join(details[:SHOWN])
    return told + rest.format(left=left, all=len(details)) if left > 0 else told
