"""Rows that Python holds become a temporary table.

Without pyarrow, whose arrays of Python values import pandas where it is installed: half a second of
every load. Many rows are better handed over as Arrow tables, page by page.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def hold_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[object]],
) -> None:
    """Make `name` anew with the given (name, type) columns and rows, in their order."""
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    listed = ", ".join(
        f"unnest(CAST(${at} AS {kind}[])) AS {column}"
        for at, (column, kind) in enumerate(columns, start=1)
    )
    connection.execute(f"CREATE OR REPLACE TEMPORARY TABLE {name} AS SELECT {listed}", values)
