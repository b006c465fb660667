"""Two years of a small brand: what the real data sets lack, by hand, plus a seeded crowd.

Every hand-written person says what a human expects of it. The same folder is read with the business
zone Asia/Shanghai at `AS_OF_SHANGHAI` in fixed mode, and with America/New_York at `AS_OF_NEW_YORK`
in adaptive mode; unless a time of day is given, events lie at 10:00 UTC, which is the same business
date in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from tests.oracles.book import NEW_YORK, SHANGHAI, Book, days_ago, instant, moment, money
from tests.oracles.landing import TABLES, Persons, end_of
from tests.oracles.policy import (
    ACTIVE,
    AT_RISK,
    CHURNED,
    DORMANT,
    HIGH_POTENTIAL,
    NEW,
    PROSPECT,
    REACTIVATED,
)

AS_OF_SHANGHAI = date(2025, 2, 28)  # a month end
AS_OF_NEW_YORK = date(2024, 8, 15)  # the middle of a month
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Fixture:
    """A written landing folder, who is who in it, and the stages that a human expects.

    `fixed` holds at AS_OF_SHANGHAI in fixed mode, `adaptive` at AS_OF_NEW_YORK in adaptive mode:
    member number -> stage (None: not there).
    """

    book: Book = field(default_factory=Book)
    fixed: dict[str, str | None] = field(default_factory=dict)
    adaptive: dict[str, str | None] = field(default_factory=dict)

    @property
    def persons(self) -> Persons:
        """Return the keys that are not persons of their own."""
        return self.book.persons


def hand_written() -> Fixture:
    """Return everything but the crowd."""
    fixture = Fixture()
    add_catalogue(fixture.book)
    add_campaigns(fixture.book)
    add_boundaries(fixture, AS_OF_SHANGHAI, "A", fixture.fixed)
    add_boundaries(fixture, AS_OF_NEW_YORK, "B", fixture.adaptive)
    add_rhythms(fixture, AS_OF_NEW_YORK)
    add_births(fixture)
    add_order_states(fixture, AS_OF_SHANGHAI, SHANGHAI, "A")
    add_order_states(fixture, AS_OF_NEW_YORK, NEW_YORK, "B")
    add_money(fixture.book, AS_OF_SHANGHAI, "A")
    add_money(fixture.book, AS_OF_NEW_YORK, "B")
    add_churn_edges(fixture.book, AS_OF_SHANGHAI)
    add_rfm_cuts(fixture.book, AS_OF_SHANGHAI, "A")
    add_rfm_cuts(fixture.book, AS_OF_NEW_YORK, "B")
    add_clock_edges(fixture.book)
    add_tests_and_staff(fixture)
    add_logins(fixture.book, AS_OF_SHANGHAI, "A")
    add_logins(fixture.book, AS_OF_NEW_YORK, "B")
    add_keys_of_one_person(fixture.book)
    add_months(fixture.book)
    return fixture


def two_years() -> Fixture:
    """Return the whole fixture: the hand-written persons and the crowd."""
    fixture = hand_written()
    add_crowd(fixture.book, seed=20240229, persons=320)
    add_signs(fixture.book, seed=20250228, persons=320)
    return fixture


# ----------------------------------------------------------------------------------------- the shop


def add_catalogue(book: Book) -> None:
    """Products and categories, with versions before and after both business dates."""
    start = datetime(2022, 1, 1, tzinfo=UTC)
    cycles: list[tuple[str, float | None]] = [
        ("cat-plain", None),  # no cycle: fixed thresholds
        ("cat-cream", 40.0),  # 80 / 160 / 320
        ("cat-mask", 10.0),  # 20 / 40 / 80, clamped to 30 / 90 / 182.5
        ("cat-device", 400.0),  # 800 / 1600 / 3200, clamped to 120 / 360 / 730
    ]
    for category, cycle in cycles:
        book.add(
            "catalog.categories",
            category_id=category,
            category_name=category,
            usage_cycle_days=cycle,
            updated_at=start,
        )
    # Without a date: known since ever. 25.5 -> 51 / 102 / 204.
    book.add(
        "catalog.categories",
        category_id="cat-serum",
        category_name="cat-serum",
        usage_cycle_days=25.5,
        updated_at=None,
    )
    # From December 2024 on the cream lasts 50 days: 100 / 200 / 400.
    book.add(
        "catalog.categories",
        file="later",
        category_id="cat-cream",
        category_name="cat-cream",
        usage_cycle_days=50.0,
        updated_at=datetime(2024, 12, 1, tzinfo=UTC),
    )

    def product(
        product_id: str, category: str, cost: float | None, updated: datetime, file: str = "first"
    ) -> None:
        book.add(
            "catalog.products",
            file=file,
            product_id=product_id,
            product_name=product_id,
            category_id=category,
            list_price=money(100),
            unit_cost=None if cost is None else money(cost),
            is_active=True,
            updated_at=updated,
        )

    product("p-plain", "cat-plain", 30, start)
    product("p-cream", "cat-cream", 12.5, start)
    product("p-serum", "cat-serum", 40.01, start)
    product("p-mask", "cat-mask", 0, start)
    product("p-device", "cat-device", 250, start)  # dearer than it sells: profit below zero
    product("p-free", "cat-plain", None, start)  # no cost: its lines have no profit
    product("p-ghost", "cat-ghost", 5, start)  # a category that nobody described
    # `p-gone` is sold but is in no catalogue.
    # A product that moves from category to category while its cost rises:
    product("p-moving", "cat-cream", 10, start)
    product("p-moving", "cat-mask", 12, datetime(2024, 6, 1, tzinfo=UTC), "later")
    product("p-moving", "cat-plain", 15, datetime(2025, 1, 15, tzinfo=UTC), "later")
    product("p-moving", "cat-serum", 99, datetime(2025, 3, 10, tzinfo=UTC), "later")
    # First described after both business dates: its earliest version holds before.
    product("p-late", "cat-serum", 20, datetime(2025, 3, 5, tzinfo=UTC), "later")
    product("p-late", "cat-cream", 21, datetime(2025, 3, 6, tzinfo=UTC), "later")


def add_campaigns(book: Book) -> None:
    """Campaigns: some months without any, one month covered whole, overlaps, later versions."""

    def campaign(
        number: str, starts: datetime, ends: datetime, updated: datetime | None, file: str = "first"
    ) -> None:
        book.add(
            "campaigns.campaigns",
            file=file,
            campaign_id=number,
            campaign_name=number,
            objective="activate",
            channel="sms",
            offer_kind="discount",
            starts_at=starts,
            ends_at=ends,
            updated_at=updated,
        )

    def day(text: str) -> datetime:
        return moment(date.fromisoformat(text))

    # March 2023: two overlapping ones, days 5-14 and 12-20 are inside.
    campaign("c-1", day("2023-03-05"), day("2023-03-14"), day("2023-03-01"))
    campaign("c-2", day("2023-03-12"), day("2023-03-20"), day("2023-03-01"))
    # April and May 2023: April is inside whole (no outside day: no value).
    campaign("c-3", day("2023-04-01"), day("2023-05-03"), day("2023-03-30"))
    # One day, 11 November 2023, from midnight to midnight in Shanghai.
    campaign(
        "c-4",
        instant("2023-11-11 00:00", SHANGHAI),
        instant("2023-11-11 23:59:59.999999", SHANGHAI),
        day("2023-11-01"),
    )
    # Undated: known since ever.
    campaign("c-5", day("2024-02-27"), day("2024-03-02"), None)
    # Ends earlier than planned, says a later version; a third one comes after both dates.
    campaign("c-6", day("2024-06-10"), day("2024-06-30"), day("2024-06-01"))
    campaign("c-6", day("2024-06-10"), day("2024-06-18"), day("2024-06-18"), "later")
    campaign("c-6", day("2024-06-01"), day("2024-06-30"), day("2025-03-10"), "later")
    # Runs across both business dates.
    campaign("c-7", day("2024-08-10"), day("2024-08-31"), day("2024-08-01"))
    campaign("c-8", day("2025-02-20"), day("2025-03-20"), day("2025-02-01"))
    # Entered late: not known at either date, though it ran before.
    campaign("c-9", day("2024-01-01"), day("2024-01-31"), day("2025-03-15"), "later")


# --------------------------------------------------------------------------------------- lifecycles


def add_boundaries(
    fixture: Fixture, as_of: date, letter: str, expected: dict[str, str | None]
) -> None:
    """Persons on both sides of every threshold; the product has no cycle, so both modes agree.

    (Own rhythms need three gaps, that is four order dates.)
    """
    book = fixture.book

    def person(name: str, stage: str, *ago: int) -> None:
        number = f"{letter}-{name}"
        days = days_ago(as_of, *ago)
        book.member(number, registered=min(days), register_channel="pos")
        book.orders(number, days)
        expected[number] = stage

    # One order, g days ago.
    person("g0", NEW, 0)
    person("g30", NEW, 30)  # first order 30 days ago: still new
    person("g31", ACTIVE, 31)
    person("g60", ACTIVE, 60)  # g > 60 is at risk, 60 is not
    person("g61", AT_RISK, 61)
    person("g179", AT_RISK, 179)
    person("g180", DORMANT, 180)  # g ≥ 180
    person("g181", DORMANT, 181)
    person("g364", DORMANT, 364)
    person("g365", CHURNED, 365)  # g ≥ 365
    person("g366", CHURNED, 366)

    # Coming back: on the eve of the return the gap must have been 180.
    person("gap180", ACTIVE, 190, 10)  # eve: g = 179, at risk; first order 190 days ago
    person("gap181", REACTIVATED, 191, 10)  # eve: g = 180, dormant
    person("gap366", REACTIVATED, 386, 20)  # eve: g = 365, churned
    person("back30", REACTIVATED, 230, 30)
    person("back31", ACTIVE, 231, 31)
    person("back_and_on", REACTIVATED, 250, 20, 5)  # the return counts, not the order after it
    person("back_and_past", ACTIVE, 250, 40, 5)  # returned 40 days ago, bought again since
    person("back_twice", REACTIVATED, 600, 400, 10)
    person("back_then_lost", DORMANT, 560, 370, 185)  # returned twice and gone again
    person("back_then_churned", CHURNED, 700, 400)

    # High potential: orders in 90 days ≥ 2, in the 90 before ≥ 1, and ≥ 1.5 times as many.
    person("p2of1", HIGH_POTENTIAL, 100, 40, 10)
    person("p1of1", ACTIVE, 100, 10)  # one order is not two
    person("p2of0", ACTIVE, 80, 10)  # none in the 90 days before
    person("p90", ACTIVE, 100, 90, 10)  # 90 days ago is no longer "the last 90 days": 1 of 2
    person("p89", HIGH_POTENTIAL, 100, 89, 10)
    person("p180", ACTIVE, 180, 40, 10)  # 180 days ago is out of "the 90 before"
    person("p179", HIGH_POTENTIAL, 179, 40, 10)
    person("p_same_day", HIGH_POTENTIAL, 100, 10, 10)  # orders, not dates
    person("p_at_risk", AT_RISK, 91, 75, 61)  # at risk wins over high potential
    if letter == "A":  # four dates and more: adaptive mode would take their own rhythm
        person("p3of2", HIGH_POTENTIAL, 110, 100, 40, 20, 10)  # exactly 1.5 times
        person("p2of2", ACTIVE, 110, 100, 40, 10)
        person("p4of3", ACTIVE, 120, 110, 100, 40, 20, 10, 5)
        person("p_new", NEW, 30, 20, 10, 3)


def add_rhythms(fixture: Fixture, as_of: date) -> None:
    """Persons for the adaptive mode, by their own rhythm or their category's cycle."""
    book, expected = fixture.book, fixture.adaptive

    def person(name: str, stage: str, *ago: int, product: str = "p-plain") -> str:
        number = f"R-{name}"
        days = days_ago(as_of, *ago)
        book.member(number, registered=min(days))
        book.orders(number, days, lines=[{"product_id": product}])
        expected[number] = stage
        return number

    # Gaps 20, 30, 10: median 20 -> at risk after 40; dormant 80, clamped to 90; churned 160,
    # clamped to 182.5.
    person("odd40", HIGH_POTENTIAL, 100, 80, 50, 40)  # g = 40 is not > 40; 3 orders of 1
    person("odd41", AT_RISK, 101, 81, 51, 41)
    person("odd89", AT_RISK, 149, 129, 99, 89)
    person("odd90", DORMANT, 150, 130, 100, 90)
    person("odd182", DORMANT, 242, 222, 192, 182)  # 182 < 182.5
    person("odd183", CHURNED, 243, 223, 193, 183)
    # Gaps 20, 25, 10, 30: median 22.5 -> 45 / 90 / 180, clamped to 182.5.
    person("even45", HIGH_POTENTIAL, 130, 110, 85, 75, 45)
    person("even46", AT_RISK, 131, 111, 86, 76, 46)
    # Gaps 33, 31, 50, 10: median (31 + 33) / 2 = 32, not rounded elsewhere: 64 / 128 / 256.
    person("even64", ACTIVE, 188, 155, 124, 74, 64)  # 2 of 2 orders
    person("even65", AT_RISK, 189, 156, 125, 75, 65)
    person("even127", AT_RISK, 251, 218, 187, 137, 127)
    person("even128", DORMANT, 252, 219, 188, 138, 128)
    # Gaps 30, 31, 40, 50: median 35.5 -> 71 / 142 / 284.
    person("half71", ACTIVE, 222, 192, 161, 121, 71)
    person("half72", AT_RISK, 223, 193, 162, 122, 72)
    # Gaps 100, 90, 95: median 95 -> 190, 380, 760, clamped to 120, 360, 730.
    person("slow120", ACTIVE, 405, 305, 215, 120)
    person("slow121", AT_RISK, 406, 306, 216, 121)
    person("slow359", AT_RISK, 644, 544, 454, 359)
    person("slow360", DORMANT, 645, 545, 455, 360)
    # Gaps 5: median 5 -> 10, clamped to 30.
    person("fast30", ACTIVE, 45, 40, 35, 30)
    person("fast31", AT_RISK, 46, 41, 36, 31)
    # Four orders on three dates are two gaps: the category decides (none: fixed).
    person("same_day", HIGH_POTENTIAL, 100, 80, 50, 50)
    # Thresholds after order k use gaps up to k only: gaps 10, 10, 10 (dormant after 90), then 95.
    person("wake", REACTIVATED, 135, 125, 115, 105, 10)
    person("wake_slow", ACTIVE, 285, 195, 105, 15)  # two gaps of 90: dormant after 180 until then

    # Categories, with too few gaps for an own rhythm.
    person("cream80", ACTIVE, 100, 80, product="p-cream")
    person("cream81", AT_RISK, 101, 81, product="p-cream")
    person("cream159", AT_RISK, 159, product="p-cream")
    person("cream160", DORMANT, 160, product="p-cream")
    person("cream320", CHURNED, 320, product="p-cream")
    person("serum51", ACTIVE, 51, product="p-serum")
    person("serum52", AT_RISK, 52, product="p-serum")
    person("serum102", DORMANT, 102, product="p-serum")
    person("serum203", DORMANT, 203, product="p-serum")
    person("serum204", CHURNED, 204, product="p-serum")
    person("mask31", AT_RISK, 31, product="p-mask")  # 20, clamped to 30
    person("device120", ACTIVE, 120, product="p-device")
    person("device121", AT_RISK, 121, product="p-device")
    person("device365", DORMANT, 365, product="p-device")  # churned only after 730
    person("ghost61", AT_RISK, 61, product="p-ghost")  # a category without a row: fixed
    person("gone61", AT_RISK, 61, product="p-gone")  # no product, no category: fixed
    person("moving31", AT_RISK, 31, product="p-moving")  # a mask since June 2024, restated
    person("late52", AT_RISK, 52, product="p-late")  # earliest version: a serum

    def mixed(name: str, stage: str, ago: int, lines: dict[str, float]) -> None:
        number = f"R-{name}"
        day = as_of - timedelta(days=ago)
        book.member(number, registered=day)
        book.order(
            number,
            day,
            sum(lines.values()),
            lines=[{"product_id": p, "net_amount": net} for p, net in lines.items()],
        )
        expected[number] = stage

    mixed("tie", ACTIVE, 80, {"p-serum": 50, "p-cream": 50})  # equal revenue: cat-cream, 80
    mixed("top", AT_RISK, 52, {"p-serum": 50.01, "p-cream": 50})
    mixed("plain_top", AT_RISK, 61, {"p-cream": 40, "p-plain": 60})  # no cycle: fixed, not cream
    mixed("ghost_top", AT_RISK, 61, {"p-cream": 40, "p-ghost": 60})
    mixed("gone_top", ACTIVE, 61, {"p-cream": 40, "p-gone": 60})  # not in the catalogue: cream
    mixed("zero", ACTIVE, 61, {"p-cream": 0})  # revenue zero is revenue

    # The top category changes with the second order; a cancelled order adds nothing.
    number = person("changes", AT_RISK, 100, 52, product="p-cream")
    book.order(
        number, as_of - timedelta(days=52), 300, lines=[{"product_id": "p-serum", "quantity": 3}]
    )
    number = person("cancelled_line", ACTIVE, 80, product="p-cream")
    book.order(
        number,
        as_of - timedelta(days=90),
        900,
        status="cancelled",
        cancelled=as_of - timedelta(days=89),
        lines=[{"product_id": "p-serum"}],
    )


# --------------------------------------------------------------------------------- births, register


def add_births(fixture: Fixture) -> None:
    """Prospects, and persons whose birth comes from elsewhere than their registration."""
    book = fixture.book
    a, b = AS_OF_SHANGHAI, AS_OF_NEW_YORK

    def expect(number: str, fixed: str | None, adaptive: str | None) -> None:
        fixture.fixed[number], fixture.adaptive[number] = fixed, adaptive

    book.member("N-never", registered=date(2023, 5, 31), register_channel="app")
    expect("N-never", PROSPECT, PROSPECT)
    book.member("N-today", registered=a, register_channel="wecom")  # born on as_of
    expect("N-today", PROSPECT, None)
    book.member("N-tomorrow", registered=a + timedelta(days=1))  # born after as_of
    expect("N-tomorrow", None, None)
    book.member("N-undated", updated=date(2024, 2, 29))  # no time but `updated_at`
    book.member("N-undated", updated=date(2024, 4, 1), file="later", register_channel="app")
    expect("N-undated", PROSPECT, PROSPECT)  # born on 2024-02-29, the first of its versions
    book.member("N-undated-late", updated=b + timedelta(days=1))  # does not exist at B yet
    expect("N-undated-late", PROSPECT, None)
    # Registered before B, but the record came after it: its earliest version holds.
    book.member(
        "N-slow-record",
        registered=b - timedelta(days=5),
        updated=b + timedelta(days=20),
        register_channel="mini_program",
    )
    expect("N-slow-record", PROSPECT, PROSPECT)
    # Ordered before it registered: born with the order, though that was cancelled at once.
    book.member("N-cancelled", registered=date(2024, 7, 1))
    book.order(
        "N-cancelled",
        date(2024, 6, 1),
        status="cancelled",
        cancelled=date(2024, 6, 1),
        updated=date(2024, 6, 2),
    )
    expect("N-cancelled", PROSPECT, PROSPECT)
    # Put something into a cart, liked something, long before the first order.
    book.member("N-cart", registered=date(2024, 7, 10))
    book.add(
        "commerce.carts",
        cart_event_id="cart-1",
        buyer_key_type="member_no",
        buyer_key="N-cart",
        product_id="p-plain",
        action="add",
        unit_price=money(100),
        occurred_at=moment(date(2024, 3, 31)),
    )
    book.order("N-cart", b - timedelta(days=3))
    expect("N-cart", DORMANT, NEW)
    book.member("N-favourite", updated=date(2024, 7, 10))
    book.add(
        "catalog.favourites",
        buyer_key_type="member_no",
        buyer_key="N-favourite",
        product_id="p-plain",
        action="add",
        occurred_at=moment(date(2023, 12, 31)),
    )
    expect("N-favourite", PROSPECT, PROSPECT)
    # What is done to a known member bears nobody: born on registration, not with the send.
    book.member("N-sent", registered=date(2024, 5, 1))
    book.add(
        "campaigns.sends",
        send_id="send-1",
        campaign_id="c-1",
        member_no="N-sent",
        channel="sms",
        sent_at=moment(date(2023, 3, 5)),
        status="delivered",
        updated_at=moment(date(2023, 3, 5)),
    )
    book.add(
        "loyalty.points_transactions",
        transaction_id="points-1",
        member_no="N-sent",
        points=10,
        reason="check_in",
        occurred_at=moment(date(2023, 4, 5)),
    )
    expect("N-sent", PROSPECT, PROSPECT)
    # Registered as a member on one day, first order (and birth) on the same day: no prospect spell.
    book.member("N-at-once", registered=date(2024, 2, 29))
    book.order("N-at-once", date(2024, 2, 29))
    expect("N-at-once", CHURNED, AT_RISK)  # 365 and 168 days
    # No member record at all: only orders, by a member number and by an openid.
    book.order("X-unregistered", date(2024, 8, 1), order_channel="website")
    book.order("x-openid", date(2024, 8, 2), key_type="openid", order_channel="mini_program")
    # Users who never became members and never ordered.
    book.add(
        "mini_program.users",
        openid="u-alone",
        created_at=moment(date(2024, 1, 31)),
        updated_at=moment(date(2024, 1, 31)),
    )
    book.add(
        "app.users",
        app_user_id="a-alone",
        created_at=moment(date(2024, 9, 30)),
        updated_at=moment(date(2024, 9, 30)),
    )
    book.add(
        "marketplace.buyers",
        platform="tmall",
        buyer_id="t-alone",
        created_at=moment(date(2023, 8, 31)),
        updated_at=moment(date(2023, 8, 31)),
    )
    book.order("t-alone", date(2023, 9, 15), key_type="buyer_id", order_channel="tmall")
    book.order("t-alone", date(2024, 7, 15), key_type="buyer_id", order_channel="tmall")
    book.add(
        "wecom.contacts",
        external_userid="w-alone",
        staff_id="staff-9",
        added_at=moment(date(2024, 4, 30)),
        updated_at=moment(date(2024, 4, 30)),
    )


# -------------------------------------------------------------------------------- orders and status


def add_order_states(fixture: Fixture, as_of: date, zone: str, letter: str) -> None:
    """Orders whose status, version or date is decided at the end of as_of."""
    book = fixture.book
    end = end_of(as_of, zone)
    expected = fixture.fixed if letter == "A" else fixture.adaptive
    before, after = as_of - timedelta(days=10), as_of + timedelta(days=5)

    def person(name: str, stage: str | None = PROSPECT) -> str:
        number = f"{letter}s-{name}"
        book.member(number, registered=as_of - timedelta(days=20))
        expected[number] = stage
        return number

    # Never paid, never left `created`.
    book.order(person("created"), before, status="created", paid=None)
    # Paid later: created now, paid in a version that comes after as_of.
    who = person("paid_later")
    number = book.order(who, before, status="created", paid=None)
    book.order(
        who,
        before,
        order_id=number,
        status="paid",
        paid=after,
        updated=after,
        lines=[],
        file="later",
    )
    # Paid later, but the version that says so is the only one and early: not paid by as_of.
    book.order(person("paid_tomorrow"), before, status="paid", paid=end, updated=before)
    # Paid in the last microsecond of as_of.
    book.order(person("paid_in_time", NEW), before, paid=end - MICROSECOND, updated=before)
    # No payment date: paid by its status.
    book.order(person("paid_undated", NEW), before, status="shipped", paid=None)
    # Created, then paid, both before as_of.
    who = person("paid_by_now", NEW)
    number = book.order(who, before, status="created", paid=None)
    book.order(who, before, order_id=number, paid=as_of, updated=as_of, lines=[], file="later")

    # Cancelled on as_of, and one microsecond later.
    book.order(
        person("cancelled"),
        before,
        status="cancelled",
        cancelled=end - MICROSECOND,
        updated=end - MICROSECOND,
    )
    book.order(
        person("cancelled_after", NEW), before, status="cancelled", cancelled=end, updated=before
    )
    # Cancelled after as_of by a later version.
    who = person("cancelled_later", NEW)
    number = book.order(who, before)
    book.order(
        who,
        before,
        order_id=number,
        status="cancelled",
        cancelled=after,
        updated=after,
        lines=[],
        file="later",
    )
    # Cancelled by a version without `cancelled_at`: that version's date counts.
    who = person("cancelled_undated")
    number = book.order(who, before)
    book.order(
        who, before, order_id=number, status="cancelled", updated=as_of, lines=[], file="later"
    )
    who = person("cancelled_undated_later", NEW)
    number = book.order(who, before)
    book.order(
        who, before, order_id=number, status="cancelled", updated=after, lines=[], file="later"
    )
    # `cancelled_at` wins over a status that forgot it.
    book.order(person("cancelled_but_completed"), before, status="completed", cancelled=as_of)
    # Cancelled after as_of and never paid: was only created then.
    book.order(
        person("cancelled_after_unpaid"),
        before,
        status="cancelled",
        cancelled=after,
        paid=None,
        updated=before,
    )

    # Late records: ordered before as_of, the only version comes after it.
    book.order(person("late", NEW), before, updated=after, file="later")
    book.order(
        person("late_created"), before, status="created", paid=None, updated=after, file="later"
    )
    # Late and cancelled without a date: the version that cancelled it is later than as_of.
    book.order(
        person("late_cancelled_unpaid"),
        before,
        status="cancelled",
        paid=None,
        updated=after,
        file="later",
    )
    book.order(
        person("late_cancelled_paid", NEW), before, status="cancelled", updated=after, file="later"
    )

    # Ordered in the last microsecond of as_of, and in the first one after it.
    book.order(person("just_in_time", NEW), end - MICROSECOND)
    book.order(person("just_too_late"), end)
    # Announced before as_of, ordered after it.
    book.order(person("pre_order"), after, updated=before, paid=None)

    # Amounts corrected before and after as_of: 100, then 80, then 999.
    who = person("corrected", NEW)
    number = book.order(who, before, 100)
    book.order(who, before, 80, order_id=number, updated=as_of, lines=[], file="later")
    book.order(who, before, 999, order_id=number, updated=after, lines=[], file="later")
    # Moved to another day by a correction known then.
    who = person("moved", NEW)
    number = book.order(who, before, updated=before)
    book.order(
        who, before - timedelta(days=1), order_id=number, updated=as_of, lines=[], file="later"
    )
    # Given to another buyer by a correction that comes after as_of.
    who, other = person("had_it", NEW), person("gets_it")
    number = book.order(who, before)
    book.order(other, before, order_id=number, updated=after, lines=[], file="later")

    # Lines: a newer batch replaces the older one (two lines become one); a later one is not known.
    who = person("lines", NEW)
    number = book.order(
        who,
        before,
        lines=[
            {"updated_at": moment(before), "product_id": "p-cream", "promotion_discount": 5},
            {"updated_at": moment(before), "product_id": "p-serum"},
        ],
    )
    book.line(
        number,
        1,
        money(80),
        updated_at=moment(as_of),
        product_id="p-cream",
        coupon_discount=0,
        file="later",
    )
    book.line(
        number,
        3,
        money(80),
        updated_at=moment(after),
        product_id="p-mask",
        coupon_discount=9,
        file="later",
    )
    # Late lines of an order known in time: their earliest batch holds.
    who = person("late_lines", NEW)
    number = book.order(who, before, lines=[])
    book.line(number, 1, money(80), updated_at=moment(after), promotion_discount=4, file="later")
    book.line(
        number,
        1,
        money(80),
        updated_at=moment(after + timedelta(days=1)),
        promotion_discount=0,
        file="later",
    )
    # A line of no order.
    book.line(f"{letter}-no-such-order", 1, money(80))


# -------------------------------------------------------------------------- amounts, refunds, flags


def add_money(book: Book, as_of: date, letter: str) -> None:
    """Refunds, discounts, kinds of orders, costs, private domain, orders of nobody."""
    when, after = as_of - timedelta(days=12), as_of + timedelta(days=3)
    end = datetime.combine(as_of, datetime.min.time(), UTC)  # inside as_of in both zones

    def person(name: str) -> str:
        number = f"{letter}m-{name}"
        book.member(number, registered=when, register_channel="mini_program")
        return number

    # Net 100 each; what is left:
    book.refund(book.order(person("partial"), when), as_of, 30.01)  # 69.99
    book.refund(book.order(person("full"), when), as_of, 100)  # 0, still a valid order
    book.refund(book.order(person("over"), when), as_of, 150)  # 0, never below
    book.refund(book.order(person("refund_later"), when), after, 40, file="later")  # 100
    number = book.order(person("twice"), when)
    book.refund(number, when, 10, "/1")
    book.refund(number, end, 15, "/2")
    book.refund(number, after, 20, "/3", file="later")  # 75
    # A refund that was corrected after as_of (same id, later date): 10 known then, so 90.
    number = book.order(person("refund_corrected"), when)
    book.refund(number, when, 10)
    book.refund(number, after, 60, file="later")
    # The same record delivered twice.
    number = book.order(person("refund_repeated"), when)
    book.refund(number, when, 25)
    book.refund(number, when, 25, file="later")  # 75
    book.refund(f"{letter}m-no-such-order", when, 5)
    number = book.order(person("refund_cancelled"), when, status="cancelled", cancelled=when)
    book.refund(number, when, 100)
    book.order(person("zero"), when, 0)  # zero amounts are valid

    # Discounted?
    def discounted(name: str, lines: list[dict[str, object]], **values: Any) -> None:
        book.order(person(name), when, lines=lines, **values)

    discounted("promotion", [{"promotion_discount": 5, "coupon_discount": 0}])  # promoted only
    discounted("coupon", [{"promotion_discount": 0, "coupon_discount": 5}], coupon_code="k1")
    discounted("coupon_no_code", [{"coupon_discount": 0.01}])  # coupon used
    discounted("both", [{"promotion_discount": 3, "coupon_discount": 5}], coupon_code="k2")
    discounted("tier_only", [{"promotion_discount": 0, "tier_discount": 9}], discount_amount=9)
    discounted("points_only", [{"coupon_discount": 0, "points_discount": 9}], discount_amount=9)
    # The split says no, whatever the order says; the coupon was used all the same.
    discounted(
        "split_zero",
        [{"promotion_discount": 0, "coupon_discount": 0}],
        coupon_code="k3",
        discount_amount=7,
    )
    discounted("second_line", [{"promotion_discount": 0}, {"promotion_discount": 1}])
    discounted("split_on_one_line", [{}, {"promotion_discount": 0}], discount_amount=7)  # no
    discounted("no_split_code", [{}], coupon_code="k4")  # discounted, coupon used
    discounted("no_split_amount", [{}], discount_amount=0.01)  # discounted, promoted only
    discounted("no_split_nothing", [{}])
    discounted("no_lines_amount", [], discount_amount=1)
    discounted("no_lines", [])

    # Kinds: only sales are valid; no kind is a sale; a kind nobody knows is none.
    for kind in ("sale", "sample", "gift", "points_mall", "b2b", None):
        book.order(person(f"kind_{kind}"), when, order_kind=kind)
    book.order(person("channel"), when, order_channel="kiosk")  # shown as `other`
    book.order(person("test_order"), when, is_test=True)

    # Repeat revenue and profit, private domain, costs.
    for name, product in (
        ("plain", "p-plain"),
        ("loss", "p-device"),
        ("no_cost", "p-free"),
        ("gone", "p-gone"),
        ("late_cost", "p-late"),
        ("moving_cost", "p-moving"),
    ):
        who = person(f"repeat_{name}")
        for day, private in zip(days_ago(as_of, 50, 20, 12), (True, True, False), strict=True):
            line = {"product_id": product, "quantity": 2}
            book.order(who, day, 120.5, lines=[line], is_private_domain=private)
    book.order(person("free_gift_line"), when, lines=[{}, {"quantity": 0, "net_amount": 0}])

    # Orders of nobody: without a key, with a phone that is none, with a masked one.
    for key_type, key in (("none", None), ("phone", "12345"), ("phone", "138****5678")):
        book.order(None, when, 77.7, key_type=key_type, buyer_key=key, order_channel="pos")
        if key:
            book.same_person(f"phone:{key}", None)


def add_rfm_cuts(book: Book, as_of: date, letter: str) -> None:
    """Recency, frequency and money on both sides of every fixed cut, and equal ones for ties."""

    def person(name: str, days: list[date], net: float) -> None:
        number = f"{letter}r-{name}"
        book.member(number, registered=min(days), register_channel="app")
        book.orders(number, days, net=net, order_channel="app")

    for ago in (7, 8, 30, 31, 60, 61, 120, 121, 364, 365):  # 365 days ago is out of the window
        person(f"recency_{ago}", days_ago(as_of, ago), 50)
    for orders in (1, 2, 3, 4, 5, 6, 9, 10):
        person(f"frequency_{orders}", days_ago(as_of, *range(45, 45 + orders)), 50)
    for amount in (299.99, 300, 999.99, 1000, 2999.99, 3000, 4999.99, 5000):
        person(f"money_{amount}", days_ago(as_of, 45), amount)
    for twin in range(6):  # equal in everything
        person(f"twin_{twin}", days_ago(as_of, 15, 33), 250)


def add_churn_edges(book: Book, as_of: date) -> None:
    """A favourite that became dearer, and a need that ended, on both sides of every limit."""
    start = datetime(2022, 1, 1, tzinfo=UTC)
    book.add(
        "catalog.categories",
        category_id="nappy_cream",
        category_name="nappy_cream",
        usage_cycle_days=None,
        updated_at=start,
    )
    for product, category in (("p-dearer", "cat-plain"), ("p-nappy", "nappy_cream")):
        book.add(
            "catalog.products",
            product_id=product,
            product_name=product,
            category_id=category,
            list_price=money(100),
            unit_cost=money(30),
            is_active=True,
            updated_at=start,
        )
    risen = days_ago(as_of, 200)[0]
    for day, yuan in ((date(2022, 6, 1), 100), (risen, 110)):
        book.add(
            "catalog.price_changes",
            product_id="p-dearer",
            price=money(yuan),
            valid_from=moment(day),
        )

    def buys(number: str, product: str, day: date, net: float) -> None:
        book.order(number, day, net, lines=[{"product_id": product}])

    for after in (59, 60, 61):  # days from the last order to the rise
        number = f"A-risen-{after}-after"
        day = risen - timedelta(days=after)
        book.member(number, registered=day)
        buys(number, "p-dearer", day, 100)
    for before in (90, 91):  # days from the rise to the last order
        number = f"A-risen-{before}-before"
        day = risen - timedelta(days=10)
        book.member(number, registered=day)
        buys(number, "p-dearer", day, 100)
        buys(number, "p-plain", risen + timedelta(days=before), 20)
    for after in (90, 91):  # days from the last purchase to the end of the need, September 2024
        number = f"A-grown-{after}"
        day = date(2024, 9, 1) - timedelta(days=after)
        book.member(number, registered=day)
        buys(number, "p-nappy", day, 100)
        book.add(
            "crm.member_attributes",
            member_no=number,
            attribute_code="baby_birthday",
            value="2022-03-17",
            source="card",
            recorded_at=moment(day),
        )


# ----------------------------------------------------------------------------------- days and zones


def add_clock_edges(book: Book) -> None:
    """Orders next to midnight, on DST days, on leap day, on month ends."""
    edges = {
        SHANGHAI: ["2024-01-01", "2024-02-29", "2024-03-01", "2024-11-01"],
        # New York springs forward on 2024-03-10 and falls back on 2024-11-03.
        NEW_YORK: ["2023-03-12", "2023-11-05", "2024-03-10", "2024-03-11", "2024-07-01"],
    }
    for zone, days in edges.items():
        for day in days:
            midnight = instant(f"{day} 00:00", zone)
            for name, when in (("before", midnight - MICROSECOND), ("at", midnight)):
                number = f"T-{zone[-8:]}-{day}-{name}"
                book.member(number, registered=when, register_channel="website")
                book.order(number, when, order_channel="website")
                book.order(number, when + timedelta(days=33), order_channel="website")
    # The hour that does not exist, the hour that comes twice, and a login at each midnight.
    book.member("T-clock", registered=date(2024, 1, 31))
    for when in (
        instant("2024-03-10 01:59:59", NEW_YORK),
        instant("2024-03-10 03:00:00", NEW_YORK),
        instant("2024-11-03 00:30:00", NEW_YORK),
        datetime(2024, 11, 3, 5, 30, tzinfo=UTC),  # 01:30 EDT
        datetime(2024, 11, 3, 6, 30, tzinfo=UTC),  # 01:30 EST
        instant("2024-11-04 00:00:00", NEW_YORK) - MICROSECOND,
    ):
        book.order("T-clock", when)
    # Month ends and the leap day, one order each.
    book.member("T-month-ends", registered=date(2024, 1, 31))
    book.orders(
        "T-month-ends",
        [
            date(2024, m, d)
            for m, d in ((1, 31), (2, 28), (2, 29), (3, 1), (3, 31), (4, 30), (5, 1))
        ],
    )
    # Leap day: 365 days before 2025-02-28.
    book.member("T-leap", registered=date(2024, 2, 29))
    book.order("T-leap", date(2024, 2, 29))
    # Two orders at the same instant: numbered by order id (as text, so `T-same/10` first).
    book.member("T-same", registered=date(2024, 5, 5))
    for number in ("T-same/9", "T-same/10"):
        book.order("T-same", date(2024, 5, 5), order_id=number, order_channel="app")
    book.order(
        "T-same",
        date(2024, 5, 5),
        order_id="T-same/1",
        order_channel="jd",
        updated=date(2024, 5, 6),
    )


# ------------------------------------------------------------------------- tests, staff, who is who


def add_tests_and_staff(fixture: Fixture) -> None:
    """Persons that no mart of insight, measurement or kpi may show."""
    book = fixture.book

    def buyer(number: str, fixed: str | None, adaptive: str | None, **values: object) -> None:
        book.member(number, registered=date(2024, 7, 1), register_channel="app", **values)
        book.order(number, date(2024, 7, 1), 10_000, order_channel="app")
        book.order(number, date(2024, 8, 1), 10_000, order_channel="app")
        fixture.fixed[number], fixture.adaptive[number] = fixed, adaptive

    buyer("Z-test", None, None, is_test=True)
    buyer("Z-not-test", DORMANT, ACTIVE, is_test=False)
    # Marked as a test between the two dates, and after both.
    buyer("Z-test-later", None, ACTIVE)
    book.member(
        "Z-test-later",
        registered=date(2024, 7, 1),
        updated=date(2024, 9, 1),
        is_test=True,
        register_channel="app",
        file="later",
    )
    buyer("Z-test-too-late", DORMANT, ACTIVE)
    book.member(
        "Z-test-too-late",
        registered=date(2024, 7, 1),
        updated=date(2025, 3, 10),
        is_test=True,
        register_channel="app",
        file="later",
    )
    buyer("Z-staff", None, None)
    book.add(
        "crm.staff", member_no="Z-staff", staff_id="staff-1", updated_at=moment(date(2024, 1, 1))
    )
    buyer("Z-staff-later", None, ACTIVE)
    book.add(
        "crm.staff",
        file="later",
        member_no="Z-staff-later",
        staff_id="staff-2",
        updated_at=moment(date(2024, 10, 1)),
    )
    book.add("crm.staff", member_no=None, staff_id="staff-9", updated_at=moment(date(2024, 1, 1)))
    # Their logins count for nobody; this one would be the first day of all.
    login(book, "Z-test", date(2022, 8, 1), "Z-first")
    login(book, "Z-staff", date(2024, 8, 1), "Z-second")


def login(book: Book, number: str, when: date | datetime, event_id: str) -> None:
    """Add an app event of a member, whose app user it adds at the first call."""
    user = f"app-{number}"
    if f"app_user_id:{user}" not in book.persons:
        link_by_email(book, number, "app.users", "app_user_id", user)
    book.add(
        "app.events",
        event_id=event_id,
        app_user_id=user,
        event_type="open",
        occurred_at=moment(when),
    )


def link_by_email(book: Book, number: str, table: str, key: str, value: str) -> None:
    """Add a user whose e-mail is that of the member, and give the member that e-mail."""
    email = f"{number.lower()}@rekindle-fixture.cn"
    for rows in book.rows["crm.members"].values():
        for row in rows:
            if row["member_no"] == number:
                row["email"] = email
    created = min(
        row["updated_at"]
        for rows in book.rows["crm.members"].values()
        for row in rows
        if row["member_no"] == number
    )
    book.add(table, **{key: value}, email=email, created_at=created, updated_at=created)
    book.same_person(f"{key}:{value}", number)


def add_logins(book: Book, as_of: date, letter: str) -> None:
    """Who was active in the last 30 days: by app, mini-program or website, or by an order."""
    registered = as_of - timedelta(days=100)

    def person(name: str) -> str:
        number = f"{letter}l-{name}"
        book.member(number, registered=registered, register_channel="wecom")
        return number

    for ago in (0, 29, 30, 31):  # 30 days ago is out of the window
        who = person(f"app_{ago}")
        login(book, who, as_of - timedelta(days=ago), f"{who}-event")
    who = person("website")
    link_by_email(book, who, "website.users", "web_user_id", f"web-{who}")
    web = {"anonymous_id": f"anonymous-{who}", "event_type": "view"}
    book.add(
        "website.events",
        event_id=f"{who}-1",
        web_user_id=f"web-{who}",
        occurred_at=moment(as_of - timedelta(days=3)),
        **web,
    )
    # Anonymous: no login of anybody, though the same anonymous id was a person once.
    who = person("anonymous")
    link_by_email(book, who, "website.users", "web_user_id", f"web-{who}")
    web = {"anonymous_id": f"anonymous-{who}", "event_type": "view"}
    book.add(
        "website.events",
        event_id=f"{who}-1",
        web_user_id=f"web-{who}",
        occurred_at=moment(as_of - timedelta(days=90)),
        **web,
    )
    book.add(
        "website.events",
        event_id=f"{who}-2",
        web_user_id=None,
        occurred_at=moment(as_of - timedelta(days=2)),
        **web,
    )
    # A mini-program user by openid and unionid.
    who = person("mini")
    for row in book.rows["crm.members"]["first"]:
        if row["member_no"] == who:
            row["unionid"] = f"union-{who}"
    book.add(
        "mini_program.users",
        openid=f"open-{who}",
        unionid=f"union-{who}",
        created_at=moment(registered),
        updated_at=moment(registered),
    )
    book.same_person(f"openid:open-{who}", who)
    book.add(
        "mini_program.events",
        event_id=f"{who}-1",
        openid=f"open-{who}",
        event_type="view",
        occurred_at=moment(as_of - timedelta(days=1)),
    )
    # Logged in only after as_of, and registered only after as_of.
    who = person("after")
    login(book, who, as_of + timedelta(days=1), f"{who}-event")
    book.member(f"{letter}l-future", registered=as_of + timedelta(days=2))


def add_keys_of_one_person(book: Book) -> None:
    """Persons that hold several records, and buy under several keys."""
    # Two member records with one unionid: registers first on mini_program (record two).
    book.member("K-one", registered=date(2024, 3, 2), register_channel="pos", unionid="union-k")
    book.member(
        "K-two",
        registered=date(2024, 3, 1),
        register_channel="mini_program",
        unionid="union-k",
        card_no="card-k",
    )
    book.same_person("member_no:K-two", "K-one")
    book.same_person("card_no:card-k", "K-one")
    book.add(
        "mini_program.users",
        openid="open-k",
        unionid="union-k",
        created_at=moment(date(2024, 2, 1)),
        updated_at=moment(date(2024, 2, 1)),
    )
    book.same_person("openid:open-k", "K-one")
    book.order("K-one", date(2024, 3, 5), order_channel="pos")
    book.order("K-two", date(2024, 3, 4), order_channel="website")
    book.order("card-k", date(2024, 4, 4), key_type="card_no", order_channel="pos")
    book.order("open-k", date(2024, 8, 14), key_type="openid", order_channel="mini_program")
    # A record without a channel registers first; the channel comes from the next.
    book.member("K-three", registered=date(2024, 1, 1), id_token="token-k3-77a1")
    book.member(
        "K-four", registered=date(2024, 1, 2), register_channel="douyin", id_token="token-k3-77a1"
    )
    book.same_person("member_no:K-four", "K-three")
    book.order("K-four", date(2024, 6, 30), order_channel="douyin")
    # One of two records is a test: the person is.
    book.member("K-five", registered=date(2024, 1, 5), unionid="union-k5")
    book.member("K-six", registered=date(2024, 1, 6), unionid="union-k5", is_test=True)
    book.same_person("member_no:K-six", "K-five")
    book.order("K-five", date(2024, 6, 6), 5_000)
    # An undated record beside a dated one: the dated one registered first.
    book.member("K-seven", updated=date(2023, 12, 1), register_channel="app", unionid="union-k7")
    book.member("K-eight", registered=date(2024, 2, 2), register_channel="pos", unionid="union-k7")
    book.same_person("member_no:K-eight", "K-seven")
    book.order("K-seven", date(2024, 7, 31))
    # A phone typed at the till, in two spellings, is the member's.
    book.member("K-phone", registered=date(2024, 1, 1), phone="13910283746")
    for spelling in ("13910283746", "+86 139 1028 3746"):
        book.order(spelling, date(2024, 6, 15), key_type="phone", order_channel="pos")
        book.same_person(f"phone:{spelling}", "K-phone")


def add_months(book: Book) -> None:
    """The first month has but a login, the second one buyer (n = 1); cohorts with gaps."""
    # The first valid order of all: at the end of August 2022 n = 1.
    book.member("M-first", registered=date(2022, 8, 10), register_channel="pos")
    book.order("M-first", date(2022, 8, 10))
    # Before any order somebody logs in: the first period is July 2022.
    book.member("M-login", registered=date(2022, 7, 4), register_channel="app")
    login(book, "M-login", date(2022, 7, 4), "M-login-1")
    login(book, "M-login", date(2022, 10, 10), "M-login-2")
    # Cohort of January 2023: back in month 1, in month 6, in both, in months 2-5 only, never.
    for name, days in {
        "next": [(2023, 1, 1), (2023, 2, 28)],
        "half": [(2023, 1, 31), (2023, 7, 1)],
        "both": [(2023, 1, 31), (2023, 2, 1), (2023, 7, 31)],
        "between": [(2023, 1, 15), (2023, 3, 1), (2023, 6, 30), (2023, 8, 1)],
        "never": [(2023, 1, 15)],
    }.items():
        number = f"M-{name}"
        book.member(number, registered=date(2023, 1, 1), register_channel="pos")
        book.orders(number, [date(*day) for day in days])
    # Dormant at the end of May 2023 (ordered 2022-11-15), back within 21 days, 22, 30, 31 of it.
    for ago in (21, 22, 30, 31):
        number = f"M-wakes-{ago}"
        book.member(number, registered=date(2022, 11, 15), register_channel="app")
        book.order(number, date(2022, 11, 15), 60, order_channel="tmall")
        book.order(number, date(2023, 5, 31) + timedelta(days=ago), 90)
    # The same at the end of January 2024: 30 days after it is March 1.
    book.member("M-wakes-march", registered=date(2023, 6, 1))
    book.order("M-wakes-march", date(2023, 6, 1), 60)
    book.order("M-wakes-march", date(2024, 3, 1), 90)
    # Returned on 2023-12-01 (first order 2023-05-01); again on day 180, or only on day 181.
    for ago in (0, 180, 181):
        number = f"M-again-{ago}"
        book.member(number, registered=date(2023, 5, 1))
        book.order(number, date(2023, 5, 1), 40)
        book.order(number, date(2023, 12, 1), 70)
        book.order(number, date(2023, 12, 1) + timedelta(days=ago), 110)


# ---------------------------------------------------------------------------------------- the crowd

CHANNELS = ("pos", "website", "app", "mini_program", "tmall", "jd", "douyin")
REGISTER_CHANNELS = ("pos", "app", "mini_program", "wecom", None)
PRODUCTS = ("p-plain", "p-cream", "p-serum", "p-mask", "p-device", "p-free", "p-moving", "p-gone")
LATEST = datetime(2025, 3, 25, tzinfo=UTC)


def add_crowd(book: Book, seed: int, persons: int) -> None:
    """Seeded persons with rhythms from days to seasons, pauses, refunds, corrections, logins."""
    draw = np.random.default_rng(seed)
    for i in range(persons):
        number = f"S{i:04d}"
        registered = datetime(2022, 11, 20, tzinfo=UTC) + timedelta(
            minutes=int(draw.integers(0, 800 * 24 * 60))
        )
        book.member(
            number,
            registered=None if draw.random() < 0.1 else registered,
            updated=registered,
            register_channel=REGISTER_CHANNELS[draw.integers(0, len(REGISTER_CHANNELS))],
            card_no=f"card-{number}",
        )
        book.same_person(f"card_no:card-{number}", number)
        favourite = CHANNELS[draw.integers(0, len(CHANNELS))]
        rhythm = float(draw.choice([6, 15, 40, 75, 150, 230]))
        when = registered + timedelta(hours=float(draw.exponential(24 * 20)))
        left_after = int(draw.integers(1, 45))
        for _ in range(left_after if draw.random() > 0.08 else 0):
            if when > LATEST:
                break
            add_crowd_order(book, draw, number, favourite, when)
            if draw.random() > 0.06:  # else a second order on the same day
                pause = 8 if draw.random() < 0.03 else 1
                when += timedelta(hours=float(draw.gamma(2.0, rhythm / 2)) * 24 * pause)
            else:
                when += timedelta(minutes=7)
        if draw.random() < 0.4:
            for n in range(int(draw.integers(1, 12))):
                seen = registered + timedelta(hours=float(draw.exponential(24 * 90)))
                if seen < LATEST:
                    login(book, number, seen, f"{number}-event-{n}")
    for n in range(80):  # nobody's till receipts
        when = datetime(2022, 12, 1, tzinfo=UTC) + timedelta(
            minutes=int(draw.integers(0, 840 * 24 * 60))
        )
        book.order(None, when, float(draw.integers(1, 30_000)) / 100, order_id=f"till/{n}")


def add_crowd_order(
    book: Book, draw: np.random.Generator, number: str, favourite: str, when: datetime
) -> None:
    """Add one order of the crowd, with what may befall an order."""
    channel = favourite if draw.random() < 0.7 else CHANNELS[draw.integers(0, len(CHANNELS))]
    lines: list[dict[str, object]] = []
    for _ in range(int(draw.integers(1, 4))):
        line: dict[str, object] = {
            "product_id": PRODUCTS[draw.integers(0, len(PRODUCTS))],
            "quantity": int(draw.integers(1, 4)),
            "net_amount": money(int(draw.integers(0, 40_000)) / 100),
        }
        if draw.random() < 0.6:
            line["promotion_discount"] = float(draw.choice([0, 0, 4.5]))
            line["coupon_discount"] = float(draw.choice([0, 0, 10]))
        lines.append(line)
    net = float(sum(line["net_amount"] for line in lines))  # type: ignore[misc]
    by_card = draw.random() < 0.1
    common: dict[str, object] = {
        "order_channel": channel,
        "key_type": "card_no" if by_card else "member_no",
        "buyer_key": f"card-{number}" if by_card else number,
        "is_private_domain": bool(draw.random() < 0.3) if draw.random() < 0.8 else None,
        "coupon_code": f"code-{number}" if draw.random() < 0.15 else None,
        "discount_amount": float(draw.choice([0, 0, 12.5])),
        "order_kind": str(draw.choice(["gift", "sample", "points_mall"]))
        if draw.random() < 0.04
        else None,
    }
    fate, later = draw.random(), timedelta(hours=float(draw.exponential(24 * 4)))
    if fate < 0.06:  # paid later
        number = book.order(number, when, net, status="created", paid=None, lines=lines, **common)
        book.order(
            None,
            when,
            net,
            order_id=number,
            status="paid",
            paid=when + later,
            updated=when + later,
            lines=[],
            file="later",
            **common,
        )
    elif fate < 0.10:  # cancelled later, with or without a date
        number = book.order(number, when, net, lines=lines, **common)
        book.order(
            None,
            when,
            net,
            order_id=number,
            status="cancelled",
            cancelled=when + later if draw.random() < 0.5 else None,
            updated=when + later,
            lines=[],
            file="later",
            **common,
        )
    elif fate < 0.13:  # never paid
        number = book.order(number, when, net, status="created", paid=None, lines=lines, **common)
    elif fate < 0.20:  # the record comes late
        number = book.order(
            number, when, net, updated=when + later, lines=lines, file="later", **common
        )
    elif fate < 0.24:  # the amount is corrected
        number = book.order(number, when, net, lines=lines, **common)
        book.order(
            None,
            when,
            net + 1,
            order_id=number,
            updated=when + later,
            lines=[],
            file="later",
            **common,
        )
    else:
        number = book.order(number, when, net, lines=lines, **common)
    if draw.random() < 0.08:
        book.refund(
            number,
            when + timedelta(hours=float(draw.exponential(24 * 15))),
            round(net * float(draw.choice([0.3, 1.0, 1.2])), 2),
        )


def add_signs(book: Book, seed: int, persons: int) -> None:
    """What early warning looks at: prices, and the crowd's coupons, carts, logins and posts."""
    draw, of_service = np.random.default_rng(seed), np.random.default_rng(seed + 3)
    first, last = datetime(2023, 1, 1, tzinfo=UTC), LATEST
    for product in PRODUCTS[:5]:
        for n in range(6):
            changed = first + timedelta(days=140 * n + int(draw.integers(0, 60)))
            price = money(float(draw.integers(60, 140)))
            book.add("catalog.price_changes", product_id=product, price=price, valid_from=changed)
    # Twice on one day: the later price is the day's.
    for hour, yuan in ((1, 200), (3, 55)):
        changed = datetime(2024, 8, 1, hour, tzinfo=UTC)
        book.add(
            "catalog.price_changes", product_id="p-plain", price=money(yuan), valid_from=changed
        )
    since = {
        row["member_no"]: row["updated_at"]
        for rows in book.rows["crm.members"].values()
        for row in rows
    }
    for i in range(persons):
        number = f"S{i:04d}"
        start = since[number]
        span = (last - start).days
        if span < 1:
            continue

        def moment_of(days: float, start: datetime = start) -> datetime:
            return start + timedelta(minutes=int(days * 24 * 60))

        add_coupons(book, draw, number, moment_of, span)
        for n in range(int(draw.integers(0, 14))):
            when = moment_of(draw.random() * span)
            product = PRODUCTS[draw.integers(0, 5)]
            for act, action in enumerate(["add", "remove", "checkout"][: draw.integers(1, 3)]):
                book.add(
                    "commerce.carts",
                    cart_event_id=f"{number}-cart-{n}-{act}",
                    buyer_key_type="member_no",
                    buyer_key=number,
                    product_id=product,
                    action=action,
                    unit_price=money(float(draw.integers(70, 130))),
                    occurred_at=when + timedelta(days=int(draw.integers(1, 20)) * act),
                )
        if draw.random() < 0.5:  # weeks of logins, with looks at one product and shares
            begin, pace = draw.random() * span, float(draw.choice([1.0, 2.5, 5.0, 9.0]))
            product = PRODUCTS[draw.integers(0, 5)]
            for n in range(int(draw.integers(4, 40))):
                when = moment_of(begin + n * pace)
                if when < last:
                    login(book, number, when, f"{number}-sign-{n}")
                    row = book.rows["app.events"]["first"][-1]
                    row["event_type"] = str(draw.choice(["view", "share", "open"]))
                    row["product_id"] = product if row["event_type"] == "view" else None
        for n in range(int(of_service.integers(0, 5))):
            opened = moment_of(of_service.random() * span)
            rating = float(of_service.integers(1, 6)) if of_service.random() < 0.7 else None
            common = {"member_no": number}
            if of_service.random() < 0.7:
                kind = str(of_service.choice(["complaint", "return", "question"]))
                book.add(
                    "service.tickets",
                    ticket_id=f"{number}-ticket-{n}",
                    kind=kind,
                    opened_at=opened,
                    csat=rating,
                    updated_at=opened,
                    **common,
                )
            else:
                book.add(
                    "service.surveys",
                    response_id=f"{number}-response-{n}",
                    survey_kind=str(of_service.choice(["csat", "csat", "nps"])),
                    score=rating or 2.0,
                    responded_at=opened,
                    **common,
                )
            if of_service.random() < 0.2:
                book.add(
                    "campaigns.sends",
                    send_id=f"{number}-send-{n}",
                    campaign_id="c-5",
                    channel="sms",
                    status=str(of_service.choice(["delivered", "failed"])),
                    sent_at=opened + timedelta(days=3),
                    updated_at=opened + timedelta(days=3),
                    **common,
                )
        if draw.random() < 0.4:
            begin, end = sorted(draw.random(2) * span)
            for n in range(int(draw.integers(1, 9))):
                book.add(
                    "community.posts",
                    post_id=f"{number}-post-{n}",
                    member_no=number,
                    kind="review",
                    posted_at=moment_of(begin + draw.random() * (end - begin)),
                )
    for n in range(300):  # strangers in groups, and what is said to them
        book.add(
            "wecom.messages",
            message_id=f"message-{n}",
            external_userid=f"stranger-{draw.integers(0, 40)}",
            direction=str(draw.choice(["in", "in", "out"])),
            kind="text",
            occurred_at=first + timedelta(hours=float(draw.random() * 800 * 24)),
        )


def add_coupons(
    book: Book,
    draw: np.random.Generator,
    number: str,
    moment_of: Callable[[float], datetime],
    span: int,
) -> None:
    """Add a few offers to a member of the crowd, of which it claims ever fewer."""
    interest = draw.random()
    for n in range(int(draw.integers(0, 12))):
        issued = draw.random() * span
        is_claimed = draw.random() < interest * (1 - 0.5 * issued / span)
        claimed = issued + float(draw.choice([0, 0.2, 3, 12])) if is_claimed else None
        is_redeemed = claimed is not None and draw.random() < 0.3
        redeemed = claimed + float(draw.integers(0, 9)) if is_redeemed and claimed else None
        book.add(
            "coupons.coupons",
            coupon_code=f"{number}-coupon-{n}",
            template_id="t",
            member_no=number,
            issued_at=moment_of(issued),
            claimed_at=None if claimed is None else moment_of(claimed),
            redeemed_at=None if redeemed is None else moment_of(redeemed),
            expires_at=moment_of(issued + float(draw.integers(12, 40))),
            updated_at=moment_of(issued),
        )


# ------------------------------------------------------------------- only what was known at a date


def truncate(source: Path, target: Path, as_of: date) -> Path:
    """Copy a landing folder without what came after `as_of` (in the zone of its brand.yml).

    Of every record the versions dated by then stay; of one without any, its earliest version, if
    it was born by then (products, categories and stores: always). Of an order's lines likewise the
    batches by then, else the earliest.
    """
    target.mkdir(parents=True, exist_ok=True)
    text = (source / "brand.yml").read_text("utf-8")
    (target / "brand.yml").write_text(text, "utf-8")
    end = end_of(as_of, yaml.safe_load(text)["business_zone"])
    orders = _delivered(source, "commerce.orders")
    order_date = orders.group_by("order_id").agg(order_update=pl.col("updated_at").min())
    for folder in sorted(place for place in source.glob("*/*") if place.is_dir()):
        name = f"{folder.parent.name}.{folder.name}"
        table, frame = TABLES[name], _delivered(source, name)
        event = pl.col(table.event) if table.event else pl.lit(None, pl.Datetime("us", "UTC"))
        if name == "commerce.order_lines":
            frame = frame.join(order_date, on="order_id", how="left")
            version, key = pl.coalesce("updated_at", "order_update"), ["order_id"]
            is_born = pl.lit(value=True)
        else:
            version = pl.coalesce(table.version, event) if table.version else event
            key = list(table.key)
            is_born = (event < end).fill_null(value=table.earliest_before)
        dated = frame.with_columns(_version=version, _born=is_born)
        is_past = (pl.col("_version") < end).fill_null(value=True)
        no_past = ~is_past.any().over(key)
        is_first = pl.col("_version") == pl.col("_version").min().over(key)
        kept = dated.filter(is_past | (no_past & is_first & pl.col("_born"))).select(
            c for c in frame.columns if c != "order_update"
        )
        if kept.height:
            place = target.joinpath(*name.split("."))
            place.mkdir(parents=True, exist_ok=True)
            kept.write_parquet(place / "known.parquet")
    return target


def _delivered(source: Path, name: str) -> pl.DataFrame:
    """Return all rows of a table of a folder written by a `Book`."""
    frames = []
    for file in sorted(source.joinpath(*name.split(".")).iterdir()):
        if file.suffix == ".csv":
            frame = pl.read_csv(file, infer_schema=False)
            kinds = TABLES[name].columns
            instants = [c for c in frame.columns if kinds.get(c) == "instant"]
            frame = frame.with_columns(
                pl.col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us")
            )
        else:
            frame = pl.read_parquet(file)
        frames.append(frame)
    return pl.concat(frames, how="diagonal")
