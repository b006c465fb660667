"""Holds insight.replenishment_forecast of a build beside tests/oracles/replenishment.py.

Lines, orders and products come from the core marts, which have oracles of their own; views of
staging are read, so the working directory has to be the folder of the build's lake.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import duckdb

from tests.oracles.replenishment import Line, Policy, Result, replenish

LINES = """
select
    lines.one_id, lines.category_id, lines.order_date, lines.quantity, products.pack_size,
    coalesce(products.pack_unit, ''), staged.is_gift, orders.refunded_amount, orders.net_amount,
    coalesce(refunds.amount, 0), lines.net_amount
from core.fct_order_lines as lines
inner join core.fct_orders as orders using (order_id)
inner join staging.stg_commerce__orders as staged using (order_id)
left join core.dim_product as products using (product_id)
left join (
    select order_id, line_no, sum(refund_amount) as amount
    from staging.stg_commerce__refunds
    group by all
) as refunds on lines.order_id = refunds.order_id and lines.line_no = refunds.line_no
where lines.is_valid and lines.one_id is not null and lines.category_id is not null
"""
FORECASTS = """
select
    one_id, category_id, last_purchase_date, purchases, own_gaps, last_units, last_packs,
    is_last_bulk, expected_interval_days, due_date, earliest_due_date, latest_due_date, is_overdue,
    basis
from insight.replenishment_forecast
"""


def lines_of(connection: duckdb.DuckDBPyConnection) -> list[Line]:
    """The lines of all valid orders of persons."""
    return [
        Line(*row[:7], *(float(amount) for amount in row[7:]))
        for row in connection.execute(LINES).fetchall()
    ]


def date_of(connection: duckdb.DuckDBPyConnection) -> date:
    """The business date of a build."""
    rows = connection.execute("select as_of_date from staging.stg_rekindle__as_of").fetchall()
    day: date = rows[0][0]
    return day


def expected(connection: duckdb.DuckDBPyConnection, policy: Policy | None = None) -> Result:
    """What the oracle says about a build."""
    cycles = dict(
        connection.execute(
            "select category_id, max(usage_cycle_days) from core.dim_product group by all"
        ).fetchall()
    )
    ((as_of,),) = connection.execute(
        "select as_of_date from staging.stg_rekindle__as_of"
    ).fetchall()
    return replenish(lines_of(connection), cycles, as_of, policy or Policy())


def differences(connection: duckdb.DuckDBPyConnection, result: Result) -> list[str]:
    """Where the marts of a build differ from the oracle, a sentence each."""
    ((as_of,),) = connection.execute(
        "select as_of_date from staging.stg_rekindle__as_of"
    ).fetchall()
    found = {row[:2]: row[2:] for row in connection.execute(FORECASTS).fetchall()}
    problems = [f"{key}: only one side forecasts it" for key in found.keys() ^ result.forecasts]
    for key in found.keys() & result.forecasts.keys():
        purchase, number, forecast = result.forecasts[key]
        last = purchase.day
        ends = (math.floor(forecast.shortest), math.ceil(forecast.longest))
        wanted = (
            last,
            number,
            number - 1,
            purchase.units,
            purchase.packs,
            purchase.is_bulk,
            forecast.days,
            last + timedelta(math.floor(forecast.days + 0.5)),
            last + timedelta(ends[0]),
            last + timedelta(ends[1]),
            as_of > last + timedelta(ends[1]),
            forecast.basis,
        )
        if not all(map(_equal, found[key], wanted)):
            problems.append(f"{key}: {found[key]} instead of {wanted}")
    figures = {
        metric: values
        for metric, *values in connection.execute(
            "select metric, value, baseline_value from insight.model_scorecard"
            " where model_name = 'replenishment'"
        ).fetchall()
    }
    if figures.keys() != result.figures.keys():
        problems.append(f"metrics: {sorted(figures)} instead of {sorted(result.figures)}")
    for metric, values in result.figures.items():
        if not all(map(_equal, figures.get(metric, ()), values)):
            problems.append(f"{metric}: {figures.get(metric)} instead of {values}")
    return problems


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
