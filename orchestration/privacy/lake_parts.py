"""Erased persons leave the raw lake: rows of its parts are stripped, the quarantine forgets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from orchestration.loading.brand import TableMapping
from orchestration.loading.contract import Column, Table
from orchestration.loading.discovery import FoundFile
from orchestration.loading.erased_rows import (
    find_keyless,
    find_told,
    names_persons,
    own_key,
    strip_erased,
)
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import Lake, sql_path, write_parquet
from orchestration.loading.parts import lake_query
from orchestration.loading.quarantine import empty_tables
from orchestration.loading.reading import Reading
from orchestration.loading.sources import clean_scratch, delivered_relation, open_file
from orchestration.loading.staging import stage
from orchestration.loading.standardising import standardise

OnRemoved = Callable[[str, dict[str, int]], None]
"""Told the place and the rows by person before a file is written."""

FORGOTTEN = "The row named a person who has been erased."


def strip_part(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    part: Path,
    place: str,
    on_removed: OnRemoved,
) -> int:
    """Rewrite a part of the lake without erased persons; returns the rows that had one."""
    if not names_persons(reading.table):
        return 0
    source = f"read_parquet({sql_path(part)}, file_row_number = true)"
    connection.execute(f"CREATE OR REPLACE TABLE staged AS {_staged_query(reading.table, source)}")
    standardise(connection, reading, of_keys_alone=True)
    found = strip_erased(connection, reading)
    if not found:
        return 0
    on_removed(place, rows_by_person(connection, "hits"))
    connection.execute("DELETE FROM staged WHERE rowid NOT IN (SELECT row FROM hits)")
    standardise(connection, reading)
    ((sequence,),) = connection.execute(f"SELECT max(_load_sequence) FROM {source}").fetchall()
    stripped = lake_query(
        reading,
        int(sequence),
        "staged.rowid IN (SELECT row FROM hits WHERE NOT is_unknown)",
    )
    write_parquet(
        connection,
        f"SELECT * EXCLUDE (file_row_number) FROM {source} "
        f"WHERE file_row_number NOT IN (SELECT row FROM hits) UNION ALL BY NAME ({stripped})",
        part,
    )
    return found


def strip_quarantine(
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    place: str,
    reading_of: Callable[[str, str], Reading | None],
    scratch: Path,
    on_removed: OnRemoved,
) -> int:
    """Rewrite a part of the quarantine without the words of rows that name an erased person.

    `reading_of` says how a table (system, name) is read, `scratch` is a folder for copies.
    """
    source = f"read_parquet({sql_path(part)}, file_row_number = true)"
    find_told(
        connection,
        f"(SELECT *, concat_ws(' ', raw_record, reason) AS said FROM {source})",
        "file_row_number",
        "said",
        broken="column_name IS NULL AND raw_record IS NOT NULL",
    )
    for system, name in connection.execute(
        f"SELECT DISTINCT system, table_name FROM {source} WHERE raw_record IS NOT NULL"
    ).fetchall():
        reading = reading_of(system, name)
        if reading is not None:
            _find_keyless_records(connection, reading, source, scratch)
    rows = rows_by_person(connection, "told")
    if not rows:
        return 0
    on_removed(place, rows)
    is_told = "file_row_number IN (SELECT row FROM told)"
    write_parquet(
        connection,
        f"""SELECT * EXCLUDE (file_row_number) REPLACE (
            CASE WHEN NOT {is_told} THEN raw_record END AS raw_record,
            CASE WHEN {is_told} THEN '{FORGOTTEN}' ELSE reason END AS reason
        ) FROM {source}""",
        part,
    )
    return sum(rows.values())


def _find_keyless_records(
    connection: duckdb.DuckDBPyConnection, reading: Reading, source: str, scratch: Path
) -> None:
    """Add to `told` the rejected records without any key, read again the way they came.

    Their raw text is JSON of the delivered columns, so it is one more file of the table.
    """
    if own_key(reading.table) is None:
        return
    records = connection.execute(
        f"""SELECT file_row_number, raw_record, file_path FROM {source}
        WHERE system = ? AND table_name = ? AND column_name IS NOT NULL
            AND reason_code <> 'optional_value' AND json_valid(raw_record)
            AND NOT contains(raw_record, chr(10))
            AND file_row_number NOT IN (SELECT row FROM told)""",
        [reading.table.system, reading.table.name],
    ).fetchall()
    readings: dict[TableMapping, tuple[Reading, list[tuple[int, str]]]] = {}
    for file_row, text, path in records:
        own = reading.of_file(path)
        readings.setdefault(own.mapping, (own, []))[1].append((file_row, text))
    for own, rejects in readings.values():
        _find_keyless_alike(connection, own, rejects, scratch)


def _find_keyless_alike(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    records: Sequence[tuple[int, str]],
    scratch: Path,
) -> None:
    with clean_scratch(scratch) as folder:
        path = folder / "records.jsonl"
        # The first row has every column: a record may lack those that are required.
        blank = json.dumps(dict.fromkeys(column.name for column in reading.table.columns))
        path.write_text("\n".join([blank, *(text for _, text in records), ""]), encoding="utf-8")
        file = FoundFile(reading.table, path, path.name, "jsonl", False, path.stat().st_size, 0)
        empty_tables(connection)
        found = open_file(connection, reading, file, "", folder)
        relation, refused, _ = delivered_relation(connection, reading, [found])
        if refused:
            return
        stage(connection, reading, relation)
        standardise(connection, reading, of_keys_alone=True)
        find_keyless(connection, reading)
    lines = [(line, row) for line, (row, _) in enumerate(records, start=2)]
    hold_rows(connection, "rejects", (("line", "BIGINT"), ("file_row", "BIGINT")), lines)
    connection.execute(
        """INSERT INTO told
        SELECT rejects.file_row, erased_likeness.one_id
        FROM erased_likeness
        JOIN staged ON staged.rowid = erased_likeness.row
        JOIN rejects ON rejects.line = staged._line"""
    )


def rows_by_person(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """How many rows of `hits` or `told` are of which erased person."""
    rows = connection.execute(f"SELECT one_id, count(*) FROM {table} GROUP BY one_id").fetchall()
    return {str(one_id): int(count) for one_id, count in rows}


def quarantine_parts(lake: Lake) -> list[Path]:
    """The parts of the quarantine."""
    folder = lake.raw / "rekindle" / "quarantine"
    return sorted(path for path in folder.glob("[!.]*.parquet") if path.name != "schema.parquet")


def _staged_query(table: Table, source: str) -> str:
    """The rows of a part in the shape in which the loader stages them."""
    columns = ", ".join(_staged_column(column) for column in table.columns)
    return (
        f"SELECT 0 AS _file, file_row_number AS _line, {columns}, "
        "CAST(0 AS UTINYINT) AS _rounded, CAST(NULL AS VARCHAR[]) AS _texts, "
        "CAST(NULL AS VARCHAR) AS _record, CAST(NULL AS VARCHAR) AS _oversize, "
        f"NULL AS _bytes, _content_hash FROM {source} ORDER BY file_row_number"
    )


def _staged_column(column: Column) -> str:
    if column.type == "phone":
        return f"{column.name}_raw AS {column.name}"
    if column.type == "email":
        return f"{column.name}, {column.name}_status"
    return column.name
