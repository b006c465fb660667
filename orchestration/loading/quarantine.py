"""What is set aside, written as Parquet: bad rows, lost optional values, refused files."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.loading.contract import Table
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.held_rows import hold_rows
from orchestration.loading.lake import OPS_SYSTEM, QUARANTINE_COLUMNS, count_of, hidden, sql_text
from orchestration.loading.run import LoadRun


@dataclass(frozen=True)
class QuarantineNote:
    """A file of a batch: its path, the line of its first row, and why it was refused, if it was."""

    path: str
    first_line: int
    refusal: FileRefusedError | None = None


def empty_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `malformed` and `problems` anew, without rows."""
    connection.execute(
        """CREATE OR REPLACE TABLE malformed
        (_file INTEGER, line BIGINT, reason_code VARCHAR, reason VARCHAR, record VARCHAR)"""
    )
    connection.execute(
        """CREATE OR REPLACE TABLE problems (row BIGINT, _file INTEGER, line BIGINT,
        reason_code VARCHAR, column_name VARCHAR, reason VARCHAR, record VARCHAR)"""
    )


def write_quarantine(
    run: LoadRun, table: Table, notes: Sequence[QuarantineNote], *, has_staged: bool = False
) -> str | None:
    """Write one unfinished part of `problems`, `malformed` and the refusals among the notes.

    `has_staged` says that the rows of these files are in `staged`, which tells when they were.
    Returns the name of the part, or None where nothing is set aside.
    """
    connection = run.connection
    count = count_of(
        connection, "SELECT (SELECT count(*) FROM problems) + (SELECT count(*) FROM malformed)"
    )
    if not count and not any(note.refusal for note in notes):
        return None
    hold_rows(
        connection,
        "noted",
        (
            ("_file", "INTEGER"),
            ("file_path", "VARCHAR"),
            ("first_line", "BIGINT"),
            ("refusal_code", "VARCHAR"),
            ("refusal", "VARCHAR"),
        ),
        [
            (
                number,
                note.path,
                note.first_line,
                note.refusal.reason_code if note.refusal else None,
                f"{note.path}: {note.refusal}" if note.refusal else None,
            )
            for number, note in enumerate(notes)
        ],
    )
    part = f"{OPS_SYSTEM}/quarantine/{run.load_id}-{secrets.token_hex(4)}.parquet"
    names = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in QUARANTINE_COLUMNS)
    connection.execute(
        f"""COPY (
            WITH entries AS (
                SELECT _file, row, coalesce(line, row + first_line) AS line_number, reason_code,
                    column_name, reason, record AS raw_record
                FROM problems JOIN noted USING (_file)
                UNION ALL
                SELECT _file, NULL, line, reason_code, NULL, reason, record FROM malformed
                UNION ALL
                SELECT _file, NULL, NULL, refusal_code, NULL, refusal, NULL
                FROM noted WHERE refusal_code IS NOT NULL
            ),
            times AS ({_times(table) if has_staged else _NO_TIMES}),
            newest AS (
                SELECT _file, max(instant) AS newest_at FROM times
                WHERE row NOT IN (SELECT row FROM problems WHERE reason_code <> 'optional_value')
                GROUP BY _file
            )
            SELECT {names} FROM (
                SELECT '{run.load_id}' AS load_id, {run.sequence} AS load_sequence,
                    '{table.system}' AS system, '{table.name}' AS table_name, entries.*, file_path,
                    coalesce(
                        CASE WHEN reason_code <> 'future' THEN times.instant END, newest_at
                    ) AS recorded_at
                FROM entries JOIN noted USING (_file) LEFT JOIN times USING (row)
                LEFT JOIN newest ON newest._file = entries._file
            ) ORDER BY file_path, line_number
        ) TO {sql_text(str(hidden(run.lake.path(part))))} (FORMAT parquet)"""
    )
    return part


_NO_TIMES = (
    "SELECT NULL::BIGINT AS row, NULL::INTEGER AS _file, NULL::TIMESTAMP AS instant WHERE false"
)


def _times(table: Table) -> str:
    """SQL for when each staged row was: its own time, or else that of its version, or null."""
    times = [
        # A day is the same day in every zone at its noon.
        f"CAST({name} AS TIMESTAMP) + INTERVAL 12 HOUR"
        if table.column(name).type == "date"
        else name
        for name in (table.event_at, table.version_at)
        if name
    ]
    instant = f"coalesce({', '.join(times)})" if times else "CAST(NULL AS TIMESTAMP)"
    return f"SELECT rowid AS row, _file, {instant} AS instant FROM staged"
