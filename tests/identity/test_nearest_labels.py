"""Labels that spread over a graph: against a search from every label, on random graphs and on
chains that are longer than a level."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise

import polars as pl
import pytest

from tests.identity.materializing import MATERIALIZATIONS, Engine, Relation

Edge = tuple[int, int, int, int]
"""Two neighbours, rank and days apart."""
MACROS = [
    *sorted(MATERIALIZATIONS.glob("nearest_*.sql")),
    MATERIALIZATIONS / "components_part.sql",
    MATERIALIZATIONS / "components_write.sql",
    MATERIALIZATIONS / "components_parents_sql.sql",
]
MACROS.remove(MATERIALIZATIONS / "nearest_labels.sql")
COLUMNS = {
    "unit_id": pl.Int64,
    "neighbour_id": pl.Int64,
    "label": pl.String,
    "link_rank": pl.Int64,
    "days_apart": pl.Int64,
}
NODES = 40
GRAPHS = 12


def spread(
    edges: Sequence[Edge], labels: Mapping[int, str], change: tuple[str, str] = ("", "")
) -> tuple[dict[int, str], Engine]:
    """The label of every node that is reached, and what was run for it."""
    engine = Engine("labels", MACROS, change)
    rows = [
        (left, right, labels.get(left), rank, days)
        for one, other, rank, days in edges
        for left, right in ((one, other), (other, one))
    ]
    given = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    engine.connection.register("given", given)
    engine.connection.execute("create table edges as select * from given")
    engine.macros["nearest_build"](Relation("labels"), "select * from edges")
    found = engine.connection.execute("select unit_id, label from labels").fetchall()
    assert len(dict(found)) == len(found)
    assert engine.tables() == {"edges", "labels"}
    return dict(found), engine


def searched(edges: Sequence[Edge], labels: Mapping[int, str]) -> dict[int, str]:
    """The same, hop by hop from all labels at once."""
    neighbours: dict[int, list[tuple[int, int, int]]] = {}
    for left, right, rank, days in edges:
        neighbours.setdefault(left, []).append((right, rank, days))
        neighbours.setdefault(right, []).append((left, rank, days))
    found = {node: label for node, label in labels.items() if node in neighbours}
    while True:
        offers: dict[int, list[tuple[int, int, str]]] = {}
        for node, near in neighbours.items():
            if node not in found:
                for other, rank, days in near:
                    if other in found:
                        offers.setdefault(node, []).append((rank, days, found[other]))
        if not offers:
            return found
        found |= {node: min(made)[2] for node, made in offers.items()}


def random_graph(seed: int) -> tuple[list[Edge], dict[int, str]]:
    """Few edges a node, so that some are far from all labels and some out of reach."""
    chance = random.Random(seed)
    names = chance.sample(range(10_000), NODES)
    edges: dict[tuple[int, int], Edge] = {}
    for place, name in enumerate(names[1:], 1):
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            other = names[chance.randrange(max(0, place - 4), place)]
            edges[name, other] = (name, other, chance.choice((1, 2)), chance.randrange(3))
    labels = {name: chance.choice("abc") for name in chance.sample(names, 4)}
    return list(edges.values()), labels


def chain(records: int, seed: int = 1) -> tuple[list[int], list[Edge], dict[int, str]]:
    """Nodes in a row, by names without order; the first and the last have labels."""
    names = random.Random(seed).sample(range(10**9), records)
    edges = [(left, right, 2, 0) for left, right in pairwise(names)]
    return names, edges, {names[0]: "a", names[-1]: "b"}


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_labels_go_to_the_nearest(seed: int) -> None:
    edges, labels = random_graph(seed)
    expected = searched(edges, labels)
    assert len(expected) > len(labels)
    assert spread(edges, labels)[0] == expected


@pytest.mark.parametrize(
    "change",
    [
        ("edges.link_rank, edges.days_apart, last", "edges.days_apart, last"),
        ("edges.link_rank, edges.days_apart, last", "edges.link_rank, last"),
        ("edges.days_apart, last_hop.label", "edges.days_apart, last_hop.label desc"),
        ("edges.link_rank, edges.days_apart, last", "edges.link_rank desc, last"),
        (" and hop_before.node_id is null", ""),
        ("same_hop.node_id is null and ", ""),
    ],
    ids=["rank", "days", "label", "weak first", "back", "aside"],
)
def test_a_fault_is_found(change: tuple[str, str]) -> None:
    assert any(change[0] in path.read_text("utf-8") for path in MACROS)
    assert any(is_betrayed(seed, change) for seed in range(GRAPHS))


def is_betrayed(seed: int, change: tuple[str, str]) -> bool:
    """Whether a changed macro gives other labels, or some twice."""
    edges, labels = random_graph(seed)
    try:
        return spread(edges, labels, change)[0] != searched(edges, labels)
    except AssertionError:
        return True


@pytest.mark.parametrize("records", [49, 50, 60, 500])
def test_far_ends_of_a_chain_break_it_near_its_middle(records: int) -> None:
    """Every node has a label, and there is one break; what is near an end stays with it."""
    names, edges, labels = chain(records)
    found, _ = spread(edges, labels)
    told = [found[name] for name in names]
    breaks = [place for place, (left, right) in enumerate(pairwise(told)) if left != right]
    assert len(breaks) == 1
    assert told[: min(25, records // 2)] == ["a"] * min(25, records // 2)
    assert told[-min(25, records // 2) :] == ["b"] * min(25, records // 2)
    assert 0.3 * records < breaks[0] < 0.7 * records


def test_a_long_chain_takes_few_rounds_and_the_order_of_rows_changes_nothing() -> None:
    names, edges, labels = chain(5_000)
    found, engine = spread(edges, labels)
    assert set(found) == set(names)
    assert len(engine.statements) < 400
    random.Random(2).shuffle(edges)
    assert spread(edges, labels)[0] == found


def test_one_label_reaches_everything_however_far() -> None:
    names, edges, labels = chain(1_000)
    del labels[names[-1]]
    assert set(spread(edges, labels)[0].values()) == {"a"}
    assert len(spread(edges, labels)[0]) == 1_000


def test_grids_beyond_a_level_are_whole_persons() -> None:
    """Each label's nodes hang together without the other's."""
    wide, high = 120, 3
    names = random.Random(3).sample(range(10**9), wide * high)
    at = {(x, y): names[x * high + y] for x in range(wide) for y in range(high)}
    edges = [
        (at[x, y], at[other], 2, 0)
        for x, y in at
        for other in ((x + 1, y), (x, y + 1))
        if other in at
    ]
    labels = {at[0, 0]: "a", at[wide - 1, high - 1]: "b"}
    found, _ = spread(edges, labels)
    assert set(found) == set(names)
    near: dict[int, list[int]] = {name: [] for name in names}
    for left, right, *_ in edges:
        near[left].append(right)
        near[right].append(left)
    for start, label in labels.items():
        seen, queue = {start}, deque([start])
        while queue:
            for other in near[queue.popleft()]:
                if other not in seen and found[other] == label:
                    seen.add(other)
                    queue.append(other)
        assert len(seen) == list(found.values()).count(label)


def test_without_a_conflict_nothing_but_the_empty_table_is_made() -> None:
    found, engine = spread([], {})
    assert found == {}
    assert len(engine.statements) < 8
