"""The macros of a materialization over DuckDB in memory, one statement at a time, without dbt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from orchestration.workspace import PROJECT
from tests.policy.portable import LazyMacro, leave_macro

MATERIALIZATIONS = PROJECT / "macros/materializations"


@dataclass(frozen=True)
class Relation:
    """A table's name, as dbt's relations are."""

    identifier: str

    def incorporate(self, path: dict[str, str]) -> Relation:
        """The relation of another name."""
        return Relation(path["identifier"])

    def __str__(self) -> str:
        return self.identifier


@dataclass
class Column:
    """Values of an answer, by position."""

    values: list[Any]

    def __getitem__(self, position: int) -> object:
        return self.values[position]


@dataclass
class Answer:
    """What a query returns to a macro."""

    columns: list[Column]


@dataclass
class Engine:
    """What the macros of a materialization ask of dbt, for the table `target`."""

    target: str
    files: list[Path]
    change: tuple[str, str] = ("", "")
    is_full_refresh: bool = False
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    statements: list[str] = field(default_factory=list)
    """What the macros ran."""

    def __post_init__(self) -> None:
        self.connection.execute("set threads = 1")
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], autoescape=False
        )
        environment.globals.update(
            {
                "this": Relation(self.target),
                "model": {},
                "adapter": self,
                "run_query": self.run_query,
                "create_table_as": lambda _, relation, sql: f"create table {relation} as {sql}",
                "load_cached_relation": self.load_cached_relation,
                "drop_relation_if_exists": self.drop_relation,
                "should_full_refresh": lambda: self.is_full_refresh,
                "statement": self.statement,
                "persist_docs": lambda *_: "",
                "return": leave_macro,
            }
        )
        self.macros: dict[str, LazyMacro] = {}
        for path in self.files:
            text = path.read_text("utf-8")
            text = text.replace(*self.change) if self.change[0] else text
            self.macros[path.stem] = LazyMacro(environment, path.stem, text)
        environment.globals.update(self.macros)

    def run_query(self, sql: str) -> Answer:
        """Run a statement; its answer by columns."""
        rows = self.connection.execute(sql).fetchall()
        self.statements.append(sql)
        return Answer([Column(list(values)) for values in zip(*rows, strict=True)])

    def statement(self, _name: str, caller: Callable[[], str]) -> str:
        """Run the statement inside a call block."""
        self.run_query(caller())
        return ""

    def drop_relation(self, relation: Relation | None) -> str:
        """Drop a table where it is there."""
        self.connection.execute(f"drop table if exists {relation}")
        return ""

    def load_cached_relation(self, relation: Relation) -> Relation | None:
        """The relation, or None where there is no such table."""
        found = self.connection.execute(
            "select 1 from duckdb_tables() where table_name = ?", [str(relation)]
        ).fetchall()
        return relation if found else None

    def tables(self) -> set[str]:
        """All tables that are there."""
        names = self.connection.execute("select table_name from duckdb_tables()").fetchall()
        return {name for (name,) in names}
