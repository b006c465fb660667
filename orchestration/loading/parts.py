"""From staged rows to the parts of the lake: the last projection, and writing it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.loading.contract import GENDERS, Column, Table
from orchestration.loading.lake import sql_text
from orchestration.loading.ledger import Counts
from orchestration.loading.reading import Reading
from orchestration.loading.standardising import (
    latin_name,
    normalised_text,
    phone_status,
    phone_value,
)

# Parquet writers number the values of a column until there are too many of them. Keys and hashes
# always have, so giving up early saves a quarter of the writing and costs a hundredth of the size.
# The encodings of the format's second version save another quarter, and a third of the reading.
_DICTIONARY_VALUES = 5_000


def lake_query(reading: Reading, sequence: int, condition: str) -> str:
    """The rows of the lake that `staged` becomes where `condition` holds."""
    columns = reading.table.columns
    values, joins = [], []
    for column in columns:
        values += _values(column, reading)
        joins.append(_join(column))
    # Tokens of phones need the standardised phone, hence the second step.
    names = ", ".join(name for name, _ in reading.table.lake_columns())
    firsts = ", ".join(f"{sql} AS {name}" for name, sql in values)
    tokens = ", ".join(
        f"CASE WHEN {column.name} IS NOT NULL "
        f"THEN token_of('{column.identifier or column.type}:' || {column.name}) END "
        f"AS {column.name}_token"
        for column in columns
        if column.has_token and column.type != "buyer_key"
    )
    return (
        f"SELECT {names} FROM (SELECT *{', ' + tokens if tokens else ''}, "
        f"CAST({sequence} AS BIGINT) AS _load_sequence FROM (SELECT {firsts}, "
        f"staged._content_hash AS _content_hash FROM staged {' '.join(joins)} "
        f"WHERE {condition}))"
    )


def write_part(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    sequence: int,
    file: int,
    counts: Counts,
    target: Path,
) -> None:
    """Write the new rows of one file of the batch, whose counts these are, to a part."""
    condition = f"staged._file = {file}"
    for left_out, rows in (
        ("rejected", counts.rows_quarantined),
        ("unchanged", counts.rows_unchanged),
    ):
        if rows:
            condition += f" AND staged.rowid NOT IN (SELECT row FROM {left_out})"
    connection.execute(
        f"COPY ({lake_query(reading, sequence, condition)}) TO {sql_text(str(target))} "
        f"(FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT {_DICTIONARY_VALUES})"
    )


def count_unknown_codes(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> list[tuple[int, str, str, int]]:
    """(file, column, code, rows) of codes outside the contract in rows that are kept."""
    found: list[tuple[int, str, str, int]] = []
    for column in table.columns:
        codes = GENDERS if column.type == "gender" else column.codes
        if not codes or column.unknown_code_rejects:
            continue
        known = ", ".join(sql_text(code) for code in codes)
        rows = connection.execute(
            f"""SELECT _file, {column.name}, count(*) FROM staged
            WHERE {column.name} NOT IN ({known})
                AND staged.rowid NOT IN (SELECT row FROM rejected)
            GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
        found += [(file, column.name, code, count) for file, code, count in rows]
    return found


def _values(column: Column, reading: Reading) -> list[tuple[str, str]]:
    name, raw = column.name, f"staged.{column.name}"
    if column.type == "phone":
        return [
            (name, phone_value(raw, f"phone_{name}", reading)),
            (f"{name}_raw", raw),
            (f"{name}_status", phone_status(raw, f"phone_{name}", reading)),
        ]
    if column.type == "email":
        return [(name, raw), (f"{name}_status", f"staged.{name}_status")]
    if column.type == "name":
        return [
            (name, raw),
            (f"{name}_normalised", normalised_text(raw, f"text_{name}")),
            (f"{name}_latin", latin_name(raw, f"text_{name}")),
        ]
    if column.type == "address":
        return [(name, raw), (f"{name}_normalised", normalised_text(raw, f"text_{name}"))]
    if column.type == "buyer_key":
        source = f"buyer_{name}"
        return [
            (name, f"{source}.value"),
            (f"{name}_status", f"{source}.status"),
            (f"{name}_token", f"{source}.token"),
        ]
    if column.type == "gender":
        known = ", ".join(sql_text(code) for code in GENDERS)
        return [(name, f"CASE WHEN {raw} NOT IN ({known}) THEN 'other' ELSE {raw} END")]
    return [(name, raw)]


def _join(column: Column) -> str:
    raw = f"staged.{column.name}"
    if column.type == "phone":
        return f"LEFT JOIN phone_map AS phone_{column.name} ON phone_{column.name}.raw = {raw}"
    if column.type in {"name", "address"}:
        return f"LEFT JOIN text_map AS text_{column.name} ON text_{column.name}.raw = {raw}"
    if column.type == "buyer_key":
        alias = f"buyer_{column.name}"
        return (
            f"LEFT JOIN buyer_map AS {alias} ON {alias}.raw = {raw} "
            f"AND {alias}.key_type = staged.{column.key_type}"
        )
    return ""
