"""insight.member_risk, risk_reasons and risk_history: every reason asked on every day.

Where the warehouse works with stretches of days, this asks each reason at the end of each day of
each person, as the definition says it, and reads everything else off the answers.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.oracles.alive import Alive
from tests.oracles.days import complete_month_ends
from tests.oracles.landing import Known
from tests.oracles.lifecycle import CODES, Lifecycle
from tests.oracles.orders import as_money, persons_orders
from tests.oracles.policy import (
    ACTIVE,
    AT_RISK,
    DEFAULT,
    HIGH_POTENTIAL,
    IMPORTANT_GROUPS,
    NEW,
    REACTIVATED,
    WARNINGS_ZH,
    Policy,
    PolicyRow,
)

WATCHED = (NEW, ACTIVE, HIGH_POTENTIAL, AT_RISK, REACTIVATED)
NEVER = -(10**6)
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int32]


GONE_BELOW = 0.5
"""P(alive) below which one reason makes level 2."""


@dataclass(frozen=True)
class Finding:
    """What tells a reason at as_of."""

    day: date | None
    count: int | None = None
    limit: float | None = None
    cents: int | None = None
    text: str | None = None


@dataclass
class Warned:
    """Days × persons per reason, and what tells it on the last day."""

    days: list[date]
    persons: list[str]
    holds: dict[str, Flags]
    findings: dict[tuple[str, str], list[Finding]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def tell(self, person: str, reason: str, finding: Finding) -> None:
        """Add what tells a reason at as_of."""
        self.findings[person, reason].append(finding)


class World:
    """The facts as day numbers; day 0 is the first day of the lifecycle."""

    def __init__(self, known: Known, life: Lifecycle, row: PolicyRow) -> None:
        self.known, self.life, self.row = known, life, row
        self.first = life.days[0]
        self.today = len(life.days) - 1
        self.places = {person: place for place, person in enumerate(life.persons)}
        self.shape = (len(life.days), len(life.persons))

    @cached_property
    def orders(self) -> Numbers:
        """Valid orders by day and person."""
        return self.matrix(persons_orders(self.known), "order_date")

    @cached_property
    def logins(self) -> Numbers:
        """Days with a login."""
        return self.matrix(self.known.logins, "login_date")

    @cached_property
    def lines(self) -> pl.DataFrame:
        """person, product_id, category_id, ordered_at and order_date of valid orders' lines."""
        orders = persons_orders(self.known)
        return self.known.lines.join(
            orders.select("order_id", "person", "ordered_at", "order_date"), on="order_id"
        )

    def number(self, day: date | None) -> int:
        """Return the number of a day; one long after all others for none."""
        return 10**6 if day is None else (day - self.first).days

    def day(self, number: int) -> date:
        """Return the day of a number."""
        return self.first + timedelta(days=number)

    def matrix(self, frame: pl.DataFrame, column: str) -> Numbers:
        """Return how many rows each person has on each day."""
        counts = np.zeros(self.shape, dtype=np.int32)
        for person, day in frame.select("person", column).iter_rows():
            if person in self.places and 0 <= self.number(day) <= self.today:
                counts[self.number(day), self.places[person]] += 1
        return counts


def days_since(counts: Numbers) -> Numbers:
    """Return for each day and person the days since the last row; negative where there is none."""
    numbers = np.arange(counts.shape[0], dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(counts > 0, numbers, NEVER), axis=0)
    return np.where(last == NEVER, -1, numbers - last)


def window(counts: Numbers, start: int, end: int) -> Numbers:
    """Return the rows with D − start < date ≤ D − end, for each day D."""
    sums = np.vstack([np.zeros((1, counts.shape[1]), counts.dtype), np.cumsum(counts, axis=0)])
    numbers = np.arange(counts.shape[0])
    through = np.clip(numbers - end + 1, 0, None)
    after = np.clip(numbers - start + 1, 0, None)
    return sums[through] - sums[after]


def recency(world: World, warned: Warned) -> Flags:
    """More than so many days since the last order."""
    since = days_since(world.orders)
    for person, place in world.places.items():
        days = int(since[-1, place])
        warned.tell(
            person,
            "recency",
            Finding(world.day(world.today - days), days, world.row.recency_over),
        )
    return since > world.row.recency_over


def frequency_drop(world: World, warned: Warned) -> Flags:
    """Orders halved against a year before, or against the window before for the young."""
    row = world.row
    orders = world.orders
    recent = window(orders, row.drop_days, 0)
    before = window(orders, 2 * row.drop_days, row.drop_days)
    year_before = window(orders, 365 + row.drop_days, 365)
    has_first = orders > 0
    first = np.where(has_first.any(axis=0), has_first.argmax(axis=0), 10**6)
    numbers = np.arange(world.shape[0])[:, None]
    is_young = first[None, :] > numbers - (365 + row.drop_days)
    base = np.where(is_young, before, year_before)
    for person, place in world.places.items():
        kind = "days_before" if is_young[-1, place] else "year_before"
        counts = int(recent[-1, place]), float(base[-1, place])
        warned.tell(person, "frequency_drop", Finding(None, *counts, text=kind))
    return (base >= row.drop_base) & (recent <= row.drop_share * base)


def login_gap(world: World, warned: Warned) -> Flags:
    """Too many days since the last login."""
    since = days_since(world.logins)
    for person, place in world.places.items():
        days = int(since[-1, place])
        day = world.day(world.today - days)
        warned.tell(person, "login_gap", Finding(day, days, world.row.login_gap_over))
    return since > world.row.login_gap_over


def silent_weeks(world: World, warned: Warned) -> Flags:
    """No login in the last complete weeks, and enough weeks with one before them."""
    row, logins = world.row, world.logins
    since = days_since(logins)[-1]
    for person, place in world.places.items():
        days = int(since[place])
        finding = Finding(world.day(world.today - days), days, 7 * row.silent_weeks)
        warned.tell(person, "silent_weeks", finding)
    holds = np.zeros(world.shape, dtype=bool)
    for number, day in enumerate(world.life.days):
        sunday = number - day.isoweekday() % 7  # the last one up to this day

        def has_login(weeks_ago: int, sunday: int = sunday) -> Flags:
            last = sunday - 7 * weeks_ago
            return np.asarray(logins[max(last - 6, 0) : max(last + 1, 0)].sum(axis=0) > 0)

        silent = ~np.any([has_login(ago) for ago in range(row.silent_weeks)], axis=0)
        before = range(row.silent_weeks, row.silent_weeks + row.silent_base_weeks)
        active = np.sum([has_login(ago) for ago in before], axis=0)
        holds[number] = silent & (active >= row.silent_active_weeks)
    return holds


def offers(world: World) -> dict[int, list[tuple[str, int, int, int, int]]]:
    """Return each person's coupons as offered: code, issued, claimed, redeemed, expires."""
    coupons = world.known.coupons.sort("issued_at", "coupon_code").select(
        "person", "coupon_code", "issued_date", "claimed_date", "redeemed_date", "expires_date"
    )
    return {
        world.places[person]: [(code, *map(world.number, dates)) for code, *dates in mine]
        for (person,), mine in grouped(coupons, 1).items()
        if person in world.places
    }


def coupon_apathy(world: World, warned: Warned) -> Flags:
    """The last offers unclaimed by someone who has claimed."""
    row = world.row
    holds = np.zeros(world.shape, dtype=bool)
    for place, coupons in offers(world).items():
        for today in range(max(coupons[0][1], 0), world.today + 1):
            offered = [coupon for coupon in coupons if coupon[1] <= today][-row.apathy_offers :]
            holds[today, place] = (
                any(coupon[2] <= today for coupon in coupons)
                and len(offered) == row.apathy_offers
                and all(coupon[2] > today for coupon in offered)
            )
        code, issued = offered[-1][:2]
        finding = Finding(world.day(issued), row.apathy_offers, row.apathy_offers, text=code)
        warned.tell(warned.persons[place], "coupon_apathy", finding)
    return holds


def coupon_unused(world: World, warned: Warned) -> Flags:
    """Coupons claimed and not redeemed are about to expire."""
    row = world.row
    holds = np.zeros(world.shape, dtype=bool)
    for place, coupons in offers(world).items():
        for code, _, claimed, redeemed, expires in coupons:
            for today in range(max(claimed, 0), min(expires, world.today) + 1):
                if today < redeemed and 0 <= expires - today <= row.unused_days:
                    holds[today, place] = True
                    if today == world.today:
                        left = expires - today
                        finding = Finding(world.day(expires), left, row.unused_days, text=code)
                        warned.tell(warned.persons[place], "coupon_unused", finding)
    return holds


def grouped(frame: pl.DataFrame, keys: int) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the rows of a frame by its first columns, in their order, without them."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in frame.iter_rows():
        groups[row[:keys]].append(row[keys:])
    return groups


def price_on(prices: list[tuple[int, datetime, int]], today: int) -> int | None:
    """Return the price on a day: of (day, instant, cents) the last that has begun."""
    begun = [change for change in prices if change[0] <= today]
    return max(begun)[2] if begun else None


def cart_price_drop(world: World, warned: Warned) -> Flags:
    """What was put into the cart last costs less now, and was not ordered since."""
    row = world.row
    holds = np.zeros(world.shape, dtype=bool)
    prices: dict[str, list[tuple[int, datetime, int]]] = defaultdict(list)
    for product, since, cents, day in world.known.prices.select(
        "product_id", "valid_from", "price_cents", "from_date"
    ).iter_rows():
        prices[product].append((world.number(day), since, cents))
    ordered: dict[tuple[str, ...], list[tuple[datetime, int]]] = defaultdict(list)
    carts = world.known.carts.sort("occurred_at", "cart_event_id").select(
        "person", "product_id", "cart_date", "action", "unit_cents", "occurred_at"
    )
    of_carts = world.lines.join(carts, on=["person", "product_id"], how="semi")
    for person, product, moment, day in of_carts.select(
        "person", "product_id", "ordered_at", "order_date"
    ).iter_rows():
        ordered[person, product].append((moment, world.number(day)))
    for key, mine in grouped(carts, 2).items():
        if key[0] not in world.places or key[1] not in prices:
            continue
        place = world.places[key[0]]
        acts = [(world.number(day), action, cents, moment) for day, action, cents, moment in mine]
        for today in {min(a[0] + n, world.today) for a in acts for n in range(row.cart_days)}:
            past = [act for act in acts if act[0] <= today]
            if not past or past[-1][0] <= today - row.cart_days or past[-1][1] != "add":
                continue
            added, _, cents, moment = past[-1]
            price = price_on(prices[key[1]], today)
            is_ordered = any(when > moment and day <= today for when, day in ordered[key])
            if price is not None and price < cents and not is_ordered:
                holds[today, place] = True
                if today == world.today:
                    finding = Finding(
                        world.day(added), today - added, cents / 100, price, text=key[1]
                    )
                    warned.tell(key[0], "cart_price_drop", finding)
    return holds


def ranks_at_the_top(counts: Numbers, share: float) -> tuple[Flags, int | None]:
    """Return who ranks among the top by a count, and the least count that does."""
    ordered = np.sort(counts[counts > 0])
    rank = 1 + len(ordered) - np.searchsorted(ordered, counts, side="right")
    top = (counts > 0) & (rank <= share * len(ordered))
    return top, int(counts[top].min()) if top.any() else None


def social_cooling(world: World, warned: Warned) -> Flags:
    """Silent after having been among the more active half."""
    row, known = world.row, world.known
    shares = known.events.filter(pl.col("event_type") == "share")
    actions = world.matrix(known.messages, "date") + world.matrix(known.posts, "date")
    actions = actions + world.matrix(shares, "event_date")
    recent = window(actions, row.cooling_days, 0)
    base = window(actions, row.cooling_days + row.cooling_base_days, row.cooling_days)
    since = days_since(actions)
    holds = np.zeros(world.shape, dtype=bool)
    least: int | None = None
    for number in range(world.shape[0]):
        top, least = ranks_at_the_top(base[number], row.cooling_top)
        holds[number] = top & (recent[number] == 0)
    for person, place in world.places.items():
        day = world.day(world.today - int(since[-1, place]))
        finding = Finding(day, int(base[-1, place]), float(least or 0))
        warned.tell(person, "social_cooling", finding)
    return holds


def expected_interval(
    first: int, last: int, count: int, cycle: float | None, row: PolicyRow
) -> float | None:
    """Return the days after which a category is bought again, as known after so many dates."""
    if count < row.overdue_purchases:
        return None
    if count - 1 >= row.overdue_own_gaps:
        return (last - first) / (count - 1)
    return cycle


def replenishment_overdue(world: World, warned: Warned) -> Flags:
    """A category is not bought again for much longer than expected."""
    row = world.row
    holds = np.zeros(world.shape, dtype=bool)
    bought = (
        world.lines.drop_nulls("category_id")
        .select("person", "category_id", (pl.col("order_date") - world.first).dt.total_days())
        .unique()
        .sort("order_date")
        .group_by("person", "category_id")
        .agg("order_date")
    )
    for person, category, dates in bought.iter_rows():
        place = world.places[person]
        cycle = world.known.cycles.get(category)
        nexts = [*dates[1:], world.today + 1]
        for count, (last, until) in enumerate(zip(dates, nexts, strict=True), start=1):
            interval = expected_interval(dates[0], last, count, cycle, row)
            if interval is None:
                continue
            overdue = last + math.floor(row.overdue_times * interval) + 1
            holds[overdue:until, place] = True
            if overdue <= world.today < until:
                finding = Finding(world.day(last), world.today - last, interval, text=category)
                warned.tell(person, "replenishment_overdue", finding)
    return holds


def price_sensitive_wait(world: World, warned: Warned) -> Flags:
    """One product looked at again and again, and not ordered."""
    row = world.row
    holds = np.zeros(world.shape, dtype=bool)
    orders: dict[tuple[str, str], list[int]] = defaultdict(list)
    views = world.known.events.filter(pl.col("event_type") == "view").drop_nulls("product_id")
    views = views.select("person", "product_id", "event_date")
    of_viewed = world.lines.join(views, on=["person", "product_id"], how="semi")
    for person, product, day in of_viewed.select("person", "product_id", "order_date").iter_rows():
        orders[person, product].append(world.number(day))
    for (person, product), mine in grouped(views, 2).items():
        if person not in world.places or len(mine) < row.wait_views:
            continue
        seen = [world.number(day) for (day,) in mine]
        bought = orders[person, product]
        for today in {day + n for day in seen for n in range(row.wait_days)}:
            if today > world.today:
                continue
            looks = sum(today - row.wait_days < day <= today for day in seen)
            is_bought = any(today - row.wait_days < day <= today for day in bought)
            if looks >= row.wait_views and not is_bought:
                holds[today, world.places[person]] = True
                if today == world.today:
                    last = max(day for day in seen if day <= today)
                    looks_then = sum(last - row.wait_days < day <= last for day in seen)
                    finding = Finding(world.day(last), looks_then, row.wait_views, text=product)
                    warned.tell(person, "price_sensitive_wait", finding)
    return holds


REASONS: dict[str, Callable[[World, Warned], Flags]] = {
    "recency": recency,
    "frequency_drop": frequency_drop,
    "silent_weeks": silent_weeks,
    "coupon_apathy": coupon_apathy,
    "coupon_unused": coupon_unused,
    "login_gap": login_gap,
    "cart_price_drop": cart_price_drop,
    "social_cooling": social_cooling,
    "replenishment_overdue": replenishment_overdue,
    "price_sensitive_wait": price_sensitive_wait,
}


def evaluate(
    known: Known, life: Lifecycle, policy: Policy = DEFAULT, reasons: Iterable[str] = REASONS
) -> Warned:
    """Ask reasons of every watched person at the end of every day."""
    warned = Warned(life.days, life.persons, {})
    if life.days:
        world = World(known, life, policy.at(known.as_of))
        watched = np.isin(life.stages, [CODES.index(stage) for stage in WATCHED])
        warned.holds = {reason: REASONS[reason](world, warned) & watched for reason in reasons}
    return warned


def unbroken_days(flags: Flags) -> int:
    """Return how many days up to the last one hold without a break."""
    return int(np.argmin(flags[::-1])) if not flags.all() else len(flags)


def level(reasons: int, is_important: bool, p_alive: float) -> int:
    """Return the risk level of a number of reasons."""
    if reasons >= 3 or (reasons >= 2 and is_important):
        return 3
    if reasons == 1 and p_alive < GONE_BELOW:
        return 2
    return min(reasons, 2)


def risk_reasons(known: Known, warned: Warned) -> pl.DataFrame:
    """Return the columns of insight.risk_reasons, with `person` in place of `one_id`."""
    rows = []
    for reason, holds in warned.holds.items():
        for place in np.flatnonzero(holds[-1]):
            person = warned.persons[place]
            found = warned.findings[person, reason]
            days = unbroken_days(holds[:, place])
            shown = min(
                found,
                key=lambda one: (
                    abs(((one.day or known.as_of) - known.as_of).days),
                    one.text or "",
                ),
            )
            rows.append(
                (
                    known.as_of,
                    person,
                    reason,
                    WARNINGS_ZH[reason],
                    known.as_of - timedelta(days=days - 1),
                    days - 1,
                    len(found),
                    shown.day,
                    shown.count,
                    shown.limit,
                    shown.cents,
                    shown.text,
                )
            )
    return (
        pl.DataFrame(
            rows,
            schema={
                "as_of_date": pl.Date,
                "person": pl.String,
                "reason_code": pl.String,
                "reason_zh": pl.String,
                "first_detected_date": pl.Date,
                "days_detected": pl.Int64,
                "findings": pl.Int64,
                "evidence_date": pl.Date,
                "evidence_count": pl.Int64,
                "evidence_limit": pl.Float64,
                "evidence_cents": pl.Int64,
                "evidence_text": pl.String,
            },
            orient="row",
        )
        .with_columns(as_money("evidence_cents").alias("evidence_amount"))
        .drop("evidence_cents")
    )


def levels(
    warned: Warned, life: Lifecycle, day: date, groups: dict[str, str], chances: Alive
) -> Iterator[tuple[str, str | None, int, int, float]]:
    """Yield person, RFM group, level, number of reasons and P(alive) of who is watched on a day."""
    number = (day - life.days[0]).days
    watched = {
        person: place
        for place, person in enumerate(life.persons)
        if CODES[life.stages[number, place]] in WATCHED
    }
    alive = chances.at(list(watched), day)
    counts = np.zeros(len(life.persons), dtype=int)
    for holds in warned.holds.values():
        counts += holds[number]
    for person, place in watched.items():
        count = int(counts[place])
        group = groups.get(person)
        risk = level(count, group in IMPORTANT_GROUPS, alive[person])
        yield person, group, risk, count, alive[person]


def member_risk(
    known: Known, warned: Warned, life: Lifecycle, rfm_today: pl.DataFrame
) -> pl.DataFrame:
    """Return the columns of insight.member_risk, with `person` in place of `one_id`."""
    groups = dict(rfm_today.select("person", "rfm_group").iter_rows())
    places = {person: place for place, person in enumerate(life.persons)}
    any_reason = np.any(list(warned.holds.values()), axis=0) if warned.holds else None
    rows = []
    for person, group, risk, count, alive in (
        levels(warned, life, known.as_of, groups, Alive(known)) if life.days else ()
    ):
        days = unbroken_days(any_reason[:, places[person]]) if any_reason is not None else 0
        stage = CODES[life.stages[-1, places[person]]]
        since = known.as_of - timedelta(days=days - 1) if days else None
        rows.append(
            (
                known.as_of,
                person,
                stage,
                group,
                risk,
                count,
                since,
                days - 1 if days else None,
                alive,
            )
        )
    return pl.DataFrame(
        rows,
        schema={
            "as_of_date": pl.Date,
            "person": pl.String,
            "lifecycle_stage": pl.String,
            "rfm_group": pl.String,
            "risk_level": pl.Int64,
            "reason_count": pl.Int64,
            "at_risk_since_date": pl.Date,
            "days_at_risk": pl.Int64,
            "p_alive": pl.Float64,
        },
        orient="row",
    )


def risk_history(
    known: Known,
    warned: Warned,
    life: Lifecycle,
    rfm_history: pl.DataFrame,
    policy: Policy = DEFAULT,
) -> pl.DataFrame:
    """Return the columns of insight.risk_history, with `person` in place of `one_id`."""
    dates: dict[str, list[date]] = defaultdict(list)
    for person, day in persons_orders(known).select("person", "order_date").iter_rows():
        dates[person].append(day)
    for days in dates.values():
        days.sort()
    saved = timedelta(days=policy.at(known.as_of).saved_days)
    chances = Alive(known)
    rows = []
    for end in complete_month_ends(life.days[0], known.as_of) if life.days else ():
        groups = dict(
            rfm_history.filter(pl.col("as_of_date") == end)
            .select("person", "rfm_group")
            .iter_rows()
        )
        for person, group, risk, count, alive in levels(warned, life, end, groups, chances):
            later = next(iter(dates[person][bisect_right(dates[person], end) :]), None)
            is_over = risk > 0 and end + saved <= known.as_of
            is_saved = (later is not None and later <= end + saved) if is_over else None
            rows.append((end, person, group, risk, count, later, is_saved, alive))
    return pl.DataFrame(
        rows,
        schema={
            "as_of_date": pl.Date,
            "person": pl.String,
            "rfm_group": pl.String,
            "risk_level": pl.Int64,
            "reason_count": pl.Int64,
            "next_order_date": pl.Date,
            "is_saved": pl.Boolean,
            "p_alive": pl.Float64,
        },
        orient="row",
    )
