"""Small builds with KPI tables written by hand, for tests of alerts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.workspace import PROJECT

AS_OF = date(2025, 6, 30)
SHIPPED = PROJECT / "seeds" / "policy" / "alert_rules.csv"
TARGETS = PROJECT / "seeds" / "policy" / "kpi_targets.csv"

Row = tuple[date, str, str, str, float | None, float | None, bool]
"""Period start, metric, dimension type and value, value, denominator, completeness."""

_KPI = (
    "period_start_date date, metric_code text, dimension_type text, dimension_value text, "
    "value double, denominator double, is_complete boolean"
)
_SCORES = (
    "check_date date, system text, table_name text, column_name text, is_below_minimum boolean, "
    "dimension text default 'completeness', score double default 0.5, "
    "minimum_score double default 0.95"
)
_AUDIT = (
    "as_of_date date, metric_code text, dimension_value text, is_warning boolean, "
    "value double default 0.25, threshold double default 0.05"
)
LABELS = ("rfm_strategy", "lifecycle_stages", "identity_audit")
"""Policies that say what dimension values are called."""
_RULES = {
    "valid_from": "date",
    "rule_code": "text",
    "is_active": "boolean",
    "period": "text",
    "metric_code": "text",
    "dimension_type": "text",
    "dimension_value": "text",
    "kind": "text",
    "comparator": "text",
    "threshold": "double",
    "band_width": "double",
    "min_change": "double",
    "least_history": "integer",
    "min_denominator": "double",
    "severity": "text",
    "cooldown_hours": "integer",
    "channels": "text",
    "owner": "text",
    "text_en": "text",
    "text_zh": "text",
}

LIMIT_RULE: dict[str, Any] = {
    "valid_from": date(1900, 1, 1),
    "rule_code": "aov_low",
    "is_active": True,
    "period": "day",
    "metric_code": "aov",
    "dimension_type": "register_channel",
    "dimension_value": None,
    "kind": "limit",
    "comparator": "below",
    "threshold": 100.0,
    "band_width": None,
    "min_change": None,
    "least_history": None,
    "min_denominator": 10.0,
    "severity": "warning",
    "cooldown_hours": 48,
    "channels": "operations",
    "owner": "sales / 销售",
    "text_en": "The order value is low",
    "text_zh": "客单价偏低",
}


def shipped_rules() -> list[dict[str, str]]:
    """The rows of alert_rules.csv."""
    with SHIPPED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def days(count: int, last: date = AS_OF) -> list[date]:
    """So many days in a row, the last one last."""
    return [last - timedelta(days=count - 1 - n) for n in range(count)]


def months(count: int, last: date = date(2025, 6, 1)) -> list[date]:
    """The first days of so many months in a row, the last one last."""
    numbers = [last.year * 12 + last.month - 1 - n for n in range(count)]
    return [date(number // 12, number % 12 + 1, 1) for number in reversed(numbers)]


def make_build(
    path: Path,
    *,
    daily: Iterable[Row] = (),
    monthly: Iterable[Row] = (),
    audit: Iterable[tuple[date, str, str, bool]] = (),
    quality: Iterable[tuple[date, str, str, str, bool]] = (),
    rules: Sequence[dict[str, Any]] | None = None,
) -> Path:
    """A build file with these KPIs and, unless others are given, the shipped rules."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as build:
        for schema in ("kpi", "policy", "identity", "ops"):
            build.execute(f"create schema {schema}")
        columns = ", ".join(f"{name} {kind}" for name, kind in _RULES.items())
        for table, shape, rows in (
            ("kpi.kpi_daily", _KPI, daily),
            ("kpi.kpi_monthly", _KPI, monthly),
            ("identity.oneid_audit", _AUDIT, audit),
            (
                "ops.data_quality_scorecard",
                _SCORES,
                quality,
            ),
            (
                "policy.alert_rules",
                columns,
                [tuple(rule[name] for name in _RULES) for rule in rules or ()],
            ),
        ):
            build.execute(f"create table {table} ({shape})")
            values = list(rows)
            if values:
                columns_of = [pa.array(column) for column in zip(*values, strict=True)]
                names = [str(number) for number in range(len(columns_of))]
                build.register("given", pa.table(columns_of, names=names))
                given = build.table("given").columns
                targets = [row[0] for row in build.execute(f"describe {table}").fetchall()]
                build.execute(
                    f"insert into {table} ({', '.join(targets[: len(given)])}) from given"
                )
        if rules is None:
            build.execute(
                "insert into policy.alert_rules select * from read_csv(?, types = ?)",
                [str(SHIPPED), _RULES],
            )
        for policy in ("kpi_targets", *LABELS):
            build.execute(
                f"create table policy.{policy} as select * from read_csv(?, header = true)",
                [str(TARGETS.with_name(f"{policy}.csv"))],
            )
    return path


def channel_days(
    values: dict[str, float], day: date = AS_OF, denominator: float = 100
) -> list[Row]:
    """The order value of register channels on one day."""
    return [
        (day, "aov", "register_channel", channel, value, denominator, True)
        for channel, value in values.items()
    ]
