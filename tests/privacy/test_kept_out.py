"""What the loader makes of deliveries that name erased persons, case by case, without a build."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.loading.connection import connect
from orchestration.loading.contract import load_contract
from orchestration.loading.erased_rows import person_keys, with_tokens
from orchestration.loading.errors import LoadError
from orchestration.loading.lake import Lake
from orchestration.loading.load import load
from orchestration.loading.register import Erasure, Register, Tombstone
from orchestration.loading.summary import LoadSummary
from orchestration.loading.tokens import TOMBSTONE_KEY_VARIABLE, token_key_id
from orchestration.privacy.plan import pending_requests, plan_erasure
from tests.conftest import TOKEN_KEY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = "13920470037"
OTHER_PHONE = "13920470074"
BEGUN, ENDED, ERASED = (
    datetime.fromisoformat(day) for day in ("2025-02-01", "2025-03-01", "2025-06-01")
)
TOMBSTONES = [
    Tombstone("record", "crm.members:M-1", "erased-1", "r1"),
    Tombstone("record", "app.users:A-1", "erased-2", "r1"),
    Tombstone("phone", f"+86{PHONE}", "erased-3", "r1", BEGUN, ENDED),
    Tombstone("identifier", f"phone:+86{PHONE}", "erased-1", "r1", until_at=ERASED),
    Tombstone("word", "m-1", "erased-1", "r1"),
    Tombstone("word", PHONE, "erased-1", "r1"),
]

Deliver = Callable[[str, str], LoadSummary]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Hand over a CSV file of a table (`<system>/<table>`) to a lake that erased somebody."""
    lake = Lake(tmp_path / "lake")
    lake.folder.mkdir()
    lake.prepare()
    with (
        closing(connect(lake, TOKEN_KEY, None, 1)) as connection,
        closing(Register(lake.register_file)) as register,
    ):
        register.plan(
            token_key_id(TOKEN_KEY),
            [Erasure("R", "r1", None)],
            with_tokens(connection, TOMBSTONES),
            {"crm.members:erased-1": "r1", "app.users:erased-2": "r1"},
        )

    def hand_over(table: str, text: str) -> LoadSummary:
        folder = tmp_path / "landing" / table
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.iterdir()))
        (folder / f"{number}.csv").write_text(text, encoding="utf-8")
        return load(tmp_path / "landing", lake.folder, now=NOW, token_key=TOKEN_KEY, progress=False)

    return hand_over


def rows(folder: Path, table: str, columns: str) -> list[Any]:
    """Rows of a table of the lake, in order."""
    files = folder / "lake" / "raw" / table / "*.parquet"
    return duckdb.execute(f"SELECT {columns} FROM read_parquet('{files}') ORDER BY ALL").fetchall()


ORDERS = (
    "order_id,order_channel,buyer_key_type,buyer_key,status,ordered_at,gross_amount,"
    "discount_amount,net_amount,updated_at\n"
)


def order(order_id: str, key_type: str, key: str, day: str) -> str:
    """A paid order of 10."""
    at = f"{day}T00:00:00Z"
    return f"{order_id},pos,{key_type},{key},paid,{at},10,0,10,{at}\n"


def test_a_phone_names_the_person_while_it_was_the_persons(
    tmp_path: Path, deliver: Deliver
) -> None:
    deliver(
        "commerce/orders",
        ORDERS
        + order("before", "phone", PHONE, "2025-01-31")
        + order("first", "phone", f"+86 {PHONE}", "2025-02-01")
        + order("last", "phone", PHONE, "2025-02-28")
        + order("after", "phone", PHONE, "2025-03-01"),
    )
    found = rows(tmp_path, "commerce/orders", "order_id, buyer_key_type, buyer_key, net_amount")
    assert [row[:3] for row in found] == [
        ("after", "phone", f"+86{PHONE}"),
        ("before", "phone", f"+86{PHONE}"),
        ("first", "member_no", "erased-3"),
        ("last", "member_no", "erased-3"),
    ]
    assert sum(amount for *_, amount in found) == 40


def test_a_request_of_an_erased_person_names_nobody(tmp_path: Path, deliver: Deliver) -> None:
    text = (
        "request_id,member_no,requested_at\n"
        "R-1,M-1,2025-01-01T00:00:00Z\nR-2,M-2,2025-01-01T00:00:00Z\n"
    )
    assert deliver("crm/erasure_requests", text).rows_loaded == 2
    found = rows(tmp_path, "crm/erasure_requests", "request_id, member_no")
    assert found == [("R-1", "erased"), ("R-2", "M-2")]
    again = deliver("crm/erasure_requests", text + "\n")
    assert (again.rows_loaded, again.rows_unchanged) == (0, 2)


def test_asking_again_is_done_without_anybody(tmp_path: Path, deliver: Deliver) -> None:
    """Who was erased may ask again: the request is carried out, and nothing stands for it."""
    deliver(
        "crm/erasure_requests",
        "request_id,member_no,requested_at\nR-9,M-1,2025-01-01T00:00:00Z\n",
    )
    build_file = tmp_path / "build.duckdb"
    tenure = "identifier_token TEXT, tenure INT, begins_at TIMESTAMP, ends_at TIMESTAMP"
    with duckdb.connect(str(build_file)) as build:
        build.execute("CREATE SCHEMA intermediate; USE intermediate")
        for table, columns in (
            ("int_identity__record_persons", "source_record_key TEXT, one_id TEXT"),
            ("int_identity__assignments", "source_record_key TEXT, one_id TEXT"),
            ("int_identity__identifier_tenures", f"identifier_type TEXT, {tenure}"),
        ):
            build.execute(f"CREATE TABLE {table} ({columns})")
    lake = Lake(tmp_path / "lake")
    with closing(connect(lake, TOKEN_KEY, None, 1)) as connection:
        requests = pending_requests(connection, lake, [])
        plan = plan_erasure(connection, lake, build_file, requests, {}, NOW)
    assert [one.request_id for one in plan.erasures] == ["R-9"]
    assert plan.erasures[0].one_id not in {"", "r1"}
    assert (plan.tombstones, dict(plan.records)) == ((), {})


def test_a_delivery_is_stripped_and_then_unchanged(tmp_path: Path, deliver: Deliver) -> None:
    text = (
        "member_no,name,phone,birthday,city,registered_at,updated_at\n"
        f"M-1,王安娜,{PHONE},1990-01-01,上海,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z\n"
    )
    first = deliver("crm/members", text)
    again = deliver("crm/members", text + "\n")
    assert (first.rows_loaded, again.rows_loaded, again.rows_unchanged) == (1, 0, 1)
    assert first.warnings == (
        "crm/members/0.csv: 1 rows are of persons who were erased, and say so no more.",
    )
    assert rows(
        tmp_path,
        "crm/members",
        "member_no, name, name_latin, phone, phone_raw, phone_token, phone_status, birthday, city, "
        "CAST(registered_at AS DATE)::VARCHAR",
    ) == [("erased-1", *[None] * 8, "2025-01-01")]


def test_who_referred_somebody_is_erased_alone(tmp_path: Path, deliver: Deliver) -> None:
    deliver(
        "crm/members",
        "member_no,name,phone,referrer_member_no,updated_at\n"
        f"M-2,本,{OTHER_PHONE},M-1,2025-01-02T00:00:00Z\n",
    )
    columns = "member_no, name, phone, referrer_member_no"
    assert rows(tmp_path, "crm/members", columns) == [
        ("M-2", "本", f"+86{OTHER_PHONE}", "erased-1")
    ]


def test_points_for_a_referral_name_nobody_erased(tmp_path: Path, deliver: Deliver) -> None:
    deliver(
        "loyalty/points_transactions",
        "transaction_id,member_no,points,reason,reference_id,occurred_at\n"
        "T-1,M-2,100,referral,M-1,2025-01-02T00:00:00Z\n"
        "T-2,M-2,10,task,TASK-1,2025-01-02T00:00:00Z\n"
        "T-3,M-1,10,task,TASK-1,2025-01-02T00:00:00Z\n",
    )
    columns = "transaction_id, member_no, reference_id"
    assert sorted(rows(tmp_path, "loyalty/points_transactions", columns)) == [
        ("T-1", "M-2", "erased-1"),
        ("T-2", "M-2", "TASK-1"),
        ("T-3", "erased-1", "TASK-1"),
    ]


def test_an_unknown_record_is_kept_out_if_it_was_there_before(
    tmp_path: Path, deliver: Deliver
) -> None:
    summary = deliver(
        "app/users",
        "app_user_id,phone,created_at,updated_at\n"
        f"A-2,{PHONE},2025-06-01T00:00:00Z,2025-07-01T00:00:00Z\n"
        f"A-3,{PHONE},2025-06-01T00:00:01Z,2025-07-01T00:00:00Z\n",
    )
    assert (summary.rows_loaded, summary.rows_quarantined) == (1, 1)
    assert rows(tmp_path, "app/users", "app_user_id") == [("A-3",)]
    columns = "reason_code, line_number, raw_record, column_name"
    assert rows(tmp_path, "rekindle/quarantine", columns) == [("erased", 2, None, None)]


def test_rejected_rows_tell_nothing(tmp_path: Path, deliver: Deliver) -> None:
    summary = deliver(
        "crm/members",
        "member_no,name,phone,birthday,updated_at\n"
        f"M-1,王安娜,{PHONE},1990-13-45,never\n"
        f",王安娜,{PHONE},1990-01-01,2025-01-02T00:00:00Z\n"
        "M-1,too few\n"
        f"M-9,本,{OTHER_PHONE},1990-13-45,2025-01-02T00:00:00Z\n",
    )
    assert summary.rows_read == summary.rows_loaded + summary.rows_quarantined == 4
    found = rows(
        tmp_path, "rekindle/quarantine", "line_number, reason_code, column_name, reason, raw_record"
    )
    assert [row[:3] for row in found] == [
        (2, "invalid_value", "updated_at"),
        (3, "missing_required", "member_no"),
        (4, "malformed_row", None),
        (5, "optional_value", "birthday"),
    ]
    told = " ".join(str(text) for row in found[:3] for text in row[3:])
    assert not any(word in told for word in ("王安娜", PHONE, "1990", "M-1"))
    assert found[3][3].startswith("birthday is 8 digits and 2 signs; write a date such as ")
    assert "M-9" in found[3][4]


def test_with_another_key_nothing_is_loaded(
    tmp_path: Path, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("commerce/orders", ORDERS + order("o", "none", "", "2025-01-01"))
    with pytest.raises(LoadError, match="would come back"):
        load(tmp_path / "landing", tmp_path / "lake", now=NOW, token_key=b"new", progress=False)
    monkeypatch.setenv(TOMBSTONE_KEY_VARIABLE, TOKEN_KEY.decode())
    text = ORDERS + order("p", "member_no", "M-1", "2025-01-01")
    (tmp_path / "landing" / "commerce" / "orders" / "9.csv").write_text(text, encoding="utf-8")
    load(tmp_path / "landing", tmp_path / "lake", now=NOW, token_key=b"new", progress=False)
    assert ("erased-1",) in rows(tmp_path, "commerce/orders", "buyer_key")


def test_every_column_that_names_a_person_is_known_to_erasures() -> None:
    names = ("member_no", "openid", "app_user_id", "web_user_id", "external_userid")
    naming = [
        (table, column.name)
        for table in load_contract()
        for column in table.columns
        if column.name.endswith(names) or column.type == "buyer_key"
    ]
    assert len(naming) > 30
    for table, column in naming:
        assert column in {key.column for key in person_keys(table)}, f"{table.full_name}.{column}"
