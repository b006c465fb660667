"""The loyalty tables of the demo brand: what must hold in every seed, and the sizes of things."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, make_chunk, member_numbers
from orchestration.demo_brand.columns import Bools, Ints, at_local, local_day
from orchestration.demo_brand.deeds import make_deeds
from orchestration.demo_brand.digital import digital_tables
from orchestration.demo_brand.loyalty import BENEFITS, loyalty_tables, loyalty_world
from orchestration.demo_brand.moments import is_active, referrers, registered_at
from orchestration.demo_brand.orders import POINTS_MALL
from orchestration.demo_brand.people import birthdays
from orchestration.demo_brand.points import TASKS, running_balance
from orchestration.demo_brand.service import service_tables
from orchestration.demo_brand.settings import DAYS, BrandSpec
from orchestration.demo_brand.social import social_tables
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import (
    check_codes,
    check_columns,
    check_different,
    check_equal,
    check_keys,
    contract_tables,
    members,
    positions,
    seconds,
    values,
)

LOYALTY = contract_tables("loyalty")
PURCHASE_LIKE = ("purchase", "adjust", "redeem", "refund", "expire")


@pytest.fixture(scope="module")
def parts(chunks: list[Chunk]) -> list[Tables]:
    return [made_by(chunk) for chunk in chunks]


@pytest.fixture(scope="module")
def world_tables(chunks: list[Chunk]) -> Tables:
    return loyalty_world(chunks[0].world)


def made_by(chunk: Chunk) -> Tables:
    recorded = {**digital_tables(chunk), **social_tables(chunk), **service_tables(chunk)}
    return loyalty_tables(chunk, make_deeds(chunk, recorded))


def points(rows: Rows) -> Ints:
    return np.asarray(rows.columns["points"].to_numpy())


def reasons(rows: Rows) -> np.ndarray[Any, Any]:
    return np.array(values(rows, "reason"))


def bots(rows: Rows, chunk: Chunk) -> Bools:
    return np.isin(members(rows), chunk.people.number[chunk.people.is_bot])


def test_the_tables_keep_to_the_contract(parts: list[Tables], world_tables: Tables) -> None:
    made = {**world_tables, **parts[0]}
    assert set(made) == {f"loyalty.{name}" for name in LOYALTY}
    check_columns(made, LOYALTY, "loyalty")
    check_keys(parts, LOYALTY, "loyalty")
    check_keys([world_tables], LOYALTY, "loyalty")


def test_every_code_occurs_twenty_times(parts: list[Tables]) -> None:
    check_codes(parts, LOYALTY, "loyalty")
    grants = Counter(
        value for part in parts for value in values(part["loyalty.tier_grants"], "reason")
    )
    assert set(grants) == {"service_recovery", "vip_invitation", "staff"}
    assert min(grants.values()) >= 20


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("points_transactions", 13.0),
        ("task_completions", 2.0),
        ("benefit_entitlements", 1.2),
        ("benefit_usages", 0.6),
        ("attendances", 0.15),
        ("subscriptions", 0.05),
        ("tier_grants", 0.02),
    ],
)
def test_there_is_as_much_as_planned(parts: list[Tables], table: str, expected: float) -> None:
    for part in parts:
        assert len(part[f"loyalty.{table}"]) / 10_000 == pytest.approx(expected, rel=0.3)


def test_only_members_after_their_registration_and_before_the_end(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        people = chunk.people
        everybody = np.arange(len(people))
        known = set(member_numbers(people, everybody[people.has_card]).to_pylist())
        joined = registered_at(chunk)
        for name, rows in part.items():
            assert set(values(rows, "member_no")) <= known
            assert rows.changed_at.max() <= END
            event = LOYALTY[name.split(".")[1]]["event_at"]
            at = seconds(rows, event)
            assert (at <= END).all()
            assert (rows.changed_at >= at).all()
            owner = positions(rows, chunk)
            assert (at >= joined[owner]).all(), name


def test_the_ledger_is_below_zero_after_claw_backs_alone(parts: list[Tables]) -> None:
    debts = 0
    for part in parts:
        rows = part["loyalty.points_transactions"]
        owner, at = members(rows), seconds(rows, "occurred_at")
        assert (np.lexsort((np.arange(len(at)), at, owner)) == np.arange(len(at))).all()
        balance = running_balance(owner, points(rows))
        spends = (points(rows) < 0) & (reasons(rows) != "refund")
        assert (balance[spends] >= 0).all()
        debts += int((balance < 0).sum())
    assert debts >= 20


def test_signs_and_worths(parts: list[Tables]) -> None:
    worth = {"check_in": 10, "comment": 20, "share": 30, "ugc": 100, "survey": 50}
    for part in parts:
        rows = part["loyalty.points_transactions"]
        reason, amount = reasons(rows), points(rows)
        for code, value in worth.items():
            assert (amount[reason == code] == value).all()
        assert (amount[np.isin(reason, ("redeem", "refund", "expire"))] < 0).all()
        assert (amount[~np.isin(reason, ("redeem", "refund", "expire", "adjust"))] > 0).all()
        tasks = amount[reason == "task"]
        assert tasks.min() >= 5
        assert tasks.max() == 200


def test_purchases_and_redemptions_are_those_of_the_orders(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        orders, rows = chunk.orders, part["loyalty.points_transactions"]
        reason, amount = reasons(rows), points(rows)
        at = seconds(rows, "occurred_at")
        order = np.array([int(text[5:]) if text else -1 for text in values(rows, "order_id")])
        assert ((order >= 0) == np.isin(reason, ("purchase", "redeem", "refund"))).all()
        bought = reason == "purchase"
        assert amount[bought].sum() == orders.points_earned.sum()
        assert (amount[bought] == orders.points_earned[order[bought]]).all()
        assert (at[bought] == orders.paid_at[order[bought]]).all()
        spent = reason == "redeem"
        assert -amount[spent].sum() == orders.points_used.sum()
        assert (orders.kind[order[spent]] == POINTS_MALL).any()
        owner = positions(rows, chunk)
        of_orders = order >= 0
        assert (owner[of_orders] == orders.person[order[of_orders]]).all()
        back = reason == "refund"
        assert (at[back] > orders.paid_at[order[back]]).all()
        assert (-amount[back] <= orders.points_earned[order[back]]).all()


def test_lots_expire_at_the_start_of_day_730(parts: list[Tables]) -> None:
    for part in parts:
        rows = part["loyalty.points_transactions"]
        reason, amount, owner = reasons(rows), points(rows), members(rows)
        at, expires = seconds(rows, "occurred_at"), reason == "expire"
        day = local_day(at)
        assert (at[expires] == at_local(day[expires], np.zeros(int(expires.sum())))).all()
        earned = amount > 0
        lots = set(zip(owner[earned].tolist(), day[earned].tolist(), strict=True))
        for member, when in zip(owner[expires].tolist(), day[expires].tolist(), strict=True):
            assert (member, when - 730) in lots


def test_expired_is_what_a_walk_through_each_ledger_leaves(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    """First in first out, claw-backs from their own order's lot first, member by member."""
    rows = parts[0]["loyalty.points_transactions"]
    reason, amount, owner = reasons(rows), points(rows), members(rows)
    day, order = local_day(seconds(rows, "occurred_at")), values(rows, "order_id")
    chosen = set(np.unique(owner[reason == "expire"])[:600].tolist())
    lots: dict[int, list[list[Any]]] = {}
    found: Counter[tuple[int, int]] = Counter()
    told: Counter[tuple[int, int]] = Counter()
    for at in np.flatnonzero(np.isin(owner, list(chosen))).tolist():
        member, value = int(owner[at]), int(amount[at])
        mine = lots.setdefault(member, [])
        for lot in mine:
            if lot[0] + 730 <= day[at] and lot[1] > 0:
                found[member, lot[0] + 730] += lot[1]
                lot[1] = 0
        if reason[at] == "expire":
            told[member, int(day[at])] -= value
        elif value > 0:
            mine.append([int(day[at]), value, order[at]])
        else:
            own_first = sorted(mine, key=lambda lot: lot[2] != order[at] or lot[2] is None)
            for lot in own_first if reason[at] == "refund" else mine:
                taken = min(lot[1], -value)
                lot[1] -= taken
                value += taken
    for member, mine in lots.items():
        for first, left, _ in mine:
            if first + 730 < DAYS and left > 0:
                found[member, first + 730] += left
    assert found == told


def test_bots_brush_points_and_honest_people_keep_within_the_limits(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    brushing, near_hour, near_day = 0, 0, 0
    for chunk, part in zip(chunks, parts, strict=True):
        rows = part["loyalty.points_transactions"]
        owner, at, amount = members(rows), seconds(rows, "occurred_at"), points(rows)
        is_bot, reason = bots(rows, chunk), reasons(rows)
        earned = (amount > 0) & (reason != "adjust")
        key = owner[earned] << 40 | at[earned]
        in_hour = np.arange(len(key)) - np.searchsorted(key, key - 3_600, side="right") + 1
        assert in_hour[~is_bot[earned]].max() <= 20
        near_hour += len(set(owner[earned][~is_bot[earned] & (in_hour >= 13)].tolist()))
        other = earned & ~np.isin(reason, PURCHASE_LIKE)
        days, place = np.unique(owner[other] * 1_024 + local_day(at[other]), return_inverse=True)
        total = np.bincount(place, weights=amount[other])
        honest = ~np.isin(days // 1_024, chunk.people.number[chunk.people.is_bot])
        assert total[honest].max() <= 300
        near_day += int((total[honest] >= 200).sum())
        heavy = Counter((days[~honest & (total > 300)] // 1_024).tolist())
        fast = set(owner[earned][is_bot[earned] & (in_hour > 20)].tolist())
        expected = chunk.people.number[
            chunk.people.is_bot & (chunk.people.entered_day < DAYS - 20)
        ].tolist()
        assert fast >= set(expected)
        assert all(heavy[bot] >= 9 for bot in expected)
        brushing += len(fast)
    assert brushing >= 20
    assert near_hour >= 20
    assert near_day >= 20


def test_tasks_are_completed_while_they_run_and_paid(
    parts: list[Tables], world_tables: Tables
) -> None:
    tasks = world_tables["loyalty.tasks"]
    names = values(tasks, "task_id")
    starts, ends = seconds(tasks, "starts_at"), seconds(tasks, "ends_at")
    ends = np.where(ends < 0, END + 1, ends)
    worth = dict(zip(names, values(tasks, "points"), strict=True))
    assert Counter(values(tasks, "task_type")).keys() == {"daily", "growth", "challenge"}
    for part in parts:
        rows = part["loyalty.task_completions"]
        task = np.array([names.index(name) for name in values(rows, "task_id")])
        at = seconds(rows, "completed_at")
        assert ((at >= starts[task]) & (at <= ends[task])).all()
        assert set(task.tolist()) == set(range(len(TASKS)))
        of = dict(zip(values(rows, "completion_id"), values(rows, "task_id"), strict=True))
        ledger = part["loyalty.points_transactions"]
        paid = {
            reference: amount
            for reference, amount, reason in zip(
                values(ledger, "reference_id"), values(ledger, "points"), values(ledger, "reason"),
                strict=True,
            )
            if reason == "task"
        }  # fmt: skip
        assert paid == {completion: worth[name] for completion, name in of.items()}


def test_referrals_name_the_member_who_came(chunks: list[Chunk], parts: list[Tables]) -> None:
    for chunk, part in zip(chunks, parts, strict=True):
        rows, brought_by = part["loyalty.points_transactions"], referrers(chunk)
        owner = positions(rows, chunk)
        came = [
            (by, int(reference[1:]) - chunk.number * 10_000)
            for by, reference, reason in zip(
                owner.tolist(), values(rows, "reference_id"), values(rows, "reason"), strict=True
            )
            if reason == "referral"
        ]
        assert len(came) == len({person for _, person in came}) >= 100
        assert all(brought_by[person] == by for by, person in came)
        found = np.flatnonzero(brought_by >= 0)
        honest = found[~chunk.people.is_bot[found]]
        entered = chunk.people.entered_day
        assert (entered[brought_by[honest]] < entered[honest]).all()
        ring = found[chunk.people.is_bot[found]]
        assert (brought_by[brought_by[brought_by[ring]]] == ring).all()


def test_benefits_follow_the_tier_and_are_used_while_they_last(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    entitled: dict[str, set[int]] = {}
    using: dict[str, set[int]] = {}
    least = {f"B{at + 1:02d}": row[3] for at, row in enumerate(BENEFITS)}
    for chunk, part in zip(chunks, parts, strict=True):
        rows, used = part["loyalty.benefit_entitlements"], part["loyalty.benefit_usages"]
        granted, expires = seconds(rows, "granted_at"), seconds(rows, "expires_at")
        expires = np.where(expires < 0, END, expires)
        assert (expires > granted).all()
        best = np.zeros(len(chunk.people), dtype=np.int64)
        np.maximum.at(best, chunk.orders.person, chunk.orders.tier)
        spans: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for member, benefit, begin, end in zip(
            members(rows).tolist(), values(rows, "benefit_id"), granted.tolist(), expires.tolist(),
            strict=True,
        ):  # fmt: skip
            assert best[member - chunk.number * 10_000] >= least[benefit]
            spans.setdefault((member, benefit), []).append((begin, end))
            entitled.setdefault(benefit, set()).add(member)
        for member, benefit, at in zip(
            members(used).tolist(), values(used, "benefit_id"), seconds(used, "used_at").tolist(),
            strict=True,
        ):  # fmt: skip
            assert any(begin <= at <= end for begin, end in spans[member, benefit])
            using.setdefault(benefit, set()).add(member)
    shares = {benefit: len(using[benefit]) / len(entitled[benefit]) for benefit in entitled}
    assert set(shares) == set(least)
    assert sum(share < 0.05 for share in shares.values()) == 2
    assert sum(share > 0.40 for share in shares.values()) >= 3


def test_grants_and_subscriptions_are_in_order(parts: list[Tables]) -> None:
    expired = running = 0
    for part in parts:
        grants = part["loyalty.tier_grants"]
        granted, expires = seconds(grants, "granted_at"), seconds(grants, "expires_at")
        assert ((expires < 0) | (expires > granted)).all()
        assert ((expires < 0) == (np.array(values(grants, "reason")) == "staff")).all()
        expired += int(((expires > 0) & (expires <= END)).sum())
        rows = part["loyalty.subscriptions"]
        started, renewed = seconds(rows, "started_at"), seconds(rows, "renewed_at")
        ended, updated = seconds(rows, "ended_at"), seconds(rows, "updated_at")
        assert ((renewed < 0) | (renewed > started)).all()
        assert ((ended < 0) | (ended > np.maximum(started, renewed))).all()
        assert (updated >= np.maximum(np.maximum(started, renewed), ended)).all()
        automatic = np.array(values(rows, "auto_renew"))
        assert not (automatic & (ended > 0)).any()
        assert (~automatic & (ended < 0)).any()
        running += int(automatic.sum())
    assert expired >= 20
    assert running >= 20


def test_attendances_lie_within_their_activity(
    chunks: list[Chunk], parts: list[Tables], world_tables: Tables
) -> None:
    activities = world_tables["loyalty.activities"]
    starts, ends = seconds(activities, "starts_at"), seconds(activities, "ends_at")
    assert (ends > starts).all()
    assert ((local_day(starts) >= 0) & (local_day(ends) < DAYS)).all()
    weekday = [datetime.fromtimestamp(at + 28_800, UTC).weekday() for at in starts.tolist()]
    assert set(weekday) == {5, 6}
    for chunk, part in zip(chunks, parts, strict=True):
        rows = part["loyalty.attendances"]
        at = seconds(rows, "attended_at")
        activity = np.array([int(text[2:]) - 1 for text in values(rows, "activity_id")])
        assert ((at >= starts[activity]) & (at <= ends[activity])).all()
        assert is_active(chunk, positions(rows, chunk), local_day(at)).all()


def test_birthdays_are_on_their_month_and_day(chunks: list[Chunk]) -> None:
    people = chunks[0].people
    days = np.datetime64("2023-07-01") + birthdays(people, 2024)
    born = people.birth_day.astype("datetime64[D]")
    texts = np.datetime_as_string(days), np.datetime_as_string(born)
    assert all(day[4:] == birth[4:] for day, birth in zip(*texts, strict=True))


def test_registration_comes_before_the_first_order(chunks: list[Chunk]) -> None:
    for chunk in chunks:
        joined = registered_at(chunk)
        assert (local_day(joined) == chunk.people.entered_day).all()
        assert (joined[chunk.orders.person] <= chunk.orders.ordered_at).all()


def test_the_same_seed_makes_the_same_rows_and_another_one_does_not(
    chunks: list[Chunk], parts: list[Tables]
) -> None:
    again = made_by(make_chunk(make_world(BrandSpec()), 0))
    other = made_by(make_chunk(make_world(BrandSpec(seed=8)), 0))
    check_equal(parts[0], again)
    check_different(parts[0], other)


def test_a_small_brand_has_all_tables() -> None:
    chunk = make_chunk(make_world(BrandSpec(members=100)), 0)
    assert set(made_by(chunk)) == {
        f"loyalty.{name}" for name in LOYALTY if name not in {"benefits", "tasks", "activities"}
    }


def test_a_last_chunk_of_hardly_anybody_has_all_tables() -> None:
    for seed in range(4):
        chunk = make_chunk(make_world(BrandSpec(members=9_001, seed=seed)), 1)
        assert len(chunk.people) == 1
        for rows in made_by(chunk).values():
            assert all(len(column) == len(rows) for column in rows.columns.values())
