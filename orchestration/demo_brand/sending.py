"""Campaigns as they were sent: sends, what people did with them, experiments, advertising."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from orchestration.demo_brand.campaigns import (
    ARMS,
    LAUNCH,
    OBJECTIVES,
    OFFERS,
    SEND_CHANNELS,
    SEND_COST,
    make_campaigns,
)
from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, member_numbers
from orchestration.demo_brand.columns import (
    Bools,
    Column,
    Ints,
    at_local,
    codes,
    dates,
    instants,
    money,
    numbered,
    pick,
    whole,
)
from orchestration.demo_brand.people import EMOTIONAL, MATERIAL
from orchestration.demo_brand.settings import (
    DAY_SECONDS,
    DAYS,
    FIRST_DATE,
    FIRST_DAY,
    stream,
)
from orchestration.demo_brand.world import World

SENT, DELIVERED, FAILED = range(3)
SEND_STATUSES = ("sent", "delivered", "failed")
OPEN, CLICK, REPLY, UNSUBSCRIBE, COMPLAINT = range(5)
ENGAGEMENTS = ("open", "click", "reply", "unsubscribe", "complaint")

_OPENS = np.array([0.19, 0.17, 0.26, 0.36, 0.24, 0.15, 0.55])
"""Shares of delivered sends that are opened, by channel (calls: answered)."""
_CLICKS, _CLICKS_OF_SUITED = 0.22, 0.50
_MOVES = np.array([MATERIAL, EMOTIONAL, MATERIAL, EMOTIONAL])
"""Whom each of OFFERS suits, by motive."""
_REPLIES = np.array([0.01, 0.0, 0.01, 0.12, 0.02, 0.01, 0.25])
"""Shares of opened sends that are answered."""
_UNSUBSCRIBES = 0.018
"""Of the last sends to a person on a channel; nothing is sent there afterwards."""
_COMPLAINTS = 0.009
_ANNOYED = 0.14
"""Of those with two sends in a month or two before the weekend of unsubscribes."""
ANNOYED_DAYS = 75
"""Days before that weekend on which sends annoy."""

AD_CHANNELS = ("douyin_ads", "wechat_ads", "xiaohongshu_ads", "baidu_search", "tmall_ads")
_AD_SHARES = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
_AD_COST = np.array([9_500, 8_200, 11_000, 7_000, 10_500])
"""Cents a new member."""
_FROM_ADS = 0.5
"""Of newcomers: brought by advertising of every day; festivals bring some more."""
_NEWCOMERS = 0.6025
"""Share of members who come within the two years."""


def annoyed_day() -> int:
    """The Saturday after the last double 11, when many unsubscribe until Sunday night."""
    day = date(2024, 11, 11)
    return (day + timedelta((5 - day.weekday()) % 7) - FIRST_DATE).days


@dataclass(frozen=True, eq=False)
class Sends:
    """All sends of a chunk; instants in UTC seconds, -1 where it did not happen."""

    touch: Ints
    """Position in the chunk's touches."""
    person: Ints
    campaign: Ints
    channel: Ints
    sent_at: Ints
    status: Ints
    reported_at: Ints
    engaged_at: tuple[Ints, ...]
    """One for each of ENGAGEMENTS."""

    def __len__(self) -> int:
        return len(self.touch)


def _suits(chunk: Chunk, person: Ints, campaign: Ints) -> Bools:
    """Whether what a campaign offers is what moves the person."""
    offers = np.array([row.offer for row in make_campaigns(chunk.world)])
    return np.asarray(chunk.people.motive[person] == _MOVES[offers[campaign]])


@lru_cache(maxsize=1)
def make_sends(chunk: Chunk) -> Sends:
    """Whom campaigns were sent to, when, and what came of it."""
    rng = stream(chunk.world.spec.seed, chunk.number, "sending")
    touches = chunk.touches
    touch = np.flatnonzero(touches.arm > 0)
    person, campaign = touches.person[touch], touches.campaign[touch]
    channel, moved = touches.channel[touch], touches.moved[touch]
    count = len(touch)
    later = np.minimum(pick(rng, (0.72, 0.18, 0.10), count), DAYS - 1 - _starts(chunk)[campaign])
    day = _starts(chunk)[campaign] + np.where(moved, 0, later)
    sent_at = at_local(day, rng.integers(9 * 3_600 + 900, 20 * 3_600, count))
    status = np.array([SENT, DELIVERED, FAILED])[pick(rng, (0.02, 0.94, 0.04), count)]
    status = np.where(moved, DELIVERED, status)
    reported = sent_at + np.where(status == SENT, 0, rng.integers(2, 300, count))
    delivered = status == DELIVERED
    # Until when the open and the click of a moved person happen: the order.
    order_at = np.full(len(touches.campaign) + 1, END + 90 * DAY_SECONDS)
    caused = chunk.orders.touch >= 0
    order_at[chunk.orders.touch[caused]] = chunk.orders.ordered_at[caused]
    left = order_at[touch] - reported
    last = _is_last(person * len(SEND_CHANNELS) + channel, sent_at)
    quits, quit_at = _unsubscribes(rng, person, sent_at, reported, last & delivered & ~moved)
    complains = last & delivered & ~moved & (rng.random(count) < _COMPLAINTS)
    likes = np.where(chunk.touches.would_order_anyway[touch], 1.35, 1.0) * _OPENS[channel]
    opens = delivered & (rng.random(count) < np.where(moved, 0.97, likes))
    opens |= quits | complains
    suits = _suits(chunk, person, campaign)
    clicks = opens & (
        rng.random(count) < np.where(moved, 0.82, np.where(suits, _CLICKS_OF_SUITED, _CLICKS))
    )
    replies = opens & (rng.random(count) < _REPLIES[channel])
    wait = np.minimum(rng.exponential(9_000.0, count), 0.6 * left)
    open_at = reported + np.maximum(wait.astype(np.int64), 1)
    open_at = np.where(quits, np.minimum(open_at, quit_at - 5), open_at)
    click_at = open_at + np.minimum(rng.integers(5, 900, count), left // 4)
    reply_at = open_at + rng.integers(60, 7_200, count)
    complain_at = open_at + rng.integers(600, DAY_SECONDS, count)
    moments = (
        np.where(happens & (at <= END), at, -1)
        for happens, at in (
            (opens, open_at), (clicks, click_at), (replies, reply_at), (quits, quit_at),
            (complains, complain_at),
        )
    )  # fmt: skip
    return Sends(touch, person, campaign, channel, sent_at, status, reported, tuple(moments))


def _starts(chunk: Chunk) -> Ints:
    return np.array([campaign.start_day for campaign in make_campaigns(chunk.world)])


def _is_last(key: Ints, sent_at: Ints) -> Bools:
    """The last send to each person on each channel."""
    order = np.lexsort((sent_at, key))
    last = np.ones(len(key), dtype=bool)
    last[order[:-1]] = key[order[1:]] != key[order[:-1]]
    return last


def _unsubscribes(
    rng: np.random.Generator, person: Ints, sent_at: Ints, reported: Ints, able: Bools
) -> tuple[Bools, Ints]:
    """Who unsubscribes, and when: within two days, or all on one weekend."""
    count = len(person)
    weekend = int(at_local(np.array(annoyed_day()), np.array(0)))
    recent = (sent_at < weekend) & (sent_at >= weekend - ANNOYED_DAYS * DAY_SECONDS)
    had = np.bincount(person[recent], minlength=int(person.max(initial=0)) + 1)[person]
    annoyed = able & recent & (had >= 2) & (rng.random(count) < _ANNOYED)
    soon = able & ~annoyed & (rng.random(count) < _UNSUBSCRIBES)
    at_once = reported + rng.integers(60, 2 * DAY_SECONDS, count)
    then = weekend + rng.integers(8 * 3_600, 2 * DAY_SECONDS - 3_600, count)
    at = np.where(annoyed, then, at_once)
    return (annoyed | soon) & (at <= END), at


def unsubscribes(sends: Sends) -> tuple[Ints, Ints, Ints]:
    """Person, channel (a position in SEND_CHANNELS) and moment of each unsubscribe."""
    at = sends.engaged_at[UNSUBSCRIBE]
    row = np.flatnonzero(at >= 0)
    return sends.person[row], sends.channel[row], at[row]


def sending_tables(chunk: Chunk) -> Tables:
    """Sends, engagements and experiments of the members of a chunk."""
    sends = make_sends(chunk)
    everybody = np.arange(len(chunk.people), dtype=np.int64)
    members = member_numbers(chunk.people, everybody)
    send_ids = numbered(f"D{chunk.number:04d}", sends.touch, 7)
    names = [campaign.code for campaign in make_campaigns(chunk.world)]
    table = Rows(
        {
            "send_id": send_ids,
            "campaign_id": codes(names, sends.campaign),
            "member_no": members.take(sends.person),
            "channel": codes(SEND_CHANNELS, sends.channel),
            "variant": codes(ARMS, chunk.touches.arm[sends.touch]),
            "sent_at": instants(sends.sent_at),
            "status": codes(SEND_STATUSES, sends.status),
            "cost": money(np.array(SEND_COST)[sends.channel]),
            "updated_at": instants(sends.reported_at),
        },
        sends.reported_at,
    )
    happened = [np.flatnonzero(at >= 0) for at in sends.engaged_at]
    row = np.concatenate(happened)
    kind = np.repeat(np.arange(len(ENGAGEMENTS)), [len(rows) for rows in happened])
    at = np.concatenate([
        moments[rows] for moments, rows in zip(sends.engaged_at, happened, strict=True)
    ])  # fmt: skip
    engagements = Rows(
        {
            "engagement_id": numbered(f"G{chunk.number:04d}", np.arange(len(row)), 7),
            "send_id": send_ids.take(row),
            "engagement_type": codes(ENGAGEMENTS, kind),
            "occurred_at": instants(at),
        },
        at,
    )
    return {
        "campaigns.sends": table,
        "campaigns.engagements": engagements,
        "campaigns.experiments": _experiments(chunk, members, names),
    }


def _experiments(chunk: Chunk, members: Column, names: list[str]) -> Rows:
    """Who was put into which arm, on the morning of the start."""
    rng = stream(chunk.world.spec.seed, chunk.number, "experiments")
    touches = chunk.touches
    tested = np.array([row.objective != LAUNCH for row in make_campaigns(chunk.world)])
    row = np.flatnonzero(tested[touches.campaign])
    campaign = touches.campaign[row]
    at = at_local(_starts(chunk)[campaign], 6 * 3_600 + rng.integers(0, 2 * 3_600, len(row)))
    return Rows(
        {
            "experiment_id": codes([f"E{name[1:]}" for name in names], campaign),
            "campaign_id": codes(names, campaign),
            "member_no": members.take(touches.person[row]),
            "variant": codes(ARMS, touches.arm[row]),
            "assigned_at": instants(at),
        },
        at,
    )


def sending_world(world: World) -> Tables:
    """Campaigns and what was spent on advertising."""
    return {"campaigns.campaigns": _campaigns(world), "campaigns.ad_spend": _ad_spend(world)}


def _campaigns(world: World) -> Rows:
    rows = make_campaigns(world)
    at = np.arange(len(rows), dtype=np.int64)
    start = np.array([row.start_day for row in rows])
    end = np.array([row.end_day for row in rows])
    updated = at_local(start - 3, np.full(len(rows), 15 * 3_600))
    return Rows(
        {
            "campaign_id": codes([row.code for row in rows], at),
            "campaign_name": codes([row.name for row in rows], at),
            "objective": codes(OBJECTIVES, np.array([row.objective for row in rows])),
            "channel": codes(SEND_CHANNELS, np.array([row.channel for row in rows])),
            "offer_kind": codes(OFFERS, np.array([row.offer for row in rows])),
            "starts_at": instants(at_local(start, np.full(len(rows), 9 * 3_600))),
            "ends_at": instants(at_local(end, np.full(len(rows), DAY_SECONDS - 1))),
            "budget": money(np.array([row.budget for row in rows])),
            "updated_at": instants(updated),
        },
        updated,
    )


def _ad_spend(world: World) -> Rows:
    """Every channel on every day, and two channels more for each festival's campaign."""
    rng = stream(world.spec.seed, -1, "ad_spend")
    campaigns = make_campaigns(world)
    launches = [row for row in campaigns if row.objective == LAUNCH]
    lengths = np.array([row.end_day - row.start_day + 1 for row in launches])
    launch = np.repeat(np.arange(len(launches)), lengths)
    begin = np.array([row.start_day for row in launches])[launch]
    launch_day = begin + np.arange(len(launch)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    number = np.array([row.number for row in launches])[launch]
    every = len(AD_CHANNELS)
    day = np.concatenate([np.repeat(np.arange(DAYS), every), np.repeat(launch_day, 2)])
    channel = np.concatenate([np.tile(np.arange(every), DAYS), np.tile([0, 1], len(launch))])
    campaign = np.concatenate([np.full(DAYS * every, -1), np.repeat(number, 2)])
    # Launches have a fifth of an ordinary day's newcomers on each of their channels.
    daily = world.spec.members * _NEWCOMERS * _FROM_ADS / DAYS
    expected = daily * np.where(campaign < 0, _AD_SHARES[channel], 0.1)
    members = rng.poisson(expected)
    busy = np.sqrt(world.calendar.weight / world.calendar.weight.mean())[day]
    amount = expected * _AD_COST[channel] * busy * rng.uniform(0.8, 1.25, len(day))
    at = at_local(day, np.full(len(day), 23 * 3_600))
    return Rows(
        {
            "spend_date": dates(day + FIRST_DAY),
            "channel": codes(AD_CHANNELS, channel),
            "campaign_id": codes([row.code for row in campaigns], campaign),
            "amount": money(np.maximum(amount, 100).astype(np.int64)),
            "new_members": whole(members),
        },
        at,
    )
