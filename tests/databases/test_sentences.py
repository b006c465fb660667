"""What is wrong with a database or with databases.yml is said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.databases.deleted import say_deleted
from orchestration.databases.errors import PullError, SettingsError
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
    assert deleted_rows("catalog.products", ["x", None], is_active=[1, 1]) == {"is_active": [0, 1]}
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
