"""The page of a member: everything the published marts claim about a person, with the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import RekindleError, UsageError
from orchestration.identity.explain import one_id_of

QUERY = Path(__file__).with_suffix(".sql")
"""The one query, with the parameter one_id; any DuckDB client can run it on the published file."""


@dataclass(frozen=True)
class Entry:
    """One row of a mart about the person: its filled columns and their values as text."""

    mart: str
    facts: tuple[tuple[str, str], ...]


def member_page(file: Path, person: str) -> Sequence[Entry]:
    """All rows about a person, mart by mart in the order of the query.

    `person` is a one_id, or a record written `source_system.source_table:key`. Raises UsageError
    where nobody is meant by it and RekindleError where there is no file.
    """
    if not file.exists():
        raise RekindleError(f"There is no {file} yet; build and publish this brand first.")
    with duckdb.connect(str(file), read_only=True) as connection:
        page = entries_about(connection, one_id_meant(connection, person))
    if not page:
        raise UsageError(
            f"{person} is nobody in {file}: give a one_id of identity.dim_member, or a record as "
            "identity.oneid_map names it, such as crm.members:M00000012."
        )
    return page


def one_id_meant(connection: duckdb.DuckDBPyConnection, person: str) -> str:
    """The one_id that is meant by a one_id or by a record; UsageError for an unknown record."""
    return one_id_of(connection, person) if ":" in person else person


def entries_about(connection: duckdb.DuckDBPyConnection, one_id: str) -> list[Entry]:
    """All rows about a person, from an open published file; empty where nobody has this id."""
    rows = connection.execute(QUERY.read_text("utf-8"), {"one_id": one_id}).fetchall()
    found: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for mart, entry, fact, value in rows:
        found.setdefault((mart, entry), []).append((fact, value))
    return [Entry(mart, tuple(facts)) for (mart, _), facts in found.items()]
