"""Wrong readings of the definitions, each of which the two-year fixtures must betray.

A mutation changes a policy number, a record or a small function of the oracles; the oracle's rows
must then differ from the true ones in each of the marts and metrics that the mutation names. If
they did not, a warehouse with that mistake would pass the comparison.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.oracles import churn, cohorts, early, kpis, landing, lifecycle, orders, rfm, warnings
from tests.oracles.book import NEW_YORK
from tests.oracles.compare import MARTS, frame_differences
from tests.oracles.days import add_months, complete_month_ends, days_before, month_end
from tests.oracles.fixtures import AS_OF_NEW_YORK, AS_OF_SHANGHAI, two_years
from tests.oracles.landing import (
    UNTIL_EVER,
    Known,
    Landing,
    Persons,
    end_of,
    known_at,
    read_landing,
)
from tests.oracles.policy import CHURNED, DEFAULT, Policy, PolicyRow

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class World:
    """Everything that the results are a function of."""

    landing: Landing
    as_of: date
    rfm_mode: rfm.Mode
    lifecycle_mode: lifecycle.Mode
    persons: Persons
    policy: Policy = DEFAULT

    def table(self, name: str, *changes: pl.Expr) -> World:
        """Return a world in which columns of a landing table are others."""
        frame = self.landing.tables[name].with_columns(*changes)
        return replace(self, landing=self.landing.with_table(name, frame))

    def without(self, name: str, rows: pl.Expr) -> World:
        """Return a world in which a landing table lacks some rows."""
        frame = self.landing.tables[name].filter(~rows)
        return replace(self, landing=self.landing.with_table(name, frame))

    def numbers(self, **changes: Any) -> World:
        """Return a world with other policy numbers."""
        return replace(self, policy=Policy((replace(PolicyRow(), **changes),)))


Change = Callable[[World, Patch], World]
KEYS = {mart.table.split(".")[1]: list(mart.key) for mart in MARTS}
KPI_KEY = ["period_start_date", "dimension_type", "dimension_value"]


class Results:
    """The results of a world, each worked out once; `known` and `life` may come from elsewhere."""

    def __init__(
        self,
        world: World,
        known: Known | None = None,
        life: lifecycle.Lifecycle | None = None,
    ) -> None:
        self.world = world
        if known is not None:
            self.known = known
        if life is not None:
            self.life = life

    @cached_property
    def known(self) -> Known:
        return known_at(self.world.landing, self.world.as_of, self.world.persons)

    @cached_property
    def life(self) -> lifecycle.Lifecycle:
        return lifecycle.evaluate(self.known, self.world.lifecycle_mode, self.world.policy)

    @cached_property
    def rfm_history(self) -> pl.DataFrame:
        return rfm.rfm_history(self.known, self.world.rfm_mode, self.world.policy)

    @cached_property
    def facts(self) -> kpis.Facts:
        return kpis.facts(self.known, self.life, self.rfm_history, self.world.policy)

    @cached_property
    def facts_without_stages(self) -> kpis.Facts:
        """Facts in which nobody has a stage or group: enough where no dimension is asked for."""
        persons = sorted(self.known.people()["person"])
        nothing = np.zeros((0, len(persons)), dtype=np.int8)
        life = lifecycle.Lifecycle([], persons, nothing, [], [], [], [], [])
        return kpis.facts(self.known, life, self.no_groups, self.world.policy)

    @cached_property
    def facts_without_groups(self) -> kpis.Facts:
        """Facts in which nobody has a group."""
        return kpis.facts(self.known, self.life, self.no_groups, self.world.policy)

    @cached_property
    def facts_with_risks(self) -> kpis.Facts:
        """Facts in which nobody has a group, but everybody their risk."""
        risks = self.mart("risk_history")
        return kpis.facts(self.known, self.life, self.no_groups, self.world.policy, risks)

    @cached_property
    def no_groups(self) -> pl.DataFrame:
        return rfm.member_rfm(self.known, "fixed").clear()

    def rows(self, target: str) -> pl.DataFrame:
        """Return a mart by name, a KPI: `kpi/<metric>`, `kpi/<metric>/dimensions`, or the rows of
        one reason: `risk_reasons/<reason>`."""
        if target.startswith("risk_reasons/"):
            reasons = [target.split("/")[1]]
            warned = warnings.evaluate(self.known, self.life, self.world.policy, reasons)
            return warnings.risk_reasons(self.known, warned)
        if not target.startswith("kpi/"):
            return self.mart(target)
        _, metric, *rest = target.split("/")
        if rest:
            facts = self.facts
        elif METRIC_MAKER[metric] is kpis.add_at_risk_activation:
            facts = self.facts_with_risks
        elif metric in STAGE_METRICS:
            facts = self.facts_without_groups
        else:
            facts = self.facts_without_stages
        return self.monthly(facts, METRIC_MAKER[metric]).filter(pl.col("metric_code") == metric)

    def monthly(self, facts: kpis.Facts, maker: kpis.Metrics) -> pl.DataFrame:
        key = (id(facts), maker)
        if key not in self._monthly:
            self._monthly[key] = kpis.kpi_monthly(facts, [maker])
        return self._monthly[key]

    @cached_property
    def _monthly(self) -> dict[tuple[int, kpis.Metrics], pl.DataFrame]:
        return {}

    @cached_property
    def churn_signs(self) -> warnings.Warned:
        reasons = ["social_cooling"]
        return warnings.evaluate(self.known, self.life, self.world.policy, reasons)

    @cached_property
    def warned(self) -> warnings.Warned:
        return warnings.evaluate(self.known, self.life, self.world.policy)

    def mart(self, name: str) -> pl.DataFrame:
        known, world = self.known, self.world
        marts: dict[str, Callable[[], pl.DataFrame]] = {
            "fct_orders": lambda: orders.fct_orders(known),
            "member_rfm": lambda: rfm.member_rfm(known, world.rfm_mode, world.policy),
            "rfm_history": lambda: self.rfm_history,
            "member_risk": lambda: warnings.member_risk(
                known,
                self.warned,
                self.life,
                rfm.member_rfm(known, world.rfm_mode, world.policy),
            ),
            "risk_reasons": lambda: warnings.risk_reasons(known, self.warned),
            "churn_reason_profile": lambda: churn.churn_reason_profile(
                known, self.life, self.churn_signs, world.policy
            ),
            "risk_history": lambda: warnings.risk_history(
                known, self.warned, self.life, self.rfm_history, world.policy
            ),
            "int_insight__warning_figures": lambda: early.warning_figures(
                known, self.life, self.warned, self.mart("risk_history"), world.policy
            ),
            "retention_cohorts": lambda: cohorts.retention_cohorts(known),
            "member_lifecycle": lambda: lifecycle.member_lifecycle(known, self.life),
            "lifecycle_intervals": lambda: lifecycle.lifecycle_intervals(self.life),
            "lifecycle_transitions": lambda: lifecycle.lifecycle_transitions(known, self.life),
        }
        return marts[name]()


STAGE_METRICS = {
    "awakened_aov_lift",
    "re_dormancy_rate",
    "dormant_activation_rate_21d",
    "dormant_activation_rate_30d",
}
METRIC_MAKER: dict[str, kpis.Metrics] = {
    "next_month_retention": kpis.add_retention,
    "half_year_retention": kpis.add_retention,
    "yearly_repurchase": kpis.add_repurchase,
    "repurchase_rate": kpis.add_repurchase,
    "orders_per_buyer_month": kpis.add_repurchase,
    "awakened_aov_lift": kpis.add_reactivation,
    "re_dormancy_rate": kpis.add_reactivation,
    "dormant_activation_rate_21d": kpis.add_dormant_activation,
    "dormant_activation_rate_30d": kpis.add_dormant_activation,
    "at_risk_activation_rate_21d": kpis.add_at_risk_activation,
    "at_risk_activation_rate_30d": kpis.add_at_risk_activation,
    "off_campaign_order_ratio": kpis.add_off_campaign_ratio,
    "active_member_share": kpis.add_active_member_share,
    "aov": kpis.add_order_metrics,
    "repeat_revenue_share": kpis.add_order_metrics,
    "repeat_profit_share": kpis.add_order_metrics,
    "private_domain_share": kpis.add_order_metrics,
    "promotion_dependency": kpis.add_order_metrics,
    "order_count": kpis.add_order_metrics,
    "net_revenue": kpis.add_order_metrics,
    "buyers": kpis.add_order_metrics,
}


@dataclass(frozen=True)
class Mutation:
    """A mistake, which results it must change, and from which step on they are computed anew.

    `step`: landing (everything), lifecycle (what was known stays true), results (so does the life).
    """

    name: str
    change: Change
    targets: tuple[str, ...]
    world: str
    step: str


MUTATIONS: list[Mutation] = []


def mutation(
    name: str, *targets: str, world: str = "shanghai", step: str = "landing"
) -> Callable[[Change], Change]:
    """Register a mutation."""

    def register(change: Change) -> Change:
        MUTATIONS.append(Mutation(name, change, targets, world, step))
        return change

    return register


def number(name: str, *targets: str, world: str = "shanghai", **changes: Any) -> None:
    """Register a mutation of policy numbers."""
    mutation(name, *targets, world=world, step="lifecycle")(lambda true, _: true.numbers(**changes))


STEPS = {landing: "landing", lifecycle: "lifecycle", lifecycle.Rhythm: "lifecycle"}


def patched(
    name: str, module: Any, function: str, mistaken: Any, *targets: str, world: str = "shanghai"
) -> None:
    """Register a mutation of one function."""

    def change(true: World, patch: Patch) -> World:
        patch.setattr(module, function, mistaken)
        return true

    step = "lifecycle" if module is orders else STEPS.get(module, "results")
    mutation(name, *targets, world=world, step=step)(change)


# ---------------------------------------------------------------------- time, zones, what was known


@mutation(
    "dates in UTC",
    "fct_orders",
    "lifecycle_intervals",
    "retention_cohorts",
    "kpi/order_count",
    "kpi/active_member_share",
)
def _(world: World, patch: Patch) -> World:
    true = landing.business_date
    patch.setattr(landing, "business_date", lambda column, _: true(column, "UTC"))
    return world


@mutation("a fixed offset instead of daylight saving", "fct_orders", world="new_york")
def _(world: World, patch: Patch) -> World:
    true = landing.business_date
    patch.setattr(landing, "business_date", lambda column, _: true(column, "Etc/GMT+5"))
    return world


@mutation("as_of ends at midnight UTC", "fct_orders", "member_lifecycle")
def _(world: World, patch: Patch) -> World:
    true = landing.end_of
    patch.setattr(landing, "end_of", lambda day, _: true(day, "UTC"))
    return world


@mutation("versions after as_of are known", "fct_orders", "kpi/aov", "kpi/active_member_share")
def _(world: World, patch: Patch) -> World:
    true = landing.known_then

    def newest_ever(versions: pl.DataFrame, table: landing.Table, end: datetime) -> pl.DataFrame:
        known = true(versions, table, UNTIL_EVER)
        return known.filter(pl.col("_event").is_null() | (pl.col("_event") < end))

    patch.setattr(landing, "known_then", newest_ever)
    return world


@mutation("records that came late are not there", "fct_orders", "kpi/order_count")
def _(world: World, patch: Patch) -> World:
    true = landing.known_then

    def no_early(versions: pl.DataFrame, table: landing.Table, end: datetime) -> pl.DataFrame:
        return true(versions, table, end).filter(~pl.col("_is_early"))

    patch.setattr(landing, "known_then", no_early)
    return world


@mutation(
    "catalogue as it is today", "kpi/repeat_profit_share", "lifecycle_intervals", world="new_york"
)
def _(world: World, patch: Patch) -> World:
    true = landing.known_then

    def today(versions: pl.DataFrame, table: landing.Table, end: datetime) -> pl.DataFrame:
        return true(versions, table, UNTIL_EVER if table.earliest_before else end)

    patch.setattr(landing, "known_then", today)
    return world


# ---------------------------------------------------------------------------------- valid, revenue


def paid_where(*statuses: str) -> Callable[[datetime], pl.Expr]:
    """Return a status rule that takes orders of some statuses for paid."""
    true = landing.status_then
    return lambda end: pl.when(true(end).is_in(statuses)).then(pl.lit("paid")).otherwise(true(end))


patched(
    "cancelled orders count",
    landing,
    "status_then",
    paid_where("cancelled"),
    "fct_orders",
    "member_rfm",
    "kpi/order_count",
    "kpi/orders_per_buyer_month",
    "kpi/yearly_repurchase",
)
patched(
    "unpaid orders count",
    landing,
    "status_then",
    paid_where("created"),
    "fct_orders",
    "member_lifecycle",
    "kpi/buyers",
)


@mutation("any cancelled_at cancels", "fct_orders", "member_lifecycle")
def _(world: World, patch: Patch) -> World:
    true = landing.status_then
    has_date = pl.col("cancelled_at").is_not_null()
    patch.setattr(
        landing,
        "status_then",
        lambda end: pl.when(has_date).then(pl.lit("cancelled")).otherwise(true(end)),
    )
    return world


@mutation("payment dates are ignored", "fct_orders", "member_lifecycle", "kpi/order_count")
def _(world: World, _: Patch) -> World:
    undated = pl.lit(None, landing.INSTANT).alias("paid_at")
    return world.table("commerce.orders", undated)


@mutation(
    "refunds are ignored",
    "fct_orders",
    "member_rfm",
    "kpi/net_revenue",
    "kpi/aov",
    "kpi/repeat_revenue_share",
    "kpi/private_domain_share",
    "kpi/awakened_aov_lift",
)
def _(world: World, _: Patch) -> World:
    return world.without("commerce.refunds", pl.lit(value=True))


@mutation("refunds after as_of are netted", "fct_orders", "member_rfm", "kpi/net_revenue")
def _(world: World, _: Patch) -> World:
    end = end_of(world.as_of, world.landing.zone)
    in_time = pl.min_horizontal("refunded_at", pl.lit(end - timedelta(hours=1)))
    return world.table("commerce.refunds", in_time.alias("refunded_at"))


patched(
    "revenue falls below zero",
    landing,
    "net_revenue_cents",
    lambda: pl.col("net_cents") - pl.col("refunded_cents"),
    "fct_orders",
    "kpi/net_revenue",
    "kpi/repeat_revenue_share",
)
patched(
    "a refunded order is no order",
    landing,
    "is_valid_order",
    lambda end, true=landing.is_valid_order: true(end) & (pl.col("net_amount") > 0),
    "fct_orders",
    "kpi/order_count",
)


@mutation(
    "tests are kept",
    "member_rfm",
    "member_lifecycle",
    "retention_cohorts",
    "kpi/active_member_share",
    "kpi/buyers",
)
def _(world: World, _: Patch) -> World:
    return world.table("crm.members", pl.lit(value=False).alias("is_test"))


@mutation("staff are kept", "member_rfm", "member_lifecycle", "kpi/order_count")
def _(world: World, _: Patch) -> World:
    return world.without("crm.staff", pl.lit(value=True))


@mutation("test orders count", "fct_orders", "member_rfm", "kpi/order_count")
def _(world: World, _: Patch) -> World:
    return world.table("commerce.orders", pl.lit(value=False).alias("is_test"))


@mutation("gifts and samples count", "fct_orders", "member_rfm", "kpi/order_count")
def _(world: World, _: Patch) -> World:
    return world.table("commerce.orders", pl.lit("sale").alias("order_kind"))


@mutation("orders without a kind are no sales", "fct_orders", "kpi/order_count")
def _(world: World, _: Patch) -> World:
    return world.table("commerce.orders", pl.col("order_kind").fill_null("none"))


@mutation(
    "nobody is a person",
    "fct_orders",
    "member_rfm",
    "kpi/buyers",
    "kpi/orders_per_buyer_month",
    "kpi/promotion_dependency",
    "kpi/repurchase_rate",
)
def _(world: World, patch: Patch) -> World:
    true = landing.with_person

    def never_null(frame: pl.DataFrame, *rest: Any) -> pl.DataFrame:
        return true(frame, *rest).with_columns(pl.col("person").fill_null("nobody"))

    patch.setattr(landing, "with_person", never_null)
    return world


@mutation(
    "orders of nobody are left out of totals",
    "kpi/order_count",
    "kpi/net_revenue",
    "kpi/aov",
    step="results",
)
def _(world: World, patch: Patch) -> World:
    true = orders.valid_orders
    patch.setattr(kpis, "valid_orders", lambda known: true(known).drop_nulls("person"))
    return world


def numbered_by(*columns: str, descending: bool = False) -> Callable[[Known], pl.DataFrame]:
    """Return a numbering of orders by other columns."""

    def numbered(known: Known) -> pl.DataFrame:
        mine = orders.valid_orders(known).drop_nulls("person")
        return mine.sort(
            "person", *columns, descending=[False] + [descending] * len(columns)
        ).with_columns(
            order_sequence=pl.int_range(1, pl.len() + 1).over("person"),
            days_since_previous_order=pl.lit(None, pl.Int64),
        )

    return numbered


patched(
    "orders are numbered by id", orders, "persons_orders", numbered_by("order_id"), "fct_orders"
)
patched(
    "orders of one instant are numbered as they come",
    orders,
    "persons_orders",
    numbered_by("ordered_at", "updated_at"),
    "fct_orders",
)
patched(
    "the first channel is that of the last order",
    cohorts,
    "persons_orders",
    numbered_by("ordered_at", "order_id", descending=True),
    "retention_cohorts",
    "kpi/order_count/dimensions",
)


# ------------------------------------------------------------------------------ discounts and lines


@mutation("tier prices are discounts", "fct_orders", "kpi/promotion_dependency")
def _(world: World, _: Patch) -> World:
    most = pl.max_horizontal("promotion_discount", "tier_discount")
    return world.table("commerce.order_lines", most.alias("promotion_discount"))


@mutation("without the split nothing is discounted", "fct_orders", "kpi/promotion_dependency")
def _(world: World, _: Patch) -> World:
    split = pl.col("promotion_discount", "coupon_discount").fill_null(0)
    return world.table("commerce.order_lines", split)


@mutation(
    "a coupon code is a discount, whatever the lines say", "fct_orders", "kpi/promotion_dependency"
)
def _(world: World, patch: Patch) -> World:
    true = landing._with_flags
    has_code = pl.col("coupon_code").is_not_null()
    patch.setattr(
        landing,
        "_with_flags",
        lambda *frames: true(*frames).with_columns(pl.col("is_discounted") | has_code),
    )
    return world


@mutation("the first batch of lines stays", "kpi/repeat_profit_share", "fct_orders")
def _(world: World, patch: Patch) -> World:
    true = landing._lines

    def earliest(versions: pl.DataFrame, known: pl.DataFrame, _: datetime) -> pl.DataFrame:
        return true(versions, known, datetime(1990, 1, 1, tzinfo=UTC))

    patch.setattr(landing, "_lines", earliest)
    return world


@mutation("line versions after as_of are known", "fct_orders")
def _(world: World, patch: Patch) -> World:
    true = landing._lines
    patch.setattr(landing, "_lines", lambda lines, known, _: true(lines, known, UNTIL_EVER))
    return world


@mutation("an unknown cost is zero", "kpi/repeat_profit_share")
def _(world: World, _: Patch) -> World:
    return world.table("catalog.products", pl.col("unit_cost").fill_null(0))


@mutation("profit forgets the quantity", "kpi/repeat_profit_share")
def _(world: World, _: Patch) -> World:
    return world.table("commerce.order_lines", pl.lit(1, pl.Int64).alias("quantity"))


@mutation("an unknown private domain is one", "fct_orders", "kpi/private_domain_share")
def _(world: World, _: Patch) -> World:
    return world.table("commerce.orders", pl.col("is_private_domain").fill_null(value=True))


patched(
    "first orders are repeat orders",
    kpis,
    "IS_REPEAT",
    pl.col("order_sequence") >= 1,
    "kpi/repeat_revenue_share",
    "kpi/repeat_profit_share",
    "kpi/private_domain_share",
)
patched(
    "repeat starts with the third order",
    kpis,
    "IS_REPEAT",
    pl.col("order_sequence") >= 3,
    "kpi/repeat_revenue_share",
    "kpi/repeat_profit_share",
    "kpi/private_domain_share",
)


# --------------------------------------------------------------------------------------------- RFM


def shifted(values: tuple[int, ...], at: int, by: int) -> tuple[int, ...]:
    """Return the values with one of them moved."""
    return tuple(value + by if place == at else value for place, value in enumerate(values))


number("RFM window of 364 days", "member_rfm", rfm_window_days=364)
number("RFM window of 366 days", "member_rfm", rfm_window_days=366)
for cut in range(4):
    cuts = PolicyRow()
    number(
        f"recency cut {cut} before its day",
        "member_rfm",
        world="new_york",
        recency_cuts=shifted(cuts.recency_cuts, cut, -1),
    )
    number(
        f"recency cut {cut} after its day",
        "member_rfm",
        world="new_york",
        recency_cuts=shifted(cuts.recency_cuts, cut, 1),
    )
    number(
        f"frequency cut {cut} above its count",
        "member_rfm",
        world="new_york",
        frequency_cuts=shifted(cuts.frequency_cuts, cut, 1),
    )
    number(
        f"money cut {cut} above its amount",
        "member_rfm",
        world="new_york",
        monetary_cuts=shifted(cuts.monetary_cuts, cut, 1),
    )


def rank_by(rank: Callable[[list[int], int, int], int]) -> Callable[..., list[int]]:
    """Return a ranking; `rank` gets the ascending keys, a key and its place."""

    def ranks(values: list[int], *, best_is_least: bool) -> list[int]:
        keys = [-value if best_is_least else value for value in values]
        ascending = sorted(keys)
        return [rank(ascending, key, place) for place, key in enumerate(keys)]

    return ranks


patched(
    "ties share the upper rank",
    rfm,
    "ranks",
    rank_by(lambda keys, key, _: len(keys) - keys[::-1].index(key)),
    "member_rfm",
)
patched(
    "ties have dense ranks",
    rfm,
    "ranks",
    rank_by(lambda keys, key, _: sorted(set(keys)).index(key) + 1),
    "member_rfm",
)
patched(
    "ties are broken",
    rfm,
    "ranks",
    rank_by(lambda keys, key, place: keys.index(key) + 1 + place % keys.count(key)),
    "member_rfm",
)


@mutation("recency counts the wrong way", "member_rfm", step="results")
def _(world: World, patch: Patch) -> World:
    true = rfm.quantile_scores
    patch.setattr(
        rfm, "quantile_scores", lambda values, best_is_least: true(values, best_is_least=False)
    )
    return world


@mutation("scores divide by n", "member_rfm", step="results")
def _(world: World, patch: Patch) -> World:
    patch.setattr(
        rfm,
        "quantile_scores",
        lambda values, best_is_least: [
            min(5, 1 + 5 * (rank - 1) // len(values))
            for rank in rfm.ranks(values, best_is_least=best_is_least)
        ],
    )
    return world


@mutation("a single person scores 1", "rfm_history", step="results")
def _(world: World, patch: Patch) -> World:
    true = rfm.quantile_scores
    patch.setattr(
        rfm,
        "quantile_scores",
        lambda values, best_is_least: (
            [1] if len(values) == 1 else true(values, best_is_least=best_is_least)
        ),
    )
    return world


patched(
    "the mean is high",
    rfm,
    "are_high",
    lambda scores: [score * len(scores) >= sum(scores) for score in scores],
    "rfm_history",
)
patched(
    "high means above 3",
    rfm,
    "are_high",
    lambda scores: [score > 3 for score in scores],
    "member_rfm",
)


@mutation("frequency counts days", "member_rfm", step="results")
def _(world: World, patch: Patch) -> World:
    patch.setattr(
        rfm,
        "persons_orders",
        lambda known: orders.persons_orders(known).unique(["person", "order_date"]),
    )
    return world


@mutation(
    "history holds the month that is not over", "rfm_history", world="new_york", step="results"
)
def _(world: World, patch: Patch) -> World:
    true = complete_month_ends
    patch.setattr(rfm, "complete_month_ends", lambda first, last: [*true(first, last), last])
    return world


# --------------------------------------------------------------------------------------- lifecycle

BOTH = ("lifecycle_intervals", "member_lifecycle")

for column, days in {
    "at_risk_days": 60,
    "dormant_days": 180,
    "churned_days": 365,
    "reactivated_days": 30,
    "new_days": 30,
    "potential_days": 90,
    "potential_recent_orders": 2,
    "potential_earlier_orders": 1,
}.items():
    less: dict[str, Any] = {column: days - 1}
    more: dict[str, Any] = {column: days + 1}
    if column != "potential_recent_orders":  # with at least one before, 1.5 times is two anyway
        number(f"{column} {days - 1}", *BOTH, **less)
    number(f"{column} {days + 1}", *BOTH, **more)
number("more than 1.5 times", *BOTH, potential_growth=1.5000001)
number("1.3 times is enough", *BOTH, potential_growth=1.3)
number("two gaps are a rhythm", *BOTH, world="new_york", rhythm_gaps=2)
number("a rhythm needs four gaps", *BOTH, world="new_york", rhythm_gaps=4)
number("at risk after three rhythms", *BOTH, world="new_york", at_risk_rhythms=3)
number("dormant after five rhythms", *BOTH, world="new_york", dormant_rhythms=5)
number("churned after nine rhythms", *BOTH, world="new_york", churned_rhythms=9)
number("no lower clamp", *BOTH, world="new_york", clamp_low=0)
number("no upper clamp", *BOTH, world="new_york", clamp_high=100)


def rules_in_order(*order: str) -> Callable[..., list[tuple[str, Any]]]:
    """Return the table of stages with some stages asked first."""
    true = lifecycle.stage_rules

    def rules(*arguments: Any) -> list[tuple[str, Any]]:
        table = dict(true(*arguments))
        return [(stage, table[stage]) for stage in [*order, *(s for s in table if s not in order)]]

    return rules


patched(
    "high potential before at risk",
    lifecycle,
    "stage_rules",
    rules_in_order("prospect", "churned", "dormant", "reactivated", "new", "high_potential"),
    *BOTH,
)
patched(
    "dormant before churned", lifecycle, "stage_rules", rules_in_order("prospect", "dormant"), *BOTH
)
patched(
    "high potential before new",
    lifecycle,
    "stage_rules",
    rules_in_order("prospect", "churned", "dormant", "reactivated", "high_potential"),
    *BOTH,
)


@mutation(
    "only the churned come back",
    *BOTH,
    "kpi/re_dormancy_rate",
    "kpi/awakened_aov_lift",
    "kpi/dormant_activation_rate_21d",
    "kpi/dormant_activation_rate_30d",
    step="lifecycle",
)
def _(world: World, patch: Patch) -> World:
    for module in (lifecycle, kpis):
        patch.setattr(module, "was_lost", lambda stage: stage == CHURNED)
    return world


@mutation("high potential counts days", *BOTH, step="lifecycle")
def _(world: World, patch: Patch) -> World:
    def dates(persons: Any, days: Any, after: int, through: int, n: int) -> Any:
        wanted = (days > after) & (days <= through)
        pairs = np.unique(persons[wanted] * 100_000 + days[wanted])
        return np.bincount(pairs // 100_000, minlength=n).astype(np.int64)

    patch.setattr(lifecycle, "count_orders", dates)
    return world


patched(
    "windows include their first day",
    lifecycle,
    "count_orders",
    lambda persons, days, after, through, n, true=lifecycle.count_orders: true(
        persons, days, after - 1, through, n
    ),
    *BOTH,
)


def rhythm(middle: Callable[[list[int]], float]) -> Any:
    """Return a basis with another middle of the gaps."""

    def basis(self: lifecycle.Rhythm, cycles: dict[str, float], row: PolicyRow) -> float:
        gaps = [b - a for a, b in zip(self.dates, self.dates[1:], strict=False)]
        if len(gaps) >= row.rhythm_gaps:
            return float(middle(gaps))
        return cycles.get(lifecycle.top_category(self.revenue), float("nan"))

    return basis


patched("the mean gap", lifecycle.Rhythm, "basis", rhythm(statistics.mean), *BOTH, world="new_york")
patched(
    "the lower middle gap",
    lifecycle.Rhythm,
    "basis",
    rhythm(statistics.median_low),
    *BOTH,
    world="new_york",
)
patched(
    "the rounded middle gap",
    lifecycle.Rhythm,
    "basis",
    rhythm(lambda gaps: float(int(statistics.median(gaps)))),
    *BOTH,
    world="new_york",
)
patched(
    "the last three gaps",
    lifecycle.Rhythm,
    "basis",
    rhythm(lambda gaps: statistics.median(gaps[-3:])),
    *BOTH,
    world="new_york",
)
patched(
    "equal revenue: the greatest category",
    lifecycle,
    "top_category",
    lambda revenue: max(revenue, key=lambda c: (revenue[c], c), default=""),
    *BOTH,
    world="new_york",
)


@mutation(
    "a category without a cycle hands on to the next", *BOTH, world="new_york", step="lifecycle"
)
def _(world: World, patch: Patch) -> World:
    true = lifecycle.top_category

    def with_cycle(revenue: dict[str, int]) -> str:
        return true(
            {c: cents for c, cents in revenue.items() if c not in {"cat-plain", "cat-ghost"}}
        )

    patch.setattr(lifecycle, "top_category", with_cycle)
    return world


@mutation(
    "thresholds look ahead to all gaps", "lifecycle_intervals", world="new_york", step="lifecycle"
)
def _(world: World, patch: Patch) -> World:
    final = lifecycle.evaluate(
        known_at(world.landing, world.as_of, world.persons), "adaptive"
    ).thresholds

    def adapted(_basis: Any, multiple: float, _fixed: int, _row: PolicyRow) -> Any:
        which = {2.0: 0, 4.0: 1, 8.0: 2}[multiple]
        return np.array([threshold[which] for threshold in final])

    patch.setattr(lifecycle, "adapted", adapted)
    return world


@mutation("born when registered, whatever came before", "lifecycle_intervals")
def _(world: World, patch: Patch) -> World:
    patch.setattr(landing, "OWN_ACTS", ())
    return world


@mutation("sends and points bear", "lifecycle_intervals", "lifecycle_transitions")
def _(world: World, patch: Patch) -> World:
    patch.setattr(landing, "OWN_ACTS", tuple(landing.TABLES))
    return world


@mutation("transitions from the first day of the month", "lifecycle_transitions", step="lifecycle")
def _(world: World, patch: Patch) -> World:
    patch.setattr(lifecycle, "days_before", lambda day, _: day)
    return world


@mutation(
    "transitions of the month that is not over",
    "lifecycle_transitions",
    world="new_york",
    step="lifecycle",
)
def _(world: World, patch: Patch) -> World:
    true = complete_month_ends
    patch.setattr(lifecycle, "complete_month_ends", lambda first, last: [*true(first, last), last])
    return world


# ------------------------------------------------------------------------------- cohorts and KPIs


def shifted_months(wrong: dict[int, int]) -> Callable[[date, int], date]:
    """Return add_months that is wrong for some numbers of months."""
    true = add_months
    return lambda first, months: true(first, wrong.get(months, months))


patched(
    "next month is the month after",
    kpis,
    "add_months",
    shifted_months({1: 2}),
    "kpi/next_month_retention",
)
patched(
    "half a year is five months",
    kpis,
    "add_months",
    shifted_months({6: 5}),
    "kpi/half_year_retention",
)
patched(
    "half a year is seven months",
    kpis,
    "add_months",
    shifted_months({6: 7}),
    "kpi/half_year_retention",
)


@mutation(
    "retained once, retained in all earlier months",
    "retention_cohorts",
    "kpi/half_year_retention",
    "kpi/next_month_retention",
)
def _(world: World, patch: Patch) -> World:
    true = cohorts.buying_months

    def filled(known: Known) -> dict[str, set[date]]:
        return {
            person: {
                add_months(min(bought), k)
                for k in range(60)
                if add_months(min(bought), k) <= max(bought)
            }
            for person, bought in true(known).items()
        }

    patch.setattr(cohorts, "buying_months", filled)
    patch.setattr(kpis, "buying_months", filled)
    return world


@mutation("cohorts by registration", "retention_cohorts", "kpi/next_month_retention")
def _(world: World, patch: Patch) -> World:
    true = cohorts.buying_months

    def with_registration(known: Known) -> dict[str, set[date]]:
        registered = dict(known.people().select("person", "registered_date").iter_rows())
        return {
            person: bought | ({registered[person].replace(day=1)} if registered[person] else set())
            for person, bought in true(known).items()
        }

    patch.setattr(cohorts, "buying_months", with_registration)
    patch.setattr(kpis, "buying_months", with_registration)
    return world


number("364 days are a year", "kpi/yearly_repurchase", "kpi/repurchase_rate", repurchase_days=364)
number("366 days are a year", "kpi/yearly_repurchase", "kpi/repurchase_rate", repurchase_days=366)


@mutation("first orders are repurchases", "kpi/yearly_repurchase", step="results")
def _(world: World, patch: Patch) -> World:
    true = orders.persons_orders
    patch.setattr(
        kpis, "persons_orders", lambda known: true(known).with_columns(pl.col("order_sequence") + 1)
    )
    return world


number("awakened for 179 days", "kpi/awakened_aov_lift", awakened_days=179)
number("awakened for 181 days", "kpi/awakened_aov_lift", awakened_days=181)
number("silent for 179 days", "kpi/re_dormancy_rate", re_dormancy_days=179)
number("silent for 181 days", "kpi/re_dormancy_rate", re_dormancy_days=181)
number("active within 29 days", "kpi/active_member_share", active_days=29)
number("active within 31 days", "kpi/active_member_share", active_days=31)


@mutation("the return does not count, the day after does", "kpi/awakened_aov_lift", step="results")
def _(world: World, patch: Patch) -> World:
    true = kpis.reactivated_in
    patch.setattr(
        kpis,
        "reactivated_in",
        lambda period: true(period).with_columns(pl.col("r") + timedelta(days=1)),
    )
    return world


@mutation("the order of the return is an order after it", "kpi/re_dormancy_rate", step="results")
def _(world: World, patch: Patch) -> World:
    true = kpis.reactivated_in
    patch.setattr(
        kpis,
        "reactivated_in",
        lambda period: true(period).with_columns(pl.col("r") - timedelta(days=1)),
    )
    return world


def deadline(by: int) -> Callable[[date, int], date]:
    """Return days_before that sets deadlines of 21 and 30 days wrong."""
    true = days_before
    return lambda day, days: true(day, days - by if days in {-21, -30} else days)


patched(
    "a day less to come back",
    kpis,
    "days_before",
    deadline(-1),
    "kpi/dormant_activation_rate_21d",
    "kpi/dormant_activation_rate_30d",
    "kpi/at_risk_activation_rate_21d",
    "kpi/at_risk_activation_rate_30d",
)
patched(
    "a day more to come back",
    kpis,
    "days_before",
    deadline(1),
    "kpi/dormant_activation_rate_21d",
    "kpi/dormant_activation_rate_30d",
    "kpi/at_risk_activation_rate_21d",
    "kpi/at_risk_activation_rate_30d",
)


for level in (1, 3):
    patched(
        f"high risk from level {level}",
        kpis,
        "HIGH_RISK_LEVEL",
        level,
        "kpi/at_risk_activation_rate_21d",
        "kpi/at_risk_activation_rate_30d",
    )


@mutation("back within the month", "kpi/dormant_activation_rate_30d", step="results")
def _(world: World, patch: Patch) -> World:
    true = days_before
    patch.setattr(
        kpis,
        "days_before",
        lambda day, days: month_end(day + timedelta(days=1)) if days == -30 else true(day, days),
    )
    return world


@mutation("campaigns end a day early", "kpi/off_campaign_order_ratio")
def _(world: World, _: Patch) -> World:
    return world.table("campaigns.campaigns", pl.col("ends_at") - timedelta(days=1))


@mutation("campaigns unknown then count", "kpi/off_campaign_order_ratio")
def _(world: World, _: Patch) -> World:
    known = (
        pl.when(pl.col("campaign_id") == "c-9")
        .then(pl.lit(landing.SINCE_EVER))
        .otherwise(pl.col("updated_at"))
    )
    return world.table("campaigns.campaigns", known.alias("updated_at"))


@mutation(
    "without an outside day the ratio is zero", "kpi/off_campaign_order_ratio", step="results"
)
def _(world: World, patch: Patch) -> World:
    true = kpis.Period.add_all
    patch.setattr(
        kpis.Period,
        "add_all",
        lambda self, results, **options: true(self, results, **(options | {"has_value": True})),
    )
    return world


@mutation("logins do not make active", "kpi/active_member_share")
def _(world: World, _: Patch) -> World:
    return world.without("app.events", pl.lit(value=True))


@mutation("website logins do not make active", "kpi/active_member_share")
def _(world: World, _: Patch) -> World:
    return world.without("website.events", pl.lit(value=True))


@mutation("anonymous visits are logins", "kpi/active_member_share")
def _(world: World, _: Patch) -> World:
    # The anonymous id was that web user's once.
    user = pl.col("event_id").str.replace(r"-\d+$", "").str.replace("^", "web-")
    return world.table("website.events", pl.col("web_user_id").fill_null(user))


@mutation("who did not say when never registered", "kpi/active_member_share")
def _(world: World, patch: Patch) -> World:
    true = landing.known_at

    def known(*arguments: Any) -> Known:
        found = true(*arguments)
        undated = world.landing.tables["crm.members"].filter(pl.col("registered_at").is_null())
        names = ("member_no:" + undated["member_no"]).to_list()
        never = pl.when(~pl.col("person").is_in(names)).then(pl.col("registered_date"))
        return replace(found, persons=found.persons.with_columns(never.alias("registered_date")))

    patch.setattr(f"{__name__}.known_at", known)
    return world


@mutation("registered persons are all persons", "kpi/active_member_share")
def _(world: World, patch: Patch) -> World:
    true = Known.people
    patch.setattr(
        Known,
        "people",
        lambda self: true(self).with_columns(
            is_member=pl.lit(value=True),
            registered_date=pl.coalesce("registered_date", "birth_date"),
        ),
    )
    return world


# ------------------------------------------------------------------------------------ early warning


def result_number(name: str, target: str, **changes: Any) -> None:
    """Register a mutation of policy numbers that change nothing before the results."""
    mutation(name, target, step="results")(lambda true, _: true.numbers(**changes))


def warning(name: str, reason: str, **changes: Any) -> None:
    """Register a mutation of a reason's numbers."""
    result_number(name, f"risk_reasons/{reason}", **changes)


warning("late after 29 days", "recency", recency_over=29)
warning("late after 31 days", "recency", recency_over=31)
warning("recent is 89 days", "frequency_drop", drop_days=89)
warning("one order is a base", "frequency_drop", drop_base=1)
warning("two silent weeks", "silent_weeks", silent_weeks=2)
warning("active in seven weeks before", "silent_weeks", silent_base_weeks=7)
warning("active in three weeks", "silent_weeks", silent_active_weeks=3)
warning("two offers are enough", "coupon_apathy", apathy_offers=2)
warning("unused for six days more", "coupon_unused", unused_days=6)
warning("unused for eight days more", "coupon_unused", unused_days=8)
warning("a gap of 14 days", "login_gap", login_gap_over=14)
warning("in the cart for 29 days", "cart_price_drop", cart_days=29)
warning("in the cart for 31 days", "cart_price_drop", cart_days=31)
warning("silent for 29 days", "social_cooling", cooling_days=29)
warning("social for 91 days", "social_cooling", cooling_base_days=91)
warning("the best third", "social_cooling", cooling_top=1 / 3)
warning("overdue after 1.4 intervals", "replenishment_overdue", overdue_times=1.4)
warning("one purchase is a rhythm", "replenishment_overdue", overdue_purchases=1)
warning("two gaps of a category are a rhythm", "replenishment_overdue", overdue_own_gaps=2)
warning("looks of 15 days", "price_sensitive_wait", wait_days=15)
warning("two looks are enough", "price_sensitive_wait", wait_views=2)
patched(
    "the day's first price is its last",
    warnings,
    "price_on",
    lambda prices, today: min(
        ((-day, *rest) for day, *rest in prices if day <= today), default=(0, 0, None)
    )[2],
    "risk_reasons/cart_price_drop",
    world="new_york",
)
patched(
    "two reasons are level 3 for everybody",
    warnings,
    "level",
    lambda reasons, *_: 3 if reasons >= 2 else reasons,
    "member_risk",
    "risk_history",
)
patched(
    "nobody is important",
    warnings,
    "level",
    lambda reasons, *_: min(reasons, 3),
    "member_risk",
    "risk_history",
)


CHURN_NUMBERS: Mapping[str, Mapping[str, float]] = {
    "bad for 59 days before": {"service_before": 59},
    "bad for 31 days after": {"service_after": 31},
    "only the worst rating is bad": {"bad_csat": 1},
    "a full rise is a tenth": {"full_rise": 0.1},
    "risen 200 days before": {"price_before": 200},
    "risen 59 days after": {"price_after": 59},
    "the need ended whenever": {"life_stage": 9999},
    "half of the orders is on promotion": {"promotion_share": 0.5},
    "one order is on promotion": {"promotion_orders": 1},
    "cooled 60 days before": {"cooling_before": 60},
    "stopped after one interval": {"overdue_times": 1.0},
}
for mistake, numbers in CHURN_NUMBERS.items():
    result_number(mistake, "churn_reason_profile", **numbers)


@mutation("failed offers are offers", "churn_reason_profile")
def _(world: World, _: Patch) -> World:
    return world.table("campaigns.sends", pl.lit("sent").alias("status"))


@mutation("the dormant are warned too", "member_risk", "risk_history", step="results")
def _(world: World, patch: Patch) -> World:
    patch.setattr(warnings, "WATCHED", (*warnings.WATCHED, "dormant"))
    return world


FIGURES = "int_insight__warning_figures"

WARNING_NUMBERS: Mapping[str, Mapping[str, float]] = {
    "false by an order on the 91st day": {"outcome_days": 91},
    "false by 89 days only": {"outcome_days": 89},
    "warnings of a month more": {"trial_days": 396},
    "lapses of a month less": {"trial_days": 334},
}
for mistake, numbers in WARNING_NUMBERS.items():
    result_number(mistake, FIGURES, **numbers)


@mutation("an order on the day of the warning follows it", FIGURES, step="results")
def _(world: World, patch: Patch) -> World:
    true = early.Trial.is_gone

    def is_gone(self: early.Trial, person: str, day: date) -> bool:
        return day not in self.dates[person] and true(self, person, day)

    patch.setattr(early.Trial, "is_gone", is_gone)
    return world


@mutation("warnings whose outcome is not known are judged", FIGURES, step="results")
def _(world: World, patch: Patch) -> World:
    patch.setattr(
        early.Trial,
        "is_tried",
        lambda self, day: self.as_of - self.length < day <= self.as_of,
    )
    return world


@mutation("every day of a run is a warning", FIGURES, step="results")
def _(world: World, patch: Patch) -> World:
    def runs(self: early.Trial, flags: warnings.Flags) -> Iterator[tuple[str, date]]:
        for number, place in np.argwhere(flags):
            if self.is_tried(self.life.days[number]):
                yield self.life.persons[place], self.life.days[number]

    patch.setattr(early.Trial, "runs", runs)
    return world


def with_lapses(**days: int) -> Change:
    """Return a mutation that takes lapses for later (days below zero: earlier) than they are."""

    def apply(world: World, patch: Patch) -> World:
        true = early.Trial.lapses

        def lapses(self: early.Trial) -> Iterator[early.Lapse]:
            for lapse in true(self):
                moved = {name: timedelta(number) for name, number in days.items()}
                yield replace(
                    lapse, **{name: getattr(lapse, name) + by for name, by in moved.items()}
                )

        patch.setattr(early.Trial, "lapses", lapses)
        return world

    return apply


mutation("lapsed a day earlier", FIGURES, step="results")(with_lapses(day=-1))
mutation("no warning on the day of the last order", FIGURES, step="results")(
    with_lapses(last_order=1)
)


@mutation("who comes back was no lapse", FIGURES, step="results")
def _(world: World, patch: Patch) -> World:
    true = early.Trial.lapses
    patch.setattr(
        early.Trial,
        "lapses",
        lambda self: (one for one in true(self) if self.dates[one.person][-1] <= one.day),
    )
    return world


patched("late is any reason", early, "RECENCY", "login_gap", FIGURES)


@mutation("messages to a person are its own", "risk_reasons/social_cooling")
def _(world: World, _: Patch) -> World:
    return world.table("wecom.messages", pl.lit("in").alias("direction"))


# ----------------------------------------------------------- values, completeness and dimensions


def with_rows(change: Callable[[kpis.Row], kpis.Row]) -> Change:
    """Return a mutation that writes KPI rows otherwise."""

    def apply(world: World, patch: Patch) -> World:
        true = kpis.Period.add_all

        def add_all(self: kpis.Period, results: Any, **options: Any) -> None:
            before = len(self.rows)
            true(self, results, **options)
            self.rows[before:] = [change(row) for row in self.rows[before:]]

        patch.setattr(kpis.Period, "add_all", add_all)
        return world

    return apply


mutation(
    "a rate of nobody is zero",
    "kpi/private_domain_share",
    "kpi/next_month_retention",
    "kpi/off_campaign_order_ratio",
    "kpi/re_dormancy_rate",
    step="results",
)(with_rows(lambda row: (*row[:7], 0.0 if row[7] is None and row[8] else row[7], row[8])))
mutation(
    "a value before its time",
    "kpi/next_month_retention",
    "kpi/half_year_retention",
    "kpi/re_dormancy_rate",
    "kpi/awakened_aov_lift",
    step="results",
)(with_rows(lambda row: (*row[:7], row[5] / row[6] if row[6] else None, row[8])))


@mutation(
    "complete a day later",
    "kpi/aov",
    "kpi/order_count",
    "kpi/active_member_share",
    "kpi/orders_per_buyer_month",
    step="results",
)
def _(world: World, patch: Patch) -> World:
    true = kpis.Period.add_all

    def add_all(self: kpis.Period, results: Any, **options: Any) -> None:
        tomorrow = self.last + timedelta(days=1)
        true(self, results, **(options | {"known_from": options.get("known_from") or tomorrow}))

    patch.setattr(kpis.Period, "add_all", add_all)
    return world


@mutation(
    "dimensions at the end of the month",
    "kpi/order_count/dimensions",
    "kpi/active_member_share/dimensions",
    step="results",
)
def _(world: World, patch: Patch) -> World:
    true = kpis.Facts.persons_at_start
    patch.setattr(
        kpis.Facts, "persons_at_start", lambda self, first: true(self, add_months(first, 1))
    )
    return world


@mutation(
    "unknown channels are left out", "kpi/buyers/dimensions", "retention_cohorts", step="results"
)
def _(world: World, patch: Patch) -> World:
    patch.setattr(cohorts, "UNKNOWN", "")
    return world


# ------------------------------------------------------------------------------------- the checks


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    fixture = two_years()
    folder = fixture.book.write(tmp_path_factory.mktemp("two_years"))
    read = read_landing(folder)
    return {
        "shanghai": World(read, AS_OF_SHANGHAI, "quantile", "fixed", fixture.persons),
        "new_york": World(
            replace(read, zone=NEW_YORK), AS_OF_NEW_YORK, "fixed", "adaptive", fixture.persons
        ),
    }


@pytest.fixture(scope="module")
def truth(worlds: dict[str, World]) -> dict[str, Results]:
    return {name: Results(world) for name, world in worlds.items()}


@pytest.mark.parametrize("mistake", MUTATIONS, ids=lambda mistake: mistake.name)
def test_the_fixtures_betray(
    mistake: Mutation,
    worlds: dict[str, World],
    truth: dict[str, Results],
    monkeypatch: Patch,
) -> None:
    true = truth[mistake.world]
    expected = {target: true.rows(target) for target in mistake.targets}
    mistaken = Results(
        mistake.change(worlds[mistake.world], monkeypatch),
        known=None if mistake.step == "landing" else true.known,
        life=true.life if mistake.step == "results" else None,
    )
    for target, true_rows in expected.items():
        key = KPI_KEY if target.startswith("kpi/") else KEYS[target.split("/")[0]]
        assert frame_differences(true_rows, mistaken.rows(target), key), (
            f"{mistake.name}: {target} is the same"
        )


def test_every_metric_and_every_mart_has_a_mutation() -> None:
    targets = {target for mistake in MUTATIONS for target in mistake.targets}
    metrics = {target.split("/")[1] for target in targets if target.startswith("kpi/")}
    assert metrics == set(kpis.MONTHLY_METRICS)
    assert set(KEYS) - {"kpi_monthly", "kpi_daily"} <= {name.split("/")[0] for name in targets}
    reasons = {name.split("/")[1] for name in targets if name.startswith("risk_reasons/")}
    assert reasons == set(warnings.REASONS)
    assert len(MUTATIONS) >= 25
    assert len({mistake.name for mistake in MUTATIONS}) == len(MUTATIONS)
