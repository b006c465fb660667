"""core.fct_orders: every order known at as_of, valid or not."""

from __future__ import annotations

import polars as pl

from tests.oracles.landing import Known

MONEY = pl.Decimal(18, 2)


def as_money(cents: str) -> pl.Expr:
    """Return a column of cents as a decimal with two places."""
    return (pl.col(cents).cast(pl.Decimal(38, 2)) / 100).cast(MONEY)


def valid_orders(known: Known) -> pl.DataFrame:
    """Return all valid orders, those of nobody included (person null)."""
    return known.orders.filter("is_valid")


def persons_orders(known: Known) -> pl.DataFrame:
    """Return the valid orders of persons, numbered 1, 2, 3 ... per person as `order_sequence`."""
    mine = valid_orders(known).filter(pl.col("person").is_not_null())
    return mine.sort("person", "ordered_at", "order_id").with_columns(
        order_sequence=pl.int_range(1, pl.len() + 1).over("person"),
        days_since_previous_order=(
            pl.col("order_date") - pl.col("order_date").shift(1).over("person")
        ).dt.total_days(),
    )


def fct_orders(known: Known) -> pl.DataFrame:
    """Return the columns of core.fct_orders, with `person` in place of `one_id`."""
    numbered = persons_orders(known).select(
        "order_id", "order_sequence", "days_since_previous_order"
    )
    return (
        known.orders.join(numbered, on="order_id", how="left")
        .with_columns(is_first_order=(pl.col("order_sequence") == 1).fill_null(value=False))
        .select(
            "order_id",
            "person",
            "order_channel",
            "store_id",
            pl.col("ordered_at").dt.replace_time_zone(None),
            "order_date",
            "status",
            "is_valid",
            as_money("gross_cents").alias("gross_amount"),
            as_money("discount_cents").alias("discount_amount"),
            as_money("net_cents").alias("net_amount"),
            as_money("refunded_cents").alias("refunded_amount"),
            as_money("net_revenue_cents").alias("net_revenue"),
            "is_first_order",
            "order_sequence",
            "days_since_previous_order",
            "order_kind",
            "is_discounted",
            "is_coupon_used",
            "is_promoted_only",
            "campaign_id",
            "is_private_domain",
        )
        .sort("order_id")
    )
