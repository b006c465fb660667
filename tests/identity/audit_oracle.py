"""The metrics of identity.oneid_audit and the bridges of persons, from docs/definitions.md."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import networkx as nx

Key = tuple[str, str, str]
Bridge = tuple[str, str, str, str]
Pieces = tuple[int, int, int]
"""Records of the person, pieces, and records outside the largest piece."""

PERCENTILES = {"p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "max": 100}


@dataclass(frozen=True)
class Card:
    """A member card: what it says of the person who holds it."""

    one_id: str
    birthday: object
    gender: str | None


@dataclass(frozen=True)
class Edge:
    """Two records of a person and what they share."""

    one_id: str
    left: str
    right: str
    identifier_type: str
    identifier_token: str


@dataclass(frozen=True)
class World:
    """What the audit is a function of. `persons` maps a record, `system.table:key`, to its person.

    `held` are usable identifiers (type, token), `linking` those that link, with their record;
    `cut` are type and reason of each that is cut; `review_pairs` counts the pairs in review.
    """

    persons: Mapping[str, str]
    cards: Sequence[Card] = ()
    edges: Sequence[Edge] = ()
    held: Iterable[tuple[str, str]] = ()
    linking: Iterable[tuple[str, str]] = ()
    cut: Sequence[tuple[str, str]] = ()
    review_pairs: int = 0
    parameters: Mapping[str, int] = field(default_factory=dict)


def bridges(world: World) -> dict[Bridge, Pieces]:
    """Bridges by person, kind, type and key."""
    sizes = Counter(world.persons.values())
    graphs: dict[str, nx.Graph] = defaultdict(nx.Graph)
    for edge in world.edges:
        identifier = ("identifier", edge.identifier_type, edge.identifier_token)
        for record in (edge.left, edge.right):
            graphs[edge.one_id].add_edge(("record", *record.split(":", 1)), identifier)
    found = {}
    for one_id, graph in graphs.items():
        if sizes[one_id] < world.parameters["bridges"]:
            continue
        for part in nx.connected_components(graph):
            for thing in nx.articulation_points(graph.subgraph(part)):
                pieces = [
                    sum(kind == "record" for kind, *_ in piece)
                    for piece in nx.connected_components(graph.subgraph(part - {thing}))
                ]
                pieces = sorted((size for size in pieces if size > 1), reverse=True)
                if len(pieces) > 1:
                    found[one_id, *thing] = (sizes[one_id], len(pieces), sum(pieces[1:]))
    return found


def audit(world: World) -> dict[Key, float]:
    """Values by metric, dimension type and dimension value."""
    found: dict[Key, float] = {}
    found |= _sources(world)
    found |= _sizes(world)
    found |= _cards(world)
    found |= _identifiers(world)
    persons = set(world.persons.values())
    found["review_pair_share", "all", "all"] = world.review_pairs / len(persons)
    bridged = bridges(world)
    kinds = {"record": "source", "identifier": "identifier_type"}
    counted = Counter((kinds[kind], type_) for _, kind, type_, _ in bridged)
    for (dimension, value), number in counted.items():
        found["bridges", dimension, value] = number
    found["bridges", "all", "all"] = len(bridged)
    sizes = Counter(world.persons.values())
    linked = {edge.one_id for edge in world.edges}
    large = [one_id for one_id in linked if sizes[one_id] >= world.parameters["bridges"]]
    if large:
        found["bridged_person_share", "all", "all"] = len({key[0] for key in bridged}) / len(large)
    return found


def _sources(world: World) -> dict[Key, float]:
    found: dict[Key, float] = {}
    sizes = Counter(world.persons.values())
    systems: dict[str, set[str]] = defaultdict(set)
    for record, one_id in world.persons.items():
        systems[one_id].add(record.split(".")[0])
    sources = {record.split(":")[0] for record in world.persons}
    for source in (*sources, None):
        records = {
            record: one_id
            for record, one_id in world.persons.items()
            if source is None or record.split(":")[0] == source
        }
        dimension = ("all", "all") if source is None else ("source", source)
        joined = sum(len(systems[one_id]) > 1 for one_id in records.values())
        single = sum(sizes[one_id] == 1 for one_id in records.values())
        found["records_per_person", *dimension] = len(records) / len(set(records.values()))
        found["joined_record_share", *dimension] = joined / len(records)
        found["single_record_share", *dimension] = single / len(records)
    return found


def _sizes(world: World) -> dict[Key, float]:
    """Nearest-rank percentiles."""
    sizes = sorted(Counter(world.persons.values()).values())
    return {
        ("person_records", "percentile", name): sizes[math.ceil(len(sizes) * share / 100) - 1]
        for name, share in PERCENTILES.items()
    }


def _cards(world: World) -> dict[Key, float]:
    found: dict[Key, float] = {}
    cards: dict[str, list[Card]] = defaultdict(list)
    for card in world.cards:
        cards[card.one_id].append(card)
    many = sum(len(held) > world.parameters["many_card_person_share"] for held in cards.values())
    if cards:
        found["many_card_person_share", "all", "all"] = many / len(cards)
    for attribute in ("birthday", "gender"):
        stated = [
            values
            for held in cards.values()
            if len(values := [v for c in held if (v := getattr(c, attribute)) is not None]) > 1
        ]
        if stated:
            two = sum(len(set(values)) > 1 for values in stated)
            found[f"two_{attribute}_person_share", "all", "all"] = two / len(stated)
    return found


def _identifiers(world: World) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for reason, number in Counter(reason for _, reason in world.cut).items():
        found["cut_identifiers", "cut_reason", reason] = number
    cut = Counter(kind for kind, _ in world.cut)
    for kind, number in Counter(kind for kind, _ in set(world.held)).items():
        found["cut_identifier_share", "identifier_type", kind] = cut[kind] / number
    of_records: dict[str, set[str]] = defaultdict(set)
    of_persons: dict[str, set[str]] = defaultdict(set)
    for record, kind in world.linking:
        if record not in world.persons:
            continue  # a phone of a time in which no order names it
        of_records[record].add(kind)
        of_persons[world.persons[record]].add(kind)
    kinds = sorted(set().union(*of_records.values())) if of_records else []
    for left, right in combinations(kinds, 2):
        for metric, sets in (("records_with_both", of_records), ("persons_with_both", of_persons)):
            both = sum({left, right} <= held for held in sets.values())
            found[metric, "identifier_pair", f"{left}+{right}"] = both
    return found
