"""kpi.kpi_monthly and kpi.kpi_daily, period by period.

Persons and orders of a period carry their value in each dimension as columns; a metric is a
numerator and a denominator, added up per value of each dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from tests.oracles.cohorts import NONE, UNKNOWN, buying_months, person_segments
from tests.oracles.days import add_months, all_days, days_before, month_end, months_through
from tests.oracles.landing import Known
from tests.oracles.lifecycle import Lifecycle, was_lost
from tests.oracles.orders import persons_orders, valid_orders
from tests.oracles.policy import DEFAULT, Policy

DIMENSIONS = ("all", "first_order_channel", "register_channel", "rfm_group", "lifecycle_stage")

MONTHLY_METRICS = (
    "next_month_retention",
    "half_year_retention",
    "yearly_repurchase",
    "repurchase_rate",
    "orders_per_buyer_month",
    "aov",
    "awakened_aov_lift",
    "dormant_activation_rate_21d",
    "dormant_activation_rate_30d",
    "at_risk_activation_rate_21d",
    "at_risk_activation_rate_30d",
    "re_dormancy_rate",
    "repeat_revenue_share",
    "repeat_profit_share",
    "private_domain_share",
    "promotion_dependency",
    "off_campaign_order_ratio",
    "active_member_share",
    "order_count",
    "net_revenue",
    "buyers",
)
DAILY_METRICS = (
    "order_count",
    "net_revenue",
    "buyers",
    "aov",
    "promotion_dependency",
    "repeat_revenue_share",
    "repeat_profit_share",
    "private_domain_share",
    "active_member_share",
)

SCHEMA = {
    "as_of_date": pl.Date,
    "period_start_date": pl.Date,
    "metric_code": pl.String,
    "dimension_type": pl.String,
    "dimension_value": pl.String,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "is_complete": pl.Boolean,
}

Row = tuple[date, date, str, str, str, float, float, float | None, bool]
# (dimension type, dimension value) -> numerator, denominator
Groups = dict[tuple[str, str], tuple[float, float]]

HIGH_RISK_LEVEL = 2
REVENUE = pl.col("net_revenue_cents").sum() / 100
PROFIT = pl.col("profit_cents").sum() / 100
IS_REPEAT = pl.col("order_sequence") >= 2


@dataclass(frozen=True)
class Facts:
    """What the metrics are made of, worked out once.

    orders: all valid orders; those of persons with order_sequence and profit_cents.
    segments: person, all, first_order_channel, register_channel, registered_date (null: not in the
        member centre), in the order of `life.persons`.
    rfm_groups: month end -> group of each person, in the same order.
    months: person -> months with a valid order.
    activity: person, activity_date of valid orders and logins.
    high_risks: month end -> persons with risk level 2 or 3.
    """

    known: Known
    life: Lifecycle
    policy: Policy
    orders: pl.DataFrame
    segments: pl.DataFrame
    rfm_groups: dict[date, pl.Series]
    months: dict[str, set[date]]
    activity: pl.DataFrame
    high_risks: dict[date, list[str]]

    def persons_at_start(self, first: date) -> pl.DataFrame:
        """Return all persons with their value in each dimension for a period from `first`."""
        eve = days_before(first, 1)
        month_ends = [end for end in self.rfm_groups if end <= eve]
        return self.segments.with_columns(
            self.life.stages_at(eve).alias("lifecycle_stage"),
            rfm_group=self.rfm_groups[max(month_ends)] if month_ends else pl.lit(NONE),
        )


@dataclass
class Period:
    """One month or day: its first and last date, its persons, and the rows found so far."""

    facts: Facts
    first: date
    last: date
    rows: list[Row] = field(default_factory=list)
    persons: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.persons = self.facts.persons_at_start(self.first)

    def with_dimensions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the dimensions of the column `person` (null: nobody)."""
        persons = self.persons.select("person", *DIMENSIONS)
        return frame.join(persons, on="person", how="left").with_columns(
            pl.lit("all").alias("all"), pl.col(*DIMENSIONS[1:]).fill_null(UNKNOWN)
        )

    def orders(self, after: date, through: date) -> pl.DataFrame:
        """Return the valid orders with after < date ≤ through, those of nobody included."""
        dated = pl.col("order_date")
        return self.with_dimensions(self.facts.orders.filter((dated > after) & (dated <= through)))

    def add_all(
        self,
        results: dict[str, Groups],
        *,
        known_from: date | None = None,
        value: Callable[[float, float], float] = lambda numerator, denominator: (
            numerator / denominator
        ),
        has_value: bool = True,
    ) -> None:
        """Add rows; they are complete when the period and the date `known_from` are past."""
        as_of = self.facts.known.as_of
        is_complete = self.last <= as_of and (known_from is None or known_from <= as_of)
        for metric, groups in results.items():
            for (dimension_type, dimension_value), (numerator, denominator) in groups.items():
                if dimension_type == "all" or numerator != 0 or denominator != 0:
                    shown = is_complete and has_value and denominator != 0
                    self.rows.append(
                        (
                            as_of,
                            self.first,
                            metric,
                            dimension_type,
                            dimension_value,
                            numerator,
                            denominator,
                            value(numerator, denominator) if shown else None,
                            is_complete,
                        )
                    )


def sums(
    frame: pl.DataFrame, metrics: dict[str, tuple[pl.Expr, pl.Expr | None]]
) -> dict[str, Groups]:
    """Aggregate numerator and denominator of each metric per value of each dimension.

    A total has no denominator: 1, also of the dimension `all` where there is no row.
    """
    others = [column for column in frame.columns if column not in DIMENSIONS]
    tops = {f"{metric}/numerator": top for metric, (top, _) in metrics.items()}
    bottoms = {
        f"{metric}/denominator": bottom
        for metric, (_, bottom) in metrics.items()
        if bottom is not None
    }
    totals = (
        frame.unpivot(DIMENSIONS, index=others, variable_name="type", value_name="value")
        .group_by("type", "value")
        .agg(**tops, **bottoms)
    )
    results: dict[str, Groups] = {
        metric: {("all", "all"): (0, 0 if f"{metric}/denominator" in bottoms else 1)}
        for metric in metrics
    }
    for row in totals.iter_rows(named=True):
        for metric, groups in results.items():
            groups[row["type"], row["value"]] = (
                row[f"{metric}/numerator"],
                row.get(f"{metric}/denominator", 1),
            )
    return results


# --------------------------------------------------------------------- metrics of days and months


def add_order_metrics(period: Period) -> None:
    """Add totals, average order value, shares of revenue and profit, promotion dependency."""
    everything = period.orders(days_before(period.first, 1), period.last)
    persons = everything.filter(pl.col("person").is_not_null())
    totals: dict[str, tuple[pl.Expr, pl.Expr | None]] = {
        "order_count": (pl.len(), None),
        "net_revenue": (REVENUE, None),
        "aov": (REVENUE, pl.len()),
    }
    period.add_all(sums(everything, totals))

    cents = pl.col("net_revenue_cents")
    repeat = cents.filter(IS_REPEAT).sum() / 100
    private = cents.filter(IS_REPEAT & pl.col("is_private_domain")).sum() / 100
    repeat_profit = pl.col("profit_cents").filter(IS_REPEAT).sum() / 100
    period.add_all(
        sums(
            persons,
            {
                "buyers": (pl.col("person").n_unique(), None),
                "promotion_dependency": (pl.col("is_discounted").sum(), pl.len()),
                "repeat_revenue_share": (repeat, REVENUE),
                "repeat_profit_share": (repeat_profit, PROFIT),
                "private_domain_share": (private, repeat),
            },
        )
    )


def add_active_member_share(period: Period) -> None:
    """Add the share of registered persons with a valid order or login in the last 30 days."""
    days = period.facts.policy.at(period.last).active_days
    seen = pl.col("activity_date")
    active = period.facts.activity.filter(
        (seen > days_before(period.last, days)) & (seen <= period.last)
    )["person"]
    persons = period.persons.filter(pl.col("registered_date") <= period.last).with_columns(
        is_active=pl.col("person").is_in(active.unique().to_list())
    )
    period.add_all(sums(persons, {"active_member_share": (pl.col("is_active").sum(), pl.len())}))


# ------------------------------------------------------------------------------ metrics of months


def add_retention(period: Period) -> None:
    """Add next-month and half-year retention of those whose first order is in the month."""
    months = period.facts.months
    cohort = [person for person, bought in months.items() if min(bought) == period.first]
    for metric, number in (("next_month_retention", 1), ("half_year_retention", 6)):
        later = add_months(period.first, number)
        came = [later in months[person] for person in cohort]
        frame = pl.DataFrame(
            {"person": cohort, "came": came}, {"person": pl.String, "came": pl.Boolean}
        )
        period.add_all(
            sums(period.with_dimensions(frame), {metric: (pl.col("came").sum(), pl.len())}),
            known_from=month_end(later),
        )


def add_repurchase(period: Period) -> None:
    """Add what is bought again in the 365 days that end with the month."""
    days = period.facts.policy.at(period.last).repurchase_days
    year = period.orders(days_before(period.last, days), period.last).filter(
        pl.col("person").is_not_null()
    )
    again = pl.len() - (pl.col("order_sequence") == 1).sum()
    persons = pl.col("person").n_unique()
    period.add_all(sums(year, {"yearly_repurchase": (again, persons)}))
    buyers = period.with_dimensions(year.group_by("person").agg(orders=pl.len()))
    period.add_all(sums(buyers, {"repurchase_rate": ((pl.col("orders") >= 2).sum(), pl.len())}))

    month = period.orders(days_before(period.first, 1), period.last).filter(
        pl.col("person").is_not_null()
    )
    period.add_all(sums(month, {"orders_per_buyer_month": (pl.len(), persons)}))


def reactivated_in(period: Period) -> pl.DataFrame:
    """Return person, r for everyone whose order on r in the period followed a lost eve."""
    found = [(p, r) for p, r in period.facts.life.reactivations if period.first <= r <= period.last]
    return pl.DataFrame(found, {"person": pl.String, "r": pl.Date}, orient="row")


def add_reactivation(period: Period) -> None:
    """Add the order value after and before the return, and how many go silent again."""
    row = period.facts.policy.at(period.last)
    returned = reactivated_in(period)
    pairs = period.with_dimensions(returned).join(
        period.facts.orders.select("person", "order_date", "net_revenue_cents"), on="person"
    )
    date_of, r = pl.col("order_date"), pl.col("r")
    is_after = (date_of >= r) & (date_of <= r + timedelta(days=row.awakened_days))
    is_before = date_of < r
    cents = pl.col("net_revenue_cents")
    # Each event has at least the order r itself and one order before it.
    value_after = cents.filter(is_after).sum() / 100 / is_after.sum()
    value_before = cents.filter(is_before).sum() / 100 / is_before.sum()
    period.add_all(
        sums(pairs, {"awakened_aov_lift": (value_after, value_before)}),
        known_from=days_before(period.last, -row.awakened_days),
        value=lambda after, before: after / before - 1,
    )

    is_again = (date_of > r) & (date_of <= r + timedelta(days=row.re_dormancy_days))
    events = period.with_dimensions(pairs.group_by("person", "r").agg(orders_again=is_again.sum()))
    period.add_all(
        sums(events, {"re_dormancy_rate": ((pl.col("orders_again") == 0).sum(), pl.len())}),
        known_from=days_before(period.last, -row.re_dormancy_days),
    )


def add_dormant_activation(period: Period) -> None:
    """Add how many of the dormant and churned of the previous month end order soon."""
    life = period.facts.life
    stages = zip(life.persons, life.stages_at(days_before(period.first, 1)), strict=True)
    add_activation(period, "dormant", [person for person, stage in stages if was_lost(stage)])


def add_at_risk_activation(period: Period) -> None:
    """Add how many of those at high risk at the previous month end order soon."""
    eve = days_before(period.first, 1)
    add_activation(period, "at_risk", period.facts.high_risks.get(eve, []))


def add_activation(period: Period, of: str, watched: Sequence[str]) -> None:
    """Add how many of the watched persons order within 21 and 30 days of the eve."""
    eve = days_before(period.first, 1)
    frame = pl.DataFrame({"person": watched}, {"person": pl.String})
    for days in period.facts.policy.at(period.last).activation_days:
        deadline = days_before(eve, -days)
        dated = pl.col("order_date")
        buyers = period.facts.orders.filter((dated > eve) & (dated <= deadline))["person"]
        persons = period.with_dimensions(
            frame.with_columns(came=pl.col("person").is_in(buyers.drop_nulls().to_list()))
        )
        metric = f"{of}_activation_rate_{days}d"
        period.add_all(
            sums(persons, {metric: (pl.col("came").sum(), pl.len())}),
            known_from=deadline,
        )


def is_inside(campaigns: pl.DataFrame, day: date) -> bool:
    """Return whether any campaign runs on `day`."""
    return any(first <= day <= last for first, last in campaigns.iter_rows())


def add_off_campaign_ratio(period: Period) -> None:
    """Add orders a day outside campaigns over orders a day inside."""
    known = period.facts.known
    days = all_days(period.first, min(period.last, known.as_of))
    inside = [day for day in days if is_inside(known.campaigns, day)]
    outside = [day for day in days if day not in inside]
    orders = period.orders(days_before(period.first, 1), period.last).filter(
        pl.col("person").is_not_null()
    )
    date_of = pl.col("order_date")
    per_day_outside = date_of.is_in(outside).sum() / len(outside) if outside else pl.lit(0.0)
    per_day_inside = date_of.is_in(inside).sum() / len(inside) if inside else pl.lit(0.0)
    period.add_all(
        sums(orders, {"off_campaign_order_ratio": (per_day_outside, per_day_inside)}),
        has_value=bool(inside) and bool(outside),
    )


# --------------------------------------------------------------------------------------- the tables

Metrics = Callable[[Period], None]
DAILY: tuple[Metrics, ...] = (add_order_metrics, add_active_member_share)
MONTHLY: tuple[Metrics, ...] = (
    *DAILY,
    add_retention,
    add_repurchase,
    add_reactivation,
    add_dormant_activation,
    add_at_risk_activation,
    add_off_campaign_ratio,
)


def facts(
    known: Known,
    life: Lifecycle,
    rfm_history: pl.DataFrame,
    policy: Policy = DEFAULT,
    risk_history: pl.DataFrame | None = None,
) -> Facts:
    """Gather what the metrics need (without a history of risk nobody is at high risk)."""
    profit = (
        known.lines.drop_nulls("unit_cost_cents")
        .with_columns(
            profit_cents=pl.col("net_cents") - pl.col("unit_cost_cents") * pl.col("quantity")
        )
        .group_by("order_id")
        .agg(pl.col("profit_cents").sum())
    )
    numbered = persons_orders(known).select("order_id", "order_sequence")
    orders = (
        valid_orders(known)
        .join(numbered, on="order_id", how="left")
        .join(profit, on="order_id", how="left")
        .select(
            "order_id",
            "person",
            "order_date",
            "order_sequence",
            "net_revenue_cents",
            pl.col("profit_cents").fill_null(0),
            "is_discounted",
            "is_private_domain",
        )
    )
    people = known.people()
    logins = known.logins.join(people.select("person"), on="person")
    activity = pl.concat(
        [
            orders.drop_nulls("person").select("person", activity_date="order_date"),
            logins.select("person", activity_date="login_date"),
        ]
    ).unique()
    members = people.filter("is_member").select("person", "registered_date")
    segments = person_segments(known).join(members, on="person", how="left", maintain_order="left")
    rfm_groups = {
        end: segments.join(
            rfm_history.filter(pl.col("as_of_date") == end),
            on="person",
            how="left",
            maintain_order="left",
        )["rfm_group"].fill_null(NONE)
        for end in rfm_history["as_of_date"].unique()
    }
    high_risks: dict[date, list[str]] = {}
    if risk_history is not None:
        risky = risk_history.filter(pl.col("risk_level") >= HIGH_RISK_LEVEL)
        for end, person in risky.select("as_of_date", "person").iter_rows():
            high_risks.setdefault(end, []).append(person)
    if segments["person"].to_list() != life.persons:
        message = "the lifecycle is of other persons"
        raise ValueError(message)
    return Facts(
        known=known,
        life=life,
        policy=policy,
        orders=orders,
        segments=segments,
        rfm_groups=rfm_groups,
        months=buying_months(known),
        activity=activity,
        high_risks=high_risks,
    )


def first_date(of: Facts) -> date | None:
    """Return the first business date with a valid order or a login."""
    dates = [*of.orders["order_date"].to_list(), *of.activity["activity_date"].to_list()]
    return min(dates, default=None)


def _table(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMA, orient="row")


def no_rows() -> pl.DataFrame:
    """Return an empty KPI table."""
    return _table([])


def kpi_monthly(of: Facts, metrics: Sequence[Metrics] = MONTHLY) -> pl.DataFrame:
    """Return the columns of kpi.kpi_monthly."""
    start = first_date(of)
    rows: list[Row] = []
    for month in months_through(start, of.known.as_of) if start else []:
        period = Period(of, month, month_end(month), rows)
        for add in metrics:
            add(period)
    return _table(rows)


def kpi_daily(of: Facts, metrics: Sequence[Metrics] = DAILY) -> pl.DataFrame:
    """Return the columns of kpi.kpi_daily."""
    start = first_date(of)
    rows: list[Row] = []
    for day in all_days(start, of.known.as_of) if start else []:
        period = Period(of, day, day, rows)
        for add in metrics:
            add(period)
    return _table(rows)
