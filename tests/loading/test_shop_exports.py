"""Files as a shop's till and spreadsheets write them: brand.yml is all that they need."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.loading.brand import parse_brand
from orchestration.loading.contract import load_contract
from orchestration.loading.errors import LoadError
from orchestration.loading.load import load
from orchestration.loading.summary import LoadSummary

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BRAND = """
source_zone: Asia/Shanghai
tables:
  crm.members:
    csv: {encoding: gbk}
    rename: {卡号: member_no, 姓名: name, 手机号: phone, 生日: birthday, 注册日期: registered_at}
    fill:
      updated_at: {from: registered_at}
      register_channel: pos
  commerce.orders:
    rename:
      小票号: order_id
      会员手机: buyer_key
      时间: ordered_at
      应收: gross_amount
      优惠: discount_amount
      实收: net_amount
      状态: status
    cast: {status: {values: {已完成: completed}}}
    fill: {order_channel: pos, buyer_key_type: phone, updated_at: {from: ordered_at}}
"""
MEMBERS = """卡号,姓名,手机号,生日,注册日期
B001,王小红,138 1635 0472,1988/3/5,2026/1/5
B002,李敏,+86 13902214586,,2026/2/11
"""
ORDERS = """小票号,会员手机,时间,应收,优惠,实收,状态
00001,138 1635 0472,2026/3/5 16:16,¥6.00,¥0.00,¥6.00,已完成
00002,,2026/3/5 16:20,"￥1,304.00",0,"¥ 1,304.00",已完成
00003,,2026/3/5 16:25,28.5元,CNY 0.5,28元,已完成
00004,,2026/3/5 16:30,$6.00,0,6,已完成
"""


def shop(folder: Path, **files: bytes) -> LoadSummary:
    """Load a shop's files; underscores stand for the slashes of their paths."""
    (folder / "landing").mkdir(parents=True)
    (folder / "landing" / "brand.yml").write_text(BRAND, "utf-8")
    for name, content in files.items():
        system, table, kind = name.split("_")
        place = folder / "landing" / system / table / f"export.{kind}"
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    return load(folder / "landing", folder / "lake", now=NOW, token_key=b"a key of these tests")


def rows(folder: Path, table: str, columns: str) -> list[Any]:
    parts = folder / "lake" / "raw" / table.replace(".", "/") / "*.parquet"
    with duckdb.connect() as connection:
        return connection.execute(f"select {columns} from '{parts}' order by all").fetchall()


def test_exports_of_a_till_and_of_a_spreadsheet_are_read_as_they_are(tmp_path: Path) -> None:
    summary = shop(
        tmp_path,
        crm_members_csv=MEMBERS.encode("gbk"),
        commerce_orders_csv=ORDERS.replace("\n", "\r\n").encode("utf-8-sig"),
    )
    assert summary.refused == []
    assert rows(tmp_path, "crm.members", "member_no, register_channel, updated_at::varchar") == [
        ("B001", "pos", "2026-01-04 16:00:00"),
        ("B002", "pos", "2026-02-10 16:00:00"),
    ]
    told = "order_id, order_channel, buyer_key_type, gross_amount, net_amount, updated_at::varchar"
    assert rows(tmp_path, "commerce.orders", told) == [
        (number, "pos", "phone", Decimal(gross), Decimal(net), f"2026-03-05 08:{minute}:00")
        for number, gross, net, minute in (
            ("00001", "6.00", "6.00", 16),
            ("00002", "1304.00", "1304.00", 20),
            ("00003", "28.50", "28.00", 25),
        )
    ]
    said = "\n".join(summary.lines())
    assert (
        "commerce/orders/export.csv: 1 row is quarantined: gross_amount is '$6.00'; "
        "write an amount such as 12.50, at least 0."
    ) in said


def test_what_a_file_has_itself_is_not_filled(tmp_path: Path) -> None:
    line = '{{"order_id": "{}", {} "buyer_key": "13902214586", "ordered_at": "2026-03-05 10:00", '
    line += '"gross_amount": 5, "discount_amount": 0, "net_amount": 5, "status": "paid"}}'
    lines = [line.format(1, '"order_channel": "app",'), line.format(2, "")]
    shop(tmp_path, commerce_orders_jsonl="\n".join(lines).encode())
    assert rows(tmp_path, "commerce.orders", "order_id, order_channel, buyer_key_type") == [
        ("1", "app", "phone"),
        ("2", "pos", "phone"),
    ]


def refusal(orders: str) -> str:
    """What is said of a brand.yml with this line about orders."""
    with pytest.raises(LoadError) as said:
        parse_brand(f"tables:\n  commerce.orders:\n    {orders}\n", load_contract())
    return str(said.value)


@pytest.mark.parametrize(
    ("filling", "sentence"),
    [
        ("order_id: 1", "fill.order_id would give many rows the same key or person"),
        ("buyer_key: 1", "fill.buyer_key would give many rows the same key or person"),
        ("order_channel: shop", "is 'shop', which is no code of that column; write one of"),
        ("order_channel: ''", "fill.order_channel is empty; write the value of all rows"),
        ("updated_at: {from: status}", "is no other column of the type timestamp; name one"),
        ("updated_at: {from: updated_at}", "is no other column of the type timestamp"),
        ("updated_at: {like: paid_at}", "has the unknown key 'like'"),
        ("channel: pos", "names 'channel', which is no column of commerce.orders"),
    ],
)
def test_a_wrong_filling_is_a_sentence(filling: str, sentence: str) -> None:
    assert sentence in refusal(f"fill: {{{filling}}}")


FEEDS = """
source_zone: Asia/Shanghai
tables:
  commerce.orders:
    csv: {encoding: gbk}
    rename: {小票号: order_id, 时间: ordered_at, 实收: net_amount, 状态: status}
    cast: {status: {values: {已完成: completed}}}
    fill: {order_channel: pos, buyer_key_type: none, discount_amount: 0,
      gross_amount: {from: net_amount}, updated_at: {from: ordered_at}}
    folders:
      online:
        source_zone: Europe/London
        rename: {Order: order_id, Placed: ordered_at, Paid: net_amount, State: status}
        fill: {order_channel: website, buyer_key_type: none, discount_amount: 0,
          gross_amount: {from: net_amount}, updated_at: {from: ordered_at}}
      online/2024:
        csv: {delimiter: ";"}
        rename: {No: order_id, Placed: ordered_at, Paid: net_amount, State: status}
        fill: {order_channel: app, buyer_key_type: none, discount_amount: 0,
          gross_amount: {from: net_amount}, updated_at: {from: ordered_at}}
"""
TILL = "小票号,时间,实收,状态\nL1,2026/3/5 16:16,6.00,已完成\n"
ONLINE = "Order,Placed,Paid,State\nW1,2026-03-05 16:16,7.00,shipped\n"
OLD = "No;Placed;Paid;State\nA1;2024-06-05 16:16;8.00;shipped\n"


def feeds(folder: Path, text: str) -> LoadSummary:
    """Load three feeds of orders, each with a folder of its own."""
    orders = folder / "landing" / "commerce" / "orders"
    for place, content in (
        ("till/1.csv", TILL.encode("gbk")),
        ("online/1.csv", ONLINE.encode()),
        ("online/2024/dt=2024-06-05/1.csv", OLD.encode()),
    ):
        (orders / place).parent.mkdir(parents=True, exist_ok=True)
        (orders / place).write_bytes(content)
    (folder / "landing" / "brand.yml").write_text(text, "utf-8")
    return load(folder / "landing", folder / "lake", now=NOW, token_key=b"a key of these tests")


FEED_ROWS = [
    ("A1", "app", "2024-06-05 08:16:00"),
    ("L1", "pos", "2026-03-05 08:16:00"),
    ("W1", "website", "2026-03-05 16:16:00"),
]


def test_each_feed_of_a_table_is_read_by_the_mapping_of_its_folder(tmp_path: Path) -> None:
    told = "order_id, order_channel, ordered_at::varchar"
    assert feeds(tmp_path, FEEDS).refused == []
    assert rows(tmp_path, "commerce.orders", told) == FEED_ROWS
    again = feeds(tmp_path, FEEDS)
    assert (again.entries, again.unchanged_files) == ((), 3)


def test_a_changed_folder_is_read_again(tmp_path: Path) -> None:
    feeds(tmp_path, FEEDS)
    summary = feeds(tmp_path, FEEDS.replace("Europe/London", "Asia/Tokyo"))
    assert summary.refused == []
    assert rows(tmp_path, "commerce.orders", "order_id, ordered_at::varchar") == [
        *[(order_id, at) for order_id, _, at in FEED_ROWS[:2]],
        ("W1", "2026-03-05 07:16:00"),
    ]


def test_a_file_that_is_moved_is_read_by_the_mapping_of_its_new_folder(tmp_path: Path) -> None:
    orders = tmp_path / "landing" / "commerce" / "orders"
    orders.mkdir(parents=True)
    (orders / "w2.csv").write_text(ONLINE.replace("W1", "W2"), "utf-8")
    assert len(feeds(tmp_path, FEEDS).refused) == 1
    (orders / "w2.csv").rename(orders / "online" / "w2.csv")
    assert [entry.status for entry in feeds(tmp_path, FEEDS).entries] == ["loaded"]
    assert [row for row, *_ in rows(tmp_path, "commerce.orders", "order_id")] == [
        *["A1", "L1", "W1", "W2"]
    ]


def test_equal_bytes_in_two_folders_are_not_read_in_turn_for_ever(tmp_path: Path) -> None:
    feeds(tmp_path, FEEDS)
    copy = tmp_path / "landing" / "commerce" / "orders" / "online" / "2024" / "none.csv"
    for place in (copy, copy.parents[1] / "none.csv", copy.parents[2] / "none.csv"):
        place.write_bytes(b"")
        assert {entry.status for entry in feeds(tmp_path, FEEDS).entries} == {"refused"}
        assert feeds(tmp_path, FEEDS).entries == ()


@pytest.mark.parametrize(
    ("folders", "sentence"),
    [
        ("{/online: {}}", "folders names '/online', which is no folder below that of the table"),
        ("{../x: {}}", "folders names '../x', which is no folder below that of the table"),
        ("{a: {}, a/: {}}", "folders names a folder twice; keep one"),
        ("{a: {folders: {}}}", "folders.a has the unknown key 'folders'; write one of cast, csv"),
        ("{a: {fill: {order_id: 1}}}", "folders.a.fill.order_id would give many rows the same key"),
        ("[a]", "folders is no mapping; write it as lines of `key: value`"),
    ],
)
def test_a_wrong_folder_is_a_sentence(folders: str, sentence: str) -> None:
    assert sentence in refusal(f"folders: {folders}")


def test_a_spreadsheet_is_told_how_to_be_handed_over(tmp_path: Path) -> None:
    (tmp_path / "landing" / "crm" / "members").mkdir(parents=True)
    for name in ("a.XLSX", "b.pdf"):
        (tmp_path / "landing" / "crm" / "members" / name).write_bytes(b"PK")
    summary = load(tmp_path / "landing", tmp_path / "lake", now=NOW)
    assert [one.message for one in summary.ignored] == [
        "It is a spreadsheet: save each of its sheets as CSV (UTF-8), and hand that over.",
        "The file name does not end in csv, parquet or jsonl, each also with .gz.",
    ]


def test_a_number_that_a_spreadsheet_shortened_is_told_as_that(tmp_path: Path) -> None:
    lines = MEMBERS.replace("138 1635 0472", "1.38E+10").replace("1988/3/5", "1988-15-5")
    shop(tmp_path, crm_members_csv=lines.encode("gbk"))
    reasons = rows(tmp_path, "rekindle.quarantine", "column_name, reason")
    assert [column for column, _ in reasons] == ["birthday", "phone"]
    hint = "A spreadsheet has shortened it: format the column as text before it is saved."
    assert [hint in reason for _, reason in reasons] == [False, True]
    assert "such as 13900001234 or 010-62345678. A spreadsheet" in reasons[1][1]


def test_a_day_before_its_month_is_told_how_to_be_declared(tmp_path: Path) -> None:
    shop(tmp_path, crm_members_csv=MEMBERS.replace("2026/1/5", "15/01/2026 10:00").encode("gbk"))
    ((column, reason),) = rows(tmp_path, "rekindle.quarantine", "column_name, reason")
    assert column == "updated_at", "which is filled from the time of registration"
    assert reason.startswith(
        "updated_at is '15/01/2026 10:00'; write a time such as 2025-03-01T10:00:00+08:00, of the "
        "years 1900 to 9999. Or say in brand.yml how it is written: cast: {updated_at: {format: "
        '"%d/%m/%Y %H:%M"}}.'
    )
