"""Every planted kind of ugliness against its rate: as the truth counts it, as the landing shows it.

Expected is a binomial draw: five standard deviations, wider where one person has many rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestration.demo_brand.chunk import Chunk, make_chunk
from orchestration.demo_brand.delivery import CORRECTED
from orchestration.demo_brand.digital import _by_device_clock
from orchestration.demo_brand.faults import FAULTS
from orchestration.demo_brand.people import phone_numbers
from orchestration.demo_brand.records import DUMMY_PHONES, SECOND_CARD
from orchestration.demo_brand.settings import FIRST_DATE, LAST_DATE, BrandSpec, Rates, stream
from orchestration.demo_brand.world import make_world

SPEC = BrandSpec()
RATES = Rates()
ROWS_EACH = 40.0
"""Rows that hang together where a person is drawn and orders are counted: about so many orders
each person with a habit places; deviations grow with the root of it."""
PARTS = (
    "dummy_phones", "shared_devices", "shop_phones", "recycled_phones", "agents", "second_cards",
    "masked_marketplace_phones", "test_orders", "staff_orders", "bots", "refunds",
)  # fmt: skip


def assert_share(found: float, of: float, rate: float, each: float = 1.0) -> None:
    """A share drawn with a rate: within five standard deviations of it, and one row."""
    assert of > 0
    assert abs(found - rate * of) <= 5 * sqrt(each * of * rate * (1 - rate)) + 1, found / of


@pytest.fixture(scope="module")
def landing(default_brand: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables of the landing folder and of the truth as views; the CSV of members as a table."""
    with duckdb.connect() as connection:
        root = default_brand / "landing"
        for table in (
            "mini_program/users", "mini_program/events", "app/users", "app/events",
            "website/users", "marketplace/buyers", "commerce/orders", "commerce/refunds",
        ):  # fmt: skip
            connection.execute(
                f"create view {table.replace('/', '_')} as from '{root}/{table}/*.parquet'"
            )
        connection.execute(
            f"create table crm_members as select *, 会员号 as member_no, 手机号 as phone"
            f" from read_csv('{root}/crm/members/*.csv', all_varchar = true)"
        )
        for what in ("counts", "delivery", "persons", "records"):
            connection.execute(
                f"create view truth_{what} as from '{default_brand}/truth/{what}/*.parquet'"
            )
        yield connection


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    return [make_chunk(make_world(SPEC), number) for number in range(SPEC.chunks)]


def one(connection: duckdb.DuckDBPyConnection, question: str) -> tuple[int, ...]:
    """The only row of an answer."""
    row = connection.execute(question).fetchone()
    assert row is not None
    return tuple(int(value) for value in row)


def digits(column: str) -> str:
    """A phone however it is written, as the eleven digits in SQL."""
    return f"right(regexp_replace({column}, '[^0-9]', '', 'g'), 11)"


@pytest.mark.parametrize("kind", PARTS)
def test_what_the_truth_counts(landing: duckdb.DuckDBPyConnection, kind: str) -> None:
    found, of = one(
        landing, f"select sum(rows), sum(of_rows) from truth_counts where kind = '{kind}'"
    )
    each = {"staff_orders": ROWS_EACH, "shared_devices": 2.0}.get(kind, 1.0)
    assert_share(found, of, getattr(RATES, kind), each)


def test_no_kind_is_left_out(landing: duckdb.DuckDBPyConnection) -> None:
    counted = {kind for (kind,) in landing.execute("select kind from truth_counts").fetchall()}
    assert counted == {*PARTS, "name_variants"}


@pytest.mark.parametrize("kind", ["duplicate", "late", "correction"])
def test_how_rows_are_handed_over(landing: duckdb.DuckDBPyConnection, kind: str) -> None:
    rate = {
        "duplicate": RATES.duplicates, "late": RATES.late, "correction": RATES.corrections,
    }[kind]  # fmt: skip
    where = f"kind = '{kind}'"
    if kind == "correction":
        where += f' and "table" in {tuple(CORRECTED)}'
    for found, of in landing.execute(
        f'select sum(rows), sum(of_rows) from truth_delivery where {where} group by "table"'
    ).fetchall():
        # Rows of the last days cannot be corrected any more; only settled orders are.
        each = 4.0 if kind == "correction" else 1.0
        assert_share(found, of, rate, each)


def test_broken_rows(landing: duckdb.DuckDBPyConnection) -> None:
    found = landing.execute(
        'select "table", sum(rows), any_value(of_rows) from ('
        ' select "table", kind, sum(rows) as rows, sum(of_rows) as of_rows from truth_delivery'
        " where kind like 'broken!_%' escape '!' group by all)"
        " group by all"
    ).fetchall()
    assert {table for table, *_ in found} == set(FAULTS)
    for _, rows, of in found:
        assert_share(rows, of, RATES.broken_rows)


def test_duplicates_are_equal_rows(landing: duckdb.DuckDBPyConnection) -> None:
    counted = dict(
        landing.execute(
            "select \"table\", sum(rows) from truth_delivery where kind = 'duplicate' group by all"
        ).fetchall()
    )
    for table in ("app.events", "commerce.orders", "commerce.refunds", "marketplace.buyers"):
        view = table.replace(".", "_")
        rows, distinct = one(
            landing,
            f"select (select count(*) from {view}), (select count(*) from (select distinct *"
            f" from {view}))",
        )
        assert rows - distinct == counted[table]


def test_corrections_are_newer_versions(landing: duckdb.DuckDBPyConnection) -> None:
    for table, key, column in (
        ("commerce.orders", "order_id", "net_amount"),
        ("app.users", "app_user_id", "device_id"),
        ("marketplace.buyers", "platform || buyer_id", "receiver_address"),
    ):
        (planted,) = one(
            landing,
            f"select sum(rows) from truth_delivery"
            f" where kind = 'correction' and \"table\" = '{table}'",
        )
        (found,) = one(
            landing,
            f"select count(*) from (select {key} from {table.replace('.', '_')} group by all"
            f" having count(distinct coalesce(cast({column} as text), '')) > 1"
            f" and count(distinct updated_at) > 1)",
        )
        # By chance the wrong value is the right one now and then.
        assert 0.85 * planted <= found <= planted


def test_dummy_and_agents_phones(landing: duckdb.DuckDBPyConnection, chunks: list[Chunk]) -> None:
    landing.execute(
        f"""
        create or replace temp table held as
        select distinct 'members' as source_table, member_no as key, {digits("phone")} as phone
        from crm_members where phone is not null
        union select distinct 'mini', openid, {digits("phone")} from mini_program_users
        where phone is not null
        union select distinct 'app', app_user_id, {digits("phone")} from app_users
        where phone is not null
        union select distinct 'website', web_user_id, {digits("phone")} from website_users
        where phone is not null
        union select distinct 'buyers', platform || buyer_id, {digits("phone")}
        from marketplace_buyers where phone is not null and not contains(phone, '*')
        """
    )
    dummies = tuple(str(number) for number in DUMMY_PHONES)
    (shown,) = one(landing, f"select count(*) from held where phone in {dummies}")
    (planted, in_contacts) = one(
        landing,
        "select count(*) filter (source_system <> 'wecom'), count(*) filter (source_system ="
        " 'wecom') from truth_records where is_dummy_phone",
    )
    # A website user's phone may be mistyped first.
    assert planted <= shown <= planted + 5
    assert in_contacts > 0
    each = "select phone, count(*) as records, max(n) as most from (select phone, source_table,"
    each += " count(*) over (partition by phone, source_table) as n from held"
    alone, everywhere = one(
        landing,
        f"select count(*) filter (most > 5), count(*) filter (most <= 5 and records > 8) from ("
        f"{each} where phone not in {(*dummies, '00000000000')}) group by phone)",
    )
    (agents,) = one(landing, "select sum(rows) from truth_counts where kind = 'agents'")
    assert alone >= 20
    assert everywhere >= 20
    assert alone + everywhere <= agents
    assert alone + everywhere >= agents - 3
    assert agents == sum(2 * round(len(chunk.people) * RATES.agents / 2) for chunk in chunks)


def test_masked_phones(landing: duckdb.DuckDBPyConnection) -> None:
    masked, of = one(
        landing,
        "select count(*) filter (regexp_matches(phone, '^\\d{3}\\*{4}\\d{4}$')), count(*)"
        " from (from marketplace_buyers qualify row_number() over"
        " (partition by platform, buyer_id order by updated_at desc) = 1)",
    )
    assert_share(masked, of, RATES.masked_marketplace_phones)


def test_shop_phones(landing: duckdb.DuckDBPyConnection) -> None:
    shops = np.arange(RATES.shop_phone_shops)
    numbers = tuple(str(number) for number in phone_numbers(shops + 90_000_000, shops % 15))
    found, of, used = one(
        landing,
        f"select count(distinct order_id) filter (buyer_key in {numbers}),"
        f" count(distinct order_id) filter (order_channel = 'pos'),"
        f" count(distinct buyer_key) filter (buyer_key in {numbers}) from commerce_orders",
    )
    assert_share(found, of, RATES.shop_phones)
    assert used == RATES.shop_phone_shops


def test_orders_of_tests_staff_and_refunds(landing: duckdb.DuckDBPyConnection) -> None:
    orders, tests, refunded = one(
        landing,
        "select count(distinct order_id), count(distinct order_id) filter (is_test),"
        " (select count(distinct order_id) from commerce_refunds) from commerce_orders",
    )
    assert_share(tests, orders, RATES.test_orders)
    assert_share(refunded, orders, RATES.refunds)
    members, staff = one(
        landing, "select count(*) filter (has_card), count(*) filter (is_staff) from truth_persons"
    )
    assert_share(staff, members, RATES.staff_orders / 0.93)


def test_second_cards(landing: duckdb.DuckDBPyConnection) -> None:
    second, of, lone = one(
        landing,
        f"""
        with records as (
            select
                person,
                link_group,
                source_system = 'crm' as is_card,
                is_card and source_key >= 'M{SECOND_CARD}' as is_second
            from truth_records
        )

        select
            count(*) filter (is_second),
            count(*) filter (is_card and not is_second),
            count(*) filter (is_second and link_group not in (
                select link_group from records where not is_second
            ))
        from records
        """,
    )
    assert of == SPEC.members
    assert_share(second, of, RATES.second_cards)
    # Linked ones with a dummy number, or beside a card without a number, stand alone as well.
    assert_share(lone, second, RATES.second_cards_unlinked + 0.02)


def test_recycled_phones(chunks: list[Chunk]) -> None:
    for chunk in chunks:
        people = chunk.people
        new = np.flatnonzero(people.is_recycled)
        assert_share(len(new), len(people), RATES.recycled_phones)
        given_up = {int(people.former_phone[row]): row for row in range(len(people))}
        for row in new:
            giver = given_up[int(people.phone[row])]
            assert giver != row
            assert people.entered_day[row] - people.phone_changed_day[giver] >= 90
            assert people.phone[giver] != people.phone[row]


def test_shared_devices_are_seen_in_the_app(landing: duckdb.DuckDBPyConnection) -> None:
    sharing, seen = one(
        landing,
        """
        with devices as (
            select device_id from app_events group by device_id
            having count(distinct app_user_id) = 2
        ),

        holders as (
            select distinct cast(app_user_id[2:] as bigint) as person
            from app_events where device_id in (from devices)
        )

        select
            count(*) filter (shares_device),
            count(*)
        from holders inner join truth_persons using (person)
        """,
    )
    assert seen >= 40
    assert sharing == seen


def test_variants_of_names_and_birthdays(
    landing: duckdb.DuckDBPyConnection, chunks: list[Chunk]
) -> None:
    varied, named = one(
        landing, "select sum(rows), sum(of_rows) from truth_counts where kind = 'name_variants'"
    )
    assert_share(varied, named, RATES.variants)
    born = {
        f"M{number:08d}": np.datetime64(int(day), "D")
        for chunk in chunks
        for number, day in zip(chunk.people.number, chunk.people.birth_day, strict=True)
    }
    told = landing.execute(
        "select member_no, any_value(birthday) from crm_members where birthday <> ''"
        " and birthday is not null group by all"
    ).fetchall()
    first = [(member, np.datetime64(day)) for member, day in told if member in born]
    wrong = [(born[member], day) for member, day in first if born[member] != day]
    assert_share(len(wrong), len(first), RATES.variants)
    swapped = [
        (right, day)
        for right, day in wrong
        if right.item().month == day.item().day and right.item().day == day.item().month
    ]
    assert len(swapped) >= 100
    assert all(day == right + 1 for right, day in set(wrong) - set(swapped))


def test_clocks_that_are_off(chunks: list[Chunk]) -> None:
    chunk = chunks[0]
    everybody = np.arange(len(chunk.people))
    noon = np.full(len(everybody), 1_700_000_000)
    rng = stream(SPEC.seed, 0, "clocks of a test")
    off = _by_device_clock(rng, chunk, noon, everybody, np.zeros(len(noon), dtype=np.int64)) - noon
    assert_share(int((off != 0).sum()), len(off), RATES.skewed_clocks)
    assert 500 < np.abs(off).max() <= RATES.skew_seconds
    assert off.min() < 0 < off.max()


def test_bots_earn_points_like_nobody_else(
    landing: duckdb.DuckDBPyConnection, default_brand: Path
) -> None:
    bots, fast = one(
        landing,
        f"""
        with rates as (
            select cast(member_no[2:] as bigint) as person, count(*) as events
            from '{default_brand}/landing/loyalty/points_transactions/*.parquet'
            where points > 0
            group by person, time_bucket(interval 1 hour, occurred_at)
        )

        select
            (select count(*) from truth_persons where is_bot),
            (select count(distinct person) from rates where events > 10)
        """,
    )
    assert_share(bots, SPEC.members, RATES.bots)
    assert fast >= 20


def test_days_are_those_of_the_brand(landing: duckdb.DuckDBPyConnection) -> None:
    first, last = landing.execute(
        "select min(ordered_at) at time zone 'Asia/Shanghai', max(ordered_at) at time zone"
        " 'Asia/Shanghai' from commerce_orders"
    ).fetchall()[0]
    assert (first.date(), last.date()) == (FIRST_DATE, LAST_DATE)
