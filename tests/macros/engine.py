"""Renders macros and generic tests without dbt, and runs them on DuckDB, one statement at a time.

tests/parity/ runs the same cases on Spark.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from tests.policy.portable import LazyMacro, leave_macro

ROOT = Path(__file__).resolve().parents[2]
BUSINESS_ZONE = "Asia/Shanghai"


class _Adapter:
    """dbt's adapter, as far as macros dispatch."""

    def __init__(self, macros: Mapping[str, LazyMacro], engine: str) -> None:
        self._macros, self._engine = macros, engine

    def dispatch(self, name: str, _package: str | None = None) -> Callable[..., object]:
        """The engine's own macro, or else the default one."""
        return self._macros.get(f"{self._engine}__{name}") or self._macros[f"default__{name}"]


@cache
def macro_texts() -> Mapping[str, str]:
    """The text of the file in which each macro and each generic test stands, by its name."""
    texts = {}
    for folder in ("macros", "tests/dbt/generic"):
        for path in sorted((ROOT / folder).rglob("*.sql")):
            text = re.sub(r"\{%(-?)\s*(end)?test\b", r"{%\1 \2macro", path.read_text("utf-8"))
            if "{% materialization" not in text:
                texts.update(dict.fromkeys(re.findall(r"\{%-?\s*macro\s+(\w+)", text), text))
    return texts


def render(
    text: str,
    *,
    is_incremental: bool = False,
    zone: str = BUSINESS_ZONE,
    engine: str = "duckdb",
    texts: Mapping[str, str] | None = None,
) -> str:
    """The SQL of a text on an engine; ref('x') is the table ref.x, source('s', 't') source.s__t.

    `texts` are the macros to use, by default those of this project.
    """
    settings = (is_incremental, zone, engine)
    if texts is None:
        return _environment(*settings).from_string(text).render()
    return _make_environment(*settings, texts).from_string(text).render()


@cache
def _environment(is_incremental: bool, zone: str, engine: str) -> jinja2.Environment:
    """That of the project's own macros, each of which is compiled once."""
    return _make_environment(is_incremental, zone, engine, macro_texts())


def _make_environment(
    is_incremental: bool, zone: str, engine: str, texts: Mapping[str, str]
) -> jinja2.Environment:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], autoescape=False
    )
    macros = {name: LazyMacro(environment, name, body) for name, body in texts.items()}
    environment.globals.update(macros)
    environment.globals.update(
        {
            "adapter": _Adapter(macros, engine),
            "config": lambda *_values, **_named: "",
            "env_var": lambda name, *_default: {"REKINDLE_BUSINESS_ZONE": zone}[name],
            "is_incremental": lambda: is_incremental,
            "ref": lambda name: f"ref.{name}",
            "return": leave_macro,
            "source": lambda system, table: f"source.{system}__{table}",
            "this": "this.relation",
        }
    )
    return environment


def connect(given: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """A database in memory with some tables: schema.name, or a bare name, and its query."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for schema in ("ref", "source", "this"):
        connection.execute(f"create schema {schema}")
    for name, query in given.items():
        connection.execute(f"create table {name} as {render(query)}")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()
