"""The demo brand's landing folder as the oracles read it: Parquet and CSV with the contract's
names."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import duckdb
import polars as pl

from orchestration.demo_brand.settings import ZONE
from orchestration.demo_brand.writing import CSV_TABLES
from tests.oracles.compare import KEY_OF_RECORD
from tests.oracles.landing import TABLES, Landing, read_landing


def read_clean(landing: Path, folder: Path) -> Landing:
    """Read a demo brand's landing folder by way of a copy without its formats and headers."""
    shutil.copytree(landing, folder)
    for file in folder.rglob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        columns = TABLES.get(".".join(file.relative_to(folder).parts[:2]))
        if columns is not None:
            wanted = [*columns.columns, "phone"]
            pl.DataFrame(
                {name: [row.get(name) for row in rows] for name in wanted},
                schema=dict.fromkeys(wanted, pl.String),
            ).write_csv(file.with_suffix(".csv"))
    for name, headers in CSV_TABLES.items():
        meant = {header: column for column, header in headers.items()}
        for file in folder.joinpath(*name.split(".")).rglob("*.csv"):
            with file.open(encoding="utf-8", newline="") as lines:
                first, *others = csv.reader(lines)
            with file.open("w", encoding="utf-8", newline="") as lines:
                csv.writer(lines).writerows([[meant.get(column, column) for column in first]])
                csv.writer(lines).writerows(others)
    return read_landing(folder, naive_zone=ZONE)


def persons_of(connection: duckdb.DuckDBPyConnection, landing: Path) -> dict[str, str]:
    """Who each key is, as the warehouse has it: key as the oracles write it -> one_id.

    Phones and cards are found by the orders that they were typed for, phones of staff by the
    accounts that hold them. `landing`: the clean copy.
    """
    records = connection.execute(
        "select source_system, source_table, source_key, one_id from identity.oneid_map"
    ).fetchall()
    found = {
        f"{KEY_OF_RECORD[system, table]}:{key}": one_id
        for system, table, key, one_id in records
        if (system, table) in KEY_OF_RECORD
    }
    typed = connection.execute(
        "select distinct buyer_key_type || ':' || buyer_key, one_id"
        f" from read_parquet('{landing}/commerce/orders/**/*.parquet', hive_partitioning = false)"
        " inner join core.fct_orders using (order_id)"
        " where buyer_key_type in ('phone', 'card_no') and one_id is not null"
    ).fetchall()
    assert len(typed) == len({key for key, _ in typed})
    found |= dict(typed)
    digits = "right(regexp_replace(cast(phone as text), '[^0-9]', '', 'g'), 11)"
    csv = "all_varchar = true, hive_partitioning = false"
    for system, name, table, key in (
        ("crm", "members", f"read_csv('{landing}/crm/members/**/*.csv', {csv})", "member_no"),
        ("mini_program", "users", "", "openid"),
        ("app", "users", "", "app_user_id"),
        ("website", "users", "", "web_user_id"),
        ("marketplace", "buyers", "", "platform || ':' || buyer_id"),
        ("wecom", "contacts", "", "external_userid"),
    ):
        kind = KEY_OF_RECORD[system, name]
        if system == "wecom":
            table = f"read_csv('{landing}/wecom/contacts/**/*.csv', {csv})"
        table = table or f"read_parquet('{landing}/{system}/{name}/**/*.parquet')"
        for phone, holder in connection.execute(
            f"select {digits}, {key} from {table} where {digits} in (select {digits} from"
            f" read_csv('{landing}/crm/staff/**/*.csv', {csv}))"
        ).fetchall():
            found[f"phone:{phone}"] = found[f"{kind}:{holder}"]
    return found
