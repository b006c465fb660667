"""The points ledger of a chunk: what is earned, spent, clawed back and left to expire."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from orchestration.demo_brand.chunk import END, Chunk
from orchestration.demo_brand.columns import (
    Bools,
    Floats,
    Ints,
    at_local,
    local_day,
    pick,
    position_in_group,
    starts_of_groups,
)
from orchestration.demo_brand.deeds import DEEDS, SPREE_SECONDS, Deeds, review_sprees
from orchestration.demo_brand.moments import (
    active_days,
    active_share,
    daytime,
    is_active,
    referrers,
    registered_at,
)
from orchestration.demo_brand.people import birthdays
from orchestration.demo_brand.settings import DAY_SECONDS, FIRST_DATE, stream

REASONS = (
    "purchase", "check_in", "comment", "share", "ugc", "task", "referral", "survey", "birthday",
    "redeem", "adjust", "refund", "expire",
)  # fmt: skip
(
    PURCHASE, CHECK_IN, COMMENT, SHARE, UGC, TASK, REFERRAL, SURVEY, BIRTHDAY,
    REDEEM, ADJUST, REFUND, EXPIRE,
) = range(13)  # fmt: skip
_WORTH = (0, 10, 20, 30, 100, 0, 100, 50, 50, 0, 0, 0, 0)
"""Points of a deed, by reason; 0 where they depend on more."""
_REASON_OF_DEED = np.array([REASONS.index(name) for name in DEEDS])
LOT_DAYS = 730
DAILY_LIMIT = 300
"""Non-purchase points a day that honest people keep to."""

DAILY, GROWTH, CHALLENGE = range(3)
TASK_TYPES = ("daily", "growth", "challenge")
TASKS: tuple[tuple[str, int, int], ...] = (
    # name, type, points
    ("每日浏览新品", DAILY, 5),
    ("每日护肤打卡", DAILY, 5),
    ("每日看直播", DAILY, 5),
    ("每日美妆问答", DAILY, 5),
    ("每日点赞", DAILY, 5),
    ("每日收藏心愿", DAILY, 10),
    ("完善资料", GROWTH, 50),
    ("绑定企业微信", GROWTH, 80),
    ("首次评价", GROWTH, 60),
    ("关注直播间", GROWTH, 50),
    ("尝试三个品类", GROWTH, 120),
    ("首次到店", GROWTH, 100),
    ("空瓶回收", GROWTH, 150),
    ("完成肌肤测试", GROWTH, 200),
    *((f"双月挑战第{number + 1}期", CHALLENGE, 30 + number % 4 * 50) for number in range(12)),
)
_DAILY_TASKS, _FIRST_CHALLENGE = 6, 14
_FIVE_POINT_TASKS = 5
CHALLENGE_STARTS: Ints = np.array([
    (date(FIRST_DATE.year + (6 + 2 * at) // 12, (6 + 2 * at) % 12 + 1, 1) - FIRST_DATE).days
    for at in range(13)
])  # fmt: skip
"""First days of the two months of each challenge, and the day after the last one."""

_OPENING = np.array([70.0, 250.0, 800.0, 1_800.0])
"""Middle opening balance by habit, in points."""
_TRANSFER_SHARE = 0.05
"""Of members with a claw-back who never spend points."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """Rows sorted by person and time. `order` … `deed`: positions; -1 = none."""

    person: Ints
    points: Ints
    reason: Ints
    order: Ints
    task: Ints
    referred: Ints
    deed: Ints
    at: Ints
    """UTC seconds."""

    def __len__(self) -> int:
        return len(self.person)

    def only(self, chosen: Bools | Ints) -> Ledger:
        """The chosen rows, in the order in which they are chosen."""
        return Ledger(*(getattr(self, field.name)[chosen] for field in fields(self)))


def make_ledger(chunk: Chunk, deeds: Deeds) -> Ledger:
    """All points of the members of a chunk; the balance is below zero after claw-backs alone."""
    rng = stream(chunk.world.spec.seed, chunk.number, "points")
    opening, purchases = _opening(rng, chunk), _purchases(chunk)
    redeemed, clawed = _redeemed(chunk), _claw_backs(chunk)
    doings = _both(_referrals(rng, chunk), _rewards(chunk, deeds), _doings(rng, chunk))
    doings = _within_limit(chunk, doings)
    expired = _expired(_both(opening, purchases, doings), redeemed, clawed)
    everything = _both(opening, purchases, redeemed, clawed, doings, expired)
    everything = everything.only(
        chunk.people.has_card[everything.person] & (everything.at <= END) & (everything.points != 0)
    )
    return _with_goodwill(_with_transfers(rng, chunk, _sorted(everything)))


def running_balance(person: Ints, points: Ints) -> Ints:
    """Each member's balance after each row; rows sorted by member and time."""
    total = np.cumsum(points)
    first = np.flatnonzero(starts_of_groups(person))
    before = np.repeat(total[first] - points[first], np.diff(np.append(first, len(person))))
    return np.asarray(total - before)


def _rows(
    person: Ints,
    points: Ints | int,
    reason: Ints | int,
    at: Ints,
    order: Ints | int = -1,
    task: Ints | int = -1,
    referred: Ints | int = -1,
    deed: Ints | int = -1,
) -> Ledger:
    parts = (person, points, reason, order, task, referred, deed, at)
    return Ledger(*(np.broadcast_to(np.asarray(part, np.int64), person.shape) for part in parts))


def _both(*parts: Ledger) -> Ledger:
    return Ledger(*(
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Ledger)
    ))  # fmt: skip


def _sorted(rows: Ledger) -> Ledger:
    return rows.only(np.argsort(_moment_key(rows), kind="stable"))


def _moment_key(rows: Ledger) -> Ints:
    """Sorts by person and time; at one moment lots expire first and claw-backs come last."""
    turn = np.full(len(REASONS), 2)
    turn[[EXPIRE, REDEEM, REFUND]] = 0, 1, 3
    since = rows.at - int(at_local(np.array(-1_100), np.array(0)))
    return np.asarray(rows.person << 40 | since << 2 | turn[rows.reason])


def _opening(rng: np.random.Generator, chunk: Chunk) -> Ledger:
    """Balances of members of before, in one to three lots of the year before the two years."""
    people = chunk.people
    owner = np.flatnonzero(
        people.has_card & (people.entered_day < -1) & (rng.random(len(people)) < 0.72)
    )
    owner = np.repeat(owner, pick(rng, (0.7, 0.2, 0.1), len(owner)) + 1)
    earliest = np.maximum(people.entered_day[owner] + 1, -365)
    day = earliest + (rng.random(len(owner)) * -earliest).astype(np.int64)
    points = (_OPENING[people.habit[owner]] * rng.lognormal(0.0, 0.8, len(owner))).astype(np.int64)
    at = at_local(day, 10 * 3_600 + rng.integers(0, 8 * 3_600, len(owner)))
    return _rows(owner, np.maximum(points, 5), ADJUST, at)


def _purchases(chunk: Chunk) -> Ledger:
    orders = chunk.orders
    row = np.flatnonzero((orders.points_earned > 0) & (orders.paid_at >= 0))
    return _rows(
        orders.person[row], orders.points_earned[row], PURCHASE, orders.paid_at[row], order=row
    )


def _redeemed(chunk: Chunk) -> Ledger:
    orders = chunk.orders
    row = np.flatnonzero(orders.points_used > 0)
    return _rows(
        orders.person[row], -orders.points_used[row], REDEEM, orders.ordered_at[row], order=row
    )


def _claw_backs(chunk: Chunk) -> Ledger:
    """What a refunded share of an order had earned, rounded half up."""
    orders = chunk.orders
    row, net = orders.refund_order, np.maximum(orders.net[orders.refund_order], 1)
    share = (2 * orders.points_earned[row] * orders.refund_amount + net) // (2 * net)
    points = np.minimum(share, orders.points_earned[row])
    return _rows(orders.person[row], -points, REFUND, orders.refunded_at, order=row)


def _doings(rng: np.random.Generator, chunk: Chunk) -> Ledger:
    """Tasks and birthdays of honest people."""
    people = chunk.people
    zeal = people.task_zeal * active_share(chunk)
    parts = [_tasks(rng, chunk, zeal * 38.0), _zealous_hours(rng, chunk)]
    for year in range(FIRST_DATE.year, FIRST_DATE.year + 3):
        day = birthdays(people, year)
        everybody = np.arange(len(people))
        kept = is_active(chunk, everybody, day) & (rng.random(len(people)) < 0.5)
        parts.append(_rows(
            everybody[kept], _WORTH[BIRTHDAY], BIRTHDAY,
            at_local(day[kept], rng.integers(9 * 3_600, 10 * 3_600, int(kept.sum()))),
        ))  # fmt: skip
    done = _both(*parts)
    return done.only(~people.is_bot[done.person])


def _people(rng: np.random.Generator, rate: Floats) -> Ints:
    """Each position as often as a Poisson draw of its rate says."""
    return np.repeat(np.arange(len(rate), dtype=np.int64), rng.poisson(rate))


def _tasks(
    rng: np.random.Generator,
    chunk: Chunk,
    rate: Floats,
) -> Ledger:
    """A daily task once a day, the others once in a life; a challenge within its two months."""
    person = _people(rng, rate)
    count = len(person)
    day = active_days(rng, chunk, person)
    kind = pick(rng, (0.52, 0.26, 0.22), count)
    challenge = np.searchsorted(CHALLENGE_STARTS, day, side="right") - 1
    task = np.choose(kind, [
        rng.integers(0, _DAILY_TASKS, count),
        rng.integers(_DAILY_TASKS, _FIRST_CHALLENGE, count),
        _FIRST_CHALLENGE + np.clip(challenge, 0, 11),
    ])  # fmt: skip
    _, once = np.unique(
        (person * 64 + task) * 1_024 + np.where(kind == DAILY, day, 0), return_index=True
    )
    person, day, task = person[once], day[once], task[once]
    points = np.array([row[2] for row in TASKS])[task]
    return _rows(person, points, TASK, at_local(day, daytime(rng, chunk, person)), task=task)


def _zealous_hours(rng: np.random.Generator, chunk: Chunk) -> Ledger:
    """Who reviews all that was bought does the small daily tasks within the same hour."""
    owner, begin = review_sprees(chunk)
    row = np.repeat(np.arange(len(owner)), _FIVE_POINT_TASKS)
    at = begin[row] + rng.integers(0, SPREE_SECONDS, len(row))
    return _rows(owner[row], 5, TASK, at, task=position_in_group(row))


def _rewards(chunk: Chunk, deeds: Deeds) -> Ledger:
    """Seconds after each deed, on the same day, what it is worth."""
    rng = stream(chunk.world.spec.seed, chunk.number, "points.rewards")
    reason = _REASON_OF_DEED[deeds.kind]
    end_of_day = at_local(local_day(deeds.at), np.array(DAY_SECONDS - 1))
    at = np.minimum(deeds.at + rng.integers(1, 20, len(deeds)), end_of_day)
    return _rows(deeds.person, np.array(_WORTH)[reason], reason, at, deed=np.arange(len(deeds)))


def _referrals(rng: np.random.Generator, chunk: Chunk) -> Ledger:
    """Points for bringing somebody, minutes after both are members."""
    people, brought_by, joined = chunk.people, referrers(chunk), registered_at(chunk)
    brought = np.flatnonzero((brought_by >= 0) & (people.entered_day >= 0))
    by = brought_by[brought]
    at = np.maximum(joined[brought], joined[by]) + rng.integers(60, 900, len(brought))
    return _rows(by, _WORTH[REFERRAL], REFERRAL, at, referred=brought)


def _within_limit(chunk: Chunk, rows: Ledger) -> Ledger:
    """What fits into the points a day allows, one after another, a daily task once a day."""
    people = chunk.people
    rows = rows.only(people.has_card[rows.person])
    day = local_day(rows.at)
    is_task = (rows.task >= 0) & (rows.task < _DAILY_TASKS)
    nth = np.arange(len(rows), dtype=np.int64)
    same = np.where(is_task, (rows.person * 64 + rows.task) * 1_024 + day, -1 - nth)
    _, once = np.unique(same, return_index=True)
    once.sort()
    rows, day = rows.only(once), day[once]
    by_day = np.argsort(rows.person * 1_024 + day, kind="stable")
    rows, day = rows.only(by_day), day[by_day]
    key, honest = rows.person * 1_024 + day, ~people.is_bot[rows.person]
    while True:
        # Of each day the first that is too much.
        over = np.flatnonzero(honest & (running_balance(key, rows.points) > DAILY_LIMIT))
        if not len(over):
            return rows
        kept = np.ones(len(rows), dtype=bool)
        kept[over[starts_of_groups(key[over])]] = False
        rows, key, honest = rows.only(kept), key[kept], honest[kept]


def _expired(earned: Ledger, redeemed: Ledger, clawed: Ledger) -> Ledger:
    """What is left of lots at the start of their day 730, spent first in first out.

    Lots of up to the first day alone can get so old. A claw-back takes from its order's own lot;
    lots of before are untouched by it as long as anything is left of them.
    """
    back = np.zeros(max(earned.order.max(initial=0), clawed.order.max(initial=0)) + 1, np.int64)
    np.add.at(back, clawed.order, clawed.points)
    lots = earned.only(local_day(earned.at) <= 0)
    worth = lots.points + np.where(lots.order >= 0, back[np.maximum(lots.order, 0)], 0)
    order = np.argsort(_moment_key(lots), kind="stable")
    lots, worth = lots.only(order), worth[order]
    at = at_local(local_day(lots.at) + LOT_DAYS, np.zeros(len(lots)))
    spent_key = redeemed.person << 40 | redeemed.at
    by_time = np.argsort(spent_key)
    total = np.concatenate([[0], np.cumsum(-redeemed.points[by_time])])
    spent_key = spent_key[by_time]
    spent = (
        total[np.searchsorted(spent_key, lots.person << 40 | at)]
        - total[np.searchsorted(spent_key, lots.person << 40)]
    )
    nth = position_in_group(lots.person)
    first = np.arange(len(lots)) - nth
    charged = np.zeros(len(lots), dtype=np.int64)
    left = np.zeros(len(lots), dtype=np.int64)
    for turn in range(int(nth.max(initial=-1)) + 1):
        row = np.flatnonzero(nth == turn)
        taken = np.clip(spent[row] - charged[first[row]], 0, worth[row])
        left[row] = worth[row] - taken
        charged[first[row]] += taken
    rows = _rows(lots.person, -left, EXPIRE, at)
    return rows.only(left > 0)


def _with_transfers(rng: np.random.Generator, chunk: Chunk, rows: Ledger) -> Ledger:
    """Some give all their points to a relative a minute before a claw-back: a debt remains.

    They are people who never spend points and of whose points none expire.
    """
    others = np.isin(rows.reason, (REDEEM, EXPIRE, ADJUST))
    simple = ~chunk.people.is_bot
    simple[rows.person[others]] = False
    row = np.flatnonzero((rows.reason == REFUND) & simple[rows.person])
    row = row[starts_of_groups(rows.person[row])]
    before = running_balance(rows.person, rows.points)[row - 1]
    row_before = rows.only(np.maximum(row - 1, 0))
    given = (row_before.person == rows.person[row]) & (row_before.at < rows.at[row] - 60)
    given &= (before > 0) & (rng.random(len(row)) < _TRANSFER_SHARE)
    row, before = row[given], before[given]
    return _sorted(_both(rows, _rows(rows.person[row], -before, ADJUST, rows.at[row] - 60)))


def _with_goodwill(rows: Ledger) -> Ledger:
    """Where a member spends more than there is since a claw-back, the shop makes up for it."""
    balance = running_balance(rows.person, rows.points)
    short = np.where((rows.points < 0) & (rows.reason != REFUND), np.maximum(-balance, 0), 0)
    base = rows.person << 32
    given = np.maximum.accumulate(base + short) - base
    rise = np.diff(given, prepend=0)
    rise = np.where(starts_of_groups(rows.person), given, rise)
    row = np.flatnonzero(rise > 0)
    gift = _rows(rows.person[row], rise[row], ADJUST, rows.at[row] - 300)
    return _sorted(_both(rows, gift))


def completions(ledger: Ledger) -> Ints:
    """Rows of the ledger that pay for a completed task; the nth of them is completion n."""
    return np.flatnonzero(ledger.task >= 0)
