"""Whether two build files hold the same marts, row for row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMAS = ("identity", "core", "insight", "measurement", "kpi")
"""Schemas of marts that are a function of the data; ops tells of loads and is left out."""


@dataclass(frozen=True)
class Comparison:
    """The marts of two build files. `differing` maps a mart to rows that one alone holds."""

    marts: tuple[str, ...]
    differing: dict[str, int]


def compare_marts(one: Path, other: Path) -> Comparison:
    """Compare every mart of two build files, which nobody may be writing to."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        marts = sorted({*_marts(connection, "one"), *_marts(connection, "other")})
        differing = {}
        for mart in marts:
            found = connection.execute(
                f"select count(*) from ("
                f"(from one.{mart} except all from other.{mart}) union all "
                f"(from other.{mart} except all from one.{mart}))"
            ).fetchone()
            if found is not None and found[0]:
                differing[mart] = int(found[0])
    return Comparison(tuple(marts), differing)


def _marts(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        f" where table_catalog = ? and table_schema in {SCHEMAS}",
        [catalog],
    ).fetchall()
    return [name for (name,) in rows]
