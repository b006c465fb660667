"""The identity audit and the bridges: made-up persons against a second implementation, mistakes in
the SQL that it betrays, and each warning on either side of its limit."""

from __future__ import annotations

import csv
import random
from functools import cache

import polars as pl
import pytest

from orchestration.workspace import PROJECT
from tests.identity import audit_oracle
from tests.identity.audit_oracle import Bridge, Card, Edge, Key, Pieces, World
from tests.identity.harness import Models

SOURCES = (
    "crm.members",
    "app.users",
    "website.users",
    "mini_program.users",
    "marketplace.buyers",
)
TYPES = ("card_no", "email", "id_token", "phone", "unionid")
BRIDGE_MODELS = (
    "int_identity__bridge_holdings",
    "int_identity__bridge_trees",
    "int_identity__bridge_blocks",
    "int_identity__bridges",
)
AUDIT_MODELS = (
    "int_identity__audit_sources",
    "int_identity__audit_persons",
    "int_identity__audit_identifiers",
    "oneid_audit",
)
PARAMETERS = {"bridges": 6, "many_card_person_share": 3}


def policy() -> list[dict[str, str]]:
    """The shipped limits."""
    with (PROJECT / "seeds/policy/identity_audit.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def world() -> World:
    """A few hundred records: trees, rings, chains of rings, two persons of two hundred."""
    chance = random.Random(5)
    persons: dict[str, str] = {}
    edges: list[Edge] = []
    cards: list[Card] = []
    linking: set[tuple[str, str]] = set()
    held: set[tuple[str, str]] = set()

    def join(one_id: str, records: list[str], token: str) -> None:
        kind = chance.choice(TYPES if token[-1] in "13579" else TYPES[1:4])
        hub = min(records)
        held.add((kind, token))
        linking.update((record, kind) for record in records)
        edges.extend(Edge(one_id, hub, record, kind, token) for record in records if record != hub)

    for number in range(120):
        one_id = f"p{number:03d}"
        size = (
            201
            if number == 0
            else 200
            if number == 1
            else chance.choice((1, 1, 2, 3, 5, 6, 7, 9, 14))
        )
        names = [f"{chance.choice(SOURCES)}:{number}-{at}" for at in range(size)]
        persons |= dict.fromkeys(names, one_id)
        for at in range(1, size):
            shared = {names[at], names[chance.randrange(at)]}
            if number > 1 and chance.random() < 0.4:
                shared.add(names[chance.randrange(at)])
            join(one_id, sorted(shared), f"{number}-{at}")
        if size > 3 and chance.random() < 0.5:
            join(one_id, sorted(chance.sample(names, 3)), f"{number}-x1")
        for name in names:
            if name.startswith("crm."):
                birthday = chance.choice(("1990-01-02", "1990-02-01", None, "1990-01-02"))
                gender = chance.choice(("female", "female", "female", "male", None))
                cards.append(Card(one_id, birthday, gender))
    lone = [(record, "phone") for record in persons if chance.random() < 0.2]
    linking.update(lone)
    held.update(("phone", record) for record, _ in lone)
    cut = [("phone", "too_many_in_all"), ("email", "too_many_in_one_system")] + [
        (kind, "too_many_in_one_system") for kind in ("phone", "phone", "device", "device", "phone")
    ]
    held.update((kind, f"cut-{at}") for at, (kind, _) in enumerate(cut))
    held.update(("device", f"device-{at}") for at in range(40))
    return World(persons, cards, edges, held, linking, cut, 7, PARAMETERS)


@cache
def true_bridges() -> dict[Bridge, Pieces]:
    """The bridges of the second implementation."""
    return audit_oracle.bridges(world())


@cache
def true_audit() -> dict[Key, float]:
    """Its metrics."""
    return audit_oracle.audit(world())


def given() -> Models:
    """The tables that the models read."""
    models, made = Models(), world()
    texts, text = dict.fromkeys, pl.String
    models.persons(
        made.persons,
        [
            (edge.left, edge.right, edge.identifier_type, edge.identifier_token)
            for edge in made.edges
        ],
    )
    names = [name for name in made.persons if name.startswith("crm.")]
    models.frame(
        "stg_crm__members",
        [
            (name.split(":")[1], card.birthday, card.gender)
            for name, card in zip(names, made.cards, strict=True)
        ],
        texts(("member_no", "birthday", "gender"), text),
    )
    models.frame(
        "int_identity__linking_identifiers",
        made.linking,
        texts(("source_record_key", "identifier_type"), text),
    )
    models.frame(
        "int_identity__identifiers",
        [held for held in made.held for _ in range(2) if held[0] != "device"],
        texts(("identifier_type", "identifier_token"), text),
    )
    models.frame(
        "int_identity__devices",
        [(token,) for kind, token in made.held if kind == "device"],
        {"device_id": text},
    )
    for name, is_device in (("identifiers", False), ("devices", True)):
        models.frame(
            f"int_identity__cut_{name}",
            [one for one in made.cut if (one[0] == "device") is is_device],
            texts(("identifier_type", "reason"), text),
        )
    models.frame(
        "int_identity__review_pairs", [(at,) for at in range(made.review_pairs)], {"pair": pl.Int64}
    )
    models.policy("identity_audit")
    return models


def found_audit(models: Models) -> dict[Key, float]:
    """The values of the mart."""
    rows = models.rows(
        "select metric_code, dimension_type, dimension_value, value from ref.oneid_audit"
    )
    return {(metric, kind, value): number for metric, kind, value, number in rows}


def found_bridges(models: Models) -> dict[Bridge, Pieces]:
    """The rows of the bridges."""
    rows = models.rows(
        "select one_id, bridge_kind, bridge_type, bridge_key, record_count, piece_count,"
        " parted_records from ref.int_identity__bridges"
    )
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}


def test_bridges_equal_a_search_by_networkx() -> None:
    models = given()
    models.run(*BRIDGE_MODELS)
    wanted = true_bridges()
    assert found_bridges(models) == wanted
    assert min(records for records, *_ in wanted.values()) == PARAMETERS["bridges"]
    assert max(records for records, *_ in wanted.values()) == 201
    assert {kind for _, kind, *_ in wanted} == {"record", "identifier"}
    assert max(pieces for _, pieces, _ in wanted.values()) > 2


def test_the_audit_equals_the_second_implementation() -> None:
    models = given()
    models.run(*BRIDGE_MODELS, *AUDIT_MODELS)
    found = found_audit(models)
    assert found == pytest.approx(true_audit())
    assert {metric for metric, *_ in found} == {row["metric_code"] for row in policy()}


MISTAKES = {
    "pieces_of_one": ("    having sum(records) > 1\n", ""),
    "least_exclusive": ("record_count >= policy.least", "record_count > policy.least"),
    "smallest_piece": ("sum(records) - max(records)", "min(records)"),
    "hub_holds_nothing": ("hub_record_id as record_id", "record_id"),
    "rest_counts_twice": ("roots.records - block_nodes.records", "roots.records"),
    "rest_hangs_alone": (
        "        block_nodes.node_id,\n        block_nodes.block_id,",
        "        block_nodes.node_id,\n        block_nodes.parent_id as block_id,",
    ),
    "edges_without_rings_are_one": (
        "coalesce(blocks.component_id, trees.node_id)",
        "blocks.component_id",
    ),
    "no_ring_to_the_right": (
        "records.exit_step < identifiers.entry_step\n    or identifiers.exit_step",
        "identifiers.exit_step",
    ),
    "no_ring_to_the_left": ("or identifiers.exit_step < records.entry_step", ""),
    "no_ring_before": ("children.least_step < parents.entry_step\n    or", ""),
    "no_ring_behind": ("    or children.greatest_step > parents.exit_step", ""),
    "ring_at_the_parent": ("children.least_step < parents", "children.least_step <= parents"),
    "ends_of_strides": (
        "coalesce(further.steps, 0) + coalesce(farther.steps",
        "coalesce(farther.steps",
    ),
    "no_way_back": (
        "coalesce(later_id, case when tree.node_id is not null then first_id end)",
        "later_id",
    ),
    "upwards_for_downwards": ("where down.steps > up.steps", "where down.steps < up.steps"),
    "least_of_itself": ("coalesce(below.least_step, climb.least_step)", "climb.least_step"),
    "greatest_of_itself": (
        "coalesce(below.greatest_step, climb.greatest_step)",
        "climb.greatest_step",
    ),
    "records_of_itself": ("climb.records + coalesce(below.records, 0)", "climb.records"),
    "parent_for_root": ("coalesce(up.root_id, climb.root_id)", "climb.root_id"),
    "everything_a_record": ("cast(0 as bigint) as is_record", "cast(1 as bigint) as is_record"),
    "tables_for_systems": ("min(split_part(source, '.', 1)) <>", "count(*) > 1 or '' <>"),
    "single_in_its_source": (
        "persons.records = 1 as is_single",
        "records_of_sources.records = 1 as is_single",
    ),
    "joined_persons": ("is_joined then records", "is_joined then 1"),
    "below_the_percentile": ("persons_so_far * 100 >= ", "persons_so_far * 100 > "),
    "sizes_for_persons": ("sum(persons) over (\n", "count(*) over (\n"),
    "as_many_cards": ("cards.cards > policy.parameter", "cards.cards >= policy.parameter"),
    "all_cardholders_have_two": ("cards.birthdays > 1", "cards.birthdays > 0"),
    "every_gender_holder": ("cards.genders > 1", "cards.genders > 0"),
    "pairs_per_pair": ("cast(review_pairs.pairs as double)", "cast(1 as double)"),
    "bridges_per_person": (
        "        from bridges\n        group by one_id\n",
        "        from bridges\n",
    ),
    "kinds_swapped": ("case bridge_kind when 'record'", "case bridge_kind when 'identifier'"),
    "either_type": ("* has_{{ right_type }} * holders", "* holders"),
    "sets_for_holders": ("has_{{ right_type }} * holders)", "has_{{ right_type }})"),
    "cut_per_holding": (
        "\n        group by identifier_type, identifier_token\n    ) as held",
        "\n    ) as held",
    ),
    "cut_of_all_types": ("on usable_identifiers.identifier_type = cut_by", "on 'phone' = cut_by"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sql_shows(mistake: tuple[str, str]) -> None:
    models = given()
    models.run(*BRIDGE_MODELS, *AUDIT_MODELS, change=mistake)
    assert models.changed == 1
    differs = found_audit(models) != pytest.approx(true_audit())
    assert differs or found_bridges(models) != true_bridges()


WARNING = [row["metric_code"] for row in policy() if row["warns_when"] != "never"]


@pytest.fixture(scope="module")
def audited() -> Models:
    """Everything but the mart itself."""
    models = given()
    models.run(*BRIDGE_MODELS, *AUDIT_MODELS[:-1])
    return models


@pytest.mark.parametrize("metric", WARNING)
@pytest.mark.parametrize("side", ["above", "below"])
def test_a_metric_warns_beyond_its_limit_and_not_at_it(
    audited: Models, metric: str, side: str
) -> None:
    value = (max if side == "above" else min)(
        v for key, v in true_audit().items() if key[0] == metric
    )
    within = value - 1e-6 if side == "above" else value + 1e-6
    for threshold, warns in ((value, False), (within, True)):
        audited.policy("identity_audit")
        audited.connection.execute(
            "update ref.identity_audit set warns_when = ?, threshold = ? where metric_code = ?",
            [side, threshold, metric],
        )
        audited.run("oneid_audit")
        rows = audited.rows(
            "select value, threshold, is_warning from ref.oneid_audit"
            f" where metric_code = '{metric}'"
        )
        assert {is_warning for v, _, is_warning in rows if v == pytest.approx(value)} == {warns}
        assert {limit for _, limit, _ in rows} == {threshold}


def test_a_metric_that_only_tells_never_warns(audited: Models) -> None:
    audited.policy("identity_audit")
    audited.run("oneid_audit")
    rows = audited.rows(
        "select metric_code, threshold, is_warning from ref.oneid_audit where threshold is null"
    )
    assert {metric for metric, *_ in rows} == {
        row["metric_code"] for row in policy() if row["warns_when"] == "never"
    }
    assert {is_warning for *_, is_warning in rows} == {False}
