"""Reads the published file, which stays open, read-only, until another one takes its place.

Publishing replaces the file and never writes to it, so an open connection keeps the former
publication whole. Each page has a connection of its own to the publication that was there when the
page began: it never mixes two. What was read or asked once is kept as long as the file is the same.
"""

from __future__ import annotations

import re
import threading
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
_MEMORY = "4GB"
"""What is kept of a file that stays open is bounded by this, not by the machine."""
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
class _File:
    """A published file that stays open."""

    connection: duckdb.DuckDBPyConnection
    mark: str
    publication: Publication
    tables: frozenset[str]

    @cached_property
    def comments(self) -> dict[tuple[str, str], Comment]:
        """What the file says about its tables and columns."""
        found = self.connection.cursor().execute(_COMMENTS).fetchall()
        return {
            (table, column): Comment(*_COMMENT.fullmatch(said).groups(""))  # type: ignore[union-attr]
            for table, column, said in found
        }


_OPEN: dict[Path, _File] = {}
_OPENING = threading.Lock()


@dataclass(frozen=True)
class Published:
    """A publication while a page is drawn from it, by a connection of its own."""

    connection: duckdb.DuckDBPyConnection
    file: _File

    @property
    def publication(self) -> Publication:
        """What the file says about itself."""
        return self.file.publication

    def rows(self, sql: str, *parameters: Any) -> pd.DataFrame:
        """The answer to an aggregate query, asked once of each publication."""
        return _rows(self.file.mark, sql, parameters, self.connection)

    def has(self, *tables: str) -> bool:
        """Whether all of these tables, written `schema.table`, are published."""
        return self.file.tables.issuperset(tables)

    def comment(self, table: str, column: str = "") -> Comment:
        """What the published file says about a column of a table, or about the table."""
        return self.file.comments.get((table, column), Comment("", ""))


@contextmanager
def opened(file: Path) -> Iterator[Published]:
    """What is published now, for as long as a page is drawn; raises UnreadableError."""
    with _OPENING:
        connection, held = _current(file)
    try:
        connection.execute("use published")
        yield Published(connection, held)
    finally:
        connection.close()


def _current(file: Path) -> tuple[duckdb.DuckDBPyConnection, _File]:
    """A connection to the file as it is now.

    A former one is closed with the last page that is drawn from it: nobody refers to it any more.
    """
    held = _OPEN.get(file)
    if held is None or held.mark != _mark_or_none(file):
        _OPEN.pop(file, None)
        held = _OPEN[file] = _open(file)
    return held.connection.cursor(), held


def _open(file: Path) -> _File:
    connection = duckdb.connect(":memory:", config={"memory_limit": _MEMORY})
    try:
        mark = _attach(connection, file)
        publication = _publication(connection, file)
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'published'"
        ).fetchall()
        return _File(connection, mark, publication, frozenset(str(table) for (table,) in tables))
    except BaseException:
        connection.close()
        raise


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


def _mark_or_none(file: Path) -> str | None:
    try:
        return _mark(file)
    except OSError:
        return None


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
