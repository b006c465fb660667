"""What the demo brand with few members lacks, so that no model is compared without rows: records,
decisions and policies of identity, and corrections of every table that Spark cuts by month."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.adapters.landing_files import sql_text
from orchestration.demo_brand.settings import LAST_DATE
from orchestration.loading.lake import Lake
from orchestration.loading.register import Erasure, Register
from orchestration.loading.tokens import token_key_id
from orchestration.workspace import PROJECT

MEMBER_COLUMNS = ("member_no", "name", "phone", "email", "id_token", "registered_at", "updated_at")
PLANTED_AT = "2024-03-01 10:00:00"

ONE_NUMBER = "13655550001"
SHARED_EMAIL = "front-desk@shop.example"

MEMBERS: Sequence[Sequence[str]] = (
    # Two who hold one phone and are two by their tokens; a third who is of neither.
    ("P1", "赵一", ONE_NUMBER, "", "token-1", PLANTED_AT, PLANTED_AT),
    ("P2", "钱二", ONE_NUMBER, "", "token-2", PLANTED_AT, PLANTED_AT),
    ("P3", "", ONE_NUMBER, "", "", PLANTED_AT, PLANTED_AT),
    # Two whom somebody joins, two who share a phone and whom somebody parts.
    ("P4", "孙三", "13655550004", "", "", PLANTED_AT, PLANTED_AT),
    ("P5", "孙叁", "13655550005", "", "", PLANTED_AT, PLANTED_AT),
    ("P6", "李四", "13655550006", "", "", PLANTED_AT, PLANTED_AT),
    ("P7", "周五", "13655550006", "", "", PLANTED_AT, PLANTED_AT),
    # One whose token was corrected.
    ("P8", "吴六", "13655550008", "", "token-8", PLANTED_AT, PLANTED_AT),
    ("P8", "吴六", "13655550008", "", "token-9", PLANTED_AT, "2024-03-02 10:00:00"),
    # More than may hold one address.
    *((f"P{n}", "", "", SHARED_EMAIL, "", PLANTED_AT, PLANTED_AT) for n in range(10, 22)),
)

APP_COLUMNS = ("app_user_id", "device_id", "created_at", "updated_at")
FAMILY_DEVICE, SHOP_DEVICE = "PLANTED-1", "PLANTED-2"
# No zone is declared for this table, so its times have one.
MADE_AT, SEEN_AT = "2024-03-01T10:00:00+08:00", "2025-03-01T10:00:00+08:00"
ACCOUNTS: Sequence[Sequence[str]] = (
    # Two on one device of whom nothing else is known; more than may be on another.
    *((f"PA{n}", FAMILY_DEVICE, MADE_AT, SEEN_AT) for n in range(2)),
    *((f"PA{n}", SHOP_DEVICE, MADE_AT, SEEN_AT) for n in range(2, 7)),
)

FAVOURITES = f"""
    select 'phone' as buyer_key_type, '{ONE_NUMBER}' as buyer_key, 'P0001' as product_id,
        'add' as action, timestamptz '{PLANTED_AT}+08' as occurred_at
"""

POLICIES: Mapping[str, Sequence[Sequence[str]]] = {
    "identity_decisions.csv": (
        ("1900-01-01", "link", "crm.members:P4", "crm.members:P5", "operator", "One family name"),
        ("1900-01-01", "separate", "crm.members:P6", "crm.members:P7", "operator", "Two at a desk"),
    ),
    "identifier_pairs.csv": (("1900-01-01", "email", "app", "website", "false"),),
}
"""Policy file -> rows that are added to it."""

DATED = {
    "mini_program/events": ("event_id", "occurred_at", "null as keyword"),
    "app/events": ("event_id", "occurred_at", "null as keyword"),
    "website/events": ("event_id", "occurred_at", "null as utm_campaign"),
    "loyalty/points_transactions": ("transaction_id", "occurred_at", "points + 1 as points"),
    "commerce/carts": ("cart_event_id", "occurred_at", "unit_price + 1 as unit_price"),
    "commerce/orders": ("order_id", "ordered_at", "'cancelled' as status"),
}
"""Table whose rows Spark cuts by month -> its key, what dates it, and a changed value. Lines of
orders are corrected beside these: they are dated by their version, and some by none."""

CORRECTED_AT = f"timestamptz '{LAST_DATE} 09:00:00+08'"


def planted_project(folder: Path) -> Path:
    """The project with the planted rows of policy."""
    folder.mkdir(parents=True)
    for name in ("models", "macros", "snapshots", "tests", "dbt_project.yml", "profiles.yml"):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "seeds", folder / "seeds")
    for name, rows in POLICIES.items():
        _write_rows(folder / "seeds" / "policy" / name, rows, mode="a")
    return folder


def plant_records(landing: Path) -> None:
    """Records beside those of the brand's first delivery."""
    _write_rows(landing / "crm" / "members" / "planted.csv", [MEMBER_COLUMNS, *MEMBERS])
    _write_rows(landing / "app" / "users" / "planted.csv", [APP_COLUMNS, *ACCOUNTS])
    with duckdb.connect() as connection:
        target = landing / "catalog" / "favourites" / "planted.parquet"
        connection.execute(f"copy ({FAVOURITES}) to {sql_text(target)}")


def plant_erasure(lake: Path, token_key: bytes) -> None:
    """Somebody who was erased before the first load, and what stands for a record of his."""
    asked = datetime(2024, 3, 1, tzinfo=UTC)
    lake.mkdir(parents=True)
    register = Register(Lake(lake).register_file)
    register.plan(
        token_key_id(token_key),
        [Erasure("P-ER", "erased-person", asked)],
        [],
        {"crm.members:erased-record": "erased-person"},
    )
    register.complete(asked, 1, is_everything=True)
    register.note_published(True)
    register.close()


def plant_corrections(landing: Path) -> None:
    """Corrections beside the brand's second delivery: in each table rows whose value changed, rows
    that moved to another month, and a first month from which all rows moved; lines of orders that
    had no date and have one now."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Shanghai'")
        for table, (key, dated, value) in DATED.items():
            version = f", {CORRECTED_AT} as updated_at" if table == "commerce/orders" else ""
            first = f"(select min(date_trunc('month', {dated})) from before)"
            corrections = f"""
                with before as (from {_first_delivery(landing, table)})
                select * replace ({dated} + interval 1 month as {dated}{version}) from before
                where date_trunc('month', {dated}) = {first}
                    or hash({key}) % 31 = 0 and {dated} < {CORRECTED_AT} - interval 2 months
                union all by name
                select * replace ({dated} + interval 1 second as {dated}, {value}{version})
                from before where date_trunc('month', {dated}) > {first} and hash({key}) % 31 = 1
            """
            _copy(connection, corrections, landing / table)
        lines = f"""
            select * replace (quantity + 1 as quantity, {CORRECTED_AT} as updated_at)
            from {_first_delivery(landing, "commerce/order_lines")}
            where updated_at is null and hash(order_id) % 7 = 0
                or date_trunc('month', updated_at) = (
                    select min(date_trunc('month', updated_at))
                    from {_first_delivery(landing, "commerce/order_lines")}
                )
        """
        _copy(connection, lines, landing / "commerce" / "order_lines")


def _first_delivery(landing: Path, table: str) -> str:
    return f"read_parquet({sql_text(landing / table / 'part*.parquet')})"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    connection.execute(f"copy ({query}) to {sql_text(folder / 'corrections.parquet')}")


def _write_rows(path: Path, rows: Iterable[Sequence[str]], mode: str = "w") -> None:
    with path.open(mode, encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
