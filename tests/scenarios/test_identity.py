"""Who is the same person: every scenario as one full refresh and day by day, and random graphs
against scipy's connected components."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from orchestration.errors import UsageError
from orchestration.identity.dry_run import CHANGES, DryRun, dry_run
from orchestration.warehouse.build import BuildOptions
from orchestration.workspace import PROJECT
from tests.conftest import WHAT_LASTS, build_brand, hand_over, make_workspace
from tests.scenarios.identity import (
    DAYS,
    SCENARIOS,
    Record,
    Scenario,
    conflict_in_a_long_chain,
    phone,
    random_records,
    receivers_phone,
    staff_cards,
    unconfirmed_phone,
    write_slices,
)
from tests.scenarios.same_rows import compare_marts

RANDOM = random_records(seed=7)
STAFF = (
    Record("crm", "seller-1", columns={"phone": "13911112200"}),
    Record("crm", "seller-2"),
    Record("crm", "seller-3", columns={"phone": "13800000000"}),
)
PULSES = tuple(
    Record("order", f"pulse-{day}", day, {"buyer_key_type": "none", "buyer_key": ""})
    for day in DAYS
)
Groups = dict[str, frozenset[str]]
MakeOnce = Callable[[str, Callable[[Path], None]], Path]
DECISIONS = "seeds/policy/identity_decisions.csv"
PAGE = PROJECT / "docs/identity_scenarios.md"
DEVICES = ("+oneid_review_queue", "+oneid_evidence", "int_identity__cut_devices")
PERSONS_NOW = """
select source_record_key as name, max_by(one_id, assignment_number) as one_id
from intermediate.int_identity__assignments
group by source_record_key
"""
"""Who is who, from the log of ids, which is made before the marts are."""


def all_records() -> list[Record]:
    scenarios = [record for scenario in SCENARIOS for record in scenario.records]
    return [*scenarios, *RANDOM, *STAFF, *PULSES]


def write_staff(target: Path) -> None:
    """Staff by member number, by phone, and by a dummy phone that makes nobody staff."""
    folder = target / "crm" / "staff"
    folder.mkdir(parents=True)
    (folder / "staff.csv").write_text(
        "staff_id,member_no,phone,updated_at\n"
        f"s1,,13911112200,{DAYS[0]}T00:00:00Z\n"
        f"s2,seller-2,,{DAYS[0]}T00:00:00Z\n"
        f"s3,,13800000000,{DAYS[0]}T00:00:00Z\n",
        encoding="utf-8",
    )


def write_everything(target: Path) -> None:
    write_slices(target, all_records())
    write_staff(target)


@pytest.fixture(scope="session")
def project(made_once: MakeOnce) -> Path:
    """The project with what was decided in the scenarios."""

    def write(folder: Path) -> None:
        folder.mkdir()
        for name in ("models", "macros", "snapshots", "tests", "dbt_project.yml", "profiles.yml"):
            (folder / name).symlink_to(PROJECT / name)
        shutil.copytree(PROJECT / "seeds", folder / "seeds")
        with (folder / DECISIONS).open("a", encoding="utf-8") as file:
            for scenario in SCENARIOS:
                for made in scenario.decisions:
                    file.write(
                        f"{made.day},{made.decision},{made.left.name},{made.right.name},Ann,"
                        f"{scenario.name}\n"
                    )

    return made_once("identity-project", write)


@pytest.fixture(scope="session")
def full_refresh(made_once: MakeOnce, project: Path) -> Path:
    """All days handed over and built at once."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        write_everything(workspace.landing)
        hand_over(workspace, project=project)

    return make_workspace(made_once("identity-full", write), Path()).build_file()


@pytest.fixture(scope="session")
def shuffled(made_once: MakeOnce, project: Path) -> Path:
    """The rows of all days in another order, built at once as far as persons go."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        records = all_records()
        random.Random(5).shuffle(records)
        write_slices(workspace.landing, records)
        write_staff(workspace.landing)
        hand_over(workspace, "--select", "+oneid_map", *DEVICES, project=project)

    return make_workspace(made_once("identity-shuffled", write), Path()).build_file()


@pytest.fixture(scope="session")
def day_by_day(made_once: MakeOnce, project: Path) -> Path:
    """The days handed over and built one after the other."""

    def write(folder: Path) -> None:
        workspace = make_workspace(folder, folder / "landing")
        for day in DAYS:
            write_slices(workspace.landing, all_records(), [day])
            if day == DAYS[0]:
                write_staff(workspace.landing)
            selection = WHAT_LASTS if day < DAYS[-1] else ()
            build_file = hand_over(workspace, *selection, project=project)
            with duckdb.connect(str(build_file), read_only=True) as connection:
                connection.execute(f"copy ({PERSONS_NOW}) to '{folder / f'{day}.parquet'}'")

    return make_workspace(made_once("identity-days", write), Path()).build_file()


@pytest.fixture(scope="session")
def groups_by_day(day_by_day: Path) -> dict[str, Groups]:
    """Every record name with all names of its person, as known after each of the days."""
    with duckdb.connect() as connection:
        files = {day: day_by_day.parent.parent / f"{day}.parquet" for day in DAYS}
        return {
            day: groups_from(connection.execute(f"select name, one_id from '{file}'").fetchall())
            for day, file in files.items()
        }


def groups_of(build_file: Path) -> Groups:
    """Every record name with all names of its person."""
    with duckdb.connect(str(build_file), read_only=True) as connection:
        rows = connection.execute(
            "select source_system || '.' || source_table || ':' || source_key, one_id"
            " from identity.oneid_map"
        ).fetchall()
    return groups_from(rows)


def groups_from(rows: Iterable[tuple[str, str]]) -> Groups:
    """Every record name with all names of its person, from names and persons."""
    rows = list(rows)
    members: dict[str, set[str]] = defaultdict(set)
    for name, one_id in rows:
        members[one_id].add(name)
    groups = {one_id: frozenset(names) for one_id, names in members.items()}
    return {name: groups[one_id] for name, one_id in rows}


def test_the_page_tells_every_scenario() -> None:
    """In their order, each in a row of its own."""
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line[:2] == "| "]
    assert [row[0].removeprefix("| ") for row in rows[2:]] == [made.name for made in SCENARIOS]
    assert all(len(row) == 3 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_persons_of_a_full_refresh(scenario: Scenario, full_refresh: Path) -> None:
    groups = groups_of(full_refresh)
    for person in scenario.persons:
        assert {groups.get(name) for name in person} == {person}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_persons_day_by_day(scenario: Scenario, day_by_day: Path) -> None:
    groups = groups_of(day_by_day)
    for person in scenario.persons:
        assert {groups.get(name) for name in person} == {person}


@pytest.mark.slow
@pytest.mark.parametrize("handed_over", ["full_refresh", "day_by_day", "shuffled"])
def test_two_persons_share_a_long_chain(handed_over: str, request: pytest.FixtureRequest) -> None:
    """All of it, in two pieces without a gap; the 24 records next to each end are of its person."""
    groups = groups_of(request.getfixturevalue(handed_over))
    names = [record.name for record in conflict_in_a_long_chain().records]
    left, right = groups[names[0]], groups[names[-1]]
    assert left == frozenset(names[: len(left)])
    assert right == frozenset(names[len(left) :])
    assert min(len(left), len(right)) > 0.3 * len(names)


@pytest.mark.slow
def test_an_older_record_that_comes_later_keeps_the_id(
    full_refresh: Path, day_by_day: Path
) -> None:
    """Who has an id keeps it; where all are seen at once, the oldest record names the person."""
    assert one_id_of(day_by_day, "older-2") == id_of("app.users:older-1")
    assert one_id_of(full_refresh, "older-2") == id_of("crm.members:older-2")


@pytest.mark.slow
def test_a_merge_a_split_and_a_merge_are_told_one_by_one(
    full_refresh: Path, day_by_day: Path
) -> None:
    """The person keeps the id that was there first; ids that went are not used again."""
    with duckdb.connect(str(day_by_day), read_only=True) as connection:
        events = connection.execute(
            "select event_type, caused_by, cast(changed_at as date)::varchar"
            " from identity.oneid_events where current_one_id = ? order by changed_at, 1",
            [one_id_of(day_by_day, "again-1")],
        ).fetchall()
        log = connection.execute(
            "select one_id from intermediate.int_identity__assignments"
            " where source_record_key = 'crm.members:again-2' order by assignment_number"
        ).fetchall()
    assert events == [
        ("create", "first_seen", "2025-03-01"),
        ("create", "first_seen", "2025-03-01"),
        ("merge", "phone", "2025-03-02"),
        ("split", "conflict", "2025-03-03"),
        ("merge", "id_token", "2025-03-04"),
    ]
    ids = [one_id for (one_id,) in log]
    assert ids[0] == id_of("crm.members:again-2")
    assert ids[1] == ids[3] == one_id_of(day_by_day, "again-1") == id_of("crm.members:again-1")
    assert ids[2] not in (ids[0], ids[1])
    assert events_of(full_refresh, "again-2") == [("create", True, "first_seen", "2025-03-01")]


def id_of(name: str) -> str:
    """The id of a person that was named after a record."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:20]


@pytest.mark.slow
def test_day_by_day_equals_a_full_refresh(full_refresh: Path, day_by_day: Path) -> None:
    comparison = compare_marts(full_refresh, day_by_day)
    assert len(comparison.marts) > 15
    assert not comparison.differing


def events_of(build_file: Path, key: str) -> list[tuple[str, bool, str, str]]:
    """Events about the person of a record: type, whether it is that person's now, cause, day."""
    with duckdb.connect(str(build_file), read_only=True) as connection:
        return connection.execute(
            """
            select event_type, one_id = (select one_id from identity.oneid_map
                where source_key = $key), caused_by, cast(effective_at as date)::varchar
            from identity.oneid_events
            where current_one_id = (select one_id from identity.oneid_map where source_key = $key)
            order by changed_at, event_type, effective_at
            """,
            {"key": key},
        ).fetchall()


@pytest.mark.slow
def test_persons_that_become_one_keep_the_older_id(full_refresh: Path, day_by_day: Path) -> None:
    created = ("create", True, "first_seen", "2025-03-01")
    other = ("create", False, "first_seen", "2025-03-01")
    assert events_of(full_refresh, "late-1") == [created]
    assert sorted(events_of(day_by_day, "late-1")) == sorted(
        [created, other, ("merge", True, "phone", "2025-03-03")]
    )


@pytest.mark.slow
def test_persons_that_come_apart_are_told_of(full_refresh: Path, day_by_day: Path) -> None:
    """On the second day the other id token of a family's phone is not known yet."""
    assert events_of(full_refresh, "split-2") == [("create", True, "first_seen", "2025-03-02")]
    assert events_of(day_by_day, "split-2") == [("split", True, "conflict", "2025-03-03")]
    assert events_of(day_by_day, "split-1") == [("create", True, "first_seen", "2025-03-01")]


@pytest.mark.slow
def test_a_full_refresh_keeps_ids(day_by_day: Path, project: Path, tmp_path: Path) -> None:
    """With what was learnt before it, it gives the same rows."""
    shutil.copytree(day_by_day.parent.parent, tmp_path / "again")
    workspace = make_workspace(tmp_path / "again", tmp_path / "again" / "landing")
    build_brand(workspace, BuildOptions(full_refresh=True), project=project)
    comparison = compare_marts(workspace.build_file(), day_by_day, with_history=True)
    assert len(comparison.marts) > 15
    assert not comparison.differing


@pytest.mark.slow
def test_no_id_of_the_past_is_in_use(day_by_day: Path) -> None:
    with duckdb.connect(str(day_by_day), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.columns"
            " where column_name = 'one_id' and table_schema in"
            " ('identity', 'core', 'insight', 'measurement', 'kpi')"
            " and table_name not in ('oneid_events', 'oneid_history')"
        ).fetchall()
        assert len(tables) > 8
        for (table,) in tables:
            (stale,) = _one(
                connection,
                f"select count(*) from {table} where one_id not in"
                " (select one_id from identity.dim_member)",
            )
            assert stale == 0, table
        (unresolved,) = _one(
            connection,
            "select count(*) from identity.oneid_events where current_one_id not in"
            " (select one_id from identity.dim_member)",
        )
        assert unresolved == 0


def closed(records: Iterable[Record]) -> set[frozenset[str]]:
    """The groups that scipy finds among records and the values that any version of them holds."""
    records = tuple(records)
    names = sorted({record.name for record in records})
    number = {name: position for position, name in enumerate(names)}
    holders: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for value in record.columns.values():
            holders[value].add(record.name)
    edges = [
        (number[first], number[other])
        for held_by in holders.values()
        if max(Counter(name.split(".")[0] for name in held_by).values()) <= 5 and len(held_by) <= 8
        for first in [min(held_by)]
        for other in held_by
    ]
    left, right = np.array(edges).T
    graph = coo_matrix((np.ones(len(edges)), (left, right)), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    expected: dict[int, set[str]] = defaultdict(set)
    for name, label in zip(names, labels, strict=True):
        expected[label].add(name)
    return {frozenset(group) for group in expected.values()}


@pytest.mark.slow
def test_random_graphs_close_like_scipy(full_refresh: Path) -> None:
    expected = closed(RANDOM)
    assert max(map(len, expected)) > 10
    groups = groups_of(full_refresh)
    assert {group for name, group in groups.items() if ":random-" in name} == expected


@pytest.mark.slow
def test_random_graphs_close_like_scipy_every_day(groups_by_day: dict[str, Groups]) -> None:
    """Records come, tell of other phones, and phones are cut that joined others the day before."""
    parted = 0
    former: set[frozenset[str]] = set()
    for day, groups in groups_by_day.items():
        expected = closed(record for record in RANDOM if record.day <= day)
        found = {group for name, group in groups.items() if ":random-" in name}
        assert found == expected
        parted += sum(
            not any(group <= other for other in found) for group in former if len(group) > 1
        )
        former = found
    assert parted > 0


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing(full_refresh: Path, shuffled: Path) -> None:
    """Every scenario: the same groups, under the same ids."""
    persons = []
    for build_file in (full_refresh, shuffled):
        with duckdb.connect(str(build_file), read_only=True) as connection:
            persons.append(connection.execute("from identity.oneid_map order by all").fetchall())
    assert len(persons[0]) > 5_000
    assert persons[0] == persons[1]


@pytest.mark.slow
def test_orders_of_unusable_keys_belong_to_nobody(full_refresh: Path) -> None:
    with duckdb.connect(str(full_refresh), read_only=True) as connection:
        owners = dict(
            connection.execute(
                "select order_id, one_id is not null from core.fct_orders"
                " where order_id like 'order-%'"
            ).fetchall()
        )
    assert owners == {
        "order-shop": False,
        "order-a": True,
        "order-b": True,
        "order-c": True,
        "order-d": False,
        "order-e": False,
        "order-f": True,
    }


@pytest.mark.slow
def test_staff_by_member_number_and_by_usable_phone(full_refresh: Path) -> None:
    with duckdb.connect(str(full_refresh), read_only=True) as connection:
        staff = dict(
            connection.execute(
                "select source_key, is_staff from identity.dim_member"
                " inner join identity.oneid_map using (one_id) where source_key like 'seller-%'"
            ).fetchall()
        )
    assert staff == {"seller-1": True, "seller-2": True, "seller-3": False}


@pytest.mark.slow
def test_cut_identifiers_are_listed_with_their_reason(full_refresh: Path) -> None:
    """Devices, too."""
    with duckdb.connect(str(full_refresh), read_only=True) as connection:
        cut = connection.execute(
            "select identifier_type, records_in_one_system, records_in_all, reason"
            " from identity.oneid_cut_identifiers order by all"
        ).fetchall()
    assert ("card_no", 4, 4, "too_many_in_one_system") in cut
    assert ("phone", 6, 7, "too_many_in_one_system") in cut
    assert ("phone", 4, 9, "too_many_in_all") in cut
    assert ("device", 12, 12, "too_many_in_one_system") in cut


WAITING = {
    ("household-0", "household-1"): 1,
    ("household-0", "household-2"): 1,
    ("household-1", "household-2"): 1,
    ("second-1", "second-2"): 1,
}
"""The accounts of the scenarios whose device alone proposes their persons, with devices shared."""


@pytest.mark.slow
@pytest.mark.parametrize("handed_over", ["full_refresh", "day_by_day", "shuffled"])
def test_who_shares_a_device_waits_and_is_joined_by_a_decision_alone(
    handed_over: str, request: pytest.FixtureRequest
) -> None:
    """What a device is called is the same however records came; no text is its id."""
    with duckdb.connect(str(request.getfixturevalue(handed_over)), read_only=True) as connection:
        waiting = connection.execute(
            "select least(left_source_key, right_source_key),"
            " greatest(left_source_key, right_source_key), shared_devices, match_probability,"
            " reasons from identity.oneid_review_queue where shared_devices > 0"
        ).fetchall()
        evidence = connection.execute(
            "select left_source_key, right_source_key, identifier_token"
            " from identity.oneid_evidence where identifier_type = 'device'"
        ).fetchall()
        cut = connection.execute(
            "select records_in_one_system, records_in_all, reason, identifier_token"
            " from intermediate.int_identity__cut_devices"
        ).fetchall()
    assert {(left, right): devices for left, right, devices, *_ in waiting} == WAITING
    assert {row[3:] for row in waiting} == {(None, "same_device:1")}
    assert [{left, right} for left, right, _ in evidence] == [{"asked-0", "asked-1"}]
    assert [row[:3] for row in cut] == [(12, 12, "too_many_in_one_system")]
    names = [evidence[0][2], cut[0][3]]
    assert names == [device_name("app.users:asked-0"), device_name("app.users:tablet-0")]


def device_name(first: str) -> str:
    """What the first device of a record is called."""
    return hashlib.md5(f"{first}|1".encode(), usedforsecurity=False).hexdigest()


@pytest.mark.slow
def test_every_joined_record_has_evidence(full_refresh: Path) -> None:
    with duckdb.connect(str(full_refresh), read_only=True) as connection:
        (persons,) = _one(connection, "select count(*) from identity.dim_member")
        (records,) = _one(connection, "select count(*) from identity.oneid_map")
        (linked,) = _one(
            connection,
            "select count(*) from (select distinct right_source_system, right_source_table,"
            " right_source_key from identity.oneid_evidence"
            " union select distinct left_source_system, left_source_table, left_source_key"
            " from identity.oneid_evidence)",
        )
        (alone,) = _one(
            connection, "select count(*) from identity.dim_member where record_count = 1"
        )
        (torn,) = _one(
            connection,
            "select count(*) from identity.oneid_evidence as evidence"
            " inner join identity.oneid_map as right_map"
            " on evidence.right_source_system = right_map.source_system"
            " and evidence.right_source_table = right_map.source_table"
            " and evidence.right_source_key = right_map.source_key"
            " where evidence.one_id <> right_map.one_id",
        )
    assert persons < records
    assert linked == records - alone
    assert torn == 0


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


# What a changed policy would do -----------------------------------------------------------------

SHIPPED = PROJECT / "seeds" / "policy"


def dry_run_of(
    build_file: Path, policy: Path, out: Path, project: Path
) -> tuple[DryRun, dict[str, set[str]]]:
    """A dry run over the scenarios, and the records of each change that it wrote."""
    workspace = make_workspace(build_file.parent.parent, Path())
    left_over = workspace.build / ".dry_run" / "lake"
    left_over.mkdir(parents=True)
    before = build_file.stat()
    found = dry_run(workspace, policy, out, project=project)
    after = build_file.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    assert not (workspace.build / ".dry_run").exists()
    written: dict[str, set[str]] = defaultdict(set)
    with duckdb.connect() as connection:
        rows = [
            connection.execute(f"select change, record from '{file}' order by all").fetchall()
            for file in found.files
        ]
    assert rows[0] == rows[1]
    for change, record in rows[0]:
        written[change].add(record)
    assert {change: len(written[change]) for change in found.records} == found.records
    return found, written


@pytest.mark.slow
@pytest.mark.usefixtures("forked_dbt")
def test_an_unchanged_policy_changes_nobody(
    full_refresh: Path, project: Path, tmp_path: Path
) -> None:
    policy = project / "seeds/policy/identifier_policy.csv"
    found, written = dry_run_of(full_refresh, policy, tmp_path / "out", project)
    assert set(found.people.values()) == {0}
    assert not any(written.values())
    assert found.examples == ()
    assert found.persons_before == found.persons_after > 200


@pytest.mark.slow
@pytest.mark.usefixtures("forked_dbt")
def test_a_changed_policy_shows_who_would_be_whom(
    full_refresh: Path, project: Path, tmp_path: Path
) -> None:
    """Six cards may share a phone, two a card number; an account is its mother's, not the child's;
    the fan's e-mail is no longer believed, and the phone that alone names a buyer neither."""
    policy = tmp_path / "policy"
    policy.mkdir()
    limits = (SHIPPED / "identifier_policy.csv").read_text("utf-8")
    limits = limits.replace("phone,weak,false,5,8", "phone,weak,false,6,8")
    limits = limits.replace("card_no,strong,false,3,8", "card_no,strong,false,2,8")
    (policy / "identifier_policy.csv").write_text(limits, "utf-8")
    decisions = (project / DECISIONS).read_text("utf-8")
    decisions += "1900-01-01,link,crm.members:two-ids-1,app.users:two-ids-3,Ann,Her own account\n"
    (policy / "identity_decisions.csv").write_text(decisions, "utf-8")
    exclusions = (SHIPPED / "identifier_exclusions.csv").read_text("utf-8")
    exclusions += f"1900-01-01,phone,+86{phone(94)},Of the shop\n"
    (policy / "identifier_exclusions.csv").write_text(exclusions, "utf-8")
    found, written = dry_run_of(full_refresh, policy, tmp_path / "out", project)
    shop = {f"crm.members:shop-{number}" for number in range(6)}
    assert len(written["merged"] & shop) == 5
    assert {record.split(":")[1] for record in written["new"]} == {"phone"}
    assert written["moved"] == {"app.users:two-ids-3"}
    assert found.people["moved"] == 1
    assert len(written["split"] & {f"crm.members:card3-{number}" for number in range(3)}) == 2
    assert found.people["split"] == 1
    assert {record.split(":")[1] for record in written["gone"]} == {"phone"}
    assert found.people["gone"] == 1
    assert found.persons_after == (
        found.persons_before - found.people["merged"] + found.records["split"] - 1
    )
    assert {example.change for example in found.examples} == set(CHANGES)
    moved = next(example for example in found.examples if example.change == "moved")
    assert moved.record == "app.users:two-ids-3"
    assert (moved.one_id_before, moved.one_id_after) == tuple(
        one_id_of(full_refresh, key) for key in ("two-ids-2", "two-ids-1")
    )


@pytest.mark.slow
@pytest.mark.usefixtures("forked_dbt")
@pytest.mark.parametrize("handed_over", ["full_refresh", "day_by_day", "shuffled"])
def test_a_stricter_policy_parts_what_it_means_to_part(
    handed_over: str, project: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Phones expire after a year, join no buyer with a card, and staff cards are no identifiers."""
    build_file: Path = request.getfixturevalue(handed_over)
    policy = tmp_path / "policy"
    policy.mkdir()
    limits = (SHIPPED / "identifier_policy.csv").read_text("utf-8")
    limits = limits.replace("phone,weak,false,5,8,60,", "phone,weak,false,5,8,60,365")
    limits = limits.replace(
        "card_no,strong,false,3,8,,,,", "card_no,strong,false,3,8,,,,STAFF-[0-9]+"
    )
    (policy / "identifier_policy.csv").write_text(limits, "utf-8")
    pairs = (SHIPPED / "identifier_pairs.csv").read_text("utf-8")
    (policy / "identifier_pairs.csv").write_text(
        f"{pairs}1900-01-01,phone,crm,marketplace,false\n", "utf-8"
    )
    found, _ = dry_run_of(build_file, policy, tmp_path / "out", project)
    names = [record.name for made in STRICTER for record in made.records]
    assert groups_after(build_file, found, names) == {
        frozenset({"crm.members:unconfirmed-1"}),
        frozenset({"app.users:unconfirmed-2", "crm.members:unconfirmed-3"}),
        frozenset({"crm.members:receiver-1"}),
        frozenset({"marketplace.buyers:tmall:receiver-2"}),
        frozenset(record.name for record in STRICTER[1].records[2:]),
        frozenset({"crm.members:counter-0"}),
        frozenset({"crm.members:counter-1"}),
        frozenset({"crm.members:counter-2", "crm.members:counter-3"}),
    }


STRICTER = (unconfirmed_phone(), receivers_phone(), staff_cards())


def groups_after(build_file: Path, found: DryRun, names: list[str]) -> set[frozenset[str]]:
    """The persons that some records would be."""
    with duckdb.connect(str(build_file), read_only=True) as connection:
        rows = connection.execute(
            "select name, coalesce(one_id_after, one_id) from (select *,"
            " source_system || '.' || source_table || ':' || source_key as name"
            f" from identity.oneid_map) left join '{found.files[1]}' on name = record"
        ).fetchall()
    members: dict[str, set[str]] = defaultdict(set)
    for name, one_id in rows:
        members[one_id].add(name)
    return {frozenset(group) for group in members.values() if group & set(names)}


def one_id_of(build_file: Path, key: str) -> str:
    """The person of a record."""
    with duckdb.connect(str(build_file), read_only=True) as connection:
        question = "select one_id from identity.oneid_map where source_key = ?"
        return str(connection.execute(question, [key]).fetchall()[0][0])


@pytest.mark.slow
def test_a_build_of_another_project_is_not_compared(full_refresh: Path, tmp_path: Path) -> None:
    other = tmp_path / "project"
    shutil.copytree(PROJECT / "seeds", other / "seeds")
    workspace = make_workspace(full_refresh.parent.parent, Path())
    with pytest.raises(UsageError, match="Models or policies have changed since the build in"):
        dry_run(workspace, SHIPPED / "identifier_policy.csv", tmp_path / "out", project=other)
