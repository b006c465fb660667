"""Which columns a column is made from, read by sqlglot out of the SQL that dbt compiled.

A column comes from another where the other stands in the expression that makes it, in every query
inside the model's. What only joins, filters or groups rows is not counted: it chooses rows and
makes no values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import networkx as nx
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.schema import MappingSchema

from orchestration.errors import RekindleError

DIALECT = "duckdb"
MADE = ("model", "snapshot")
"""Resource types that have a query; others are where lineage ends."""

Name = tuple[str, str, str]
"""Database, schema and table."""

Beginning = Literal["landing", "policy", "rows", "constant"]


@dataclass(frozen=True, order=True)
class Column:
    """A column of a node of dbt; `node` is its unique id."""

    node: str
    name: str

    @property
    def label(self) -> str:
        """`commerce.orders.net_amount` for a source's, `member_rfm.monetary` for another's."""
        return f"{table_label(self.node)}.{self.name}"


@dataclass(frozen=True)
class Lineage:
    """`parents` holds what each column of a model is made from; `counting`, those that count rows.

    Columns of sources and seeds are nobody's children.
    """

    parents: Mapping[Column, frozenset[Column]]
    counting: frozenset[Column]

    def origins(self, column: Column) -> frozenset[Column]:
        """The columns of sources and seeds that a column is made from, however far away."""
        if column not in self._graph:
            return frozenset()
        before = nx.ancestors(self._graph, column)
        return frozenset(one for one in before if one not in self.parents)

    def begins_in(self, column: Column) -> Beginning:
        """What a column's values are: a brand's, the policies', counted rows, or written in SQL."""
        kinds = {one.node.partition(".")[0] for one in self.origins(column)}
        if "source" in kinds:
            return "landing"
        if kinds:
            return "policy"
        made = nx.ancestors(self._graph, column) if column in self._graph else set()
        return "rows" if self.counting & {column, *made} else "constant"

    @cached_property
    def _graph(self) -> nx.DiGraph[Column]:
        return nx.DiGraph((parent, child) for child, of in self.parents.items() for parent in of)


def table_label(node: str) -> str:
    """The last parts of a unique id: `commerce.orders` of a source, `member_rfm` of a model."""
    kind, _, *names = node.split(".")
    return ".".join(names) if kind == "source" else names[0]


def column_lineage(
    manifest: Mapping[str, Any], compiled: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> Lineage:
    """The lineage of every model and snapshot that has compiled SQL.

    Args:
        manifest: dbt's, as it was when the SQL was compiled.
        compiled: the SQL, by unique id.
        columns: the names of the columns of every model, seed, snapshot and source, by unique id.

    Raises:
        RekindleError: sqlglot cannot follow a model's SQL.
    """
    nodes = {**manifest["nodes"], **manifest["sources"]}
    names = {_name(nodes[key]): key for key in columns}
    schema = _schema({name: columns[key] for name, key in names.items()})
    files = {
        str(source["relation_name"]): ".".join(f'"{part}"' for part in _name(source))
        for source in manifest["sources"].values()
    }
    parents: dict[Column, frozenset[Column]] = {}
    counting: set[Column] = set()
    for key, sql in compiled.items():
        found = _of_query(key, _with_names(sql, files), schema)
        for name in columns[key]:
            column = Column(key, name)
            # What is not in the query is added by the materialization, out of all that is.
            roots = [found[name]] if name in found else list(found.values())
            reached = [node for root in roots for node in root.walk()]
            read = [
                Column(names[table], node.name.rpartition(".")[2])
                for node in reached
                if (table := _table_name(node)) in names
            ]
            parents[column] = frozenset(one for one in read if one.node != key)
            if any(_counts_rows(node) for node in reached):
                counting.add(column)
    return Lineage(parents, frozenset(counting))


def compiled_sql(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The SQL of every model and snapshot of a manifest that dbt has compiled."""
    return {
        key: node["compiled_code"]
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in MADE and node.get("compiled_code")
    }


def _of_query(key: str, sql: str, schema: MappingSchema) -> dict[str, Node]:
    """What each column of a query is made from, as sqlglot's trees."""
    try:
        return lineage(None, sql, schema, dialect=DIALECT, trim_selects=False, copy=False)
    except (SqlglotError, ValueError) as error:
        raise RekindleError(
            f"sqlglot cannot follow the columns of {table_label(key)}: {error}. Write what it "
            "stumbles over in another way, or take a newer sqlglot (requirements/run.in)."
        ) from error


def _schema(columns: Mapping[Name, Sequence[str]]) -> MappingSchema:
    """The tables as sqlglot wants them; types do not matter to lineage."""
    schema = MappingSchema(dialect=DIALECT)
    for (database, schema_name, table), names in columns.items():
        relation = exp.table_(table, db=schema_name, catalog=database, quoted=True)
        schema.add_table(relation, dict.fromkeys(names, "text"))
    return schema


def _name(node: Mapping[str, Any]) -> Name:
    """Under which name a node is read; sources, which are files here, get one like the others."""
    table = node["identifier"] if node["resource_type"] == "source" else node["alias"]
    return node["database"], node["schema"], table


def _with_names(sql: str, files: Mapping[str, str]) -> str:
    """The SQL with names where it reads files."""
    for file, name in files.items():
        sql = sql.replace(file, name)
    return sql


def _table_name(node: Node) -> Name | None:
    """The table that a leaf of a tree is a column of."""
    table = node.expression
    return (table.catalog, table.db, table.name) if isinstance(table, exp.Table) else None


def _counts_rows(node: Node) -> bool:
    return any(isinstance(count.this, exp.Star) for count in node.expression.find_all(exp.Count))
