"""Erased persons leave builds and publications: state is carried over, everything else goes.

A DuckDB file keeps deleted rows in free blocks, compressed, so a build file is never cleaned: what
a full refresh cannot make anew (the ids of persons, what was believed at the time) is copied into a
new file, and the old one is deleted.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.errors import UsageError
from orchestration.loading.lake import sql_name, sql_text
from orchestration.publishing.publish import read_publication
from orchestration.warehouse.build import manifest_path, read_state, write_state
from orchestration.warehouse.spark import WAREHOUSE, is_out_of_reach, outer_warehouse
from orchestration.workspace import BUILD_FILE_NAME, Workspace

_STATE = "erased_by"
"""What `config.meta` says of a table that is carried over: the column that tells whose a row is."""


def reduce_builds(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Reduce a brand's build file to its state, without erased persons, and remove the others.

    `connection` is one of the loader's: it knows the key and the tombstones. A build that is killed
    in here starts from nothing; one for an earlier date or on Spark always does.
    """
    build_file = replace(workspace, engine="duckdb").build_file()
    _remove_outer_tables(workspace)
    if build_file.is_file():
        new_file = build_file.with_name(f".{build_file.name}.erasing")
        _remove_file(new_file)
        _copy_state(connection, build_file, new_file, _state_tables(manifest_path(build_file)))
        state = read_state(build_file)
        if state is not None:
            write_state(build_file, replace(state, status="failed", fingerprint=""))
        os.replace(new_file, build_file)
        build_file.with_name(f"{build_file.name}.wal").unlink(missing_ok=True)
    for folder in workspace.build.glob("*"):
        if folder.is_dir():
            shutil.rmtree(folder)


def check_spark(workspace: Workspace) -> None:
    """Raise UsageError for a build on Spark whose tables are elsewhere, nobody says where."""
    for state in sorted((workspace.build / "spark").glob("**/build.json")):
        folder = state.parent
        if not (folder / WAREHOUSE).is_dir() and not os.environ.get("REKINDLE_SPARK_HOST"):
            if os.environ.get("REKINDLE_SPARK_WAREHOUSE"):
                continue
            raise UsageError(
                f"The build on Spark in {folder} has its tables elsewhere, and they hold the "
                "persons too: set REKINDLE_SPARK_WAREHOUSE (or REKINDLE_SPARK_HOST) as for that "
                "build, then erase; where its tables are gone, remove that folder first."
            )


def out_of_reach(workspace: Workspace) -> tuple[str, ...]:
    """What an erasure has to leave to others, in sentences: a warehouse that is no folder."""
    if not is_out_of_reach():
        return ()
    where = os.environ.get("REKINDLE_SPARK_WAREHOUSE") or os.environ.get("REKINDLE_SPARK_HOST")
    build_file = replace(workspace, engine="duckdb").build_file()
    schemas = ", ".join(sorted({schema for schema, _ in _tables(manifest_path(build_file))}))
    told = (
        f"the tables of builds on Spark at {where}, which is no folder of this machine: where this "
        f"brand was built there, drop the databases {schemas}, then build there again"
    )
    return (told,)


def remove_earlier_publications(workspace: Workspace) -> list[str]:
    """Remove what a brand published for earlier dates; returns their dates, to publish again."""
    removed = []
    for folder in sorted(workspace.serving.glob("as_of=*")):
        publication = read_publication(folder / BUILD_FILE_NAME)
        if publication is not None and publication.brand == workspace.brand:
            shutil.rmtree(folder)
            removed.append(folder.name.removeprefix("as_of="))
    return removed


def is_published(workspace: Workspace) -> bool:
    """Whether what readers see is this brand's."""
    publication = read_publication(workspace.serving / BUILD_FILE_NAME)
    return publication is not None and publication.brand == workspace.brand


def remove_former_versions(workspace: Workspace) -> None:
    """Remove the published Parquet versions before the current one."""
    link = workspace.serving / "parquet"
    if not link.is_symlink():
        return
    current = link.resolve()
    for folder in current.parent.iterdir():
        if folder.is_dir() and folder != current:
            shutil.rmtree(folder)


def _remove_outer_tables(workspace: Workspace) -> None:
    """Remove the tables of builds on Spark from a warehouse outside the brand's folder of builds.

    Only what is named as a table of this project is: others may keep theirs beside it.
    """
    warehouse = outer_warehouse(workspace.build)
    if warehouse is None:
        return
    build_file = replace(workspace, engine="duckdb").build_file()
    for schema, name in _tables(manifest_path(build_file)):
        for folder in warehouse.glob(f"{schema}.db/{name}*"):
            if folder.is_dir() and (folder.name == name or folder.name.startswith(f"{name}__")):
                shutil.rmtree(folder)


def _tables(manifest: Path) -> list[tuple[str, str]]:
    """Schema and name of whatever dbt's manifest says is built."""
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    except (OSError, ValueError, KeyError):
        return []
    return [
        (str(node["schema"]), str(node.get("alias") or node["name"]))
        for node in nodes
        if node["resource_type"] in {"model", "seed", "snapshot"}
    ]


def _state_tables(manifest: Path) -> list[tuple[str, str, str]]:
    """Schema, name and telling column of the tables that are state, from dbt's manifest."""
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    except (OSError, ValueError, KeyError):
        return []
    return [
        (str(node["schema"]), str(node.get("alias") or node["name"]), str(column))
        for node in nodes
        if (column := (node["config"].get("meta") or {}).get(_STATE))
    ]


def _copy_state(
    connection: duckdb.DuckDBPyConnection,
    build_file: Path,
    new_file: Path,
    tables: list[tuple[str, str, str]],
) -> None:
    """Rows of erased records stay behind; rows of erased persons become the random person's."""
    connection.execute(f"ATTACH {sql_text(str(build_file))} AS former (READ_ONLY)")
    connection.execute(f"ATTACH {sql_text(str(new_file))} AS reduced")
    try:
        for schema, name, column in tables:
            if not _has(connection, schema, name):
                continue
            kind = "person" if column == "one_id" else "record"
            places = f"{sql_name(schema)}.{sql_name(name)}"
            query = (
                f"FROM former.{places} AS rows LEFT JOIN tombstones "
                f"ON kind = '{kind}' "
                f"AND token = tombstone_of('{kind}:' || rows.{sql_name(column)})"
            )
            if kind == "record":
                query = f"SELECT rows.* {query} WHERE tombstones.token IS NULL"
            else:
                query = (
                    "SELECT rows.* REPLACE (coalesce(tombstones.one_id, rows.one_id) AS one_id, "
                    "CASE WHEN tombstones.one_id IS NULL THEN rows.dbt_scd_id "
                    f"ELSE md5(tombstones.one_id || rows.dbt_scd_id) END AS dbt_scd_id) {query}"
                )
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS reduced.{sql_name(schema)}")
            connection.execute(f"CREATE TABLE reduced.{places} AS {query}")
    finally:
        connection.execute("DETACH reduced")
        connection.execute("DETACH former")


def _has(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    query = (
        "SELECT count(*) FROM duckdb_tables() "
        "WHERE database_name = 'former' AND schema_name = ? AND table_name = ?"
    )
    ((found,),) = connection.execute(query, [schema, name]).fetchall()
    return bool(found)


def _remove_file(path: Path) -> None:
    for one in (path, path.with_name(f"{path.name}.wal")):
        one.unlink(missing_ok=True)
