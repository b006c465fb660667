"""Loyalty: points, benefits, tasks, tier grants, subscriptions and activities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo_brand.chunk import (
    END,
    Chunk,
    Rows,
    Tables,
    member_numbers,
    order_ids,
)
from orchestration.demo_brand.columns import (
    Column,
    Ints,
    at_local,
    codes,
    flags,
    instants,
    local_day,
    money,
    numbered,
    pick,
    starts_of_groups,
    where_known,
    whole,
)
from orchestration.demo_brand.deeds import Deeds
from orchestration.demo_brand.moments import (
    active_days,
    is_active,
    registered_at,
)
from orchestration.demo_brand.orders import policy_tiers
from orchestration.demo_brand.points import (
    CHALLENGE,
    CHALLENGE_STARTS,
    REASONS,
    TASK_TYPES,
    TASKS,
    Ledger,
    completions,
    make_ledger,
)
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, stream
from orchestration.demo_brand.world import World

BENEFITS: tuple[tuple[str, str, str | None, int, int, float, float, int], ...] = (
    # name, kind, partner, least tier, valid days (0 = no end), users, uses of a user, cost in cents
    ("会员专享价", "discount", None, 1, 0, 0.24, 1.5, 1_200),
    ("全年包邮", "free_shipping", None, 2, 365, 0.62, 1.4, 800),
    ("咖啡半价", "partner", "青木咖啡", 3, 365, 0.025, 1.0, 1_000),
    ("生日礼盒", "birthday_gift", None, 2, 365, 0.66, 1.0, 8_800),
    ("新品优先购", "early_access", None, 2, 0, 0.28, 1.2, 0),
    ("健身周卡", "partner", "动次健身", 3, 365, 0.02, 1.0, 6_900),
    ("双倍积分日", "points_bonus", None, 4, 365, 0.24, 1.3, 1_500),
    ("机场贵宾厅", "lounge", "云途出行", 3, 365, 0.34, 1.4, 15_000),
    ("门店护理", "service", None, 3, 365, 0.70, 1.5, 12_000),
    ("视频月卡", "partner", "橙子视频", 4, 90, 0.22, 1.0, 1_900),
    ("一对一顾问", "advisor", None, 4, 0, 0.58, 2.0, 5_000),
)
_BENEFIT_SPAN = 365
"""Days after which a benefit without an end is hardly used any more."""

ACTIVITY_KINDS = ("class", "salon", "launch_party", "skin_test", "market")
_ACTIVITY_NAMES = ("护肤课堂", "会员沙龙", "新品首发", "肌肤检测日", "周末市集")
_FIRST_MONTH = np.datetime64("2023-07")
_MONTHS = 24

PLANS = ("monthly", "yearly")
_PERIOD_DAYS = (30, 365)
_RENEWS = (0.78, 0.55)
"""Chance that a plan is renewed once more."""
_SUBSCRIBERS = np.array([0.010, 0.030, 0.090, 0.16])
"""Shares of habits."""

GRANT_REASONS = ("service_recovery", "vip_invitation", "staff")
RECOVERY, INVITATION, STAFF = range(3)


def loyalty_world(world: World) -> Tables:
    """Benefits, tasks and activities of the brand."""
    del world
    return {
        "loyalty.benefits": _benefits(),
        "loyalty.tasks": _tasks(),
        "loyalty.activities": _activities(),
    }


def loyalty_tables(chunk: Chunk, deeds: Deeds) -> Tables:
    """What the loyalty system knows of the members of a chunk; their deeds earn points."""
    rng = stream(chunk.world.spec.seed, chunk.number, "loyalty")
    everybody = np.arange(len(chunk.people), dtype=np.int64)
    members = member_numbers(chunk.people, everybody)
    ledger = make_ledger(chunk, deeds)
    entitlements, usages = _entitlements(rng, chunk, members)
    return {
        "loyalty.points_transactions": _points(chunk, deeds, ledger, members),
        "loyalty.task_completions": _completions(chunk, ledger, members),
        "loyalty.benefit_entitlements": entitlements,
        "loyalty.benefit_usages": usages,
        "loyalty.tier_grants": _tier_grants(rng, chunk, members),
        "loyalty.subscriptions": _subscriptions(rng, chunk, members),
        "loyalty.attendances": _attendances(rng, chunk, members),
    }


def benefit_ids(benefits: Ints) -> Column:
    """benefit_id by position in BENEFITS."""
    return numbered("B", benefits + 1, 2)


def task_ids(tasks: Ints) -> Column:
    """task_id by position in TASKS."""
    return numbered("TK", tasks + 1, 3)


def activity_ids(activities: Ints) -> Column:
    """activity_id by number."""
    return numbered("AC", activities + 1, 3)


def _benefits() -> Rows:
    at = np.arange(len(BENEFITS), dtype=np.int64)
    updated = at_local(-200 + at * 13, np.full(len(at), 36_000))
    partner = np.array([row[2] is not None for row in BENEFITS])
    return Rows(
        {
            "benefit_id": benefit_ids(at),
            "benefit_name": codes([row[0] for row in BENEFITS], at),
            "kind": codes([row[1] for row in BENEFITS], at),
            "partner": codes([row[2] or "" for row in BENEFITS], at, partner),
            "updated_at": instants(updated),
        },
        updated,
    )


def _tasks() -> Rows:
    at = np.arange(len(TASKS), dtype=np.int64)
    kind = np.array([row[1] for row in TASKS])
    number = np.cumsum(kind == CHALLENGE) - 1
    has_end = kind == CHALLENGE
    nth = np.maximum(number, 0)
    starts = at_local(np.where(has_end, CHALLENGE_STARTS[nth], -120), np.zeros(len(at)))
    ends = at_local(CHALLENGE_STARTS[nth + 1], np.zeros(len(at))) - 1
    return Rows(
        {
            "task_id": task_ids(at),
            "task_name": codes([row[0] for row in TASKS], at),
            "task_type": codes(TASK_TYPES, kind),
            "points": whole(np.array([row[2] for row in TASKS])),
            "starts_at": instants(starts),
            "ends_at": instants(ends, has_end),
        },
        starts - 7 * DAY_SECONDS,
    )


def activity_days() -> Ints:
    """The day of each shop event: the second Saturday and the fourth Sunday of each month."""
    months = (_FIRST_MONTH + np.arange(_MONTHS)).astype("datetime64[D]")
    saturday = np.busday_offset(months, 1, roll="forward", weekmask="Sat")
    sunday = np.busday_offset(months, 3, roll="forward", weekmask="Sun")
    days = np.stack([saturday, sunday], axis=1).ravel()
    return np.asarray((days - _FIRST_MONTH.astype("datetime64[D]")).astype(np.int64))


def _activities() -> Rows:
    day = activity_days()
    at = np.arange(len(day), dtype=np.int64)
    kind = at * 3 % len(ACTIVITY_KINDS)
    starts = at_local(day, np.where(at % 2 == 0, 14, 10) * 3_600)
    return Rows(
        {
            "activity_id": activity_ids(at),
            "name": codes(_ACTIVITY_NAMES, kind),
            "kind": codes(ACTIVITY_KINDS, kind),
            "starts_at": instants(starts),
            "ends_at": instants(starts + 3 * 3_600),
        },
        starts - 14 * DAY_SECONDS,
    )


def _points(chunk: Chunk, deeds: Deeds, ledger: Ledger, members: Column) -> Rows:
    count = len(ledger)
    orders = order_ids(chunk, np.arange(max(len(chunk.orders), 1), dtype=np.int64))
    # What a row refers to: a completion, the member who was brought, or a deed.
    done, referred = completions(ledger), np.flatnonzero(ledger.referred >= 0)
    did = np.flatnonzero(ledger.deed >= 0)
    row = np.concatenate([done, referred, did])
    nth = np.full(count, -1)
    nth[row] = np.arange(len(row))
    names = pa.concat_arrays([
        _completion_ids(chunk, np.arange(len(done), dtype=np.int64)),
        members.take(ledger.referred[referred]),
        deeds.reference.take(ledger.deed[did]),
    ])  # fmt: skip
    return Rows(
        {
            "transaction_id": numbered(f"X{chunk.number:04d}", np.arange(count), 8),
            "member_no": members.take(ledger.person),
            "points": whole(ledger.points),
            "reason": codes(REASONS, ledger.reason),
            "order_id": where_known(orders.take(np.maximum(ledger.order, 0)), ledger.order >= 0),
            "reference_id": names.take(pa.array(nth, mask=nth < 0)),
            "occurred_at": instants(ledger.at),
        },
        ledger.at,
    )


def _completion_ids(chunk: Chunk, rows: Ints) -> Column:
    return numbered(f"TC{chunk.number:04d}", rows, 7)


def _completions(chunk: Chunk, ledger: Ledger, members: Column) -> Rows:
    rows = ledger.only(completions(ledger))
    return Rows(
        {
            "completion_id": _completion_ids(chunk, np.arange(len(rows), dtype=np.int64)),
            "member_no": members.take(rows.person),
            "task_id": task_ids(np.arange(len(TASKS), dtype=np.int64)).take(rows.task),
            "completed_at": instants(rows.at),
        },
        rows.at,
    )


def _granted_benefits(chunk: Chunk) -> tuple[Ints, Ints, Ints]:
    """Person, benefit and moment of each entitlement: with a tier, and again while it is held."""
    orders, people = chunk.orders, chunk.people
    last = np.ones(len(orders), dtype=bool)
    last[:-1] = orders.person[1:] != orders.person[:-1]
    held = orders.tier
    after = np.where(last, held, np.append(held[1:], 0))
    rises = (after > held) & people.has_card[orders.person]
    row = np.flatnonzero(rises)
    least = np.array([benefit[3] for benefit in BENEFITS])
    valid = np.array([benefit[4] for benefit in BENEFITS])
    gains = (least[None, :] > held[row][:, None]) & (least[None, :] <= after[row][:, None])
    rise, benefit = np.nonzero(gains)
    person, at = orders.person[row[rise]], orders.ordered_at[row[rise]] + 901
    key = orders.person << 40 | orders.ordered_at
    parts = [(person, benefit, at)]
    for _ in range(8):
        # What has run out is granted once more while the tier is held.
        person, benefit, at = parts[-1]
        at = at + valid[benefit] * DAY_SECONDS
        following = np.searchsorted(key, person << 40 | at)
        following = np.minimum(following, len(key) - 1)
        same = orders.person[following] == person
        again = (valid[benefit] > 0) & (at <= END) & same & (held[following] >= least[benefit])
        if not again.any():
            break
        parts.append((person[again], benefit[again], at[again]))
    person, benefit, at = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((at, benefit, person))
    person, benefit, at = person[order], benefit[order], at[order]
    # A tier lost and reached again within the time of a benefit does not double it.
    first = starts_of_groups(person * 64 + benefit)
    gap = np.diff(at, prepend=0)
    fresh = first | ((valid[benefit] > 0) & (gap >= valid[benefit] * DAY_SECONDS))
    fresh &= at <= END
    return person[fresh], benefit[fresh], at[fresh]


def _entitlements(rng: np.random.Generator, chunk: Chunk, members: Column) -> tuple[Rows, Rows]:
    person, benefit, granted = _granted_benefits(chunk)
    valid = np.array([row[4] for row in BENEFITS])[benefit]
    expires = at_local(local_day(granted) + valid, np.full(len(valid), DAY_SECONDS - 1))
    names = benefit_ids(np.arange(len(BENEFITS), dtype=np.int64))
    entitlements = Rows(
        {
            "benefit_id": names.take(benefit),
            "member_no": members.take(person),
            "granted_at": instants(granted),
            "expires_at": instants(expires, valid > 0),
        },
        granted,
    )
    users = np.array([row[5] for row in BENEFITS])[benefit]
    uses = np.array([row[6] for row in BENEFITS])[benefit]
    times = np.where(rng.random(len(benefit)) < users, 1 + rng.poisson(uses - 1), 0)
    used = np.repeat(np.arange(len(benefit)), times)
    first = local_day(granted)[used] + 1
    until = np.where(valid[used] > 0, local_day(expires)[used] + 1, first + _BENEFIT_SPAN)
    span = np.minimum(until, DAYS) - first
    used, first, span = used[span > 0], first[span > 0], span[span > 0]
    day = first + (rng.random(len(used)) * span).astype(np.int64)
    at = at_local(day, rng.integers(10 * 3_600, 21 * 3_600, len(used)))
    cost = np.array([row[7] for row in BENEFITS])[benefit[used]]
    cost = (cost * rng.uniform(0.8, 1.2, len(used))).astype(np.int64)
    usages = Rows(
        {
            "usage_id": numbered(f"BU{chunk.number:04d}", np.arange(len(used)), 6),
            "member_no": members.take(person[used]),
            "benefit_id": names.take(benefit[used]),
            "cost": money(cost),
            "used_at": instants(at),
        },
        at,
    )
    return entitlements, usages


def _tier_grants(rng: np.random.Generator, chunk: Chunk, members: Column) -> Rows:
    """A tier given: after complaints, by invitation, to staff (without an end)."""
    people, orders = chunk.people, chunk.orders
    complaint = np.flatnonzero(
        orders.has_complaint
        & people.has_card[orders.person]
        & (rng.random(len(orders)) < 0.07)
        & (orders.day < DAYS - 14)
    )
    _, once = np.unique(orders.person[complaint], return_index=True)
    complaint = complaint[once]
    invited = np.flatnonzero(people.has_card & (rng.random(len(people)) < 0.008))
    staff = np.flatnonzero(people.is_staff)
    joined = local_day(registered_at(chunk))
    person = np.concatenate([orders.person[complaint], invited, staff])
    counts = (len(complaint), len(invited), len(staff))
    reason = np.repeat(np.arange(3), counts)
    day = np.concatenate([
        orders.day[complaint] + rng.integers(3, 13, len(complaint)),
        active_days(rng, chunk, invited),
        np.maximum(joined[staff], 0) + 1,
    ])  # fmt: skip
    at = at_local(day, rng.integers(9 * 3_600, 18 * 3_600, len(day)))
    tier = np.concatenate([
        np.minimum(orders.tier[complaint] + 1, 4),
        pick(rng, (0.1, 0.1, 0.4, 0.4), len(invited)) + 1,
        np.full(len(staff), 3),
    ])  # fmt: skip
    days = np.where(reason == RECOVERY, 90, 365 * rng.integers(1, 3, len(person)))
    expires = at + days * DAY_SECONDS
    kept = at <= END
    return Rows(
        {
            "grant_id": numbered(f"TG{chunk.number:04d}", np.arange(len(person)), 5),
            "member_no": members.take(person),
            "tier_code": codes(policy_tiers().codes, tier),
            "reason": codes(GRANT_REASONS, reason),
            "granted_at": instants(at),
            "expires_at": instants(expires, reason != STAFF),
        },
        at,
    ).only(kept)


def _subscriptions(rng: np.random.Generator, chunk: Chunk, members: Column) -> Rows:
    """A paid membership as it stands at the end: renewed so many times, ended or running."""
    people = chunk.people
    person = np.flatnonzero(
        people.has_card & (rng.random(len(people)) < _SUBSCRIBERS[people.habit])
    )
    count = len(person)
    plan = pick(rng, (0.62, 0.38), count)
    day = active_days(rng, chunk, person)
    started = at_local(day, rng.integers(9 * 3_600, 22 * 3_600, count))
    period = np.array(_PERIOD_DAYS)[plan] * DAY_SECONDS
    wanted = rng.geometric(1 - np.array(_RENEWS)[plan]) - 1
    renewals = np.minimum(wanted, (END - started) // period)
    ended = started + (wanted + 1) * period <= END
    renewed_at = started + renewals * period
    ended_at = renewed_at + period
    updated = np.where(ended, ended_at, renewed_at)
    # Who will not renew says so some days after the last payment.
    leaves = ~ended & (rng.random(count) < 0.18)
    said_at = renewed_at + rng.integers(1, 20, count) * DAY_SECONDS
    leaves &= said_at <= END
    updated = np.where(leaves, said_at, updated)
    return Rows(
        {
            "subscription_id": numbered(f"SB{chunk.number:04d}", np.arange(count), 5),
            "member_no": members.take(person),
            "plan": codes(PLANS, plan),
            "started_at": instants(started),
            "renewed_at": instants(renewed_at, renewals > 0),
            "ended_at": instants(ended_at, ended),
            "auto_renew": flags(~ended & ~leaves),
            "updated_at": instants(updated),
        },
        updated,
    )


def _attendances(rng: np.random.Generator, chunk: Chunk, members: Column) -> Rows:
    people, days = chunk.people, activity_days()
    rate = np.array([0.12, 0.30, 0.66, 1.00])[people.habit] * (0.5 + 3 * people.sociability)
    drawn = np.repeat(np.arange(len(people)), rng.poisson(rate * people.has_card))
    activity = rng.integers(0, len(days), len(drawn))
    key = np.unique(drawn * 1_000 + activity)
    person, activity = key // 1_000, key % 1_000
    there = is_active(chunk, person, days[activity])
    person, activity = person[there], activity[there]
    begins = np.where(activity % 2 == 0, 14, 10) * 3_600
    at = at_local(days[activity], begins + rng.integers(0, 9_000, len(person)))
    return Rows(
        {
            "activity_id": activity_ids(np.arange(len(days), dtype=np.int64)).take(activity),
            "member_no": members.take(person),
            "attended_at": instants(at),
        },
        at,
    )
