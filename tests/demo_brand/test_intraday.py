"""The five-minute path on the demo brand: its numbers are those of the daily build."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.intraday.run import run_intraday
from orchestration.intraday.store import shelf_of
from orchestration.loading.tokens import KEY_VARIABLE
from orchestration.workspace import BUILD_FILE_NAME
from tests.conftest import TOKEN_KEY, BuildWarehouse, make_workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PUBLISHED = (
    "identity.oneid_map",
    "identity.oneid_cut_identifiers",
    "identity.dim_member",
    "core.fct_orders",
    "insight.member_lifecycle",
    "insight.member_rfm",
)
PUBLICATION = (
    "select 'demo' as brand, as_of_date, 'b' as build_id, 'Asia/Shanghai' as business_zone, "
    "'CNY' as currency, timestamp '2026-01-01' as published_at from staging.stg_rekindle__as_of"
)
COUNTED = """
select activity, channel, count(*), count(distinct person_key), sum(amount)
from facts group by all order by all
"""
FACTS = """
create temp view facts as
with members as (
    select one_id from identity.dim_member where not is_test and not is_staff
),

codes as (
    from (values
        ('open', 'opened'), ('view', 'viewed'), ('search', 'searched'), ('checkout', 'checked_out'),
        ('share', 'shared'), ('coupon_claim', 'claimed'), ('check_in', 'checked_in')
    ) as codes(event_type, activity)
)

select
    coalesce(codes.activity, 'other') as activity,
    event_channel as channel,
    one_id as person_key,
    cast(null as decimal(18, 2)) as amount
from core.fct_events
left join codes on fct_events.event_type = codes.event_type
where
    occurred_at >= $start and fct_events.event_type <> 'add_to_cart'
    and (one_id is null or one_id in (from members))
union all
select 'ordered', order_channel, one_id, net_amount
from core.fct_orders where is_valid and ordered_at >= $start
union all
select 'returned', order_channel, one_id, refund_amount
from staging.stg_commerce__refunds as refunds
inner join core.fct_orders on refunds.order_id = fct_orders.order_id
where is_valid and refunded_at >= $start
"""


@pytest.fixture(scope="module")
def built(
    default_brand: Path,
    build_warehouse: BuildWarehouse,
    loaded: Callable[[Path], Path],
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The daily build of the demo brand."""
    landing = default_brand / "landing"
    build_file, here = build_warehouse(landing), Path.cwd()
    os.chdir(loaded(landing))
    try:
        with duckdb.connect() as connection:
            # views of a build know it by the name of its file
            connection.execute(f"attach '{build_file}' as {build_file.stem} (read_only)")
            connection.execute(f"use {build_file.stem}")
            yield connection
    finally:
        os.chdir(here)


@pytest.fixture(scope="module")
def store(
    built: duckdb.DuckDBPyConnection,
    default_brand: Path,
    loaded: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The intraday store over a copy of the same lake, with that build's persons."""
    root = tmp_path_factory.mktemp("intraday")
    (root / "demo").mkdir()
    workspace = make_workspace(root, root / "demo")
    lake = make_workspace(loaded(default_brand / "landing"), default_brand).lake
    shutil.copytree(lake, workspace.lake)
    workspace.serving.mkdir()
    built.execute(f"attach '{workspace.serving / BUILD_FILE_NAME}' as published")
    for table in (*PUBLISHED, "ops.publication"):
        built.execute(f"create schema if not exists published.{table.partition('.')[0]}")
        query = PUBLICATION if table == "ops.publication" else f"from {table}"
        built.execute(f"create table published.{table} as {query}")
    built.execute("detach published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, TOKEN_KEY.decode())
        run_intraday(workspace, NOW)
    with duckdb.connect(str(shelf_of(workspace).file), read_only=True) as connection:
        yield connection


def test_counts_people_and_money_are_those_of_the_build(
    built: duckdb.DuckDBPyConnection, store: duckdb.DuckDBPyConnection
) -> None:
    ((start, end),) = store.execute("select window_start_at, window_end_at from status").fetchall()
    built.execute(FACTS.replace("$start", f"timestamp '{start}'"))
    daily = built.execute(COUNTED).fetchall()
    assert len(daily) > 20
    hourly = store.execute(
        "select activity, channel, sum(times), sum(amount) from activity_hourly "
        "where activity <> 'carted' group by all order by all"
    ).fetchall()
    assert hourly == [
        (activity, channel, times, money) for activity, channel, times, _, money in daily
    ]
    people = built.execute(
        "select person_key, activity, count(*), sum(amount) from facts "
        "where person_key is not null group by all order by all"
    ).fetchall()
    assert len(people) > 200
    assert (
        people
        == store.execute(
            "select person_key, activity, times, amount from member_activity "
            "where activity <> 'carted' order by all"
        ).fetchall()
    )
    newest = built.execute(
        "select greatest((select max(occurred_at) from core.fct_events), "
        "(select max(ordered_at) from core.fct_orders))"
    ).fetchall()
    assert newest == [(end,)]


def test_who_put_something_into_the_cart_is_known_from_both_feeds(
    built: duckdb.DuckDBPyConnection, store: duckdb.DuckDBPyConnection
) -> None:
    """Every person with an event or a row of the feed, and no more acts than the feeds have."""
    ((start,),) = store.execute("select window_start_at from status").fetchall()
    by_events = set(
        built.execute(
            "select one_id from core.fct_events where event_type = 'add_to_cart' "
            "and one_id is not null and occurred_at >= ? and one_id in "
            "(select one_id from identity.dim_member where not is_test and not is_staff)",
            [start],
        ).fetchall()
    )
    carted = set(
        store.execute("select one_id from member_activity where activity = 'carted'").fetchall()
    )
    assert by_events <= carted
    ((adds,),) = built.execute(
        "select count(*) from staging.stg_commerce__carts "
        "where action = 'add' and occurred_at >= ?",
        [start],
    ).fetchall()
    ((told,),) = store.execute(
        "select sum(times) from activity_hourly where activity = 'carted'"
    ).fetchall()
    # the demo brand's feeds tell of the same acts; a few are delivered by one of them alone
    assert 0.9 * adds <= told <= 1.1 * adds


def test_no_column_is_empty_and_every_activity_happens(store: duckdb.DuckDBPyConnection) -> None:
    for table in ("member_activity", "activity_hourly"):
        columns = [name for name, *_ in store.execute(f"describe {table}").fetchall()]
        counts = ", ".join(f"count({name})" for name in columns)
        (filled,) = store.execute(f"select {counts} from {table}").fetchall()
        assert [name for name, rows in zip(columns, filled, strict=True) if not rows] == []
    activities = {
        code for (code,) in store.execute("select activity from activity_hourly").fetchall()
    }
    assert {"opened", "viewed", "carted", "ordered", "returned", "shared", "other"} <= activities
