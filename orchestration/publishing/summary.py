"""What a published file says, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb


@dataclass(frozen=True)
class Section:
    """A small table: `rows` are texts, one per column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_TOTALS = (
    ("identity.dim_member", "persons", "select count(*) from identity.dim_member"),
    ("identity.oneid_map", "source records", "select count(*) from identity.oneid_map"),
    ("core.fct_orders", "orders", "select count(*) from core.fct_orders"),
    ("core.fct_orders", "valid orders", "select count(*) from core.fct_orders where is_valid"),
    ("core.fct_order_lines", "order lines", "select count(*) from core.fct_order_lines"),
    (
        "core.fct_orders",
        "net revenue",
        "select coalesce(sum(net_revenue), 0) from core.fct_orders where is_valid",
    ),
    ("core.fct_events", "digital events", "select count(*) from core.fct_events"),
    ("ops.quarantine", "rejected rows", "select count(*) from ops.quarantine"),
)

_STAGES = """
select
    lifecycle_stage,
    any_value(lifecycle_stage_zh),
    count(*) as members
from insight.member_lifecycle
group by lifecycle_stage
order by members desc, lifecycle_stage
"""

_GROUPS = """
select
    rfm_group,
    any_value(rfm_group_zh),
    count(*) as members,
    round(avg(recency_days), 2),
    round(avg(frequency), 2),
    round(avg(monetary), 2)
from insight.member_rfm
group by rfm_group
order by members desc, rfm_group
"""

_KPIS = """
select
    metric_code,
    period_start_date,
    numerator,
    denominator,
    value
from kpi.kpi_monthly
where dimension_type = 'all' and is_complete and value is not null
qualify row_number() over (partition by metric_code order by period_start_date desc) = 1
order by metric_code
"""


def summarise(file: Path) -> tuple[Section, ...]:
    """Totals, lifecycle stages, RFM groups and the newest complete KPIs of a published file.

    A section whose table is not published is left out.
    """
    connection = duckdb.connect(str(file), read_only=True)
    try:
        present = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        return tuple(_sections(connection, present))
    finally:
        connection.close()


def _sections(connection: duckdb.DuckDBPyConnection, present: set[str]) -> list[Section]:
    sections = [
        Section(
            "What came out",
            ("what", "number"),
            tuple(
                (label, _number(_value(connection, query)))
                for table, label, query in _TOTALS
                if table in present
            ),
        )
    ]
    for table, title, columns, query in (
        (
            "insight.member_lifecycle",
            "Lifecycle stages",
            ("stage", "阶段", "persons"),
            _STAGES,
        ),
        (
            "insight.member_rfm",
            "RFM groups",
            ("group", "分组", "persons", "avg. days", "avg. orders", "avg. revenue"),
            _GROUPS,
        ),
        (
            "kpi.kpi_monthly",
            "KPIs, newest complete month of each",
            ("metric", "month", "numerator", "denominator", "value"),
            _KPIS,
        ),
    ):
        if table in present:
            rows = connection.execute(query).fetchall()
            cells = tuple(tuple(_text(value) for value in row) for row in rows)
            sections.append(Section(title, columns, cells))
    return sections


def _value(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row is not None else 0


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime("%Y-%m")
    return value if isinstance(value, str) else _number(value)


def _number(value: Any) -> str:
    number = float(value)
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.4f}" if abs(number) < 2 else f"{number:,.2f}"
