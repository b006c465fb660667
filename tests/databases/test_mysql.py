"""Pulls from a real MariaDB: the lake equals the table, and mistakes have their sentences."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.databases.pull import PullSummary, pull
from orchestration.loading.load import load
from tests.databases.mariadb import Server, mariadb

ORDERS = """
    create table orders (
        order_id varchar(40) primary key,
        order_channel varchar(20) not null default 'website',
        buyer_key_type varchar(20) not null default 'none',
        status enum('created', 'paid', 'shipped') not null,
        ordered_at timestamp not null default '2025-03-01 10:00:00',
        gross_amount decimal(18, 2) not null default 10,
        discount_amount decimal(18, 2) not null default 0,
        net_amount decimal(18, 2) not null,
        is_gift tinyint(1) not null default 1,
        store_id varchar(40) character set utf8mb4 default '旗舰店🌸',
        updated_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6),
        deleted_at datetime(6) null
    )
"""
SETTINGS = """
databases:
  shop:
    url: ${SHOP_URL}
    tables:
      commerce.orders: {table: orders, cursor: updated_at, deleted: deleted_at, rows_per_file: 40}
"""
BRAND = """
tables:
  commerce.orders:
    source_zone: Asia/Shanghai
"""
"""A shop writes in its own zone, of which a DATETIME says nothing. A TIMESTAMP is an instant."""
NEWEST = """
    select order_id, status, net_amount::varchar, is_gift, store_id from rows
    qualify row_number() over (partition by order_id order by updated_at desc) = 1
    order by order_id
"""
VERSIONS = "select count(*), count(distinct (order_id, updated_at)) from rows"
TABLE = """
    select order_id, if(deleted_at is null, status, 'cancelled'), cast(net_amount as char),
        is_gift, store_id
    from orders order by binary order_id
"""
PASSWORD = "the reader's / own 密码@"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mariadb() as running:
        with running.connect() as root, root.cursor() as cursor:
            cursor.execute("set global time_zone = '+08:00'")
            cursor.execute("create database shop")
            cursor.execute("create user reader@'127.0.0.1' identified by %s", (PASSWORD,))
        yield running


class Shop:
    """A table of orders, and the landing folder, lake and positions of its brand."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.landing = folder / "landing"
        self.landing.mkdir()
        self.settings(SETTINGS)
        (self.landing / "brand.yml").write_text(BRAND, encoding="utf-8")
        self.run("drop table if exists orders")
        self.run(ORDERS)
        self.run("grant select on shop.orders to reader@'127.0.0.1'")

    def settings(self, text: str) -> None:
        (self.landing / "databases.yml").write_text(text, encoding="utf-8")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with self.server.connect("shop") as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return [*cursor.fetchall()]

    def fill(self, rows: int) -> None:
        """Orders whose updated_at is one second apart."""
        self.run(
            "insert into orders (order_id, status, net_amount, updated_at) with recursive numbers "
            f"as (select 1 as n union all select n + 1 from numbers where n < {rows}) "
            "select concat('o', n), 'paid', n, '2025-06-01' + interval n second from numbers"
        )

    def pull(self, address: str | None = None) -> PullSummary:
        named = address or self.server.address("shop", "reader", quote(PASSWORD, safe=""))
        return pull(self.landing, self.folder / "databases", environment={"SHOP_URL": named})

    def failure(self, address: str | None = None) -> str:
        """The one sentence with which a pull of nothing ends."""
        summary = self.pull(address)
        assert not summary.pulled
        (sentence,) = summary.failures
        return sentence

    def lake(self, query: str) -> list[tuple[Any, ...]]:
        """Load, then ask the lake; `rows` are all versions of an order."""
        lake = self.folder / "lake"
        load(
            self.landing,
            lake,
            now=datetime.now(UTC),
            token_key=b"of tests",
            progress=False,
            threads=1,
        )
        parts = lake / "raw" / "commerce" / "orders" / "*.parquet"
        return duckdb.execute(
            f"with rows as (from read_parquet('{parts}', union_by_name = true)) {query}"
        ).fetchall()


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Shop:
    return Shop(server, tmp_path)


class Writer(threading.Thread):
    """Inserts, updates and marks as deleted, on connections of which some stay open for a while."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.ended = threading.Event()
        self.written = 0

    def run(self) -> None:
        draw = random.Random(7)
        idle = [self.server.connect("shop", autocommit=False) for _ in range(6)]
        waiting = []
        while not self.ended.wait(0.01):
            connection = idle.pop()
            with connection.cursor() as cursor:
                self.written += 1
                cursor.execute(
                    "insert into orders (order_id, status, net_amount) values (%s, 'created', 1)",
                    (f"new-{self.written}",),
                )
                changed = draw.choice(
                    ["status = 'shipped'", "net_amount = net_amount + 1", "deleted_at = now(6)"]
                )
                order = f"o{1 + self.written % 50}"  # each by one transaction at a time
                cursor.execute(f"update orders set {changed} where order_id = %s", (order,))
            waiting.append((self.written + draw.choice([0, 0, 4]), connection))
            for due, one in list(waiting):
                if due <= self.written:
                    one.commit()
                    waiting.remove((due, one))
                    idle.append(one)
        for _, one in waiting:
            one.commit()
        for one in [*idle, *(one for _, one in waiting)]:
            one.close()


def test_a_writer_beside_repeated_pulls(shop: Shop) -> None:
    shop.fill(50)
    shop.pull().check()
    writer = Writer(shop.server)
    writer.start()
    try:
        for _ in range(3):
            reached = writer.written + 15
            while writer.written < reached:
                time.sleep(0.01)
            shop.pull().check()
        assert writer.is_alive()
    finally:
        writer.ended.set()
        writer.join()
    time.sleep(0.01)
    summary = shop.pull()
    summary.check()
    assert not [line for line in summary.lines() if "ahead of the clock" in line]
    expected = shop.run(TABLE)
    assert "cancelled" in {row[1] for row in expected}
    assert shop.lake(NEWEST) == [(*row[:3], bool(row[3]), row[4]) for row in expected]
    ((rows, versions),) = shop.lake(VERSIONS)
    assert rows == versions > 50 + writer.written
    times = "select distinct ordered_at::varchar from rows"
    assert shop.lake(f"{times} union all select min(updated_at)::varchar from rows") == [
        ("2025-03-01 02:00:00",),
        ("2025-05-31 16:00:01",),
    ]


def test_a_timestamp_needs_no_zone_and_odd_values_keep_nobody(shop: Shop) -> None:
    (shop.landing / "brand.yml").unlink()
    shop.settings(SETTINGS.replace("updated_at, deleted: deleted_at", "changed_at, deleted: gone"))
    with shop.server.connect("shop") as root, root.cursor() as cursor:
        cursor.execute("set sql_mode = ''")
        cursor.execute(
            """alter table orders drop deleted_at, drop updated_at,
            add changed_at timestamp(3) null, add updated_at timestamp not null default
            '2025-06-01', add big bigint unsigned default 18446744073709551615, add many
            set('a', 'b', 'c') default 'a,c', add gone bit(1) default 0, add key_of varbinary(16)
            default 'x', add day_of date not null default '0000-00-00', add at datetime(6) default
            '2025-00-00', add share double default 0.5, add waited time default '-120:00:00', add
            wide decimal(60, 20) default 1"""
        )
        for order, changed in (("a", "2025-06-01"), ("b", "0000-00-00"), ("c", None)):
            cursor.execute(
                "insert into orders (order_id, status, net_amount, changed_at, gone) "
                "values (%s, 'paid', 1, %s, 1)",
                (order, changed),
            )
    summary = shop.pull()
    summary.check()
    assert summary.remarks == (
        "shop, orders: rows without changed_at cannot be read; give them one.",
        (
            "shop, orders: 2 values that are no dates of the years 1 to 9999 or no finite numbers "
            "were delivered empty."
        ),
    )
    (path,) = (shop.landing / "commerce" / "orders").glob("*.parquet")
    ((row),) = pq.read_table(path).to_pylist()
    written = datetime(2025, 5, 31, 16, tzinfo=UTC)
    assert row["order_id"] == "a"
    assert (row["changed_at"], row["updated_at"], row["cancelled_at"]) == (written,) * 3
    odd = ("big", "many", "key_of", "day_of", "at", "share", "waited", "wide")
    assert [row[name] for name in odd] == [
        "18446744073709551615", "a,c", b"x", None, None, 0.5, "-120:00:00", f"1.{'0' * 20}",
    ]  # fmt: skip
    shop.run("update orders set changed_at = '2025-06-02' where order_id = 'c'")
    (one,) = shop.pull().pulled
    assert one.rows == 2
    assert shop.lake("select order_id, cancelled_at::varchar from rows order by 1") == [
        ("a", "2025-05-31 16:00:00"),
        ("c", "2025-06-01 16:00:00"),
    ]


def test_mistakes_have_their_sentences(shop: Shop, server: Server) -> None:
    shop.fill(1)
    sentence = shop.failure(server.address("shop", "reader", "guessed"))
    assert sentence.startswith("The database shop cannot be reached: Access denied for user ")
    assert "guessed" not in sentence
    shop.run("grant insert on shop.orders to reader@'127.0.0.1'")  # it still sees the database
    shop.run("revoke select on shop.orders from reader@'127.0.0.1'")
    sentence = shop.failure()
    assert sentence.startswith("shop, orders may not be read with the account in SHOP_URL: grant")
    shop.run("grant select on shop.* to reader@'127.0.0.1'")
    shop.settings(SETTINGS.replace("table: orders", "table: order"))
    assert shop.failure().startswith("shop has no table or view order: correct databases.yml")
    shop.run("revoke select on shop.* from reader@'127.0.0.1'")


def test_a_cut_connection_is_taken_up(shop: Shop) -> None:
    shop.fill(30)
    slow = "create or replace sql security definer view slow as select * from orders where {}"
    shop.run(slow.format("sleep(0.03) = 0"))
    shop.run("grant select on shop.slow to reader@'127.0.0.1'")
    shop.settings(SETTINGS.replace("table: orders", "table: slow"))
    assert shop.failure().endswith("grant it SELECT, and SHOW VIEW where it is a view.")
    shop.run("grant show view on shop.slow to reader@'127.0.0.1'")
    cut = threading.Event()

    def cutting() -> None:
        while not cut.wait(0.05):
            for (number,) in shop.run(
                "select id from information_schema.processlist "
                "where user = 'reader' and info like '%slow%' and state = 'User sleep'"
            ):
                shop.run(f"kill {number}")
                cut.set()

    thread = threading.Thread(target=cutting)
    thread.start()
    try:
        sentence = shop.failure()
    finally:
        cut.set()
        thread.join()
    assert sentence.startswith("shop, slow: the connection was cut while it was read (")
    assert sentence.endswith("What was delivered stays; the next pull goes on from there.")
    shop.run(slow.format("true"))
    shop.pull().check()
    assert shop.lake("select count(*), count(distinct order_id) from rows") == [(30, 30)]
