"""The alert rules in force, as the build holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

Period = Literal["month", "day"]
Kind = Literal["limit", "band", "both"]
Comparator = Literal["below", "above"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True)
class Rule:
    """A row of alert_rules.csv. Those numbers are None that its kind does not have."""

    rule_code: str
    period: Period
    metric_code: str
    dimension_type: str
    dimension_value: str
    kind: Kind
    comparator: Comparator
    threshold: float | None
    band_width: float | None
    min_change: float | None
    least_history: int | None
    min_denominator: float
    severity: Severity
    channels: tuple[str, ...]
    cooldown_hours: int
    owner: str
    text_en: str
    text_zh: str

    def watches(self, dimension_type: str, dimension_value: str) -> bool:
        """Whether a dimension value is one of those that the rule looks at."""
        return dimension_type == self.dimension_type and (
            not self.dimension_value or dimension_value == self.dimension_value
        )


_IN_FORCE = """
select
    rule_code, period, metric_code, dimension_type,
    coalesce(cast(dimension_value as text), ''), kind,
    comparator, threshold, band_width, min_change, least_history, min_denominator, severity,
    channels, cooldown_hours, owner, text_en, text_zh
from (
    select *, row_number() over (partition by rule_code order by valid_from desc) as place
    from policy.alert_rules
    where valid_from <= ?
)
where place = 1 and is_active
order by rule_code
"""

_UNITS = """
select metric_code, unit
from policy.kpi_targets
where valid_from <= ?
qualify row_number() over (partition by metric_code order by valid_from desc) = 1
"""


Labels = Mapping[tuple[str, str], tuple[str, str]]
"""What a dimension value is called in English and in Chinese, by dimension type and value."""

_LABELS = {
    "rfm_group": ("policy.rfm_strategy", "rfm_group"),
    "lifecycle_stage": ("policy.lifecycle_stages", "lifecycle_stage"),
    "audit_metric": ("policy.identity_audit", "metric_code"),
}
"""The policies that say so: table, and the column of the value."""


def tables_of(build: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The tables and views of a build, as `schema.name`."""
    rows = build.execute("select table_schema || '.' || table_name from information_schema.tables")
    return frozenset(str(name) for (name,) in rows.fetchall())


def rules_in_force(
    build: duckdb.DuckDBPyConnection, tables: Collection[str], as_of: date
) -> tuple[Rule, ...]:
    """The active rules of a business date, by code; none where the build has no such policy.

    `tables` are those of the build.
    """
    if "policy.alert_rules" not in tables:
        return ()
    return tuple(_rule(row) for row in build.execute(_IN_FORCE, [as_of]).fetchall())


def units_in_force(
    build: duckdb.DuckDBPyConnection, tables: Collection[str], as_of: date
) -> dict[str, str]:
    """The unit of every KPI: ratio, count or money."""
    if "policy.kpi_targets" not in tables:
        return {}
    return {str(code): str(unit) for code, unit in build.execute(_UNITS, [as_of]).fetchall()}


def labels_in_force(
    build: duckdb.DuckDBPyConnection, tables: Collection[str], as_of: date
) -> Labels:
    """What the policies call the dimension values on a business date."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for dimension_type, (table, column) in _LABELS.items():
        if table in tables:
            rows = build.execute(
                f"""select {column}, label_en, label_zh from {table} where valid_from <= ?
                qualify row_number() over (partition by {column} order by valid_from desc) = 1""",
                [as_of],
            ).fetchall()
            found |= {(dimension_type, str(value)): (en, zh) for value, en, zh in rows}
    return found


def _rule(row: tuple[object, ...]) -> Rule:
    values = list(row)
    values[13] = tuple(str(values[13]).split())
    return Rule(*values)  # type: ignore[arg-type]
