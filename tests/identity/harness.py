"""Runs some identity models over hand-made tables in memory, one statement a model, without dbt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import md5
from typing import Any

import duckdb
import numpy as np
import polars as pl
import yaml
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from orchestration.workspace import PROJECT
from tests.identity.materializing import MATERIALIZATIONS, Engine, Relation
from tests.macros.engine import render

TREE_MACROS = [
    *sorted(MATERIALIZATIONS.glob("trees_*.sql")),
    MATERIALIZATIONS / "components_part.sql",
    MATERIALIZATIONS / "components_write.sql",
]
AS_OF = "select date '2025-06-30' as as_of_date, timestamp '2025-06-30 16:00:00' as as_of_end_at"


class Models:
    """Tables `ref.<name>`: those given, the policies as shipped, and the models that were run."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("create schema ref")
        self.table("stg_rekindle__as_of", AS_OF)
        self.changed = 0
        """Models and macros whose SQL a change has changed."""

    def table(self, name: str, sql: str) -> None:
        """Make `ref.<name>` of a query."""
        self.connection.execute(f"create or replace table ref.{name} as {sql}")

    def frame(
        self, name: str, rows: Iterable[Sequence[object]], columns: Mapping[str, Any]
    ) -> None:
        """Make `ref.<name>` of rows; `columns` maps each column to its type."""
        given = pl.DataFrame(list(rows), schema=dict(columns), orient="row")
        self.connection.register("given_frame", given)
        self.table(name, "select * from given_frame")
        self.connection.unregister("given_frame")

    def persons(
        self, persons: Mapping[str, str], edges: Iterable[tuple[str, str, str, str]]
    ) -> None:
        """Make tables of whose each record is, and of what two records share: the records, type and
        token."""
        numbers = {name: int(md5(name.encode()).hexdigest()[:15], 16) for name in persons}
        text, whole = pl.String, pl.Int64
        self.frame(
            "int_identity__record_persons",
            persons.items(),
            {"source_record_key": text, "one_id": text},
        )
        self.frame(
            "int_identity__records",
            [(number, name) for name, number in numbers.items()],
            {"record_id": whole, "source_record_key": text},
        )
        self.frame(
            "int_identity__edges",
            [(numbers[right], numbers[left], *shared) for left, right, *shared in edges],
            {
                "record_id": whole,
                "hub_record_id": whole,
                "identifier_type": text,
                "identifier_token": text,
            },
        )

    def policy(self, *names: str) -> None:
        """Make tables of policies as they are shipped."""
        for name in names:
            path = PROJECT / f"seeds/policy/{name}.csv"
            self.table(name, f"select * from read_csv('{path}', columns = {policy_types()[name]})")

    def run(self, *models: str, change: tuple[str, str] | None = None) -> None:
        """Run models in this order; `change` replaces a text where their SQL, or that of a macro of
        trees, holds it."""
        for model in models:
            (path,) = (PROJECT / "models").rglob(f"{model}.sql")
            text = path.read_text("utf-8")
            self.changed += change is not None and change[0] in text
            sql = render(text.replace(*change) if change else text)
            if "materialized='connected_components'" in text:
                self._components(model, sql)
            elif "materialized='rooted_trees'" in text:
                self.trees(model, sql, change or ("", ""))
            else:
                self.table(model, sql)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """The rows of a question to the tables."""
        return self.connection.execute(question).fetchall()

    def trees(self, model: str, edges_sql: str, change: tuple[str, str] = ("", "")) -> int:
        """Make `ref.<model>` by the macros of rooted trees; how many statements that took."""
        if change[0]:
            self.changed += sum(change[0] in path.read_text("utf-8") for path in TREE_MACROS)
        self.connection.execute(f"drop table if exists ref.{model}")
        engine = Engine(model, TREE_MACROS, change, connection=self.connection)
        before = engine.tables()
        engine.macros["trees_build"](Relation(f"ref.{model}"), edges_sql)
        assert engine.tables() == before | {model}
        return len(engine.statements)

    def _components(self, model: str, edges_sql: str) -> None:
        edges = self.connection.execute(edges_sql).fetchnumpy()
        left, right = (np.asarray(column, dtype=np.int64) for column in edges.values())
        nodes, numbers = np.unique(np.concatenate([left, right]), return_inverse=True)
        ends = numbers.reshape(2, -1)
        graph = coo_array((np.ones(left.size), ends), shape=(nodes.size, nodes.size))
        _, labels = connected_components(graph, directed=False)
        least = np.full(labels.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(least, labels, nodes)
        rows = pl.DataFrame({"record_id": nodes, "component_id": least[labels]})
        self.connection.register("given_frame", rows)
        self.table(model, "select * from given_frame")
        self.connection.unregister("given_frame")


@cache
def policy_types() -> dict[str, dict[str, str]]:
    """The types of the columns of each policy file."""
    described = yaml.safe_load((PROJECT / "seeds/policy/_policy__seeds.yml").read_text("utf-8"))
    return {seed["name"]: seed["config"]["column_types"] for seed in described["seeds"]}
