"""What is published, without the ids of persons and records: what an erasure leaves as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import duckdb

from orchestration.workspace import BUILD_FILE_NAME, Workspace

Marts = Mapping[str, Counter[tuple[object, ...]]]


def read_marts(workspace: Workspace) -> Marts:
    """The rows of every published mart outside identity and ops, without `one_id`."""
    with duckdb.connect(str(workspace.serving / BUILD_FILE_NAME), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE schema_name NOT IN ('identity', 'ops')"
        ).fetchall()
        found = {}
        for schema, table in tables:
            rows = connection.execute(
                f"SELECT * EXCLUDE (one_id) FROM {schema}.{table}"
                if _has_one_id(connection, schema, table)
                else f"SELECT * FROM {schema}.{table}"
            ).fetchall()
            found[f"{schema}.{table}"] = Counter(rows)
        return found


def _has_one_id(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    columns = connection.execute(f"DESCRIBE {schema}.{table}").fetchall()
    return any(name == "one_id" for name, *_ in columns)
