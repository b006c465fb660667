"""The tables that Spark wrote, for readers that speak DuckDB.

The build file of a build on Spark is a small DuckDB file with a view over the Parquet files of
each table, under the name the table has on DuckDB. So publishing reads both engines alike.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.loading.lake import sql_name, sql_text
from orchestration.warehouse.spark import warehouse_folder

MATERIALISED_AS_VIEW = {"view", "ephemeral"}


def show_tables(build_file: Path, manifest: Path) -> int:
    """Write the build file anew: views over all tables of the manifest; it appears whole.

    Returns how many tables are seen from here: none where the warehouse is out of reach.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    unfinished = build_file.with_name(f".{build_file.name}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(str(unfinished)) as connection:
        for node in nodes:
            if node["resource_type"] in {"model", "seed"}:
                _show(connection, warehouse_folder(build_file.parent), node)
        row = connection.execute(
            "select count(*) from duckdb_views() where not internal"
        ).fetchone()
    unfinished.replace(build_file)
    return int(row[0]) if row else 0


def _show(connection: duckdb.DuckDBPyConnection, warehouse: Path, node: Mapping[str, Any]) -> None:
    schema, name = str(node["schema"]), str(node.get("alias") or node["name"])
    folder = warehouse / f"{schema}.db" / name
    if node["config"].get("materialized") in MATERIALISED_AS_VIEW:
        return
    for pattern in ("part-*.parquet", "_month=*/part-*.parquet"):
        if any(folder.glob(pattern)):
            files = sql_text(str(folder / pattern))
            rows = f"from read_parquet({files}, hive_partitioning = false)"
            connection.execute(f"create schema if not exists {sql_name(schema)}")
            connection.execute(f"create view {sql_name(schema)}.{sql_name(name)} as {rows}")
