"""Values that expire and systems that stay apart: boundaries, random brands against pairs of
records that networkx closes, and mistakes in the SQL."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import combinations

import networkx as nx
import polars as pl
import pytest

from tests.identity.harness import Models

TEXT, TIME = pl.String, pl.Datetime
AS_OF = date(2025, 6, 30)
SYSTEMS = {
    "app": "app.users",
    "commerce": "commerce.orders",
    "crm": "crm.members",
    "marketplace": "marketplace.buyers",
    "mini_program": "mini_program.users",
    "website": "website.users",
    "wecom": "wecom.contacts",
}
MODELS = (
    "int_identity__restricted_holdings",
    "int_identity__record_holdings",
    "int_identity__holdings",
    "int_identity__links",
)
Holding = tuple[str, str, str, int, datetime]
"""Record, type, token, tenure and when it was confirmed."""
Pair = tuple[date, str, str, str, bool]
LONG_AGO = date(1900, 1, 1)
NOW = datetime.fromisoformat("2025-06-30T04:00:00")


def record(system: str, number: int) -> str:
    """The name of a record."""
    return f"{SYSTEMS[system]}:{number}"


def persons(
    holdings: list[Holding],
    *,
    expires: dict[str, int] | None = None,
    pairs: Sequence[Pair] = (),
    change: tuple[str, str] | None = None,
) -> set[frozenset[str]]:
    """The groups of records that links make."""
    models = Models()
    names = sorted({name for name, *_ in holdings})
    numbers = {name: number for number, name in enumerate(names)}
    models.frame(
        "int_identity__linking_identifiers",
        [(*holding[:4], None, holding[4]) for holding in holdings],
        {
            "source_record_key": TEXT,
            "identifier_type": TEXT,
            "identifier_token": TEXT,
            "tenure": pl.Int32,
            "held_from": TIME,
            "confirmed_at": TIME,
        },
    )
    models.frame(
        "int_identity__records",
        numbers.items(),
        {"source_record_key": TEXT, "record_id": pl.Int64},
    )
    models.frame(
        "int_identity__decided_links",
        [],
        {
            "record_id": pl.Int64,
            "identifier_type": TEXT,
            "identifier_token": TEXT,
            "tenure": pl.Int32,
        },
    )
    models.policy("identifier_policy")
    for kind, days in (expires or {}).items():
        models.connection.execute(
            "update ref.identifier_policy set expires_after_days = ? where identifier_type = ?",
            [days, kind],
        )
    models.frame(
        "identifier_pairs",
        pairs,
        {
            "valid_from": pl.Date,
            "identifier_type": TEXT,
            "left_system": TEXT,
            "right_system": TEXT,
            "is_allowed": pl.Boolean,
        },
    )
    models.run(*MODELS, change=change)
    graph = nx.Graph()
    graph.add_nodes_from(names)
    for left, right in models.rows("select record_id, hub_record_id from ref.int_identity__links"):
        graph.add_edge(names[left], names[right])
    return {frozenset(group) for group in nx.connected_components(graph)}


def held(name: str, confirmed: datetime = NOW, *, token: str = "t", tenure: int = 1) -> Holding:
    """A phone that a record holds."""
    return (name, "phone", token, tenure, confirmed)


CARD, ACCOUNT, BUYER, CONTACT = (
    record(system, 1) for system in ("crm", "app", "marketplace", "wecom")
)


@pytest.mark.parametrize(
    ("confirmed", "links"),
    [("2025-05-31T16:00:00", True), ("2025-05-31T15:59:59", False), ("2025-06-30T15:00:00", True)],
)
def test_a_value_links_while_it_was_confirmed_within_the_days(confirmed: str, links: bool) -> None:
    """The 30 days that end with 30 June begin with 1 June of the business zone."""
    holdings = [held(CARD), held(ACCOUNT, datetime.fromisoformat(confirmed))]
    together = {frozenset({CARD, ACCOUNT})}
    apart = {frozenset({CARD}), frozenset({ACCOUNT})}
    assert persons(holdings, expires={"phone": 30}) == (together if links else apart)
    assert persons(holdings, expires={"email": 30}) == together
    assert persons(holdings) == together


FORBIDDEN: Pair = (LONG_AGO, "phone", "crm", "marketplace", False)


def test_two_systems_that_stay_apart() -> None:
    holdings = [held(CARD), held(BUYER)]
    apart = {frozenset({CARD}), frozenset({BUYER})}
    assert persons(holdings, pairs=[FORBIDDEN]) == apart
    assert persons(holdings, pairs=[(LONG_AGO, "email", "crm", "marketplace", False)]) != apart
    cards = [held(CARD), held(record("crm", 2)), held(BUYER), held(record("marketplace", 2))]
    assert len(persons(cards, pairs=[FORBIDDEN])) == 2


def test_another_system_that_may_join_both_joins_them_unless_its_value_has_expired() -> None:
    holdings = [held(CARD), held(BUYER), held(ACCOUNT, NOW - timedelta(days=40))]
    assert len(persons(holdings, pairs=[FORBIDDEN])) == 1
    assert len(persons(holdings, pairs=[FORBIDDEN], expires={"phone": 40})) == 3
    elsewhere = [*holdings[:2], held(ACCOUNT, tenure=2)]
    assert len(persons(elsewhere, pairs=[FORBIDDEN])) == 3


def test_records_of_one_system_that_stay_apart_are_joined_by_another_system_alone() -> None:
    cards = [held(CARD), held(record("crm", 2))]
    alone: Pair = (LONG_AGO, "phone", "crm", "crm", False)
    assert len(persons(cards, pairs=[alone])) == 2
    assert len(persons([*cards, held(ACCOUNT)], pairs=[alone])) == 1
    assert len(persons([*cards, held(BUYER)], pairs=[alone, FORBIDDEN])) == 3


def test_systems_that_only_their_neighbours_may_join_are_one_chain() -> None:
    """From one end to the other there are six steps."""
    forbidden: list[Pair] = [
        (LONG_AGO, "phone", left, right, False)
        for left, right in combinations(SYSTEMS, 2)
        if list(SYSTEMS).index(right) - list(SYSTEMS).index(left) > 1
    ]
    holdings = [held(record(system, 1)) for system in SYSTEMS]
    assert len(persons(holdings, pairs=forbidden)) == 1
    broken = [holding for holding in holdings if not holding[0].startswith("marketplace")]
    assert len(persons(broken, pairs=forbidden)) == 2


def test_a_pair_is_allowed_again_from_a_day_on() -> None:
    holdings = [held(CARD), held(BUYER)]
    for day, people in ((AS_OF, 1), (AS_OF + timedelta(days=1), 2)):
        again: Pair = (day, "phone", "crm", "marketplace", True)
        assert len(persons(holdings, pairs=[FORBIDDEN, again])) == people


# Random brands -----------------------------------------------------------------------------------

Brand = tuple[list[Holding], dict[str, int], list[Pair]]


def brand(seed: int) -> Brand:
    """Some records with a few values, and systems most of which may not be joined."""
    chance = random.Random(seed)
    names = [record(system, number) for system in SYSTEMS for number in range(3)]
    holdings: list[Holding] = [
        (name, kind, f"t{chance.randrange(3)}", chance.choice((1, 1, 2)), NOW - timedelta(days=age))
        for name in names
        for kind in ("phone", "card_no")
        if chance.random() < 0.6
        for age in [chance.choice((0, 29, 30, 31))]
    ]
    unique = {holding[:4]: holding for holding in holdings}
    pairs: list[Pair] = [
        (LONG_AGO, "phone", left, right, False)
        for left, right in [*combinations(SYSTEMS, 2), *((system, system) for system in SYSTEMS)]
        if chance.random() < 0.6
    ]
    return list(unique.values()), {"phone": 30, "card_no": 31}, pairs


def true_persons(
    holdings: list[Holding], expires: dict[str, int], pairs: list[Pair]
) -> set[frozenset[str]]:
    """Every two holders of a value in a tenure, one by one."""
    forbidden = {(kind, frozenset((left, right))) for _, kind, left, right, _ in pairs}
    graph = nx.Graph()
    graph.add_nodes_from(name for name, *_ in holdings)
    valid = [
        holding
        for holding in holdings
        if (AS_OF - (holding[4] + timedelta(hours=8)).date()).days < expires[holding[1]]
    ]
    for left, right in combinations(valid, 2):
        systems = frozenset(name.split(".")[0] for name in (left[0], right[0]))
        if left[1:4] == right[1:4] and (left[1], systems) not in forbidden:
            graph.add_edge(left[0], right[0])
    return {frozenset(group) for group in nx.connected_components(graph)}


SEEDS = range(10)
MISTAKES = {
    "a_day_longer": ("            <= {{ add_days", "            < {{ add_days"),
    "expired_values_join_systems": (
        "where has_forbidden_pairs and not is_expired",
        "where has_forbidden_pairs",
    ),
    "expired_values_link": ("        and not holdings.is_expired\n", ""),
    "one_way": (
        "right_system as source_system, left_system as other",
        "left_system as source_system, right_system as other",
    ),
    "nothing_spreads": (
        "least(min(neighbours.island), min(islands.island))",
        "min(neighbours.island)",
    ),
    "lone_systems_are_islands": (
        "forbidden_pairs.source_system\n",
        "forbidden_pairs.source_system and systems.source_system <> others.source_system\n",
    ),
    "islands_join": ("coalesce(restricted_holdings.island, 0) * 10000", "0"),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_brands_close_like_pairs_of_records(seed: int) -> None:
    holdings, expires, pairs = brand(seed)
    assert persons(holdings, expires=expires, pairs=pairs) == true_persons(holdings, expires, pairs)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sql_shows(mistake: tuple[str, str]) -> None:
    brands = [brand(seed) for seed in SEEDS]
    assert any(
        persons(holdings, expires=expires, pairs=pairs, change=mistake)
        != true_persons(holdings, expires, pairs)
        for holdings, expires, pairs in brands
    )
