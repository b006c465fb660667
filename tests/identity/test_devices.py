"""Devices as evidence: each limit on either side, random worlds against a second implementation,
and mistakes in the SQL that it betrays."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache

import polars as pl
import pytest

from orchestration.workspace import PROJECT
from tests.identity import device_oracle
from tests.identity.device_oracle import Found, Limits, World
from tests.identity.harness import Models

TEXT, TIME, WHOLE = pl.String, pl.Datetime, pl.Int64
AS_OF = date(2025, 6, 30)
SHIPPED = Limits(3, 2, 3, 3, 6, 365)
MODELS = (
    "int_identity__devices",
    "int_identity__device_holdings",
    "int_identity__cut_devices",
    "int_identity__shared_devices",
    "int_identity__persons_apart",
    "int_identity__device_pairs",
    "int_identity__review_pairs",
    "oneid_review_queue",
)
TABLES = {"app": ("app.users", "app_user_id"), "mini_program": ("mini_program.users", "openid")}
NOON = time(4)
"""Of the business zone, in UTC."""


def given(world: World, limits: Limits) -> Models:
    """The tables that the models read; a device of the world is its id."""
    models = Models()
    numbers = {record: at for at, record in enumerate(sorted(world.persons), 1)}
    for system, (table, key) in TABLES.items():
        models.frame(
            f"stg_{system}__events",
            [
                (record.split(":")[1], device, datetime.combine(day, NOON), day)
                for record, device, day in world.sightings
                if record.startswith(table)
            ],
            {key: TEXT, "device_id": TEXT, "occurred_at": TIME, "event_date": pl.Date},
        )
    models.frame(
        "stg_app__users",
        [
            (record.split(":")[1], device, datetime.combine(day, NOON))
            for record, device, day in world.statements
        ],
        {"app_user_id": TEXT, "device_id": TEXT, "updated_at": TIME},
    )
    models.frame(
        "int_identity__records",
        [(number, record) for record, number in numbers.items()],
        {"record_id": WHOLE, "source_record_key": TEXT},
    )
    models.frame(
        "int_identity__record_persons",
        world.persons.items(),
        {"source_record_key": TEXT, "one_id": TEXT},
    )
    first = {one_id: numbers[record] for record, one_id in sorted(world.persons.items())}
    profiles = [
        (first[one_id], *(value if kind == column else None for column in ("name", "gender")),
         date.fromisoformat(value) if kind == "birthday" else None)
        for one_id, kind, value in world.told
    ]  # fmt: skip
    models.frame(
        "int_identity__match_profiles",
        profiles,
        {"person_id": WHOLE, "name_sorted": TEXT, "gender": TEXT, "birthday": pl.Date},
    )
    records = {one_id: record for record, one_id in sorted(world.persons.items())}
    models.frame(
        "int_identity__linking_identifiers",
        [(records[one_id], what) for one_id, what in world.once if what == "id_token"],
        {"source_record_key": TEXT, "identifier_type": TEXT},
    )
    models.frame(
        "int_identity__decided_pairs",
        [
            ("separate", *(numbers[records[one_id]] for one_id in sorted(pair)))
            for pair in world.apart
        ],
        {"decision": TEXT, "left_record_id": WHOLE, "right_record_id": WHOLE},
    )
    models.frame(
        "int_identity__match_pairs",
        [],
        {
            "left_person_id": WHOLE,
            "right_person_id": WHOLE,
            "match_probability": pl.Float64,
            "reasons": TEXT,
        },
    )
    models.policy("match_once", "identifier_policy", "identifier_exclusions", "device_policy")
    models.connection.execute(
        "update ref.device_policy set min_events = ?, min_days = ?, max_pairs = ?",
        [limits.min_events, limits.min_days, limits.max_pairs],
    )
    models.connection.execute(
        "update ref.identifier_policy set max_records_per_system = ?, max_records = ?,"
        " expires_after_days = ? where identifier_type = 'device'",
        [limits.max_records_per_system, limits.max_records, limits.expires_after_days],
    )
    return models


def found_by_sql(world: World, limits: Limits, change: tuple[str, str] | None = None) -> Found:
    """What the models find, by the names that devices have."""
    models = given(world, limits)
    models.run(*MODELS, change=change)
    assert change is None or models.changed
    cut = models.rows(
        "select identifier_token, records_in_one_system, records_in_all, reason"
        " from ref.int_identity__cut_devices"
    )
    evidence = models.rows(
        "select device_token, list(source_record_key) from ref.int_identity__shared_devices"
        " group by all"
    )
    shared = models.rows(
        "select left_one_id, right_one_id, devices from ref.int_identity__device_pairs"
    )
    queue = models.rows(
        "select left_one_id, right_one_id, match_probability, reasons, shared_devices"
        " from ref.oneid_review_queue"
    )
    counts = {frozenset((left, right)): number for left, right, number in shared}
    for left, right, probability, reasons, number in queue:
        assert probability is None
        assert reasons == f"same_device:{number}"
        assert number == counts[frozenset((left, right))]
    assert len({pair[:2] for pair in queue}) == len(queue)
    return Found(
        {token: tuple(row) for token, *row in cut},
        {token: frozenset(records) for token, records in evidence},
        counts,
        {frozenset((left, right)) for left, right, *_ in queue},
    )


def same(found: Found, wanted: Found) -> bool:
    """Whether both found the same; what a device is called is nobody's business."""
    return (
        sorted(found.cut.values()) == sorted(wanted.cut.values())
        and sorted(map(sorted, found.evidence.values()))
        == sorted(map(sorted, wanted.evidence.values()))
        and found.shared == wanted.shared
        and found.proposed == wanted.proposed
    )


# Limits ------------------------------------------------------------------------------------------


def app(number: int) -> str:
    """An app account."""
    return f"app.users:{number}"


def mini(number: int) -> str:
    """An account of the mini-program."""
    return f"mini_program.users:{number}"


def alone(*records: str) -> dict[str, str]:
    """Everybody a person of their own, p0, p1 …"""
    return {record: f"p{at}" for at, record in enumerate(records)}


def stated(*records: str, device: str = "d", day: date = AS_OF) -> list[tuple[str, str, date]]:
    """Accounts that state a device."""
    return [(record, device, day) for record in records]


def waiting(world: World, limits: Limits = SHIPPED) -> set[tuple[str, ...]]:
    """The pairs of persons that wait, which have to be those of the second implementation."""
    found = found_by_sql(world, limits)
    assert same(found, device_oracle.find(world, limits))
    return {tuple(sorted(pair)) for pair in found.proposed}


TWO = World(AS_OF, alone(app(1), app(2)), statements=stated(app(1), app(2)))


def test_two_accounts_on_one_device_wait_and_stay_two() -> None:
    assert waiting(TWO) == {("p0", "p1")}
    assert waiting(replace(TWO, persons=dict.fromkeys((app(1), app(2)), "p0"))) == set()
    assert waiting(replace(TWO, apart=frozenset({frozenset(("p0", "p1"))}))) == set()


@pytest.mark.parametrize(
    ("records", "is_cut"),
    [
        pytest.param([app(1), app(2), app(3)], False, id="as many of one system as may be"),
        pytest.param([app(at) for at in range(4)], True, id="one more"),
        pytest.param([app(1), app(2), mini(1), mini(2)], False, id="of two systems"),
    ],
)
def test_a_device_of_too_many_records_is_evidence_of_nothing(
    records: list[str], is_cut: bool
) -> None:
    world = World(
        AS_OF,
        alone(*records),
        [(record, "d", AS_OF - timedelta(days=day)) for record in records for day in (0, 1, 2)],
    )
    found = found_by_sql(world, SHIPPED)
    assert same(found, device_oracle.find(world, SHIPPED))
    assert (len(found.cut), not found.shared) == (is_cut, is_cut)


@pytest.mark.parametrize(("limit", "cut"), [(4, 0), (3, 1)])
def test_too_many_of_all_systems(limit: int, cut: int) -> None:
    records = [app(1), app(2), mini(1), mini(2)]
    days = [AS_OF, AS_OF, AS_OF - timedelta(days=1)]
    world = World(AS_OF, alone(*records), [(one, "d", day) for one in records for day in days])
    limits = replace(SHIPPED, max_records=limit)
    found = found_by_sql(world, limits)
    assert same(found, device_oracle.find(world, limits))
    assert list(found.cut.values()) == [(2, 4, "too_many_in_all")] * cut


@pytest.mark.parametrize(
    ("days", "is_had"),
    [((0, 0, 1), True), ((0, 1), False), ((0, 0, 0), False), ((0, 1, 2), True)],
)
def test_a_device_is_had_by_enough_events_on_enough_days(
    days: tuple[int, ...], is_had: bool
) -> None:
    guest = [(mini(1), "d", AS_OF - timedelta(days=day)) for day in days]
    world = World(AS_OF, alone(app(1), mini(1)), guest, stated(app(1)))
    assert waiting(world) == ({("p0", "p1")} if is_had else set())


@pytest.mark.parametrize(("ago", "counts"), [(364, True), (365, False)])
def test_a_device_not_seen_for_long_is_no_evidence(ago: int, counts: bool) -> None:
    late = AS_OF - timedelta(days=ago)
    world = replace(TWO, statements=stated(app(1)) + stated(app(2), day=late))
    assert waiting(world) == ({("p0", "p1")} if counts else set())
    again = replace(world, sightings=[(app(2), "d", AS_OF)])
    assert waiting(again) == {("p0", "p1")}
    assert waiting(world, replace(SHIPPED, expires_after_days=None)) == {("p0", "p1")}


def test_who_is_not_seen_any_more_has_the_device_still() -> None:
    """It is counted where it is cut."""
    old = AS_OF - timedelta(days=900)
    records = [app(at) for at in range(4)]
    world = World(
        AS_OF, alone(*records), statements=stated(*records[:2]) + stated(*records[2:], day=old)
    )
    found = found_by_sql(world, SHIPPED)
    assert same(found, device_oracle.find(world, SHIPPED))
    assert found.cut


def test_a_number_that_is_no_device() -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    for device in (zeros, "Unknown"):
        world = replace(
            TWO,
            statements=stated(app(1), app(2), device=device),
            excluded=frozenset({zeros, "unknown"}),
        )
        assert waiting(world) == set()


BORN, GENDER, NAME = "birthday", "gender", "name"


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        pytest.param([("p0", BORN, "1990-01-02")], True, id="one birthday"),
        pytest.param([("p0", BORN, "1990-01-02"), ("p1", BORN, "1990-01-03")], False, id="two"),
        pytest.param(
            [("p0", BORN, "1990-01-02"), ("p1", BORN, "1990-01-03"), ("p1", BORN, "1990-01-02")],
            True,
            id="one in common",
        ),
        pytest.param([("p0", GENDER, "male"), ("p1", GENDER, "female")], False, id="genders"),
        pytest.param([("p0", NAME, "li lei"), ("p1", NAME, "han mei")], False, id="names"),
        pytest.param([("p0", NAME, "li lei"), ("p1", NAME, "li lei")], True, id="namesakes"),
        pytest.param(
            [
                ("p0", NAME, "li lei"), ("p1", NAME, "han mei"),
                ("p0", BORN, "1990-01-02"), ("p1", BORN, "1990-01-02"),
            ],
            True,
            id="names, but one birthday",
        ),
        pytest.param(
            [
                ("p0", GENDER, "male"), ("p1", GENDER, "female"),
                ("p0", BORN, "1990-01-02"), ("p1", BORN, "1990-01-02"),
            ],
            False,
            id="twins",
        ),
    ],
)  # fmt: skip
def test_what_speaks_against_one_person(told: list[tuple[str, str, str]], waits: bool) -> None:
    assert waiting(replace(TWO, told=told)) == ({("p0", "p1")} if waits else set())


def test_what_nobody_holds_twice() -> None:
    assert waiting(replace(TWO, once=[("p0", "id_token")])) == {("p0", "p1")}
    assert waiting(replace(TWO, once=[("p0", "id_token"), ("p1", "id_token")])) == set()
    accounts = {app(1): "p0", mini(1): "p0", app(2): "p1", mini(2): "p1"}
    held = [("p0", "mini_program.users"), ("p1", "mini_program.users")]
    assert waiting(replace(TWO, persons=accounts, once=held)) == set()


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_a_device_proposes_so_many_pairs(most: int) -> None:
    """Those that were on it on most days; whom somebody keeps apart takes nobody's place."""
    days = {app(1): 5, app(2): 3, app(3): 4}
    world = World(
        AS_OF,
        alone(*days),
        [
            (record, "d", AS_OF - timedelta(days=at))
            for record in days
            for at in range(days[record])
        ],
    )
    by_days = [("p0", "p2"), ("p0", "p1"), ("p1", "p2")]
    assert waiting(world, replace(SHIPPED, max_pairs=most)) == set(by_days[:most])
    apart = replace(world, apart=frozenset({frozenset(by_days[0])}))
    assert waiting(apart, replace(SHIPPED, max_pairs=most)) == set(by_days[1 : most + 1])


def test_a_likely_pair_has_the_device_beside_its_probability() -> None:
    """It waits whatever contradicts, once, with its own records."""
    world = replace(TWO, told=[("p0", NAME, "li lei"), ("p1", NAME, "han mei")])
    models = given(world, SHIPPED)
    models.table(
        "int_identity__match_pairs",
        "select 1::bigint as left_person_id, 2::bigint as right_person_id,"
        " 0.75::double as match_probability, 'name:different' as reasons",
    )
    models.run(*MODELS)
    assert models.rows(
        "select match_probability, reasons, shared_devices from ref.oneid_review_queue"
    ) == [(0.75, "name:different same_device:1", 1)]


def test_a_name_tells_nothing_of_the_number() -> None:
    """Two devices that one record had first have two names, and another number the same ones."""
    found = []
    for first, second in (("IMEI-1", "IMEI-2"), ("A", "B")):
        world = replace(
            TWO,
            statements=stated(app(1), app(2), device=first),
            sightings=[
                (record, second, AS_OF - timedelta(days=day))
                for record in (app(1), app(2))
                for day in (0, 0, 1)
            ],
        )
        models = given(world, SHIPPED)
        models.run(*MODELS)
        found.append(models.rows("from ref.int_identity__device_holdings order by all"))
        assert {row[:2] for row in models.rows("from ref.int_identity__device_pairs")} == {
            ("p0", "p1")
        }
        assert models.rows("select devices from ref.int_identity__device_pairs") == [(2,)]
    assert found[0] == found[1]
    assert len({token for _, token, *_ in found[0]}) == 2


def test_nothing_that_makes_persons_reads_devices() -> None:
    """So no device can move anybody from one person to another."""
    texts = {path.stem: path.read_text("utf-8") for path in (PROJECT / "models").rglob("*.sql")}
    read: set[str] = set()
    waiting = ["int_identity__assignments", "oneid_map", "oneid_events", "oneid_bridges"]
    while waiting:
        model = waiting.pop()
        if model in texts and model not in read:
            read.add(model)
            waiting += re.findall(r"ref\('(\w+)'\)", texts[model])
    assert "int_identity__linking_identifiers" in read
    assert not read & {*MODELS[:4], "int_identity__device_pairs"}


# Random worlds -----------------------------------------------------------------------------------

SEEDS = range(12)


@cache
def world_of(seed: int) -> tuple[World, Limits]:
    """Some dozen accounts with a few devices, all sorts of statements and limits."""
    chance = random.Random(seed)
    records = [app(at) for at in range(14)] + [mini(at) for at in range(8)]
    persons = {record: f"p{chance.randrange(14)}" for record in records}
    devices = [f"d{at}" for at in range(9)] + ["NULL"]

    def day() -> date:
        return AS_OF - timedelta(days=chance.choice((0, 1, 1, 2, 28, 29, 30, 31)))

    sightings = [
        (record, device, day())
        for record in records
        for device in chance.sample(devices, 2)
        for _ in range(chance.randrange(7))
    ]
    statements = [
        (app(at), chance.choice(devices), day()) for at in range(14) if chance.random() < 0.6
    ]
    people = sorted(set(persons.values()))
    told = [
        (one_id, kind, chance.choice(values))
        for one_id in people
        for kind, values, share in (
            (NAME, ("li lei", "han mei"), 0.5),
            (BORN, ("1990-01-02", "1991-02-03"), 0.2),
            (GENDER, ("female", "male"), 0.1),
        )
        for _ in range(2)
        if chance.random() < share
    ]
    once = [(one_id, "id_token") for one_id in people if chance.random() < 0.1]
    once += [(one, "mini_program.users") for record, one in persons.items() if "mini" in record]
    pairs = [frozenset(chance.sample(people, 2)) for _ in range(4)]
    world = World(
        AS_OF, persons, sightings, statements, frozenset({"null"}), told, once, frozenset(pairs)
    )
    limits = Limits(
        chance.choice((2, 3)), 2, chance.choice((1, 2, 3)), 3, chance.choice((3, 4)), 30
    )
    return world, limits


@pytest.mark.parametrize("seed", SEEDS)
def test_random_worlds_are_those_of_the_second_implementation(seed: int) -> None:
    world, limits = world_of(seed)
    assert same(found_by_sql(world, limits), device_oracle.find(world, limits))


def test_the_worlds_have_everything() -> None:
    found = [device_oracle.find(*world_of(seed)) for seed in SEEDS]
    assert {why for one in found for *_, why in one.cut.values()} == {
        "too_many_in_one_system",
        "too_many_in_all",
    }
    assert sum(len(one.proposed) for one in found) > 10
    assert sum(len(set(one.shared) - one.proposed) for one in found) > 10
    assert max(number for one in found for number in one.shared.values()) > 1


MISTAKES = {
    "statements_do_not_count": ("records_and_devices.is_stated\n        or (", "false or ("),
    "events_do_not_count": (">= policy.min_events", ">= 0"),
    "an_event_more": (">= policy.min_events", "> policy.min_events"),
    "a_day_more": (">= policy.min_days", "> policy.min_days"),
    "days_of_events": ("count(distinct events.event_date)", "count(events.event_date)"),
    "lost_exclusions": ("in ('any', 'device')", "in ('phone')"),
    "exclusions_in_their_case": ("on lower(named_devices.device_id)", "on named_devices.device_id"),
    "as_many_as_may_be_are_cut": (
        "> policy.max_records\n",
        ">= policy.max_records\n",
    ),
    "as_many_of_a_system": (
        "where\n    holders.records_in_one_system > ",
        "where\n    holders.records_in_one_system >= ",
    ),
    "cut_devices_count": ("cut_devices.identifier_token is null", "true"),
    "a_day_longer": ("        > {{ add_days", "        >= {{ add_days"),
    "nothing_expires": ("policy.expires_after_days is null\n", "true\n"),
    "apart_is_forgotten": (
        "where persons_apart.left_one_id is null\n),\n\npairs as",
        "),\n\npairs as",
    ),
    "held_twice_is_nothing": ("held_twice.left_one_id is not null\n", "false\n"),
    "birthdays_say_nothing": ("coalesce(said_of_pairs.birthdays_agree, 1) = 0", "false"),
    "genders_say_nothing": ("coalesce(said_of_pairs.genders_agree, 1) = 0", "false"),
    "names_say_nothing": ("coalesce(said_of_pairs.names_agree, 1) = 0", "false"),
    "names_say_everything": ("and coalesce(said_of_pairs.birthdays_agree, 0) = 0", ""),
    "contradicted_take_places": ("case when judged_pairs.is_contradicted then 1 else 0 end", "0"),
    "least_days_first": ("pairs_on_devices.days desc", "pairs_on_devices.days asc"),
    "a_pair_less": ("number_on_device <= policy", "number_on_device < policy"),
    "contradicted_are_proposed": (
        "when numbered_pairs.is_contradicted then 1",
        "when false then 1",
    ),
    "one_device_alone": ("least(left_persons.days, right_persons.days)", "left_persons.days"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sql_shows(mistake: tuple[str, str]) -> None:
    worlds = [world_of(seed) for seed in SEEDS]
    assert any(
        not same(found_by_sql(*world, change=mistake), device_oracle.find(*world))
        for world in worlds
    )
