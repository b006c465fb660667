"""insight.member_lifecycle, lifecycle_intervals and lifecycle_transitions, day by day.

`evaluate` walks from the birth of the first person to as_of and asks, at the end of every day and
for every person, which rule of the table holds first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.oracles.days import all_days, complete_month_ends, days_before, month_start
from tests.oracles.landing import Known
from tests.oracles.orders import persons_orders
from tests.oracles.policy import (
    ACTIVE,
    AT_RISK,
    CHURNED,
    DEFAULT,
    DORMANT,
    HIGH_POTENTIAL,
    NEW,
    PROSPECT,
    REACTIVATED,
    STAGE_ZH,
    Policy,
    PolicyRow,
)

Mode = Literal["fixed", "adaptive"]
UNBORN = "none"
CODES = (UNBORN, *STAGE_ZH)  # the stage matrix holds positions in this list
EPOCH = date(1970, 1, 1)
NO_DAY = -(10**6)  # a day number long before any date: "never"

Days = NDArray[np.int64]
Flags = NDArray[np.bool_]


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - EPOCH).days


@dataclass(frozen=True)
class Lifecycle:
    """Every person's stage at the end of every day.

    stages: days × persons, positions in CODES. reactivations: (person, date r) in order of date.
    thresholds: at_risk, dormant and churned days of every person at the last day.
    first, last, orders: per person at the last day (dates None without orders).
    """

    days: list[date]
    persons: list[str]
    stages: NDArray[np.int8]
    reactivations: list[tuple[str, date]]
    thresholds: list[tuple[float, float, float]]
    first: list[date | None]
    last: list[date | None]
    orders: list[int]

    def stages_at(self, day: date) -> pl.Series:
        """Return every person's stage at the end of `day` (`none` before birth)."""
        if not self.days or day < self.days[0]:
            return pl.Series([UNBORN] * len(self.persons), dtype=pl.String)
        return pl.Series(CODES).gather(self.stages[(day - self.days[0]).days])


class Rhythm:
    """One person's rhythm: distinct order dates and category revenue up to today."""

    def __init__(self) -> None:
        self.dates: list[int] = []
        self.revenue: dict[str, int] = {}

    def basis(self, cycles: dict[str, float], row: PolicyRow) -> float:
        """Return the days that the multiples apply to; NaN: the fixed thresholds hold."""
        gaps = [later - earlier for earlier, later in zip(self.dates, self.dates[1:], strict=False)]
        if len(gaps) >= row.rhythm_gaps:
            return float(median(gaps))
        return cycles.get(top_category(self.revenue), float("nan"))


def top_category(revenue: dict[str, int]) -> str:
    """Return the category with the greatest revenue, of equal ones the smallest id."""
    if not revenue:
        return ""
    greatest = max(revenue.values())
    return min(category for category, cents in revenue.items() if cents == greatest)


def adapted(basis: Days, multiple: float, fixed: int, row: PolicyRow) -> NDArray[np.float64]:
    """Return a threshold per person: the multiple of its basis within the clamps, else fixed."""
    clamped = np.clip(multiple * basis, row.clamp_low * fixed, row.clamp_high * fixed)
    return np.where(np.isnan(basis), float(fixed), clamped)


def was_lost(stage_on_eve: str) -> bool:
    """Return whether an order after such an eve brings the person back."""
    return stage_on_eve in {DORMANT, CHURNED}


def count_orders(
    persons: Days, dates: Days, after: int, through: int, number_of_persons: int
) -> Days:
    """Return how many orders each person has with after < date ≤ through."""
    return np.bincount(
        persons[(dates > after) & (dates <= through)], minlength=number_of_persons
    ).astype(np.int64)


def stage_rules(
    today: int,
    first: Days,
    last: Days,
    came_back: Days,
    recent: Days,
    earlier: Days,
    at_risk_after: NDArray[np.float64],
    dormant_after: NDArray[np.float64],
    churned_after: NDArray[np.float64],
    row: PolicyRow,
) -> list[tuple[str, Flags]]:
    """Return the table of stages: the first rule that holds for a person gives the stage."""
    gap = today - last
    return [
        (PROSPECT, first == NO_DAY),
        (CHURNED, gap >= churned_after),
        (DORMANT, gap >= dormant_after),
        (REACTIVATED, (came_back != NO_DAY) & (today - came_back <= row.reactivated_days)),
        (NEW, today - first <= row.new_days),
        (AT_RISK, gap > at_risk_after),
        (
            HIGH_POTENTIAL,
            (recent >= row.potential_recent_orders)
            & (earlier >= row.potential_earlier_orders)
            & (recent >= row.potential_growth * earlier),
        ),
        (ACTIVE, np.ones(len(first), dtype=np.bool_)),
    ]


def evaluate(known: Known, mode: Mode = "fixed", policy: Policy = DEFAULT) -> Lifecycle:
    """Walk through all days from the first birth to as_of."""
    people = known.people().sort("person")
    persons = people["person"].to_list()
    n = len(persons)
    if n == 0:
        return Lifecycle([], [], np.zeros((0, 0), np.int8), [], [], [], [], [])
    births = np.array([day_number(day) for day in people["birth_date"]], dtype=np.int64)
    position = {person: i for i, person in enumerate(persons)}

    orders = persons_orders(known).sort("order_date")
    order_person = np.array([position[p] for p in orders["person"]], dtype=np.int64)
    order_date = np.array([day_number(d) for d in orders["order_date"]], dtype=np.int64)
    needs_categories = mode == "adaptive" and known.cycles
    revenue_of_day = _category_revenue(known, orders) if needs_categories else {}

    days = all_days(EPOCH + timedelta(days=int(births.min())), known.as_of)
    stages = np.zeros((len(days), n), dtype=np.int8)
    first = np.full(n, NO_DAY, dtype=np.int64)
    last = np.full(n, NO_DAY, dtype=np.int64)
    came_back = np.full(n, NO_DAY, dtype=np.int64)  # latest order date after a lost eve
    lifetime = np.zeros(n, dtype=np.int64)
    basis = np.full(n, np.nan)
    rhythms = [Rhythm() for _ in persons]
    reactivations: list[tuple[str, date]] = []
    at_risk_after = dormant_after = churned_after = np.zeros(n)
    row = policy.at(days[0])

    for i, day in enumerate(days):
        today, row_of_yesterday, row = day_number(day), row, policy.at(day)
        if mode == "adaptive" and row != row_of_yesterday:
            for who in np.flatnonzero(last != NO_DAY):
                basis[who] = rhythms[who].basis(known.cycles, row)

        buyers_today = order_person[order_date == today].tolist()
        for who in buyers_today:
            lifetime[who] += 1
        for who in sorted(set(buyers_today)):
            if i > 0 and was_lost(CODES[stages[i - 1, who]]):
                came_back[who] = today
                reactivations.append((persons[who], day))
            if first[who] == NO_DAY:
                first[who] = today
            last[who] = today
            if mode == "adaptive":
                rhythm = rhythms[who]
                rhythm.dates.append(today)
                for category, cents in revenue_of_day.get((persons[who], day), ()):
                    rhythm.revenue[category] = rhythm.revenue.get(category, 0) + cents
                basis[who] = rhythm.basis(known.cycles, row)

        at_risk_after = adapted(basis, row.at_risk_rhythms, row.at_risk_days, row)
        dormant_after = adapted(basis, row.dormant_rhythms, row.dormant_days, row)
        churned_after = adapted(basis, row.churned_rhythms, row.churned_days, row)

        window = row.potential_days
        recent = count_orders(order_person, order_date, today - window, today, n)
        earlier = count_orders(order_person, order_date, today - 2 * window, today - window, n)
        rules = stage_rules(
            today,
            first,
            last,
            came_back,
            recent,
            earlier,
            at_risk_after,
            dormant_after,
            churned_after,
            row,
        )
        # Written from the last rule to the first, so that the first one that holds stands.
        for code, holds in reversed(rules):
            stages[i, holds] = CODES.index(code)
        stages[i, births > today] = CODES.index(UNBORN)

    def as_dates(numbers: Days) -> list[date | None]:
        return [None if d == NO_DAY else EPOCH + timedelta(days=int(d)) for d in numbers]

    return Lifecycle(
        days=days,
        persons=persons,
        stages=stages,
        reactivations=reactivations,
        thresholds=list(
            zip(at_risk_after.tolist(), dormant_after.tolist(), churned_after.tolist(), strict=True)
        ),
        first=as_dates(first),
        last=as_dates(last),
        orders=lifetime.tolist(),
    )


def _category_revenue(
    known: Known, orders: pl.DataFrame
) -> dict[tuple[str, date], list[tuple[str, int]]]:
    """Return (person, order date) -> [(category, cents)] over lines with a known category."""
    sums = (
        known.lines.drop_nulls("category_id")
        .join(orders.select("order_id", "person", "order_date"), on="order_id")
        .group_by("person", "order_date", "category_id")
        .agg(cents=pl.col("net_cents").sum())
    )
    revenue: dict[tuple[str, date], list[tuple[str, int]]] = {}
    for person, day, category, cents in sums.iter_rows():
        revenue.setdefault((person, day), []).append((category, cents))
    return revenue


def member_lifecycle(known: Known, life: Lifecycle) -> pl.DataFrame:
    """Return the columns of insight.member_lifecycle, with `person` in place of `one_id`."""
    since = lifecycle_intervals(life).filter(pl.col("valid_to_date").is_null())
    since_date = dict(zip(since["person"], since["valid_from_date"], strict=True))
    rows = []
    for i, (person, stage) in enumerate(
        zip(life.persons, life.stages_at(known.as_of), strict=True)
    ):
        last = life.last[i]
        thresholds = life.thresholds[i] if last else (None, None, None)
        rows.append(
            (
                known.as_of,
                person,
                stage,
                STAGE_ZH[stage],
                since_date[person],
                life.first[i],
                last,
                (known.as_of - last).days if last else None,
                life.orders[i],
                *thresholds,
            )
        )
    return pl.DataFrame(
        rows,
        {
            "as_of_date": pl.Date,
            "person": pl.String,
            "lifecycle_stage": pl.String,
            "lifecycle_stage_zh": pl.String,
            "stage_since_date": pl.Date,
            "first_order_date": pl.Date,
            "last_order_date": pl.Date,
            "days_since_last_order": pl.Int64,
            "orders_lifetime": pl.Int64,
            "at_risk_after_days": pl.Float64,
            "dormant_after_days": pl.Float64,
            "churned_after_days": pl.Float64,
        },
        orient="row",
    )


def lifecycle_intervals(life: Lifecycle) -> pl.DataFrame:
    """Return the spells: consecutive days of equal stage, the last one open."""
    rows: list[tuple[str, str, date, date | None, int]] = []
    for column, person in enumerate(life.persons):
        stages = life.stages[:, column]
        changes = [0, *(np.flatnonzero(stages[1:] != stages[:-1]) + 1).tolist()]
        spells = [(at, CODES[stages[at]]) for at in changes if CODES[stages[at]] != UNBORN]
        ends = [life.days[at] for at, _ in spells[1:]] + [None]
        for sequence, ((at, stage), end) in enumerate(zip(spells, ends, strict=True), start=1):
            rows.append((person, stage, life.days[at], end, sequence))
    return pl.DataFrame(
        rows,
        {
            "person": pl.String,
            "lifecycle_stage": pl.String,
            "valid_from_date": pl.Date,
            "valid_to_date": pl.Date,
            "sequence": pl.Int64,
        },
        orient="row",
    )


def lifecycle_transitions(known: Known, life: Lifecycle) -> pl.DataFrame:
    """Return how many persons went from which stage to which in every complete month."""
    counts: dict[tuple[date, str, str], int] = {}
    for end in complete_month_ends(life.days[0], known.as_of) if life.days else []:
        month = month_start(end)
        before, after = life.stages_at(days_before(month, 1)), life.stages_at(end)
        for from_stage, to_stage in zip(before, after, strict=True):
            if to_stage != UNBORN:
                key = (month, from_stage, to_stage)
                counts[key] = counts.get(key, 0) + 1
    return pl.DataFrame(
        [(*key, members) for key, members in sorted(counts.items())],
        {"month": pl.Date, "from_stage": pl.String, "to_stage": pl.String, "members": pl.Int64},
        orient="row",
    )
