"""Devices of the demo brand: what the oracle makes of them, and what is true of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.workspace import PROJECT
from tests.identity import device_oracle
from tests.identity.device_oracle import Limits, World

RECORD = "source_system || '.' || source_table || ':' || source_key"


@dataclass(frozen=True)
class Truth:
    """Pairs of persons who share a device: how many there are, wait for review, and are one."""

    shared: int
    waiting: int
    one_person: int
    devices_of_several_people: int


def limits() -> Limits:
    """The limits as shipped."""
    (device,) = _policy("device_policy")
    (row,) = [row for row in _policy("identifier_policy") if row["identifier_type"] == "device"]
    return Limits(
        int(device["min_events"]),
        int(device["min_days"]),
        int(device["max_pairs"]),
        int(row["max_records_per_system"]),
        int(row["max_records"]),
        int(row["expires_after_days"]),
    )


def world(marts: duckdb.DuckDBPyConnection) -> World:
    """What was seen of devices and is known of persons, from staging and the vault."""
    persons = dict(marts.execute(f"select {RECORD}, one_id from identity.oneid_map").fetchall())
    sightings = marts.execute(
        "select 'app.users:' || app_user_id, device_id, event_date from staging.stg_app__events"
        " where device_id is not null union all"
        " select 'mini_program.users:' || openid, device_id, event_date"
        " from staging.stg_mini_program__events where device_id is not null"
    ).fetchall()
    statements = marts.execute(
        "select 'app.users:' || app_user_id, device_id,"
        " cast(updated_at + interval 8 hours as date) from staging.stg_app__users"
        " where device_id is not null"
    ).fetchall()
    told = marts.execute(
        """
        with profiles as (
            select one_id, name_sorted, cast(birthday as text) as birthday, gender
            from vault.int_identity__match_profiles
            inner join intermediate.int_identity__records on person_id = record_id
            inner join intermediate.int_identity__record_persons using (source_record_key)
        )

        select one_id, 'name', name_sorted from profiles where name_sorted is not null
        union select one_id, 'birthday', birthday from profiles where birthday is not null
        union select one_id, 'gender', gender from profiles where gender is not null
        """
    ).fetchall()
    cards = marts.execute(
        "select distinct source_record_key from intermediate.int_identity__linking_identifiers"
        " where identifier_type = 'id_token'"
    ).fetchall()
    once = [(persons[record], "id_token") for (record,) in cards]
    once += [(one_id, "account") for record, one_id in persons.items() if "mini_" in record]
    excluded = {
        row["identifier_value"].lower()
        for row in _policy("identifier_exclusions")
        if row["identifier_type"] in {"any", "device"}
    }
    (as_of,) = marts.execute("select as_of_date from staging.stg_rekindle__as_of").fetchall()[0]
    return World(as_of, persons, sightings, statements, frozenset(excluded), told, once)


def check(marts: duckdb.DuckDBPyConnection, brand: Path) -> Truth:
    """Compare what is published with the oracle; returns what is true of the pairs."""
    seen = world(marts)
    found = device_oracle.find(seen, limits())
    cut = marts.execute(
        "select records_in_one_system, records_in_all, reason from identity.oneid_cut_identifiers"
        " where identifier_type = 'device'"
    ).fetchall()
    assert sorted(cut) == sorted(found.cut.values())
    queue = marts.execute(
        "select left_one_id, right_one_id, match_probability, shared_devices"
        " from identity.oneid_review_queue"
    ).fetchall()
    shares = {frozenset(pair): shared for *pair, _, shared in queue}
    likely = {frozenset(row[:2]) for row in queue if row[2] is not None}
    assert set(shares) - likely == found.proposed - likely
    assert shares == {pair: found.shared.get(pair, 0) for pair in shares}
    evidence = marts.execute(
        f"select {RECORD.replace('source_', 'left_source_')},"
        f" {RECORD.replace('source_', 'right_source_')} from identity.oneid_evidence"
        " where identifier_type = 'device'"
    ).fetchall()
    within = 0
    for records in found.evidence.values():
        owners = [seen.persons[record] for record in records]
        within += len(owners) - len(set(owners))
    assert len(evidence) == within
    people = dict(
        marts.execute(
            "select source_system || '.' || source_table || ':' || source_key, person"
            f" from '{brand}/truth/records/*.parquet'"
        ).fetchall()
    )
    truth: dict[str, set[int]] = {}
    for record, one_id in seen.persons.items():
        if record in people:
            truth.setdefault(one_id, set()).add(people[record])
    one_person = sum(
        bool(truth.get(left, set()) & truth.get(right, set()))
        for left, right in (tuple(pair) for pair in found.proposed)
    )
    several = sum(
        len({people[record] for record in records if record in people}) > 1
        for records in found.evidence.values()
    )
    return Truth(len(found.shared), len(found.proposed), one_person, several)


def _policy(name: str) -> list[dict[str, str]]:
    with (PROJECT / f"seeds/policy/{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
