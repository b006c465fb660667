"""A brand of few people for the tests of privacy: whose records lie everywhere, in every format."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import polars as pl

from orchestration.loading.contract import Column, Table, load_contract
from tests.conftest import TOKEN_KEY

Row = Mapping[str, str]


def token_of(identifier: str) -> str:
    """The token of an identifier under the key of the tests."""
    return hmac.digest(TOKEN_KEY, identifier.encode(), hashlib.sha256).hex()[:32]


ANNA_PHONE = "13920470037"
ANNA_OLD_PHONE = "13920470074"
FAMILY_PHONE = "13920470111"
BEN_PHONE = "13920470148"
EVE_PHONE = "13920470185"

ANNA = (
    "M-ANNA-1", "M-ANNA-2", "CARD-ANNA", "UNION-ANNA", "OPEN-ANNA", "APP-ANNA", "WEB-ANNA",
    "BUYER-ANNA", "EXT-ANNA", ANNA_PHONE, f"+86{ANNA_PHONE}", ANNA_OLD_PHONE, "anna@shop.cn",
    "安娜王", "Anna Wang", "中山路99号", "1990-02-03", "DEVICE-ANNA", "allergic-anna",
    "call me anna-w", "ID-ANNA",
)  # fmt: skip
"""What tells of the person who asks to be erased, in the spellings that are delivered."""

CARL = ("M-CARL", "ID-CARL", "卡尔李")
"""The same of somebody who shares a phone with somebody else, who stays."""

EVE = ("M-EVE", EVE_PHONE, f"+86{EVE_PHONE}", "伊芙赵")
"""The same of a member of staff."""

STAY = ("M-DORA", "ID-DORA", FAMILY_PHONE, "M-BEN", BEN_PHONE)
"""What tells of people who did not ask."""

DECISIONS = (
    "valid_from,decision,left_record,right_record,decided_by,reason\n"
    "2025-02-01,link,crm.members:M-ANNA-2,app.users:APP-BEN,eve,the same voice\n"
    f"2025-02-01,separate,commerce.orders:card_no:{token_of('card_no:CARD-ANNA')},"
    "crm.members:M-DORA,eve,two signatures\n"
    "2025-02-02,separate,crm.members:M-BEN,crm.members:M-DORA,eve,two voices\n"
    f"2025-02-03,separate,crm.members:M-BEN,app.users:APP-BEN,eve,not {ANNA_PHONE}\n"
)
"""What somebody decided about them."""

ERASED = (*ANNA, *CARL, *EVE, "M-NOBODY")


HEADERLESS = "crm/members/no_header.csv"
"""A file whose first line is a member: it is refused, and nobody can search it."""


def odd_rows() -> Iterator[tuple[Table, str, dict[str, str], Mapping[str, str]]]:
    """For each table with personal columns a row that has a bad value in every one of them.

    Table, key, row, and the bad values by column, as a sentence would quote them.
    """
    numbers = count(1)
    for table in load_contract():
        bad = {one.name: _odd(one, next(numbers)) for one in table.columns if one.personal}
        if bad:
            key = f"ODD-{table.system}-{table.name}"
            row = {one.name: _sound(one, key) for one in table.columns if one.required}
            row |= bad | {str(one.key_type): "phone" for one in table.columns if one.key_type}
            quoted = {name: value.replace("\0", "") for name, value in bad.items()}
            yield table, key, row, quoted


def _odd(column: Column, number: int) -> str:
    match column.type:
        case "phone" | "buyer_key":
            return f"1390013{number:03}x"
        case "email":
            return f"zhang{number} at shop"
        case "date":
            return f"19{number}-13-45"
        case "number":
            return f"lat31.{number}"
        case _:
            return f"LEI-{number}\0"


def _sound(column: Column, key: str) -> str:
    match column.type:
        case "timestamp":
            return "2025-03-01T00:00:00Z"
        case "integer" | "money" | "number":
            return "1"
        case _:
            return column.codes[0] if column.codes else key


ODD = tuple(value for *_, quoted in odd_rows() for value in quoted.values())
"""What stands in personal columns and cannot be read."""


def write_odd(target: Path) -> None:
    """Write what the loader refuses: a bad value in every personal column, a file of no header."""
    for table, _, row, _ in odd_rows():
        folder = target / table.system / table.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "odd.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    members = target / "crm" / "members" / "members.csv"
    lines = members.read_text(encoding="utf-8").splitlines(keepends=True)
    (target / HEADERLESS).write_text("".join(lines[1:4]), encoding="utf-8")


def write_landing(target: Path) -> None:
    """Write the landing folder of the brand."""
    _write_csv(target, "crm/members", MEMBERS)
    broken = "M-ANNA-1,only three,fields\n安娜王,1990-02-03\n"
    with (target / "crm" / "members" / "members.csv").open("a", encoding="utf-8") as file:
        file.write(broken)
    for place, rows in CSV_TABLES.items():
        _write_csv(target, place, rows)
    for place, rows in JSON_TABLES.items():
        folder = target / place
        folder.mkdir(parents=True)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        lines += '{"broken": "APP-ANNA"\n' if place == "app/users" else ""
        with gzip.open(folder / "rows.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(lines)
    for place, rows in PARQUET_TABLES.items():
        (target / place).mkdir(parents=True)
        pl.DataFrame(list(rows)).write_parquet(target / place / "rows.parquet")


def _write_csv(target: Path, place: str, rows: Sequence[Row]) -> None:
    folder = target / place
    folder.mkdir(parents=True)
    header = list(dict.fromkeys(column for row in rows for column in row))
    with (folder / f"{folder.name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _member(member_no: str, name: str, phone: str, day: str = "2025-01-05", **more: str) -> Row:
    return {
        "member_no": member_no, "name": name, "phone": phone, "card_no": "", "unionid": "",
        "email": "", "birthday": "", "address": "", "city": "上海市", "gender": "female",
        "id_token": "", "referrer_member_no": "", "register_channel": "app",
        "registered_at": f"{day}T01:00:00Z", "updated_at": f"{day}T01:00:00Z",
    } | more  # fmt: skip


MEMBERS: tuple[Row, ...] = (
    _member("M-ANNA-1", "安娜王", ANNA_OLD_PHONE, card_no="CARD-ANNA", birthday="1990-02-03"),
    _member(
        "M-ANNA-1", "安娜王", ANNA_PHONE, updated_at="2025-02-01T01:00:00Z", card_no="CARD-ANNA",
        birthday="1990-02-03", address="上海市中山路99号", unionid="UNION-ANNA",
        id_token="ID-ANNA", email="anna@shop.cn",
    ),
    _member("M-ANNA-2", "Anna Wang", f"139-2047-{ANNA_PHONE[7:]}", "2024-12-01",
            register_channel="store"),
    _member("", "安娜王", ANNA_PHONE),
    _member("", "安娜王", "", birthday="1990-02-03"),
    _member("", "Anna Wang", "139****0037", address="上海市中山路99号"),
    _member("M-BEN", "本张", BEN_PHONE, referrer_member_no="M-ANNA-1"),
    _member("M-CARL", "卡尔李", FAMILY_PHONE, id_token="ID-CARL"),
    _member("M-DORA", "朵拉周", FAMILY_PHONE, "2025-01-07", id_token="ID-DORA"),
    _member("M-EVE", "伊芙赵", EVE_PHONE),
)  # fmt: skip


def _order(order_id: str, day: str, kind: str, key: str, amount: str, channel: str = "pos") -> Row:
    return {
        "order_id": order_id, "order_channel": channel, "buyer_key_type": kind, "buyer_key": key,
        "status": "paid", "ordered_at": f"{day}T02:00:00Z", "gross_amount": amount,
        "discount_amount": "0", "net_amount": amount, "updated_at": f"{day}T02:00:00Z",
    }  # fmt: skip


ORDERS: tuple[Row, ...] = (
    _order("O-1", "2025-01-06", "member_no", "M-ANNA-1", "100.50"),
    _order("O-2", "2025-01-20", "phone", ANNA_PHONE, "200"),
    _order("O-3", "2025-02-03", "card_no", "CARD-ANNA", "300"),
    _order("O-4", "2025-02-20", "openid", "OPEN-ANNA", "50", "mini_program"),
    _order("O-5", "2025-03-01", "buyer_id", "BUYER-ANNA", "75", "tmall"),
    _order("O-6", "2025-03-02", "phone", f"86 {ANNA_OLD_PHONE}", "20"),
    _order("O-7", "2025-01-08", "member_no", "M-BEN", "500"),
    _order("O-8", "2025-02-08", "phone", BEN_PHONE, "80"),
    _order("O-9", "2025-03-03", "member_no", "M-CARL", "60"),
    _order("O-10", "2025-03-04", "member_no", "M-DORA", "40"),
    _order("O-11", "2025-03-05", "phone", EVE_PHONE, "30"),
    _order("O-12", "2025-03-05", "none", "", "10"),
    _order("O-13", "2025-03-06", "web_user_id", "WEB-ANNA", "15", "website"),
)

CSV_TABLES: Mapping[str, Sequence[Row]] = {
    "crm/staff": (
        {"staff_id": "S-1", "member_no": "", "phone": EVE_PHONE,
         "updated_at": "2025-01-01T00:00:00Z"},
    ),
    "crm/member_attributes": (
        {"member_no": "M-ANNA-1", "attribute_code": "allergy", "value": "allergic-anna",
         "source": "form", "recorded_at": "2025-01-10T00:00:00Z"},
    ),
    "crm/consents": (
        {"member_no": "M-ANNA-1", "purpose": "marketing", "channel": "sms", "granted": "true",
         "policy_version": "v1", "changed_at": "2025-01-05T01:00:00Z"},
        {"member_no": "M-BEN", "purpose": "marketing", "channel": "sms", "granted": "true",
         "policy_version": "v1", "changed_at": "2025-01-05T01:00:00Z"},
    ),
    "crm/erasure_requests": (
        {"request_id": "R-1", "member_no": "M-ANNA-1", "requested_at": "2025-03-02T01:00:00Z"},
        {"request_id": "R-2", "member_no": "M-CARL", "requested_at": "2025-03-02T01:00:00Z"},
        {"request_id": "R-3", "member_no": "M-NOBODY", "requested_at": "2025-03-02T01:00:00Z"},
        {"request_id": "R-4", "member_no": "M-ANNA-2", "requested_at": "2025-03-03T01:00:00Z"},
        {"request_id": "R-5", "member_no": "M-EVE", "requested_at": "2025-03-03T01:00:00Z"},
    ),
    "commerce/orders": ORDERS,
    "website/users": (
        {"web_user_id": "WEB-ANNA", "email": "Anna@shop.cn", "created_at": "2025-01-03T00:00:00Z",
         "updated_at": "2025-01-03T00:00:00Z"},
    ),
    "service/surveys": (
        {"response_id": "Q-1", "member_no": "M-ANNA-1", "survey_kind": "nps", "score": "9",
         "comment": "call me anna-w", "responded_at": "2025-02-02T00:00:00Z"},
    ),
    "loyalty/points_transactions": (
        {"transaction_id": "T-1", "member_no": "M-ANNA-2", "points": "100", "reason": "purchase",
         "occurred_at": "2025-01-06T03:00:00Z"},
        {"transaction_id": "T-2", "member_no": "M-BEN", "points": "500", "reason": "purchase",
         "occurred_at": "2025-01-08T03:00:00Z"},
        {"transaction_id": "T-3", "member_no": "M-BEN", "points": "100", "reason": "referral",
         "reference_id": "M-ANNA-1", "occurred_at": "2025-01-08T04:00:00Z"},
    ),
}  # fmt: skip

JSON_TABLES: Mapping[str, Sequence[Row]] = {
    "app/users": (
        {"app_user_id": "APP-ANNA", "phone": f"+86 {ANNA_PHONE}", "device_id": "DEVICE-ANNA",
         "created_at": "2025-01-02T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z"},
        {"app_user_id": "APP-BEN", "phone": BEN_PHONE, "created_at": "2025-01-02T00:00:00Z",
         "updated_at": "2025-01-02T00:00:00Z"},
    ),
    "wecom/contacts": (
        {"external_userid": "EXT-ANNA", "unionid": "UNION-ANNA", "staff_id": "S-1",
         "added_at": "2025-01-09T00:00:00Z"},
    ),
    "commerce/carts": (
        {"cart_event_id": "C-1", "buyer_key_type": "buyer_id", "buyer_key": "BUYER-ANNA",
         "product_id": "P-1", "action": "add", "unit_price": "10",
         "occurred_at": "2025-03-01T00:00:00Z"},
    ),
}  # fmt: skip

PARQUET_TABLES: Mapping[str, Sequence[Row]] = {
    "mini_program/users": (
        {"openid": "OPEN-ANNA", "unionid": "UNION-ANNA", "nickname": "Anna Wang",
         "created_at": "2025-01-04T00:00:00Z", "updated_at": "2025-01-04T00:00:00Z"},
        {"openid": "OPEN-BEN", "unionid": "UNION-BEN", "nickname": "Ben",
         "created_at": "2025-01-04T00:00:00Z", "updated_at": "2025-01-04T00:00:00Z"},
    ),
    "mini_program/events": tuple(
        {"event_id": f"E-{number}", "openid": openid, "device_id": device, "event_type": "open",
         "occurred_at": f"2025-03-0{1 + number}T05:00:00Z"}
        for number, (openid, device) in enumerate(
            [("OPEN-ANNA", "DEVICE-ANNA"), ("OPEN-BEN", "DEVICE-BEN"),
             ("OPEN-ANNA", "DEVICE-ANNA"), ("OPEN-ANNA", "DEVICE-ANNA")]
        )
    ),
    "marketplace/buyers": (
        {"platform": "tmall", "buyer_id": "BUYER-ANNA", "phone": ANNA_PHONE,
         "receiver_name": "安娜王", "receiver_address": "上海市中山路99号",
         "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z"},
    ),
}  # fmt: skip
