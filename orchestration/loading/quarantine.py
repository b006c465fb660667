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


def write_quarantine(run: LoadRun, table: Table, notes: Sequence[QuarantineNote]) -> str | None:
    """Write one unfinished part of `problems`, `malformed` and the refusals among the notes.

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
                SELECT _file, coalesce(line, row + first_line) AS line_number, reason_code,
                    column_name, reason, record AS raw_record
                FROM problems JOIN noted USING (_file)
                UNION ALL
                SELECT _file, line, reason_code, NULL, reason, record FROM malformed
                UNION ALL
                SELECT _file, NULL, refusal_code, NULL, refusal, NULL
                FROM noted WHERE refusal_code IS NOT NULL
            )
            SELECT {names} FROM (
                SELECT '{run.load_id}' AS load_id, {run.sequence} AS load_sequence,
                    '{table.system}' AS system, '{table.name}' AS table_name, *
                FROM entries JOIN noted USING (_file)
            ) ORDER BY file_path, line_number
        ) TO {sql_text(str(hidden(run.lake.path(part))))} (FORMAT parquet)"""
    )
    return part
