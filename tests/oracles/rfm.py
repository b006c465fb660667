"""insight.member_rfm and insight.rfm_history."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from typing import Literal

import polars as pl

from tests.oracles.days import complete_month_ends, days_before
from tests.oracles.landing import Known
from tests.oracles.orders import as_money, persons_orders
from tests.oracles.policy import DEFAULT, RFM_GROUPS, Policy, PolicyRow

Mode = Literal["quantile", "fixed"]


def in_window(last_day: date, days: int) -> pl.Expr:
    """Return whether an order lies in the window of `days` days that ends with `last_day`."""
    order_date = pl.col("order_date")
    return (order_date > days_before(last_day, days)) & (order_date <= last_day)


def ranks(values: list[int], *, best_is_least: bool) -> list[int]:
    """Return the SQL rank of each value, 1 for the worst; equal values share the lower rank."""
    keys = [-value if best_is_least else value for value in values]  # worst first when ascending
    ordered = sorted(keys)
    return [bisect_left(ordered, key) + 1 for key in keys]


def quantile_scores(values: list[int], *, best_is_least: bool) -> list[int]:
    """Return the scores 1 to 5 by rank; 3 for a single person."""
    n = len(values)
    if n == 1:
        return [3]
    return [
        min(5, 1 + (5 * (rank - 1)) // (n - 1))
        for rank in ranks(values, best_is_least=best_is_least)
    ]


def recency_score(days: int, cuts: tuple[int, int, int, int]) -> int:
    """Return the fixed score of a number of days: at most the cut."""
    for score, cut in zip((5, 4, 3, 2), cuts, strict=True):
        if days <= cut:
            return score
    return 1


def amount_score(value: float, cuts: tuple[int, int, int, int]) -> int:
    """Return the fixed score of a count or an amount: at least the cut."""
    for score, cut in zip((5, 4, 3, 2), cuts, strict=True):
        if value >= cut:
            return score
    return 1


def are_high(scores: list[int]) -> list[bool]:
    """Return for each score whether it lies above the mean of all."""
    total = sum(scores)
    return [score * len(scores) > total for score in scores]


def score(
    recency: list[int], frequency: list[int], cents: list[int], mode: Mode, row: PolicyRow
) -> tuple[list[int], list[int], list[int]]:
    """Return the scores of recency, frequency and money."""
    if mode == "quantile":
        return (
            quantile_scores(recency, best_is_least=True),
            quantile_scores(frequency, best_is_least=False),
            quantile_scores(cents, best_is_least=False),
        )
    return (
        [recency_score(days, row.recency_cuts) for days in recency],
        [amount_score(orders, row.frequency_cuts) for orders in frequency],
        [amount_score(amount / 100, row.monetary_cuts) for amount in cents],
    )


def rfm_of_day(
    orders: pl.DataFrame, day: date, mode: Mode, policy: Policy = DEFAULT
) -> pl.DataFrame:
    """Return the RFM of everyone with a valid order in the window that ends with `day`.

    `orders` are the valid orders of persons.
    """
    row = policy.at(day)
    people = (
        orders.filter(in_window(day, row.rfm_window_days))
        .group_by("person")
        .agg(
            last=pl.col("order_date").max(),
            frequency=pl.len().cast(pl.Int64),
            cents=pl.col("net_revenue_cents").sum(),
        )
        .with_columns(recency_days=(pl.lit(day) - pl.col("last")).dt.total_days())
        .sort("person")
    )
    r, f, m = score(
        people["recency_days"].to_list(),
        people["frequency"].to_list(),
        people["cents"].to_list(),
        mode,
        row,
    )
    groups = [
        RFM_GROUPS[int(high_r), int(high_f), int(high_m)]
        for high_r, high_f, high_m in zip(are_high(r), are_high(f), are_high(m), strict=True)
    ]
    return people.select(
        pl.lit(day).alias("as_of_date"),
        "person",
        "recency_days",
        "frequency",
        as_money("cents").alias("monetary"),
        pl.Series("r_score", r, pl.Int64),
        pl.Series("f_score", f, pl.Int64),
        pl.Series("m_score", m, pl.Int64),
        pl.Series("rfm_group", [code for code, _ in groups], pl.String),
        pl.Series("rfm_group_zh", [label for _, label in groups], pl.String),
    )


def member_rfm(known: Known, mode: Mode = "quantile", policy: Policy = DEFAULT) -> pl.DataFrame:
    """Return the columns of insight.member_rfm, with `person` in place of `one_id`."""
    return rfm_of_day(persons_orders(known), known.as_of, mode, policy)


def rfm_history(known: Known, mode: Mode = "quantile", policy: Policy = DEFAULT) -> pl.DataFrame:
    """Return the RFM at every complete month end, `as_of_date` being the month end."""
    orders = persons_orders(known)
    nothing = rfm_of_day(orders, known.as_of, mode, policy).clear()
    first = min(orders["order_date"].to_list(), default=None)
    ends = complete_month_ends(first, known.as_of) if first else []
    return pl.concat([nothing, *(rfm_of_day(orders, end, mode, policy) for end in ends)])
