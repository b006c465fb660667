"""measurement.retention_cohorts."""

from __future__ import annotations

from datetime import date

import polars as pl

from tests.oracles.days import add_months, month_end, month_start
from tests.oracles.landing import Known
from tests.oracles.orders import persons_orders

NONE = "none"
UNKNOWN = "unknown"


def person_segments(known: Known) -> pl.DataFrame:
    """Return person, all, first_order_channel (`none` without an order), register_channel."""
    first = (
        persons_orders(known)
        .filter(pl.col("order_sequence") == 1)
        .select("person", first_order_channel="order_channel")
    )
    return (
        known.people()
        .join(first, on="person", how="left")
        .select(
            "person",
            pl.lit("all").alias("all"),
            pl.col("first_order_channel").fill_null(NONE),
            pl.col("register_channel").fill_null(UNKNOWN),
        )
        .sort("person")
    )


def buying_months(known: Known) -> dict[str, set[date]]:
    """Return for each buyer the months (first days) in which it has a valid order."""
    months: dict[str, set[date]] = {}
    for person, day in persons_orders(known).select("person", "order_date").iter_rows():
        months.setdefault(person, set()).add(month_start(day))
    return months


def retention_cohorts(known: Known) -> pl.DataFrame:
    """Return the columns of measurement.retention_cohorts."""
    months = buying_months(known)
    segments = person_segments(known)
    rows = []
    for segment_type in ("all", "first_order_channel", "register_channel"):
        cohorts: dict[tuple[date, str], list[str]] = {}
        for person, value in segments.select("person", segment_type).iter_rows():
            if person in months:
                cohorts.setdefault((min(months[person]), value), []).append(person)
        for (cohort_month, value), persons in cohorts.items():
            number = 0
            while add_months(cohort_month, number) <= known.as_of:
                month = add_months(cohort_month, number)
                retained = sum(month in months[person] for person in persons)
                is_complete = month_end(month) <= known.as_of
                rows.append(
                    (
                        known.as_of,
                        cohort_month,
                        number,
                        segment_type,
                        value,
                        len(persons),
                        retained,
                        retained / len(persons) if is_complete else None,
                        is_complete,
                    )
                )
                number += 1
    return pl.DataFrame(
        rows,
        {
            "as_of_date": pl.Date,
            "cohort_month": pl.Date,
            "month_number": pl.Int64,
            "segment_type": pl.String,
            "segment_value": pl.String,
            "cohort_size": pl.Int64,
            "retained_members": pl.Int64,
            "retention_rate": pl.Float64,
            "is_complete": pl.Boolean,
        },
        orient="row",
    )
