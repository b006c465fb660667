"""Whether DuckDB and Spark made the same rows, in any order, doubles within 1e-9 (relative where a
number is above 1, as it cannot be less: a double has 16 digits)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import quoted

TOLERANCE = 1e-9
"""Greatest difference of two doubles, relative to the larger where that is above 1."""

NOT_ON_SPARK: Mapping[str, str] = {}
"""Model -> why it cannot run on Spark. Every model, seed and snapshot that is not named here is
compared; there is none that cannot."""

KINDS = {
    "number": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    "decimal": ("DECIMAL",),
    "double": ("DOUBLE", "FLOAT"),
    "text": ("VARCHAR",),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "instant": ("TIMESTAMP",),
}


@dataclass(frozen=True)
class Compared:
    """A model on both engines: rows on DuckDB, rows that one alone has, or another problem."""

    name: str
    rows: int
    differing: int
    problem: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether both engines agree."""
        return self.differing == 0 and not self.problem


def compare_models(
    manifest: Path, duckdb_file: Path, warehouse: Path, views: Path, only: str = ""
) -> list[Compared]:
    """Compare every model, seed and snapshot of a manifest, or `only` one (schema.name).

    `warehouse` holds Spark's tables, `views` what its views show, a folder <schema>/<name>/ each.
    """
    with duckdb.connect() as connection:
        # the views of a test build name the lake as it stands beside the build file
        connection.execute(f"set file_search_path = '{duckdb_file.parent}'")
        connection.execute(f"attach '{duckdb_file}' as one (read_only)")
        return [
            _compare(connection, schema, name, list(_folders(warehouse, views, schema, name)))
            for schema, name in _relations(manifest)
            if only in {"", f"{schema}.{name}"}
        ]


def _relations(manifest: Path) -> Iterator[tuple[str, str]]:
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    found = {
        (str(node["schema"]), str(node["alias"]))
        for node in nodes
        if node["resource_type"] in {"model", "seed", "snapshot"}
        and node["config"]["materialized"] != "ephemeral"
    }
    return iter(sorted(one for one in found if ".".join(one) not in NOT_ON_SPARK))


def _folders(warehouse: Path, views: Path, schema: str, name: str) -> Iterator[Path]:
    for folder in (views / schema / name, warehouse / f"{schema}.db" / name):
        if folder.is_dir():
            yield folder


def _compare(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, folders: list[Path]
) -> Compared:
    label = f"{schema}.{name}"
    ours = f"one.{quoted(schema)}.{quoted(name)}"
    rows = _count(connection, f"from {ours}")
    if len(folders) != 1:
        return Compared(label, rows, rows, f"Spark has {len(folders)} tables of this name")
    files = [str(file) for file in folders[0].rglob("part-*.parquet")]
    if not files:  # a table cut into months has no file before it has a row
        return Compared(label, rows, rows)
    parquet = f"read_parquet({files!r}, hive_partitioning = false)"
    return compare_rows(connection, label, ours, parquet)


def compare_rows(
    connection: duckdb.DuckDBPyConnection, label: str, ours: str, theirs: str
) -> Compared:
    """Compare two relations as multisets of rows."""
    rows = _count(connection, f"from {ours}")
    columns, their_columns = _columns(connection, ours), _columns(connection, theirs)
    if columns != their_columns:
        differences = sorted(set(columns.items()) ^ set(their_columns.items()))
        return Compared(label, rows, rows, f"columns differ: {differences}")
    exact = [quoted(name) for name, kind in columns.items() if kind != "double"]
    doubles = [quoted(name) for name, kind in columns.items() if kind == "double"]
    conditions = [f"one.{name} is not distinct from other.{name}" for name in [*exact, "_nth"]]
    unequal = [_is_unequal(name) for name in doubles]
    differing = _count(
        connection,
        f"from ({_numbered(ours, exact, doubles)}) as one "
        f"full join ({_numbered(theirs, exact, doubles)}) as other on {' and '.join(conditions)} "
        f"where {' or '.join(['one._nth is null', 'other._nth is null', *unequal])}",
    )
    return Compared(label, rows, differing)


def _numbered(relation: str, exact: list[str], doubles: list[str]) -> str:
    """Rows that are alike but for their doubles are told apart by the order of these."""
    windows = [
        f"{keyword} by {', '.join(names)}"
        for keyword, names in (("partition", exact), ("order", doubles))
        if names
    ]
    return f"select *, row_number() over ({' '.join(windows)}) as _nth from {relation}"


def _is_unequal(name: str) -> str:
    one, other = f"one.{name}", f"other.{name}"
    limit = f"{TOLERANCE} * greatest(1, abs({one}), abs({other}))"
    return (
        f"({one} is null) <> ({other} is null) or isnan({one}) <> isnan({other}) "
        f"or (not isnan({one}) and {one} <> {other} and (isinf({one}) or isinf({other}) "
        f"or not abs({one} - {other}) <= {limit}))"
    )


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    described = connection.execute(f"describe from {relation}").fetchall()
    return {str(row[0]): _kind(str(row[1])) for row in described}


def _kind(type_name: str) -> str:
    bare = type_name.partition("(")[0]
    return next((kind for kind, names in KINDS.items() if bare in names), type_name)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found: tuple[Any, ...] | None = connection.execute(f"select count(*) {query}").fetchone()
    return 0 if found is None else int(found[0])
