"""Pulls from a real PostgreSQL: the lake equals the table, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dlt.sources.sql_database import sql_table

from orchestration.databases import source
from orchestration.databases.pull import Pulled
from tests.databases.conftest import Shop

WRITER = Path(__file__).with_name("writer.py")
PULLS = 4
KILLS = 5
NEWEST = """
    select order_id, status, net_amount::varchar, updated_at::varchar from rows
    qualify row_number() over (partition by order_id order by updated_at desc) = 1
    order by order_id
"""
VERSIONS = "select count(*), count(distinct (order_id, updated_at)) from rows"


def fill(shop: Shop, rows: int, first: int = 1) -> None:
    """Orders whose updated_at is one second apart, the last one an hour ago."""
    shop.run(
        f"""insert into orders (order_id, status, net_amount, updated_at)
        select 'o' || n, 'paid', n, timestamptz '2025-06-01 00:00:00Z' + n * interval '1 second'
        from generate_series({first}, {first + rows - 1}) n"""
    )


def table_of(shop: Shop) -> list[tuple[Any, ...]]:
    """The table as it is, in the form of NEWEST."""
    return shop.rows(
        "select order_id, status, net_amount::text, (updated_at at time zone 'UTC')::text "
        'from orders order by order_id collate "C"'
    )


def assert_delivered(shop: Shop) -> None:
    """The newest version of each order in the landing files is the table; cheaper than a load."""
    assert shop.delivered(NEWEST) == table_of(shop)


def assert_equal(shop: Shop) -> None:
    """The newest version of each order in the lake is the table, and no version is there twice."""
    assert shop.lake(NEWEST) == table_of(shop)
    ((rows, versions),) = shop.lake(VERSIONS)
    assert rows == versions


def test_a_writer_beside_repeated_pulls(shop: Shop) -> None:
    fill(shop, 50)
    shop.table("table: public.orders, cursor: updated_at, overlap: 1 minute, rows_per_file: 150")
    shop.pull().check()
    address = shop.server.address(shop.database)
    writer = subprocess.Popen([sys.executable, WRITER, address, "7"], stdin=subprocess.PIPE)
    try:
        while len(shop.rows("select from orders where order_id like 'new%'")) < 20:
            time.sleep(0.05)
        for number in range(PULLS):
            shop.pull().check()
            if number == 1:
                shop.load()
        assert writer.poll() is None
    finally:
        writer.communicate(timeout=60)
    assert writer.returncode == 0
    shop.pull().check()
    summary = shop.load()
    assert {entry.status for entry in summary.entries} <= {"loaded", "duplicate"}
    assert not summary.ignored
    assert_equal(shop)


def test_a_row_that_is_committed_late_is_read(shop: Shop) -> None:
    fill(shop, 3)
    shop.table("table: orders, cursor: updated_at, overlap: 1 minute")
    with shop.server.connect(shop.database) as late, late.transaction():
        late.execute("insert into orders (order_id, status, net_amount) values ('late', 'paid', 1)")
        shop.run("insert into orders (order_id, status, net_amount) values ('early', 'paid', 1)")
        shop.pull().check()
    shop.pull().check()
    assert_delivered(shop)


def test_without_an_overlap_it_would_be_lost(shop: Shop) -> None:
    fill(shop, 3)
    shop.table("table: orders, cursor: updated_at, overlap: 0 minutes")
    with shop.server.connect(shop.database) as late, late.transaction():
        late.execute("insert into orders (order_id, status, net_amount) values ('late', 'paid', 1)")
        shop.run("insert into orders (order_id, status, net_amount) values ('early', 'paid', 1)")
        shop.pull().check()
    shop.pull().check()
    assert shop.delivered("select count(*) from rows where order_id = 'late'") == [(0,)]


def test_a_cut_connection_is_taken_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop, 100)
    shop.table("table: orders, cursor: updated_at, rows_per_file: 40")
    monkeypatch.setattr(source, "ROWS_AT_A_TIME", 10)
    read, calls = sql_table, 0

    def cutting(**options: Any) -> Iterator[pa.Table]:
        nonlocal calls
        calls += 1
        for number, part in enumerate(read(**options)):
            if calls == 2 and number == 1:
                shop.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where usename = 'reader'"
                )
            yield part

    monkeypatch.setattr(source, "sql_table", cutting)
    sentence = shop.failure()
    assert sentence.startswith("shop, orders: the connection was cut while it was read (")
    assert sentence.endswith("What was delivered stays; the next pull goes on from there.")
    assert len(shop.files()) == 1
    assert shop.delivered("select count(*) from rows") == [(40,)]
    shop.pull().check()
    assert_delivered(shop)


def test_a_pull_that_is_killed_anywhere_is_taken_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop, 100)
    shop.table("table: orders, cursor: updated_at, rows_per_file: 40, overlap: 0 minutes")
    orders = shop.landing / "commerce" / "orders"
    left_over: list[Path] = []
    for kill_at in range(1, KILLS + 1):
        child = os.fork()
        if child == 0:
            die_at_replacement(monkeypatch, kill_at)
            shop.pull()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        left_over += orders.glob(".*.tmp")
        fill(shop, 20, first=1 + 100 * (kill_at + 1))
    assert left_over
    shop.pull().check()
    assert not list(orders.glob(".*.tmp"))
    shop.load()
    assert_equal(shop)


def die_at_replacement(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """End this process by SIGKILL when a file is to be put in place for the `number`th time."""
    done, replace = 0, os.replace

    def dying(*paths: Any) -> None:
        nonlocal done
        done += 1
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)

    monkeypatch.setattr(os, "replace", dying)


def test_a_quiet_table_makes_no_further_file(shop: Shop) -> None:
    fill(shop, 30)
    assert shop.pull().pulled == (
        Pulled("commerce.orders", "shop, orders", 30, 1, shop.files()[0].stat().st_size),
    )
    assert shop.pull().lines() == ["commerce.orders from shop, orders: nothing new"]
    fill(shop, 1, first=31)
    assert shop.pull().pulled[0].files == 1
    assert_delivered(shop)


def test_more_rows_of_one_instant_than_a_file_takes(shop: Shop) -> None:
    fill(shop, 5)
    shop.run(
        "insert into orders (order_id, status, net_amount, updated_at) "
        "select 'same' || n, 'paid', n, timestamptz '2025-06-01 00:00:03Z' "
        "from generate_series(1, 50) n"
    )
    shop.table("table: orders, cursor: updated_at, rows_per_file: 8")
    shop.pull().check()
    assert_delivered(shop)
    assert max(pq.read_metadata(path).num_rows for path in shop.files()) == 8


def test_a_quiet_table_whose_overlap_fills_files_makes_no_more(shop: Shop) -> None:
    fill(shop, 30)
    shop.table("table: orders, cursor: updated_at, rows_per_file: 8")
    shop.pull().check()
    shop.pull().check()
    assert shop.pull().lines() == ["commerce.orders from shop, orders: nothing new"]


def test_a_row_of_the_future_does_not_drag_the_cursor_along(shop: Shop) -> None:
    fill(shop, 2)
    shop.run("update orders set updated_at = '2099-01-01Z' where order_id = 'o2'")
    summary = shop.pull()
    assert [remark.partition(" lies")[0] for remark in summary.remarks] == [
        "shop, orders: rows whose updated_at"
    ]
    shop.run("insert into orders (order_id, status, net_amount) values ('next', 'paid', 1)")
    shop.pull().check()
    shop.run("update orders set updated_at = clock_timestamp() where order_id = 'o2'")
    shop.pull().check()
    assert_delivered(shop)


def test_an_infinite_cursor_stops_nobody(shop: Shop) -> None:
    fill(shop, 3)
    shop.run("update orders set updated_at = 'infinity' where order_id = 'o2'")
    shop.run("update orders set updated_at = '-infinity' where order_id = 'o3'")
    summary = shop.pull()
    assert summary.remarks == (
        "shop, orders: rows without updated_at cannot be read; give them one.",
        (
            "shop, orders: rows whose updated_at lies ahead of the clock (infinity) are read when "
            "their time has come."
        ),
    )
    assert shop.delivered("select order_id from rows") == [("o1",)]


def test_values_that_files_cannot_hold_do_not_keep_the_table(shop: Shop) -> None:
    shop.run(
        """
        create domain amount as numeric(18, 2);
        alter table orders add until timestamptz default 'infinity', add born date default
            '0044-03-15 BC', add exact numeric default 1.12345678901234567890, add wide
            numeric(60, 20) default 1, add rounded numeric(5, -2) default 1234, add tags text[]
            default array['a', '中'], add address inet default '10.0.0.1', add span int4range
            default '[1, 5)', add extra jsonb default '{"a": [1]}', add place point default
            '(1,2)', add fee amount default 2, add waited interval default '36:00', add blob bytea
            default '\\x00ff', add "Mixed 大小" text default 'x', add share float8 default 0.5
        """
    )
    fill(shop, 2)
    shop.run("update orders set discount_amount = 'NaN', until = null where order_id = 'o2'")
    summary = shop.pull()
    summary.check()
    assert summary.remarks == (
        (
            "shop, orders: 4 values that are no dates of the years 1 to 9999 or no finite numbers "
            "were delivered empty."
        ),
    )
    (file,) = shop.files()
    first, second = pq.read_table(file).to_pylist()
    assert [*first.items()][9:] == [
        ("until", None),
        ("born", None),
        ("exact", "1.12345678901234567890"),
        ("wide", "1.00000000000000000000"),
        ("rounded", "1200"),
        ("tags", '["a", "中"]'),
        ("address", "10.0.0.1/32"),
        ("span", "[1,5)"),
        ("extra", '{"a": [1]}'),
        ("place", "(1,2)"),
        ("fee", "2.00"),
        ("waited", "36:00:00"),
        ("blob", b"\x00\xff"),
        ("Mixed 大小", "x"),
        ("share", 0.5),
    ]
    assert (first["discount_amount"], second["discount_amount"]) == (0, None)
    (entry,) = shop.load().entries
    assert (entry.counts.rows_loaded, entry.counts.rows_quarantined) == (1, 1)


def test_rows_without_a_cursor_are_told(shop: Shop) -> None:
    fill(shop, 2)
    shop.run("alter table orders alter updated_at drop not null")
    shop.run("update orders set updated_at = null where order_id = 'o2'")
    summary = shop.pull()
    assert summary.remarks == (
        "shop, orders: rows without updated_at cannot be read; give them one.",
    )
    assert summary.pulled[0].rows == 1


def test_times_without_a_zone_are_of_the_declared_one(shop: Shop) -> None:
    shop.run(
        "alter table orders alter updated_at type timestamp using updated_at at time zone "
        "'Asia/Shanghai', alter updated_at set default clock_timestamp() at time zone "
        "'Asia/Shanghai'"
    )
    fill(shop, 1)
    assert shop.failure() == (
        "shop, orders: updated_at is a time without a zone; declare source_zone for "
        "commerce.orders in brand.yml."
    )
    (shop.landing / "brand.yml").write_text("source_zone: Asia/Shanghai\n")
    shop.pull().check()
    shop.run("insert into orders (order_id, status, net_amount) values ('o2', 'paid', 2)")
    shop.pull().check()
    shop.load()
    table = shop.rows(
        "select order_id, (updated_at at time zone 'Asia/Shanghai' at time zone 'UTC')::text "
        "from orders order by order_id"
    )
    assert shop.lake("select order_id, updated_at::varchar from rows order by 1") == table


def test_a_number_may_be_the_cursor(shop: Shop) -> None:
    shop.run("alter table orders add row_number bigint generated always as identity")
    fill(shop, 30)
    shop.table("table: orders, cursor: row_number, overlap: 10, rows_per_file: 20")
    shop.pull().check()
    fill(shop, 5, first=31)
    assert shop.pull().pulled[0].rows == 16
    assert_delivered(shop)


def test_a_new_column_is_reported(shop: Shop) -> None:
    fill(shop, 1)
    shop.pull().check()
    shop.run("alter table orders add colour text default 'red'")
    fill(shop, 1, first=2)
    shop.pull().check()
    (warning,) = shop.load().warnings
    assert warning.endswith("Unknown columns: colour.")
    assert_equal(shop)


def test_a_missing_required_column_stops_the_table_and_keeps_its_place(shop: Shop) -> None:
    fill(shop, 1)
    shop.pull().check()
    shop.run("alter table orders rename net_amount to net_total")
    shop.run("insert into orders (order_id, status, net_total) values ('o2', 'paid', 2)")
    assert shop.failure().startswith(
        "shop, orders was not read. The required column net_amount of commerce.orders is missing; "
        "of the table's 9 columns, the contract knows order_id,"
    )
    (shop.landing / "brand.yml").write_text(
        "tables: {commerce.orders: {rename: {net_total: net_amount}}}\n"
    )
    shop.pull().check()
    asked = "select order_id, net_amount::varchar, net_total::varchar from rows"
    assert set(shop.delivered(asked)) == {
        ("o1", "1.00", None),
        ("o1", None, "1.00"),
        ("o2", None, "2.00"),
    }


def test_a_changed_type_quarantines_what_it_spoils(shop: Shop) -> None:
    fill(shop, 1)
    shop.pull().check()
    shop.run("alter table orders alter net_amount type text")
    shop.run("insert into orders (order_id, status, net_amount) values ('o2', 'paid', 'many')")
    shop.run("insert into orders (order_id, status, net_amount) values ('o3', 'paid', '3.00')")
    shop.pull().check()
    counts = [entry.counts.rows_quarantined for entry in shop.load().entries]
    assert sorted(counts) == [0, 1]
    assert shop.lake("select distinct order_id from rows order by 1") == [("o1",), ("o3",)]


def test_a_deleted_order_is_cancelled(shop: Shop) -> None:
    shop.run("alter table orders add deleted_at timestamptz")
    fill(shop, 2)
    shop.table("table: orders, cursor: updated_at, deleted: deleted_at")
    shop.pull().check()
    shop.run(
        "update orders set deleted_at = '2025-07-01 08:00:00Z', updated_at = clock_timestamp() "
        "where order_id = 'o1'"
    )
    shop.pull().check()
    assert not shop.load().warnings
    newest = NEWEST.replace("net_amount::varchar, updated_at", "cancelled_at")
    assert shop.lake(newest) == [
        ("o1", "cancelled", "2025-07-01 08:00:00"),
        ("o2", "paid", None),
    ]


def test_one_table_does_not_stop_another(shop: Shop) -> None:
    shop.run(
        "create table products (product_id text, product_name text, category_id text, "
        "list_price numeric, active int, updated_at timestamptz); "
        "insert into products values ('p1', 'Cream', 'c1', 9.5, 1, '2025-06-01Z'); "
        "grant select on products to reader"
    )
    shop.settings(
        """
databases:
  shop:
    url: ${SHOP_URL}
    tables:
      commerce.orders: {table: nothing, cursor: updated_at}
      catalog.products: {table: products, cursor: updated_at}
"""
    )
    (shop.landing / "brand.yml").write_text(
        "tables: {catalog.products: {rename: {active: is_active}}}\n"
    )
    summary = shop.pull()
    (failure,) = summary.failures
    assert failure.startswith("shop has no table or view nothing: correct databases.yml")
    assert [one.rows for one in summary.pulled] == [1]
    (file,) = shop.files("catalog/products")
    assert pq.read_table(file, columns=["product_id", "active"]).to_pylist() == [
        {"product_id": "p1", "active": 1}
    ]
