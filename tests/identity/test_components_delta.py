"""Connected components from day to day, against those that scipy finds in each day's graph."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tests.identity.materializing import MATERIALIZATIONS, Answer, Engine, Relation

Edge = tuple[int, int]
MACROS = sorted(MATERIALIZATIONS.glob("components_*.sql"))
NODES = 30
DAYS = 5
GRAPHS = 8


class Materialization(Engine):
    """The table `components`, built again and again; `contracted` counts edges of first rounds."""

    def __init__(self, change: tuple[str, str] = ("", "")) -> None:
        super().__init__("components", MACROS, change)
        self.connection.execute("create table edges (record_id bigint, hub_record_id bigint)")
        self.contracted: list[int] = []

    def forget(self) -> None:
        """Drop what was built."""
        for name in self.tables() - {"edges"}:
            self.drop_relation(Relation(name))

    def run_query(self, sql: str) -> Answer:
        """Run a statement, counting the edges of first rounds."""
        answer = super().run_query(sql)
        if sql.startswith("create table components__parents_0 as"):
            edges = "components__edges_0" if "components__edges_0" in sql else "components__edges"
            ((found,),) = self.connection.execute(f"select count(*) from {edges}").fetchall()
            self.contracted.append(found)
        return answer

    def build(self, edges: set[Edge]) -> list[Edge]:
        """Build over a day's edges; nodes and their components, in order."""
        self.connection.execute("delete from edges")
        if edges:
            self.connection.executemany("insert into edges values (?, ?)", sorted(edges))
        sql = "select record_id, hub_record_id from edges"
        self.macros["components_build"](Relation("components"), sql)
        return self.connection.execute("select * from components order by all").fetchall()


def scipy_components(edges: set[Edge]) -> dict[int, int]:
    """Every linked node with the smallest node of its component."""
    linked = {edge for edge in edges if edge[0] != edge[1]}
    nodes = sorted({node for edge in linked for node in edge})
    if not nodes:
        return {}
    place = {node: number for number, node in enumerate(nodes)}
    left, right = np.array([[place[end] for end in edge] for edge in linked]).T
    graph = coo_array((np.ones(len(linked)), (left, right)), shape=(len(nodes), len(nodes)))
    labels = connected_components(graph, directed=False)[1]
    smallest: dict[int, int] = {}
    for node, label in zip(nodes, labels, strict=True):
        smallest.setdefault(label, node)
    return {node: smallest[label] for node, label in zip(nodes, labels, strict=True)}


def days_of(seed: int) -> list[set[Edge]]:
    """Graphs that grow, lose a few edges, lose a node with all its edges, or stay."""
    chance = random.Random(seed)
    edges: set[Edge] = set()
    days = []
    for _ in range(DAYS):
        for _ in range(chance.randrange(8)):
            edges.add((chance.randrange(NODES), chance.randrange(NODES)))
        if chance.random() < 0.6:
            edges -= set(chance.sample(sorted(edges), chance.randrange(len(edges) + 1) // 4))
        if chance.random() < 0.3:
            gone = chance.randrange(NODES)
            edges = {edge for edge in edges if gone not in edge}
        days.append(set(edges))
    return days


def differences(change: tuple[str, str] = ("", "")) -> int:
    """Days on which a node's component is missing, told twice or not scipy's."""
    materialization = Materialization(change)
    found = 0
    for seed in range(GRAPHS):
        materialization.forget()
        for edges in days_of(seed):
            expected = sorted(scipy_components(edges).items())
            found += materialization.build(edges) != expected
        if found:
            break
    return found


def test_every_day_is_like_scipy_s() -> None:
    assert differences() == 0
    sizes = [len(edges) for seed in range(GRAPHS) for edges in days_of(seed)]
    assert max(sizes) > 15


@pytest.mark.parametrize(
    "change",
    [
        ("    union\n    select node_id from touched", ""),
        ("group by node_id, smaller_id having min(is_now) = max(is_now)",
         "group by node_id, smaller_id having min(is_now) = 1"),
        ("group by node_id, smaller_id having min(is_now) = max(is_now)",
         "group by node_id, smaller_id having max(is_now) = 0"),
        ("on labels.component_id = reached.component_id",
         "on labels.record_id = reached.component_id"),
        ("cross join (select true as is_greater union all select false as is_greater) as ends",
         "cross join (select true as is_greater) as ends"),
        ("    where reached.node_id is null\n", ""),
    ],
    ids=["new nodes", "edges that went", "edges that came", "rest of the component",
         "the smaller end", "labels that stay"],
)  # fmt: skip
def test_a_fault_is_found(change: tuple[str, str]) -> None:
    texts = [path.read_text("utf-8") for path in MACROS]
    assert any(change[0] in text for text in texts)
    assert differences(change) > 0


def test_only_what_a_change_reaches_is_contracted() -> None:
    chains = {
        (10 * chain + link, 10 * chain + link + 1) for chain in range(20) for link in range(9)
    }
    materialization = Materialization()
    materialization.build(chains)
    materialization.build(chains)
    materialization.build(chains | {(9, 10)})
    materialization.build(chains)
    assert materialization.contracted == [180, 0, 19, 18]


def test_nothing_but_the_edges_is_kept() -> None:
    materialization = Materialization()
    for edges in days_of(1):
        materialization.build(edges)
        assert materialization.tables() == {"edges", "components", "components__kept"}


def test_a_full_refresh_and_a_build_that_broke_off_start_from_all_edges() -> None:
    edges = {(1, 2), (2, 3), (4, 5)}
    expected = [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4)]
    materialization = Materialization()
    materialization.build(edges)
    materialization.is_full_refresh = True
    assert materialization.build(edges) == expected
    materialization.is_full_refresh = False
    materialization.drop_relation(Relation("components__kept"))
    assert materialization.build(edges) == expected
    assert materialization.contracted == [3, 3, 3]
