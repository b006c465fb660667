"""Delivered rows become typed rows: one streaming query from a raw relation into `staged`.

`staged` is a temporary table in the order of the files. Besides the typed columns it has
    _file       number of the file within the batch
    _line       line of the row, or null where its position gives it
    _rounded    how many money values of the row lost decimals
    _texts      the delivered texts of a row that needs a second look, else null
    _record     the whole delivered row as text, where `_texts` is filled
    _bytes      bytes of content that were delivered, where the reader is to be checked, else null
    _content_hash  a digest of the typed values
A row needs a second look when a required value is missing, an optional one cannot be read, a field
is too long, or a time is in the future. That is cheap to see here and explained in `problems`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from orchestration.loading.contract import Column
from orchestration.loading.lake import sql_text
from orchestration.loading.reading import Reading
from orchestration.loading.relation import RawColumn, RawRelation, delivered_columns
from orchestration.loading.typing_sql import PLAIN_MOBILE, range_conditions, text_of, typing_of

SHOWN_TEXT = 300
RECORD_TEXT = 1_000_000
_HASHED = {
    "timestamp": "CAST(epoch_us({0}) AS VARCHAR)",
    "date": "CAST({0} AS VARCHAR)",
    "money": "CAST({0} AS VARCHAR)",
    "integer": "CAST({0} AS VARCHAR)",
    "number": "CAST({0} AS VARCHAR)",
    "boolean": "CAST({0} AS VARCHAR)",
}


def stage(connection: duckdb.DuckDBPyConnection, reading: Reading, relation: RawRelation) -> None:
    """Fill the temporary table `staged` anew; raises duckdb.Error where rows cannot be read."""
    connection.execute(f"CREATE OR REPLACE TABLE staged AS {stage_query(reading, relation)}")


def stage_query(reading: Reading, relation: RawRelation) -> str:
    """The one query that reads, types, marks and hashes the rows of a relation."""
    delivered = delivered_columns(relation, reading.mapping)
    typings = {
        column.name: typing_of(
            column,
            delivered[column.name].sql,
            delivered[column.name].kind,
            reading.typing_context(column.name),
        )
        for column in reading.table.columns
        if column.name in delivered
    }
    query = (
        f"SELECT {relation.file_sql} AS _file, {relation.line_sql} AS _line, * "
        f"FROM {relation.from_sql}"
    )
    for depth in range(max((len(typing.layers) for typing in typings.values()), default=0)):
        helpers = [
            f"{sql} AS {name}"
            for typing in typings.values()
            if len(typing.layers) > depth
            for name, sql in typing.layers[depth]
        ]
        query = f"SELECT *, {', '.join(helpers)} FROM ({query})"

    # The typed columns get a prefix: a delivered column may have the name of another one.
    typed = [
        f"{typings[column.name].typed if column.name in typings else _absent(column)} "
        f"AS _typed_{column.name}"
        for column in reading.table.columns
    ]
    rounded = [typing.rounded for typing in typings.values() if typing.rounded not in {None, "0"}]
    typed.append(f"{' + '.join(str(part) for part in rounded) or '0'} AS _rounded")
    query = f"SELECT *, {', '.join(typed)} FROM ({query})"
    for rule in reading.table.rules:
        holds = range_conditions(f"_typed_{rule.column}", rule.minimum, rule.maximum)
        applies = f"_typed_{rule.when} = {sql_text(rule.equals)}"
        query = (
            f"SELECT * REPLACE (CASE WHEN {applies} AND NOT ({holds}) THEN NULL "
            f"ELSE _typed_{rule.column} END AS _typed_{rule.column}) FROM ({query})"
        )

    texts = {name: text_of(raw.sql, raw.kind) for name, raw in delivered.items()}
    suspicions = [
        suspicion
        for column in reading.table.columns
        for suspicion in _suspicions(column, reading, delivered)
    ]
    if lengths := _lengths(relation, delivered):
        longest = f"greatest({', '.join(lengths.values())})"
        suspicions.append(f"coalesce({longest} > {reading.limits.field_bytes}, false)")
    query = f"SELECT *, {' OR '.join(suspicions)} AS _suspect FROM ({query})"

    shown = ", ".join(
        f"left({texts[column.name]}, {SHOWN_TEXT})" if column.name in texts else "NULL"
        for column in reading.table.columns
    )
    finals = [f"_typed_{column.name} AS {column.name}" for column in reading.table.columns]
    finals += [
        f"CASE WHEN _typed_{column.name} IS NOT NULL THEN 'usable' "
        f"WHEN NOT is_blank({texts[column.name]}) THEN 'malformed' END AS {column.name}_status"
        if column.name in texts
        else f"CAST(NULL AS VARCHAR) AS {column.name}_status"
        for column in reading.table.columns
        if column.type == "email"
    ]
    record = relation.record_sql or _record(relation)
    return (
        f"SELECT CAST(_file AS INTEGER) AS _file, CAST(_line AS BIGINT) AS _line, "
        f"{', '.join(finals)}, CAST(_rounded AS UTINYINT) AS _rounded, "
        f"CASE WHEN _suspect THEN CAST([{shown}] AS VARCHAR[]) END AS _texts, "
        f"CASE WHEN _suspect THEN left({record}, {RECORD_TEXT}) END AS _record, "
        f"{_oversize(reading, relation, delivered)} AS _oversize, "
        f"{relation.bytes_sql or 'NULL'} AS _bytes, "
        f"{content_hash(reading.table.columns)} AS _content_hash FROM ({query})"
    )


def time_columns(reading: Reading) -> list[str]:
    """The columns by which a record can be of the future."""
    columns = (reading.table.version_at, reading.table.event_at)
    return list(dict.fromkeys(column for column in columns if column))


def future_condition(reading: Reading, column: str, value: str) -> str:
    """SQL that is true where the time `value` of `column` is later than the limit allows."""
    limit = reading.future_from.isoformat(sep=" ")
    if reading.table.column(column).type == "date":
        return f"{value} > CAST(TIMESTAMP '{limit}' AS DATE)"
    return f"{value} > TIMESTAMP '{limit}'"


def _absent(column: Column) -> str:
    return f"CAST(NULL AS {column.lake_columns()[0][1]})"


def _suspicions(column: Column, reading: Reading, delivered: Mapping[str, RawColumn]) -> list[str]:
    name, typed = column.name, f"_typed_{column.name}"
    raw = delivered.get(name)
    if raw is None:
        return []
    found = []
    if column.required:
        found.append(f"{typed} IS NULL")
    elif column.type != "gender":
        found.append(f"({typed} IS NULL AND {raw.sql} IS NOT NULL)")
    if column.type in {"phone", "buyer_key"}:
        of_type = f"_typed_{column.key_type} = 'phone'" if column.key_type else "true"
        plain = f"regexp_full_match({typed}, '{PLAIN_MOBILE}')"
        is_odd = f"NOT {plain} AND NOT contains({typed}, '*')"
        found.append(f"coalesce(CASE WHEN {of_type} THEN {is_odd} END, false)")
    if name in time_columns(reading):
        found.append(f"coalesce({future_condition(reading, name, typed)}, false)")
    return found


def _lengths(relation: RawRelation, delivered: Mapping[str, RawColumn]) -> dict[str, str]:
    """SQL for the bytes of each column that may be too long."""
    return {
        name: f"strlen({text_of(raw.sql, raw.kind)})"
        for name, raw in delivered.items()
        if not relation.fields_are_short and _may_be_long(raw.kind)
    }


def _oversize(reading: Reading, relation: RawRelation, delivered: Mapping[str, RawColumn]) -> str:
    cases = [
        f"WHEN {length} > {reading.limits.field_bytes} THEN {sql_text(name)}"
        for name, length in _lengths(relation, delivered).items()
    ]
    if not cases:
        return "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN _suspect THEN CASE {' '.join(cases)} END END"


def _may_be_long(kind: str) -> bool:
    if kind.startswith("DECIMAL(") and kind.endswith(")"):
        return False
    return kind in {"VARCHAR", "BLOB", "JSON"} or kind.endswith((")", "]"))


def _record(relation: RawRelation) -> str:
    pairs = ", ".join(
        f"{sql_text(column.header.strip())}, {column.sql}" for column in relation.columns
    )
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def content_hash(columns: Sequence[Column], prefix: str = "_typed_") -> str:
    """SQL for the digest of the typed values of a row, which stand under a prefix and their name.

    126 bits of the md5 as a decimal: half the bytes of the text, and both engines read it.
    """
    # NUL separates: no text may hold one, so no two rows share their joined text.
    values = ", chr(0), ".join(
        _HASHED.get(column.type, "{0}").format(prefix + column.name) for column in columns
    )
    return f"CAST(md5_number(concat({values})) >> 2 AS DECIMAL(38,0))"
