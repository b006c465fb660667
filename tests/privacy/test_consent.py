"""Consent beside an independent calculation from docs/definitions.md, and mutations it catches."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from orchestration.workspace import PROJECT

ANSWERS = "models/intermediate/identity/int_identity__consents.sql"
CURRENT = "models/marts/identity/consent_current.sql"
START = datetime.fromisoformat("2025-01-01")

Key = tuple[str, str, str]
Value = tuple[bool, datetime]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """What a membership said at a time; no two on one question at one time but by bad codes."""

    member_no: str
    purpose: str
    channel: str
    is_granted: bool
    changed_at: datetime


@dataclass(frozen=True)
class Brand:
    """Answers, the person of each membership, and the memberships that stand for erased ones."""

    answers: tuple[Answer, ...]
    persons: Mapping[str, str]
    erased: frozenset[str]


def make_brand(seed: int) -> Brand:
    """Some hundred answers of forty memberships of twenty persons; few questions, few times."""
    chance = random.Random(seed)
    members = [f"m{number}" for number in range(40)]
    persons = {member: f"p{chance.randrange(20)}" for member in members}
    answers = tuple(
        Answer(
            chance.choice([*members, "unknown"]),
            chance.choice(["marketing", "profiling"]),
            chance.choice(["sms", "email"]),
            chance.random() < 0.7,
            START + timedelta(days=chance.randrange(12)),
        )
        for _ in range(600)
    )
    return Brand(answers, persons, frozenset(chance.sample(members, 4)))


def calculate(brand: Brand) -> dict[Key, Value]:
    """Person, purpose, channel -> whether it consents, and since which answer."""
    last: dict[Key, tuple[datetime, bool]] = {}
    for answer in brand.answers:
        if answer.member_no not in brand.persons or answer.member_no in brand.erased:
            continue
        question = (answer.member_no, answer.purpose, answer.channel)
        said = (answer.changed_at, not answer.is_granted)
        last[question] = max(said, last.get(question, said))
    found: dict[Key, Value] = {}
    for (member, purpose, channel), (changed_at, is_refused) in last.items():
        key = (brand.persons[member], purpose, channel)
        is_granted, at = found.get(key, (not is_refused, changed_at))
        if is_refused < (not is_granted):
            continue
        if is_refused and is_granted:
            found[key] = (False, changed_at)
        else:
            found[key] = (is_granted, max(at, changed_at))
    return found


def as_rows(found: dict[Key, Value]) -> list[Row]:
    """The calculation as sorted rows."""
    return sorted((*key, *value) for key, value in found.items())


def run_models(brand: Brand, mutation: tuple[str, str] | None = None) -> list[Row]:
    """The rows of consent_current by the two models, one of them perhaps mutated."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE stg_crm__consents (member_no VARCHAR, purpose VARCHAR, channel VARCHAR, "
            "is_granted BOOLEAN, policy_version VARCHAR, changed_at TIMESTAMP)"
        )
        connection.executemany(
            "INSERT INTO stg_crm__consents VALUES (?, ?, ?, ?, 'v1', ?)",
            [
                (one.member_no, one.purpose, one.channel, one.is_granted, one.changed_at)
                for one in brand.answers
            ],
        )
        for table, rows in (
            ("int_identity__record_persons", list(brand.persons.items())),
            ("stg_rekindle__erased_records", [(member, "r") for member in brand.erased]),
        ):
            connection.execute(f"CREATE TABLE {table} (source_record_key VARCHAR, one_id VARCHAR)")
            connection.executemany(f"INSERT INTO {table} VALUES ('crm.members:' || ?, ?)", rows)
        is_used = mutation is None
        for path in (ANSWERS, CURRENT):
            sql = (PROJECT / path).read_text(encoding="utf-8")
            if mutation is not None and mutation[0] in sql:
                sql, is_used = sql.replace(mutation[0], mutation[1], 1), True
            sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", sql)
            name = path.rpartition("/")[2].removesuffix(".sql")
            connection.execute(f"CREATE TABLE {name} AS {sql}")
        if not is_used:
            raise LookupError(f"No model says {mutation}.")
        return connection.execute(
            "SELECT one_id, purpose, channel, is_granted, changed_at FROM consent_current"
        ).fetchall()


@pytest.mark.parametrize("seed", range(5))
def test_consent_is_what_the_definition_says(seed: int) -> None:
    brand = make_brand(seed)
    expected = calculate(brand)
    assert len({is_granted for is_granted, _ in expected.values()}) == 2
    assert sorted(run_models(brand)) == as_rows(expected)


MUTATIONS = (
    ("where erased_records.source_record_key is null", "where true"),
    ("changed_at asc nulls last,", "changed_at desc nulls last,"),
    ("is_granted desc nulls last,", "is_granted asc nulls last,"),
    ("partition by member_no, purpose, channel", "partition by one_id, purpose, channel"),
    ("partition by member_no, purpose, channel", "partition by member_no, purpose"),
    ("is_granted asc nulls first,", "is_granted desc nulls first,"),
    ("is_granted asc nulls first,\n", ""),
    ("valid_from_at desc nulls last,", "valid_from_at asc nulls last,"),
    ("where valid_until_at is null", "where true"),
)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutations_are_caught(mutation: tuple[str, str]) -> None:
    brands = [make_brand(seed) for seed in range(3)]
    assert any(sorted(run_models(one, mutation)) != as_rows(calculate(one)) for one in brands)
