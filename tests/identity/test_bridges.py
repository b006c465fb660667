"""Bridges of persons of every shape and size: against networkx on shapes that hypothesis glues
together, and against what is plain of chains, rings and stars of thousands of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.identity import audit_oracle
from tests.identity.audit_oracle import Bridge, Edge, Pieces, World
from tests.identity.harness import Models

MODELS = (
    "int_identity__bridge_holdings",
    "int_identity__bridge_trees",
    "int_identity__bridge_blocks",
    "int_identity__bridges",
)
LEAST_RECORDS = 6
Holders = tuple[int, ...]
"""The records that share an identifier."""


def ring(records: Sequence[int]) -> list[Holders]:
    """Each shares something with the next, the last with the first."""
    return [*chain(records), (records[-1], records[0])]


def chain(records: Sequence[int]) -> list[Holders]:
    """Each shares something with the next."""
    return list(pairwise(records))


def star(records: Sequence[int]) -> list[Holders]:
    """The first shares something with each of the others."""
    return [(records[0], other) for other in records[1:]]


def one_identifier(records: Sequence[int]) -> list[Holders]:
    """All share one."""
    return [tuple(records)]


def everything(records: Sequence[int]) -> list[Holders]:
    """Any two share something of their own."""
    return list(combinations(records, 2))


SHAPES: Sequence[Callable[[Sequence[int]], list[Holders]]] = (
    ring,
    chain,
    star,
    one_identifier,
    everything,
)


@st.composite
def glued(draw: st.DrawFn) -> list[Holders]:
    """Shapes that share a record or an identifier with what was there before: two rings at one
    record, barbells, stars of chains; then some more holders of what is there."""
    holders: list[Holders] = []
    records = 1
    for _ in range(draw(st.integers(1, 5))):
        fresh = list(range(records, records + draw(st.integers(2, 6))))
        records += len(fresh)
        is_grown_on = draw(st.booleans())
        if holders and is_grown_on:
            at = draw(st.integers(0, len(holders) - 1))
            holders[at] = (*holders[at], fresh[0])
        else:
            fresh.insert(draw(st.integers(0, len(fresh))), draw(st.integers(0, fresh[0] - 1)))
        holders += draw(st.sampled_from(SHAPES))(fresh)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(holders) - 1))
        holders[at] = tuple({*holders[at], draw(st.integers(0, records - 1))})
    return holders


def world(persons: Mapping[str, Sequence[Holders]]) -> World:
    """Persons by the holders of their identifiers."""
    whose: dict[str, str] = {}
    edges: list[Edge] = []
    for one_id, identifiers in persons.items():
        names = {at: f"app.users:{one_id}-{at}" for held in identifiers for at in held}
        whose |= dict.fromkeys(names.values(), one_id)
        for number, (hub, *others) in enumerate(identifiers):
            edges += [
                Edge(one_id, names[hub], names[other], "phone", f"t{number}") for other in others
            ]
    return World(whose, edges=edges, parameters={"bridges": LEAST_RECORDS})


def found(made: World) -> dict[Bridge, Pieces]:
    """What the models say."""
    models = Models()
    models.persons(
        made.persons,
        [
            (edge.left, edge.right, edge.identifier_type, edge.identifier_token)
            for edge in made.edges
        ],
    )
    models.policy("identity_audit")
    models.run(*MODELS)
    rows = models.rows(
        "select one_id, bridge_kind, bridge_type, bridge_key, record_count, piece_count,"
        " parted_records from ref.int_identity__bridges"
    )
    assert len({row[:4] for row in rows}) == len(rows)
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(glued(), min_size=20, max_size=40), st.text("abc", min_size=4, max_size=8))
def test_shapes_glued_together(shapes: list[list[Holders]], salt: str) -> None:
    made = world({f"{salt}{number}": shape for number, shape in enumerate(shapes)})
    assert found(made) == audit_oracle.bridges(made)


EIGHT = range(8)
PLAIN: Mapping[str, tuple[list[Holders], dict[str, Pieces]]] = {
    "chain": (chain(EIGHT[:6]), {
        "t1": (6, 2, 2), "2": (6, 2, 2), "t2": (6, 2, 3), "3": (6, 2, 2), "t3": (6, 2, 2),
    }),
    "ring": (ring(EIGHT), {}),
    "star": (star(EIGHT), {}),
    "one identifier": (one_identifier(EIGHT), {}),
    "everything": (everything(EIGHT), {}),
    "two rings at a record": (
        ring([0, 1, 2, 3]) + ring([0, 4, 5, 6, 7]), {"0": (8, 2, 3)},
    ),
    "two rings at an identifier": (
        [*chain([0, 1, 2]), *chain([3, 4, 5]), (0, 2, 3, 5)], {"t4": (6, 2, 3)},
    ),
    "barbell": (
        everything([0, 1, 2]) + everything([3, 4, 5, 6]) + [(2, 3)],
        {"2": (7, 2, 2), "t9": (7, 2, 3), "3": (7, 2, 3)},
    ),
    "three pairs on an identifier": (
        [(0, 2, 4), (0, 1), (2, 3), (4, 5)], {"t0": (6, 3, 4)},
    ),
    "two parts that nothing joins": (
        chain(range(5)) + ring([5, 6, 7]), {"t1": (8, 2, 2), "2": (8, 2, 2), "t2": (8, 2, 2)},
    ),
    "too small": (chain(EIGHT[:5]), {}),
}  # fmt: skip
"""What is plain: identifiers are named by their number, records by theirs."""


@cache
def plain() -> tuple[dict[Bridge, Pieces], dict[Bridge, Pieces]]:
    """The bridges of all of these, one person each: found, and by the second implementation."""
    made = world({shape: holders for shape, (holders, _) in PLAIN.items()})
    return found(made), audit_oracle.bridges(made)


@pytest.mark.parametrize("shape", PLAIN)
def test_what_is_plain(shape: str) -> None:
    told, searched = plain()
    assert told == searched
    assert {
        key.removeprefix(f"{shape}-"): pieces
        for (one_id, *_, key), pieces in told.items()
        if one_id == shape
    } == PLAIN[shape][1]


def test_thousands_of_records() -> None:
    """A chain of 5,000 has a bridge in every record and identifier but the outermost three; where
    it is taken away, the shorter side is parted. A ring, stars and a holder of everything have none
    but the place where two rings of a thousand meet."""
    length = 5_000
    made = world(
        {
            "chain": chain(range(length)),
            "ring": ring(range(2_000)),
            "star": star(range(10_000)),
            "shared": one_identifier(range(10_000)),
            "eight": ring(range(1_000)) + ring([0, *range(1_000, 2_000)]),
        }
    )
    wanted = {
        ("chain", "record", "app.users", f"chain-{at}"): (length, 2, min(at, length - 1 - at))
        for at in range(2, length - 2)
    } | {
        ("chain", "identifier", "phone", f"t{at}"): (length, 2, min(at + 1, length - 1 - at))
        for at in range(1, length - 2)
    }
    wanted["eight", "record", "app.users", "eight-0"] = (2_000, 2, 999)
    assert found(made) == wanted


def test_rounds_grow_with_the_logarithm() -> None:
    """A chain that is eight times as long takes a few statements more."""

    def statements(length: int) -> int:
        models = Models()
        models.table(
            "edges",
            "select cast(hash(place) // 16 * 2 as bigint) as record_id,"
            " cast(hash(place + side + 0.5) // 16 * 2 + 1 as bigint) as identifier_id"
            f" from range({length}) as places (place)"
            " cross join (values (0), (1)) as sides (side)",
        )
        return models.trees("trees", "select * from ref.edges")

    short, long = statements(500), statements(4_000)
    assert short < long < short + 60 < 200
