"""Reads the published file: one read-only connection a page, closed when the page is drawn.

Publishing replaces the file and never writes to it, so an open connection keeps the former
publication whole: a page never mixes two. What was asked once is kept as long as the file is the
same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from orchestration.errors import RekindleError

_ANSWERS_KEPT = 2_000
_ATTEMPTS = 50
_COMMENT = re.compile(r"(.*?)(?: \[([^][]*)\])?", re.DOTALL)
"""How publishing writes a description and its Chinese label."""

_COMMENTS = """
select schema_name || '.' || table_name as table_name, '' as column_name, comment
from duckdb_tables()
where database_name = 'published' and comment is not null
union all
select schema_name || '.' || table_name, column_name, comment
from duckdb_columns()
where database_name = 'published' and comment is not null
"""


class UnreadableError(RekindleError):
    """There is no published file, or it is none."""


@dataclass(frozen=True)
class Publication:
    """What a published file says about itself; times are UTC. An empty brand has no date."""

    brand: str
    as_of_date: date | None
    build_id: str
    business_zone: str
    currency: str
    published_at: datetime


@dataclass(frozen=True)
class Comment:
    """A description of a table or a column, and its Chinese label; empty where there is none."""

    text: str
    label_zh: str


@dataclass(frozen=True)
class Published:
    """A published file while it is open. `mark` is another one for every other file."""

    connection: duckdb.DuckDBPyConnection
    mark: str
    publication: Publication
    tables: frozenset[str]

    def rows(self, sql: str, *parameters: Any) -> pd.DataFrame:
        """The answer to an aggregate query, asked once of each publication."""
        return _rows(self.mark, sql, parameters, self.connection)

    def has(self, *tables: str) -> bool:
        """Whether all of these tables, written `schema.table`, are published."""
        return self.tables.issuperset(tables)

    def comment(self, table: str, column: str = "") -> Comment:
        """What the published file says about a column of a table, or about the table."""
        return self._comments.get((table, column), Comment("", ""))

    @cached_property
    def _comments(self) -> dict[tuple[str, str], Comment]:
        found = self.rows(_COMMENTS)
        return {
            (str(table), str(column)): Comment(*_COMMENT.fullmatch(said).groups(""))  # type: ignore[union-attr]
            for table, column, said in found.itertuples(index=False)
        }


@contextmanager
def opened(file: Path) -> Iterator[Published]:
    """Open a published file for as long as a page is drawn; raises UnreadableError."""
    connection = duckdb.connect(":memory:")
    try:
        mark = _attach(connection, file)
        publication = _publication(connection, file)
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'published'"
        ).fetchall()
        yield Published(
            connection,
            f"{mark} {publication.build_id}",
            publication,
            frozenset(str(table) for (table,) in tables),
        )
    finally:
        connection.close()


def _attach(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    """Attach a file that may be replaced meanwhile; returns a mark of the one that is attached."""
    for _ in range(_ATTEMPTS):
        try:
            before = _mark(file)
            name = str(file).replace("'", "''")
            connection.execute(f"attach '{name}' as published (read_only)")
            if _mark(file) == before:
                connection.execute("use published")
                return before
            connection.execute("detach published")
        except FileNotFoundError as error:
            raise UnreadableError(
                f"There is no {file} yet; build and publish a brand first (make demo)."
            ) from error
        except (duckdb.Error, OSError) as error:
            raise UnreadableError(
                f"{file} cannot be read as a published file; publish again (rekindle publish). "
                f"{error}"
            ) from error
    raise UnreadableError(f"{file} is replaced without pause; try again when publishing has ended.")


def _mark(file: Path) -> str:
    state = file.stat()
    return f"{file} {state.st_ino} {state.st_mtime_ns} {state.st_size}"


def _publication(connection: duckdb.DuckDBPyConnection, file: Path) -> Publication:
    try:
        row = connection.execute(
            "select brand, as_of_date, build_id, business_zone, currency, published_at "
            "from ops.publication"
        ).fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise UnreadableError(
            f"{file} is a DuckDB file, but not a published one: it lacks ops.publication. "
            "Give the file that rekindle publish made."
        )
    return Publication(*row)


@st.cache_data(max_entries=_ANSWERS_KEPT, show_spinner=False)
def _rows(
    mark: str,  # noqa: ARG001  (part of the key)
    sql: str,
    parameters: tuple[Any, ...],
    _connection: duckdb.DuckDBPyConnection,
) -> pd.DataFrame:
    return _connection.execute(sql, list(parameters)).df()
