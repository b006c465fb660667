"""The tables of the demo brand tell of the same doings: what one says, the others say as well."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from orchestration.demo_brand.chunk import (
    Chunk,
    Tables,
    app_user_ids,
    make_chunk,
    member_numbers,
    open_ids,
)
from orchestration.demo_brand.generate import chunk_tables
from orchestration.demo_brand.settings import BrandSpec
from orchestration.demo_brand.world import make_world

# `people` is what no warehouse is told: whose the accounts are, and who is a bot.
VIEWS = """
create view registrations as
select member_no, min(coalesce(registered_at, updated_at)) as registered_at
from crm.members group by all;

create view orders as
select distinct
    order_id, order_channel, buyer_key_type, buyer_key, ordered_at, paid_at, coupon_code,
    campaign_id, points_used
from commerce.orders;

create view deeds as
select event_id as deed, event_type as reason, occurred_at, member_no
from mini_program.events join people using (openid) where event_type in ('check_in', 'share')
union all
select event_id, event_type, occurred_at, member_no
from app.events join people using (app_user_id) where event_type in ('check_in', 'share')
union all
select post_id, if(kind = 'review', 'comment', 'ugc'), posted_at, member_no
from community.posts where kind in ('review', 'ugc_photo')
union all
select response_id, 'survey', responded_at, member_no from service.surveys;

create table rewarded as
select
    deeds.*, is_bot, cast(timezone('Asia/Shanghai', occurred_at) as date) as on_date,
    map {'check_in': 10, 'share': 30, 'ugc': 100, 'comment': 20, 'survey': 50}[reason] as worth
from deeds
join registrations using (member_no)
join people using (member_no)
where has_card and occurred_at >= registered_at
qualify is_bot or row_number() over (
    partition by member_no, reason, on_date order by occurred_at, deed
) <= case reason when 'check_in' then 1 when 'share' then 3 else 1000 end;

create table ledger as
select *, cast(timezone('Asia/Shanghai', occurred_at) as date) as on_date
from loyalty.points_transactions;

create view points_of_days as
select member_no, on_date, sum(points) as points
from ledger where reason not in ('purchase', 'redeem', 'adjust', 'refund', 'expire') group by all;

create view accounts as
select 'member_no' as key_type, member_no as key, registered_at as since from registrations
union all
select 'card_no', card_no, min(coalesce(registered_at, updated_at)) from crm.members group by all
union all
select 'openid', openid, min(created_at) from mini_program.users group by all
union all
select 'app_user_id', app_user_id, min(created_at) from app.users group by all
union all
select 'web_user_id', web_user_id, min(created_at) from website.users group by all
union all
select 'buyer_id', buyer_id, min(created_at) from marketplace.buyers group by all;
"""


def people_of(chunk: Chunk) -> pa.Table:
    people, everybody = chunk.people, np.arange(len(chunk.people), dtype=np.int64)
    return pa.table({
        "member_no": member_numbers(people, everybody), "openid": open_ids(people, everybody),
        "app_user_id": app_user_ids(people, everybody), "has_card": people.has_card,
        "is_bot": people.is_bot,
    })  # fmt: skip


@pytest.fixture(scope="module")
def brand() -> Iterator[duckdb.DuckDBPyConnection]:
    world = make_world(BrandSpec())
    chunks = [make_chunk(world, number) for number in (0, 1)]
    parts: list[Tables] = [chunk_tables(chunk)[0] for chunk in chunks]
    tables = {
        name: pa.concat_tables([pa.table(part[name].columns) for part in parts])
        for name in parts[0]
    }
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.register("made", table).execute(f"create table {name} as from made")
        people = pa.concat_tables([people_of(chunk) for chunk in chunks])
        connection.register("made", people).execute("create table people as from made")
        connection.execute(VIEWS)
        yield connection


def count(brand: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = brand.execute(f"select count(*) from {rows}").fetchone()
    assert found is not None
    return int(found[0])


def test_each_deed_earns_its_points_within_the_minute_of_its_day(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    for reason in ("check_in", "share", "ugc", "comment", "survey"):
        earned = f"ledger join rewarded on deed = reference_id where ledger.reason = '{reason}'"
        assert count(brand, earned) >= 1_000
    strangers = """
        ledger left join rewarded
            on deed = reference_id
            and rewarded.member_no = ledger.member_no
            and rewarded.reason = ledger.reason
            and rewarded.on_date = ledger.on_date
            and worth = points
            and ledger.occurred_at - rewarded.occurred_at between interval 0 second
                and interval 60 second
        where ledger.reason in ('check_in', 'share', 'ugc', 'comment', 'survey')
          and deed is null"""
    assert count(brand, strangers) == 0
    twice = """(
        select reference_id from ledger where reference_id is not null
        group by all having count(*) > 1)"""
    assert count(brand, twice) == 0


def test_a_deed_earns_nothing_only_where_the_day_has_no_room_for_it(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    unpaid = "rewarded anti join ledger on reference_id = deed"
    assert count(brand, unpaid) < count(brand, "rewarded") / 500
    assert count(brand, f"(from {unpaid} where is_bot)") == 0
    with_room = f"""
        (from {unpaid}) as missing left join points_of_days using (member_no, on_date)
        where coalesce(points_of_days.points, 0) + worth <= 300"""
    assert count(brand, with_room) == 0


def test_bots_brush_in_the_feed_and_in_the_ledger_on_the_same_days(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    crowded = """(
        select member_no, on_date, count(*) as deeds, sum(points) as points
        from ledger join people using (member_no)
        where reason in ('check_in', 'share') and is_bot
        group by all having deeds > 20)"""
    assert count(brand, crowded) >= 200
    assert count(brand, f"{crowded} where points <= 300") == 0
    in_the_feed = """(
        select member_no, cast(timezone('Asia/Shanghai', occurred_at) as date) as on_date
        from mini_program.events join people using (openid)
        where event_type in ('check_in', 'share')
        group by all having count(*) > 20)"""
    assert count(brand, f"{crowded} anti join {in_the_feed} using (member_no, on_date)") == 0
    assert count(brand, f"{in_the_feed} anti join {crowded} using (member_no, on_date)") == 0


def test_the_coupon_of_an_order_was_issued_claimed_and_redeemed(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    with_coupon = (
        "orders left join coupons.coupons using (coupon_code) where coupon_code is not null"
    )
    assert count(brand, with_coupon) >= 1_000
    wrong = """(
        redeemed_order_id is distinct from order_id
        or redeemed_at is distinct from ordered_at
        or not coalesce(issued_at <= claimed_at and claimed_at <= ordered_at, false)
        or ordered_at > expires_at)"""
    assert count(brand, f"{with_coupon} and {wrong}") == 0
    redeemed = (
        "(from coupons.coupons where redeemed_at is not null or redeemed_order_id is not null)"
    )
    assert count(brand, f"{redeemed} anti join orders using (coupon_code)") == 0
    # The member of the coupon is the one whose account ordered, where the order says so.
    other = """
        orders join coupons.coupons using (coupon_code) join people using (member_no)
        where (buyer_key_type = 'openid' and buyer_key <> openid)
           or (buyer_key_type = 'app_user_id' and buyer_key <> app_user_id)"""
    assert count(brand, other) == 0
    unseen = """
        coupons.coupons join people using (member_no)
        join mini_program.users using (openid)
        where claimed_at is not null and not exists (
            select 1 from mini_program.events as events
            where events.openid = people.openid and event_type = 'coupon_claim'
              and events.occurred_at between claimed_at - interval 10 minute
                                         and claimed_at + interval 10 minute)"""
    assert count(brand, unseen) == 0


def test_purchases_and_spent_points_are_those_of_the_orders(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    bought = "(from ledger where reason = 'purchase') as paid left join orders using (order_id)"
    assert count(brand, bought) >= 10_000
    assert count(brand, f"{bought} where paid.occurred_at is distinct from paid_at") == 0
    spent = "(from ledger where reason = 'redeem') as spent full join orders using (order_id)"
    assert count(brand, f"{spent} where points_used > 0") >= 1_000
    wrong = "coalesce(points_used, 0) <> coalesce(-spent.points, 0)"
    assert count(brand, f"{spent} where {wrong}") == 0
    back = "(from ledger where reason = 'refund') as back"
    refund = "commerce.refunds as refunds"
    same = "refunds.order_id = back.order_id and refunded_at = occurred_at"
    assert count(brand, back) >= 1_000
    assert count(brand, f"{back} anti join {refund} on {same}") == 0


def test_a_send_precedes_what_comes_of_it(brand: duckdb.DuckDBPyConnection) -> None:
    done = "campaigns.engagements left join campaigns.sends using (send_id)"
    assert count(brand, done) >= 10_000
    wrong = "coalesce(occurred_at <= sent_at or status <> 'delivered', true)"
    assert count(brand, f"{done} where {wrong}") == 0
    # Orders of a campaign are of people to whom it was sent before; a coupon tells who they are.
    caused = """
        orders join coupons.coupons as coupons
            on coupons.coupon_code = orders.coupon_code
        left join campaigns.sends as sends
            on sends.member_no = coupons.member_no and sends.campaign_id = orders.campaign_id
        where orders.campaign_id is not null"""
    assert count(brand, caused) >= 500
    assert count(brand, f"{caused} and coalesce(sent_at >= ordered_at, true)") == 0
    unsent = """
        (from coupons.coupons where campaign_id is not null)
        anti join campaigns.sends using (campaign_id, member_no)"""
    assert count(brand, unsent) == 0


def test_refunds_come_after_the_payment_of_their_order(brand: duckdb.DuckDBPyConnection) -> None:
    refunds = "commerce.refunds left join orders using (order_id)"
    assert count(brand, refunds) >= 1_000
    assert count(brand, f"{refunds} where coalesce(refunded_at <= paid_at, true)") == 0


def test_contacts_are_added_before_their_messages_and_groups(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    for table, moment in (("messages", "occurred_at"), ("group_members", "joined_at")):
        rows = f"wecom.{table} left join wecom.contacts using (external_userid)"
        assert count(brand, rows) >= 1_000
        wrong = f"coalesce(added_at > {moment}, true) or coalesce(removed_at < {moment}, false)"
        assert count(brand, f"{rows} where {wrong}") == 0


@pytest.mark.parametrize(
    ("table", "moment"),
    [
        ("orders", "ordered_at"),
        ("commerce.carts", "occurred_at"),
        ("catalog.favourites", "occurred_at"),
    ],
)
def test_whose_key_is_named_had_the_account_before(
    brand: duckdb.DuckDBPyConnection, table: str, moment: str
) -> None:
    rows = f"""
        {table} left join accounts on key_type = buyer_key_type and key = buyer_key
        where buyer_key_type not in ('phone', 'none')"""
    assert count(brand, rows) >= 10_000
    assert count(brand, f"{rows} and coalesce(since >= {moment}, true)") == 0


@pytest.mark.parametrize(
    ("table", "moment"),
    [
        ("campaigns.sends", "sent_at"),
        ("campaigns.experiments", "assigned_at"),
        ("community.posts", "posted_at"),
        ("coupons.coupons", "issued_at"),
        ("crm.consents", "changed_at"),
        ("crm.member_attributes", "recorded_at"),
        ("loyalty.attendances", "attended_at"),
        ("loyalty.task_completions", "completed_at"),
        ("service.surveys", "responded_at"),
        ("service.tickets", "opened_at"),
    ],
)
def test_members_are_registered_before_they_do_anything(
    brand: duckdb.DuckDBPyConnection, table: str, moment: str
) -> None:
    rows = f"(from {table} where member_no is not null) left join registrations using (member_no)"
    assert count(brand, rows) >= 1_000
    assert count(brand, f"{rows} where coalesce(registered_at >= {moment}, true)") == 0


def test_tickets_are_of_orders_that_were_placed_before(brand: duckdb.DuckDBPyConnection) -> None:
    tickets = "(from service.tickets where order_id is not null) left join orders using (order_id)"
    assert count(brand, tickets) >= 1_000
    assert count(brand, f"{tickets} where coalesce(opened_at <= ordered_at, true)") == 0
