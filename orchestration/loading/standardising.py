"""Standardised phones, names, addresses and buyer keys of the staged rows, by distinct value.

Plain Chinese mobiles and ASCII texts never leave SQL; what is left goes through Python once per
distinct value, in pages, and comes back as the tables
    phone_map (raw, value, status)         text_map (raw, normalised, latin)
    buyer_map (key_type, raw, value, status, token)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.loading.contract import Column, Table
from orchestration.loading.names import latin_form, normalise_name
from orchestration.loading.phones import (
    DIGIT_RUN,
    REPEATED_DIGIT,
    USABLE,
    mobile_tails,
    standardise_phone,
)
from orchestration.loading.reading import Reading
from orchestration.loading.typing_sql import PLAIN_MOBILE

_PAGE = 50_000


def standardise(
    connection: duckdb.DuckDBPyConnection, reading: Reading, *, of_keys_alone: bool = False
) -> None:
    """Make the maps that the columns of this table need; without names and addresses if asked."""
    table = reading.table
    raw_phones = [
        f"SELECT {column.name} AS raw FROM staged "
        f"WHERE {_of_phone_type(column)} NOT {_is_plain(column.name, reading)}"
        for column in table.columns
        if column.type in {"phone", "buyer_key"}
    ]
    if raw_phones:
        region = reading.phone_region
        _map_values(
            connection,
            "phone_map",
            raw_phones,
            ("value", "status"),
            lambda raw: standardise_phone(raw, region),
        )
    raw_texts = [
        f"SELECT {name} AS raw FROM staged WHERE strlen({name}) <> length({name})"
        for name in (*_columns_of(table, "name"), *_columns_of(table, "address"))
    ]
    if raw_texts and not of_keys_alone:
        _map_values(connection, "text_map", raw_texts, ("normalised", "latin"), _compared)
    for column in table.columns:
        if column.type == "buyer_key":
            _map_buyers(connection, column, reading)


def phone_value(raw: str, phone_map: str, reading: Reading) -> str:
    """SQL for the E.164 form, null where the number is not usable."""
    dummy = f"{_tail(raw)} IN {_texts(sum(mobile_tails(), ()))}"
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL WHEN {_is_plain(raw, reading)} "
        f"THEN CASE WHEN NOT {dummy} THEN '+86' || {raw} END ELSE {phone_map}.value END"
    )


def phone_status(raw: str, phone_map: str, reading: Reading) -> str:
    """SQL for the status of a number, null where there is none."""
    repeated, runs = mobile_tails()
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL WHEN {_is_plain(raw, reading)} "
        f"THEN CASE WHEN {_tail(raw)} IN {_texts(repeated)} THEN '{REPEATED_DIGIT}' "
        f"WHEN {_tail(raw)} IN {_texts(runs)} THEN '{DIGIT_RUN}' ELSE '{USABLE}' END "
        f"ELSE {phone_map}.status END"
    )


def normalised_text(raw: str, text_map: str) -> str:
    """SQL for the form in which names and addresses are compared."""
    ascii_form = f"lower(regexp_replace({raw}, '\\s+', ' ', 'g'))"
    return (
        f"CASE WHEN strlen({raw}) = length({raw}) THEN {ascii_form} ELSE {text_map}.normalised END"
    )


def latin_name(raw: str, text_map: str) -> str:
    """SQL for a name in Latin letters, null where it has none."""
    ascii_form = (
        f"nullif(trim(regexp_replace(regexp_replace(regexp_replace(lower({raw}), "
        f"'^(mr|mrs|ms|miss|dr)[. ]+', ''), '[''`.]', '', 'g'), '[^a-z0-9]+', ' ', 'g')), '')"
    )
    return f"CASE WHEN strlen({raw}) = length({raw}) THEN {ascii_form} ELSE {text_map}.latin END"


def _compared(raw: str) -> tuple[str, str | None]:
    """The forms in which a name or an address is compared."""
    normalised = normalise_name(raw)
    return normalised, latin_form(normalised)


def _map_buyers(connection: duckdb.DuckDBPyConnection, column: Column, reading: Reading) -> None:
    kind, raw = column.key_type, column.name
    value = f"CASE WHEN key_type = 'phone' THEN {phone_value('keys.raw', 'phone_map', reading)} "
    status = f"CASE WHEN key_type = 'phone' THEN {phone_status('keys.raw', 'phone_map', reading)} "
    connection.execute(
        f"""CREATE OR REPLACE TABLE buyer_map AS
        SELECT key_type, raw, value, status,
            CASE WHEN value IS NOT NULL THEN token_of(key_type || ':' || value) END AS token
        FROM (
            SELECT key_type, keys.raw, {value} ELSE keys.raw END AS value,
                {status} ELSE '{USABLE}' END AS status
            FROM (SELECT DISTINCT {kind} AS key_type, {raw} AS raw FROM staged
                  WHERE {raw} IS NOT NULL AND {kind} <> 'none') AS keys
            LEFT JOIN phone_map ON key_type = 'phone' AND phone_map.raw = keys.raw
        )"""
    )


def _map_values(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    sources: list[str],
    results: tuple[str, ...],
    standardise_one: Callable[[str], tuple[Any, ...]],
) -> None:
    columns = "".join(f", {result} VARCHAR" for result in results)
    connection.execute(f"CREATE OR REPLACE TABLE {name} (raw VARCHAR{columns})")
    distinct = f"SELECT DISTINCT raw FROM ({' UNION ALL '.join(sources)}) WHERE raw IS NOT NULL"
    reader = connection.cursor()
    try:
        reader.execute(distinct)
        while page := reader.fetchmany(_PAGE):
            raws = [raw for (raw,) in page]
            outcomes = list(zip(*map(standardise_one, raws), strict=True))
            arrays = [pa.array(values, pa.string()) for values in (raws, *outcomes)]
            found = pa.table(arrays, names=["raw", *results])
            connection.register("standardised", found)
            connection.execute(f"INSERT INTO {name} SELECT * FROM standardised")
            connection.unregister("standardised")
    finally:
        reader.close()


def _of_phone_type(column: Column) -> str:
    return f"{column.key_type} = 'phone' AND" if column.key_type else ""


def _is_plain(raw: str, reading: Reading) -> str:
    if reading.phone_region != "CN":
        return "false"
    return f"regexp_full_match({raw}, '{PLAIN_MOBILE}')"


def _tail(raw: str) -> str:
    return f"{raw}[4:11]"


def _texts(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def _columns_of(table: Table, kind: str) -> list[str]:
    return [column.name for column in table.columns if column.type == kind]
