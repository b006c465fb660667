"""Whether two build files hold the same marts, row for row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMAS = ("identity", "core", "insight", "measurement", "kpi")
"""Schemas of marts that are a function of the data; ops tells of loads and is left out."""
HISTORY = {"identity.oneid_events", "identity.oneid_history"}
"""What was learnt when: a function of the builds that were made, too."""
LEARNT = {"identity.oneid_map": ["linked_at"]}
"""Columns of other marts that tell of it."""


@dataclass(frozen=True)
class Comparison:
    """The marts of two build files. `differing` maps a mart to rows that one alone holds."""

    marts: tuple[str, ...]
    differing: dict[str, int]


def compare_marts(one: Path, other: Path, *, with_history: bool = False) -> Comparison:
    """Compare every mart of two build files, which nobody may be writing to.

    Persons that became one keep the id that was minted first, so builds that learnt of them at
    different times give them different ids: persons are compared by the smallest of their records.
    `with_history` compares the ids themselves, and how they came to be.
    """
    with duckdb.connect() as connection:
        marts = set()
        for catalog, file in (("one", one), ("other", other)):
            connection.execute(f"attach '{file}' as {catalog} (read_only)")
            marts |= set(_marts(connection, catalog))
            connection.execute(
                f"create table {catalog}_names as select one_id,"
                " min(concat_ws(':', source_system, source_table, source_key)) as name"
                f" from {catalog}.identity.oneid_map group by one_id"
            )
        if not with_history:
            marts -= HISTORY
        differing: dict[str, int] = {}
        for mart in sorted(marts):
            rows = [
                f"from {catalog}.{mart}" if with_history else _named(connection, catalog, mart)
                for catalog in ("one", "other")
            ]
            if found := differing_rows(connection, rows[0], rows[1]):
                differing[mart] = found
    return Comparison(tuple(sorted(marts)), differing)


def differing_rows(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    """How many rows of two queries with the same columns have no partner in the other.

    Sums of doubles depend on the order of their rows, so doubles may differ by a billionth.
    """
    columns = connection.execute(f"describe {one}").fetchall()
    doubles = [name for name, kind, *_ in columns if kind == "DOUBLE"]
    others = [name for name, kind, *_ in columns if kind != "DOUBLE"]
    numbered = [
        f"select *, row_number() over (partition by {', '.join(others)}"
        f" order by {', '.join([*doubles, '1'])}) as number from ({query})"
        for query in (one, other)
    ]
    same = " and ".join(
        [f"lefts.{name} is not distinct from rights.{name}" for name in [*others, "number"]]
        + [
            f"(lefts.{name} is not distinct from rights.{name} or abs(lefts.{name} - rights.{name})"
            f" <= 1e-9 * greatest(1, abs(lefts.{name})))"
            for name in doubles
        ]
    )
    found = connection.execute(
        f"select count(*) from ({numbered[0]}) as lefts full join ({numbered[1]}) as rights"
        f" on {same} where lefts.number is null or rights.number is null"
    ).fetchone()
    return int(found[0]) if found is not None else 0


def _named(connection: duckdb.DuckDBPyConnection, catalog: str, mart: str) -> str:
    """The rows of a mart with the names of persons instead of their ids."""
    columns = connection.execute(f"describe {catalog}.{mart}").fetchall()
    if "one_id" not in {column for column, *_ in columns}:
        return f"from {catalog}.{mart}"
    left_out = f" exclude ({', '.join(LEARNT[mart])})" if mart in LEARNT else ""
    return (
        f"select rows.*{left_out} replace (coalesce(names.name, rows.one_id) as one_id) "
        f"from {catalog}.{mart} as rows left join {catalog}_names as names "
        "on rows.one_id = names.one_id"
    )


def _marts(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        f" where table_catalog = ? and table_schema in {SCHEMAS}",
        [catalog],
    ).fetchall()
    return [name for (name,) in rows]
