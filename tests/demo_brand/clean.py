"""The demo brand's landing folder as the oracles read it: Parquet and CSV with the contract's
names, without the rows that are broken."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from orchestration.demo_brand.settings import LAST_DATE, ZONE
from orchestration.demo_brand.writing import CSV_TABLES
from tests.demo_brand.reading import contract_tables
from tests.oracles.compare import KEY_OF_RECORD
from tests.oracles.landing import TABLES, Landing, read_landing


def read_clean(landing: Path, folder: Path) -> Landing:
    """Read a demo brand's landing folder by way of a copy without its formats, headers and faults.

    What is broken is found by the contract's rules, not by what the generator says.
    """
    shutil.copytree(landing, folder)
    for file in folder.rglob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        name = ".".join(file.relative_to(folder).parts[:2])
        columns = TABLES.get(name)
        if columns is not None:
            needed = [key for key, kind in contract_of(name).items() if kind.get("required")]
            wanted = list(dict.fromkeys([*columns.columns, *needed, "phone"]))
            pl.DataFrame(
                {name: [as_text(row.get(name)) for row in rows] for name in wanted},
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
    for name in TABLES:
        for file in sorted(folder.joinpath(*name.split(".")).rglob("*.*")):
            if file.suffix in {".csv", ".parquet"}:
                drop_broken(file, name)
    return read_landing(folder, naive_zone=ZONE)


def as_text(value: Any) -> str | None:
    """A value of a JSON line as CSV has it."""
    return None if value is None else str(value)


def with_tenures(connection: duckdb.DuckDBPyConnection, landing: Landing) -> Landing:
    """The same, where a number that two people held in turn is two keys: `<number>@<one_id>`."""
    persons = pl.DataFrame(
        connection.execute(
            "select order_id, one_id from core.fct_orders where one_id is not null"
        ).fetchall(),
        schema={"order_id": pl.String, "one_id": pl.String},
        orient="row",
    )
    orders = landing.tables["commerce.orders"].join(
        persons, on="order_id", how="left", maintain_order="left"
    )
    held_in_turn = (
        orders.filter((pl.col("buyer_key_type") == "phone") & pl.col("one_id").is_not_null())
        .group_by("buyer_key")
        .agg(pl.col("one_id").n_unique().alias("persons"))
        .filter(pl.col("persons") > 1)["buyer_key"]
    )
    key = pl.col("buyer_key")
    apart = (
        pl.when(key.is_in(held_in_turn.to_list()) & pl.col("one_id").is_not_null())
        .then(key + "@" + pl.col("one_id"))
        .otherwise(key)
        .alias("buyer_key")
    )
    return landing.with_table("commerce.orders", orders.with_columns(apart).drop("one_id"))


def contract_of(name: str) -> dict[str, dict[str, Any]]:
    """The columns of a table by the contract."""
    system, table = name.split(".")
    columns: dict[str, dict[str, Any]] = contract_tables(system)[table]["columns"]
    return columns


def drop_broken(file: Path, name: str) -> None:
    """Take rows out of a Parquet or CSV file that belong into quarantine by the contract."""
    is_text = file.suffix == ".csv"
    frame = (
        pl.read_csv(file, infer_schema=False)
        if is_text
        else pl.read_parquet(file, hive_partitioning=False)
    )
    sound = pl.lit(value=True)
    for column, kind in contract_of(name).items():
        if not kind.get("required") or column not in frame.columns:
            continue
        value = pl.col(column)
        sound &= value.is_not_null()
        if kind["type"] == "timestamp" and is_text:
            has_zone = name not in CSV_TABLES
            texts = [text for text in frame[column].unique() if is_moment(text, has_zone)]
            sound &= value.is_in(texts)
        elif kind["type"] == "timestamp":
            sound &= value.dt.year().is_between(1900, LAST_DATE.year)
        elif kind["type"] == "money" or "min" in kind:
            sound &= value.cast(pl.Float64) >= 0
        if kind.get("unknown") == "quarantine":
            sound &= value.is_in(kind["codes"])
    kept = frame.filter(sound)
    if kept.height < frame.height:
        if is_text:
            kept.write_csv(file)
        else:
            kept.write_parquet(file)


def is_moment(text: str | None, has_zone: bool) -> bool:
    """Whether a text is a time, with a zone where it has to have one."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return False
    return not has_zone or moment.tzinfo is not None


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
    found |= dict(typed)
    found |= {f"{key}@{one_id}": one_id for key, one_id in typed}
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
