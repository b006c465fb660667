"""Which staged rows the lake has already: the same typed values, from an earlier file or line.

They end up in the table `unchanged` (row). Both searches are bulk joins on the content hash. The
one against the lake reads only the row groups whose times overlap those of the new rows, since
equal rows have equal times; so a small delivery costs little however large the lake is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.loading.lake import count_of, sql_paths
from orchestration.loading.reading import Reading


def find_repeats(
    connection: duckdb.DuckDBPyConnection, reading: Reading, lake_parts: Sequence[Path]
) -> int:
    """Fill the table `unchanged` from `staged` and `problems`; returns the number of its rows."""
    connection.execute(
        """CREATE OR REPLACE TABLE rejected AS
        SELECT row FROM problems WHERE reason_code <> 'optional_value'"""
    )
    accepted = "staged.rowid NOT IN (SELECT row FROM rejected)"
    connection.execute(
        """CREATE OR REPLACE TABLE repeated AS
        SELECT _content_hash FROM staged GROUP BY _content_hash HAVING count(*) > 1"""
    )
    connection.execute("CREATE OR REPLACE TABLE unchanged (row BIGINT)")
    if count_of(connection, "SELECT count(*) FROM repeated"):
        connection.execute(
            f"""INSERT INTO unchanged
            SELECT row FROM (
                SELECT staged.rowid AS row,
                    row_number() OVER (PARTITION BY _content_hash ORDER BY staged.rowid) AS number
                FROM staged
                WHERE _content_hash IN (SELECT _content_hash FROM repeated) AND {accepted}
            ) WHERE number > 1"""
        )
    if lake_parts:
        connection.execute(
            f"""INSERT INTO unchanged
            SELECT staged.rowid FROM staged
            WHERE _content_hash IN (
                SELECT _content_hash FROM read_parquet({sql_paths(lake_parts)})
                WHERE {_same_times(connection, reading)}
            ) AND {accepted} AND staged.rowid NOT IN (SELECT row FROM unchanged)"""
        )
    return count_of(connection, "SELECT count(*) FROM unchanged")


def _same_times(connection: duckdb.DuckDBPyConnection, reading: Reading) -> str:
    """A condition on the lake's rows that every row equal to a staged one fulfils."""
    table = reading.table
    times = [
        name
        for name in (table.version_at, table.event_at)
        if name is not None and table.column(name).required
    ]
    if not times:
        return "true"
    bounds = ", ".join(
        f"CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR)" for name in times
    )
    (found,) = connection.execute(f"SELECT {bounds} FROM staged").fetchall()
    if None in found:
        return "true"
    return " AND ".join(
        f"{name} BETWEEN '{found[2 * at]}' AND '{found[2 * at + 1]}'"
        for at, name in enumerate(times)
    )
