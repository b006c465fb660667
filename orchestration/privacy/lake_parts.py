"""Erased persons leave the raw lake: rows of its parts are stripped, the quarantine forgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.loading.contract import Column, Table
from orchestration.loading.erased_rows import names_persons, strip_erased, telling_rows
from orchestration.loading.lake import Lake, sql_path, write_parquet
from orchestration.loading.parts import lake_query
from orchestration.loading.reading import Reading
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
    connection: duckdb.DuckDBPyConnection, part: Path, place: str, on_removed: OnRemoved
) -> int:
    """Rewrite a part of the quarantine without the words of rows that name an erased person."""
    source = f"read_parquet({sql_path(part)}, file_row_number = true)"
    told = telling_rows(
        f"(SELECT file_row_number, concat_ws(' ', raw_record, reason) AS told FROM {source})",
        "file_row_number",
        "told",
    )
    connection.execute(f"CREATE OR REPLACE TABLE told AS {told}")
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
