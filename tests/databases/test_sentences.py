"""What is wrong with a database or with databases.yml is said in one sentence."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.databases.deleted import say_deleted
from orchestration.databases.errors import PullError, SettingsError
from orchestration.databases.settings import OVERLAP_NUMBERS
from orchestration.databases.source import before
from orchestration.loading.brand import TableMapping
from orchestration.loading.contract import DELETION_TIME, load_contract
from tests.databases.conftest import SETTINGS, Shop, new_database
from tests.databases.postgres import Server

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
ONE = datetime(2025, 7, 1, 13, tzinfo=UTC)
INSTANT = pa.timestamp("us", "UTC")


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """One database for all tests of this module: what goes wrong changes nothing in it."""
    with new_database(server) as made:
        yield made


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("shop", "SHOP_URL (database shop) holds no address of a PostgreSQL or MySQL database"),
        ("sqlite:///shop.db", "SHOP_URL (database shop) holds no address of a PostgreSQL or MySQL"),
        ("postgresql://reader:secret@127.0.0.1:1/shop", "Connection refused"),
        ("mysql://reader:secret@127.0.0.1:1/shop", "Can't connect to MySQL server"),
        ("postgresql://reader:se@secret@127.0.0.1:1/shop", "has an @ in its password that is not"),
        ("mysql://reader:secret@127.0.0.1:1/shop?quick=1", "unexpected keyword argument 'quick'"),
        ("mysql://reader:secret@127.0.0.1:1/shop?ssl_ca=/none", "No such file or directory"),
        (f"mysql://reader:secret@{'h' * 80}:1/shop", "label too long"),
        ("{nowhere}", 'database "nowhere" does not exist'),
        ("{nobody}", 'role "nobody" does not exist'),
    ],
)
def test_an_address_that_does_not_work(shop: Shop, address: str, sentence: str) -> None:
    nowhere = shop.server.address("nowhere", "reader", "secret")
    nobody = shop.server.address(shop.database, "nobody", "secret")
    said = shop.failure(SHOP_URL=address.format(nowhere=nowhere, nobody=nobody))
    assert sentence in said
    assert "\n" not in said
    assert "secret" not in said


def test_an_account_of_mysql_that_needs_tls(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=_like_mysql_without_tls, args=(listening,))
        answering.start()
        port = listening.getsockname()[1]
        said = shop.failure(SHOP_URL=f"mysql://reader:secret@127.0.0.1:{port}/shop")
        answering.join()
    assert said.startswith(
        "The database shop cannot be reached: the account's way to log in (caching_sha2_password) "
        "needs TLS, which the server does not offer or the address turns off."
    )


def _like_mysql_without_tls(listening: socket.socket) -> None:
    """Greet one client as MySQL 8 does, and ask it for its whole password."""
    capabilities = 0x0008_A20D  # of protocol 4.1, with plugins of authentication, without TLS
    greeting = (
        b"\x0a8.4.0\0" + struct.pack("<I", 7) + b"saltsalt\0"
        + struct.pack("<HBHH", capabilities & 0xFFFF, 255, 2, capabilities >> 16)
        + b"\x15" + bytes(10) + b"saltsaltsalt\0caching_sha2_password\0"
    )  # fmt: skip
    taken, _ = listening.accept()
    with taken:
        for number, answer in ((0, greeting), (2, b"\x01\x04"), (4, b"\x01no key")):
            taken.sendall(struct.pack("<I", len(answer))[:3] + bytes([number]) + answer)
            taken.recv(4096)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            "table: sales.orders, cursor: updated_at",
            (
                "shop has no table or view sales.orders: correct databases.yml, with the schema "
                "where it has one (public.orders)."
            ),
        ),
        (
            "table: orders, cursor: changed_at",
            (
                "shop, orders has no column changed_at, which databases.yml names as its cursor; "
                "it has order_id, order_channel, buyer_key_type, status, ordered_at, gross_amount, "
                "discount_amount, net_amount, updated_at."
            ),
        ),
        (
            "table: orders, cursor: updated_at, deleted: gone",
            (
                "shop, orders has no column gone, which databases.yml names as its deleted; it has "
                "order_id, order_channel, buyer_key_type, status, ordered_at, gross_amount, "
                "discount_amount, net_amount, updated_at."
            ),
        ),
        (
            "table: orders, cursor: status",
            (
                "shop, orders: the cursor status is a TEXT; name a column that is a time, a date "
                "or a whole number."
            ),
        ),
        (
            "table: orders, cursor: updated_at, overlap: 5",
            (
                "databases.yml: the overlap of commerce.orders does not fit its cursor updated_at; "
                "write a time such as 1 hour."
            ),
        ),
    ],
)
def test_a_table_that_cannot_be_read(shop: Shop, options: str, sentence: str) -> None:
    shop.table(options)
    assert shop.failure() == sentence


def test_an_account_without_permission(shop: Shop) -> None:
    shop.run("create table hidden (like orders)")
    shop.table("table: hidden, cursor: updated_at")
    assert shop.failure() == (
        "shop, hidden may not be read with the account in SHOP_URL: grant it SELECT."
    )


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ("databases:", "databases: [", "databases.yml, line 4 is not YAML in UTF-8; correct it."),
        ("  shop:", "  Shop:", "databases.yml: databases.Shop"),
        ("url:", "address:", "databases.yml: databases.shop.url: field required"),
        (
            "${SHOP_URL}",
            "postgresql://reader:secret@host/shop",
            (
                "databases.yml: databases.shop.url must be the name of an environment variable, so "
                "that no password stands in the file: write ${SHOP_URL} and set that."
            ),
        ),
        (
            "${SHOP_URL}",
            "${OTHER_URL}",
            (
                "databases.yml, databases.shop.url: the environment variable OTHER_URL is not set; "
                "set it to the address, such as postgresql://reader:password@host:5432/shop."
            ),
        ),
        (
            "commerce.orders",
            "commerce.order",
            (
                "databases.yml: databases.shop.tables names 'commerce.order', which the contract "
                "does not have; write one of its tables, such as commerce.orders."
            ),
        ),
        (
            "updated_at}",
            "updated_at, key: order_id}",
            (
                "databases.yml: databases.shop.tables.commerce.orders.key is no key that it knows; "
                "see docs/databases.md."
            ),
        ),
        (
            "updated_at}",
            "updated_at, overlap: 99999999999 days}",
            (
                "databases.yml: databases.shop.tables.commerce.orders.overlap is '99999999999 "
                "days'; write it like 15 minutes, 2 hours or 1 day, or as a number where the "
                "cursor is one."
            ),
        ),
        (
            "updated_at}",
            "updated_at, overlap: soon}",
            (
                "databases.yml: databases.shop.tables.commerce.orders.overlap is 'soon'; write it "
                "like 15 minutes, 2 hours or 1 day, or as a number where the cursor is one."
            ),
        ),
        (
            "commerce.orders: {table: orders, cursor: updated_at}",
            "crm.members: {table: members, cursor: updated_at, deleted: deleted_at}",
            (
                "databases.yml: databases.shop.tables.crm.members.deleted cannot be kept: the "
                "contract has no word for a deleted row of crm.members; remove it, and read a view "
                "without these rows where they must not come in."
            ),
        ),
    ],
)
def test_settings_that_cannot_be(shop: Shop, written: str, instead: str, sentence: str) -> None:
    shop.settings(SETTINGS.replace(written, instead))
    with pytest.raises(SettingsError) as raised:
        shop.pull()
    assert sentence in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_command_ends_with_the_sentence(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_VAR", str(shop.folder / "var"))
    monkeypatch.setenv("SHOP_URL", shop.address)
    shop.run("insert into orders (order_id, status, net_amount) values ('o1', 'paid', 1)")
    ended = CliRunner().invoke(main, ["pull", str(shop.landing)])
    assert ended.exit_code == 0
    assert "commerce.orders from shop, orders: 1 rows in 1 files" in ended.output
    shop.table("table: nothing, cursor: updated_at")
    ended = CliRunner().invoke(main, ["pull", str(shop.landing)])
    assert ended.exit_code == 1
    assert ended.output.splitlines()[-1].startswith("shop has no table or view nothing:")
    (shop.landing / "databases.yml").unlink()
    ended = CliRunner().invoke(main, ["pull", str(shop.landing)])
    assert ended.exit_code == 2
    assert "databases.yml: name the tables to read there, see docs/databases.md." in ended.output


@pytest.mark.parametrize(
    "written",
    [
        "[]",
        "{",
        '{"shop/commerce.orders": {}}',
        '{"shop/commerce.orders": {"source": "orders by updated_at", "kind": "time", "cursor": 1}}',
    ],
)
def test_a_spoilt_file_of_positions(shop: Shop, written: str) -> None:
    shop.run(
        "insert into orders (order_id, status, net_amount) values ('p1', 'paid', 1) "
        "on conflict do nothing"
    )
    shop.state.mkdir(parents=True)
    (shop.state / "positions.json").write_text(written)
    assert shop.failure() == (
        f"{shop.state / 'positions.json'} cannot be read: delete it, and the next pull reads every "
        "table from its beginning; rows that are loaded already change nothing."
    )


def test_a_landing_folder_that_cannot_be_written(shop: Shop) -> None:
    shop.run(
        "insert into orders (order_id, status, net_amount) values ('w1', 'paid', 1) "
        "on conflict do nothing"
    )
    (shop.landing / "commerce").mkdir()
    (shop.landing / "commerce" / "orders").write_text("no folder")
    sentence = shop.failure()
    assert sentence.startswith("shop, orders: what was read cannot be written (")
    assert sentence.endswith("the next pull goes on where the last one ended.")


def test_where_a_pull_begins_again() -> None:
    hour, new_york = timedelta(hours=1), "America/New_York"
    noon = datetime(2025, 11, 2, 12)  # noqa: DTZ001
    assert before(noon, None, new_york) == noon - hour
    # Half past one came twice that night; a row of the second time may be written as 01:00.
    twice = noon.replace(hour=1, minute=30)
    assert before(twice, timedelta(minutes=15), new_york) == noon.replace(hour=0, minute=15)
    assert before(twice, timedelta(minutes=15), "Asia/Shanghai") == twice.replace(minute=15)
    skipped = datetime(2025, 3, 9, 2, 30)  # noqa: DTZ001
    assert before(skipped, hour, new_york) == skipped - hour
    assert before(date(2025, 3, 9), hour, new_york) == date(2025, 3, 8)
    first = NOON.replace(year=1, month=1, day=1, hour=0)
    assert before(first, hour) == first
    assert before(5, None) == 5 - OVERLAP_NUMBERS


def deleted_rows(table: str, flag: list[Any], **columns: list[Any]) -> dict[str, list[Any]]:
    """Rows of a table, with updated_at one o'clock and a column `gone`, as they are delivered."""
    system, _, name = table.partition(".")
    found = load_contract().table(system, name)
    assert found is not None
    at = {name: pa.array(values, INSTANT) for name, values in columns.items() if name[-3:] == "_at"}
    times = pa.array([ONE] * len(flag), INSTANT)
    rows = pa.table({**columns, **at, "gone": flag, "updated_at": times})
    said = say_deleted(rows, found, TableMapping(), "gone", "updated_at").to_pydict()
    del said["updated_at"]
    return dict(said)


def test_what_deleted_rows_become() -> None:
    assert deleted_rows(
        "commerce.orders", [True, False, None], status=["paid", "paid", "created"]
    ) == {"status": ["cancelled", "paid", "created"], "cancelled_at": [ONE, None, None]}
    assert deleted_rows("catalog.products", [1, 0], is_active=[True, True]) == {
        "is_active": [False, True]
    }
    said = ["x", None, "", " 0", "0.00", "N", "false", "否", "1", "2025-07-01"]
    assert deleted_rows("catalog.products", said, is_active=[1] * 10) == {
        "is_active": [0, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    }
    assert deleted_rows("catalog.products", [0.0, 1.0], is_active=[1, 1]) == {"is_active": [1, 0]}
    assert deleted_rows("loyalty.subscriptions", [NOON, None], ended_at=[None, None]) == {
        "ended_at": [NOON, None]
    }
    assert deleted_rows("wecom.contacts", [NOON, None]) == {"removed_at": [NOON, None]}
    assert deleted_rows("wecom.group_members", [NOON, NOON], left_at=[ONE, None]) == {
        "left_at": [ONE, NOON]
    }


def test_a_deletion_whose_time_nobody_knows() -> None:
    table = load_contract().table("wecom", "contacts")
    assert table is not None
    rows = pa.table({"gone": [True], "number": [1]})
    with pytest.raises(PullError, match="neither gone nor number is a time"):
        say_deleted(rows, table, TableMapping(), "gone", "number")


def test_deleted_rows_say_what_the_contract_can_hold() -> None:
    words = {table.full_name: table for table in load_contract() if table.when_deleted}
    assert set(words) == {
        "commerce.orders",
        "catalog.products",
        "loyalty.subscriptions",
        "wecom.contacts",
        "wecom.group_members",
    }
    for table in words.values():
        for name, value in table.when_deleted:
            column = table.column(name)
            if value == DELETION_TIME:
                assert column.type == "timestamp"
            else:
                assert value in column.codes or (column.type, value) == ("boolean", "false")
