"""Attributes, consents and erasure requests of the demo brand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from orchestration.demo_brand.attributes import ATTRIBUTES, attribute_tables
from orchestration.demo_brand.campaigns import SEND_CHANNELS
from orchestration.demo_brand.chunk import END, Chunk, Tables, make_chunk, member_numbers
from orchestration.demo_brand.columns import local_day
from orchestration.demo_brand.moments import registered_at
from orchestration.demo_brand.sending import make_sends, unsubscribes
from orchestration.demo_brand.settings import DAYS, BrandSpec
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import (
    check_codes,
    check_columns,
    check_different,
    check_equal,
    check_keys,
    contract_tables,
    positions,
    seconds,
    values,
)

CRM = contract_tables("crm")
ASKED = {"sms", "app_push", "wecom", "email", "call"}


@pytest.fixture(scope="module")
def parts(chunks: list[Chunk]) -> list[Tables]:
    return [attribute_tables(chunk) for chunk in chunks]


States = dict[tuple[int, str, str], list[tuple[int, bool]]]


def consent_states(part: Tables, chunk: Chunk) -> States:
    """Changes of each consent, in their order: when, and whether it was granted."""
    rows = part["crm.consents"]
    states: States = {}
    for person, purpose, channel, at, granted in sorted(
        zip(
            positions(rows, chunk).tolist(),
            values(rows, "purpose"),
            values(rows, "channel"),
            seconds(rows, "changed_at").tolist(),
            values(rows, "granted"),
            strict=True,
        )
    ):
        states.setdefault((person, purpose, channel), []).append((at, granted))
    return states


def test_the_tables_keep_to_the_contract(parts: list[Tables]) -> None:
    check_columns(parts[0], CRM, "crm")
    check_keys(parts, CRM, "crm")
    check_codes(parts, CRM, "crm")


@pytest.mark.parametrize(("table", "expected"), [("member_attributes", 0.8), ("consents", 2.5)])
def test_there_is_as_much_as_planned(parts: list[Tables], table: str, expected: float) -> None:
    for part in parts:
        assert len(part[f"crm.{table}"]) / 10_000 == pytest.approx(expected, rel=0.3)


def test_only_members_after_their_registration_and_before_the_end(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        people = chunk.people
        card = np.arange(len(people))[people.has_card]
        known = set(member_numbers(people, card).to_pylist())
        joined = registered_at(chunk)
        for name, rows in part.items():
            assert set(values(rows, "member_no")) <= known
            at = seconds(rows, CRM[name.removeprefix("crm.")]["event_at"])
            assert (at == rows.changed_at).all()
            assert at.max() <= END
            assert (at > joined[positions(rows, chunk)]).all()


def test_values_are_those_of_their_attribute_and_change(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    allowed = {code: set(texts) for code, _, texts in ATTRIBUTES}
    for chunk, part in zip(chunks, parts, strict=True):
        rows = part["crm.member_attributes"]
        owner, at = positions(rows, chunk).tolist(), seconds(rows, "recorded_at").tolist()
        seen: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for person, code, value, when in zip(
            owner, values(rows, "attribute_code"), values(rows, "value"), at, strict=True
        ):
            seen.setdefault((person, code), []).append((when, value))
            if code == "baby_birthday":
                assert chunk.people.has_baby[person]
                assert datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() < when
            else:
                assert value in allowed[code]
        assert {code for _, code in seen} == set(allowed)
        again = [sorted(records) for records in seen.values() if len(records) > 1]
        assert len(again) >= 200
        assert all(len(records) == 2 and records[0][1] != records[1][1] for records in again)
        assert set(values(rows, "source")) == {"app", "shop", "survey"}


def test_whom_campaigns_meant_had_agreed_and_had_not_withdrawn(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        states, sends = consent_states(part, chunk), make_sends(chunk)
        for person, channel, at in zip(
            sends.person.tolist(), sends.channel.tolist(), sends.sent_at.tolist(), strict=True
        ):
            changes = states.get((person, "marketing", SEND_CHANNELS[channel]), [])
            before = [granted for when, granted in changes if when <= at]
            if SEND_CHANNELS[channel] in ASKED:
                assert before
            assert not before or before[-1]


def test_unsubscribes_withdraw_and_some_agree_again(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        states = consent_states(part, chunk)
        again = 0
        person, channel, at = unsubscribes(make_sends(chunk))
        for one, where, when in zip(person.tolist(), channel.tolist(), at.tolist(), strict=True):
            changes = states[one, "marketing", SEND_CHANNELS[where]]
            assert (when, False) in changes
            again += changes[-1][1]
        assert again >= 20


def test_who_wants_no_marketing_ends_without_consent(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        long_ago = chunk.people.entered_day < DAYS - 310
        withdrawn = 0
        for (person, purpose, _), changes in consent_states(part, chunk).items():
            if purpose == "marketing" and chunk.people.wants_no_marketing[person]:
                assert not changes[-1][1] or not long_ago[person]
                withdrawn += len(changes) > 1
        assert withdrawn >= 100


def test_purposes_channels_and_policies(parts: list[Tables]) -> None:
    for part in parts:
        rows = part["crm.consents"]
        channels: dict[str, set[str]] = {}
        for purpose, channel in zip(values(rows, "purpose"), values(rows, "channel"), strict=True):
            channels.setdefault(purpose, set()).add(channel)
        assert channels["marketing"] == set(SEND_CHANNELS)
        assert channels["profiling"] == channels["location"] == {"all"}
        assert len(set(values(rows, "policy_version"))) == 4


def test_erasure_requests_are_few_and_late(chunks: list[Chunk], parts: list[Tables]) -> None:
    total = 0
    for chunk, part in zip(chunks, parts, strict=True):
        rows = part["crm.erasure_requests"]
        person = positions(rows, chunk)
        assert len(set(person.tolist())) == len(person)
        assert local_day(seconds(rows, "requested_at")).min() >= DAYS - 120
        people = chunk.people
        assert not (people.is_staff | people.is_test | people.is_bot)[person].any()
        total += len(rows)
    assert 20 <= total <= 50


def test_the_same_seed_makes_the_same_rows_and_another_one_does_not(parts: list[Tables]) -> None:
    check_equal(parts[0], attribute_tables(make_chunk(make_world(BrandSpec()), 0)))
    check_different(parts[0], attribute_tables(make_chunk(make_world(BrandSpec(seed=8)), 0)))


def test_a_small_brand_has_all_tables() -> None:
    made = attribute_tables(make_chunk(make_world(BrandSpec(members=100)), 0))
    assert Counter(made.keys()) == Counter(
        ["crm.member_attributes", "crm.consents", "crm.erasure_requests"]
    )
