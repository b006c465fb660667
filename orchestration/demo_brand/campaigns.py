"""Campaigns: whom they reach, whom they leave alone, and whom they truly move.

Each campaign draws its audience from what people have done by then, keeps a control group, and
gives every person a chance to order who would not have – by offer, motive and price sensitivity.
Who orders because of it and who would have ordered anyway is planted truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from orchestration.demo_brand.columns import Bools, Floats, Ints, pick
from orchestration.demo_brand.people import EMOTIONAL, MATERIAL, NEVER, People
from orchestration.demo_brand.purchases import Baskets, Rhythms
from orchestration.demo_brand.settings import DAYS, FIRST_DATE, stream
from orchestration.demo_brand.world import World

SEND_CHANNELS = ("sms", "app_push", "mini_program", "wecom", "wechat_service", "email", "call")
SMS, APP_PUSH, MINI, WECOM, WECHAT, EMAIL, CALL = range(7)
SEND_COST = (5, 0, 0, 0, 1, 0, 250)
"""Cents a send."""
OFFERS = ("discount", "gift", "points", "content")
DISCOUNT, GIFT, POINTS, CONTENT = range(4)
OBJECTIVES = ("recall", "retain", "activate", "launch")
RECALL, RETAIN, ACTIVATE, LAUNCH = range(4)
ARMS = ("control", "a", "b")
EFFECT_DAYS = 14
"""An order this many days after the start or sooner counts as a conversion."""

_OBJECTIVE_NAMES = ("沉睡唤醒", "关怀挽留", "新客二购", "大促预热")


@dataclass(frozen=True)
class Campaign:
    """A campaign; days of the brand's calendar. `strength` scales the effect of arms a and b."""

    number: int
    name: str
    objective: int
    channel: int
    offer: int
    start_day: int
    end_day: int
    strength: tuple[float, float]
    budget: int
    has_coupon: bool

    @property
    def code(self) -> str:
        """Its id in the landing files."""
        return f"C{self.number:04d}"


@dataclass(frozen=True, eq=False)
class Touches:
    """One row per person and campaign that meant them. `person` is a position in the chunk."""

    campaign: Ints
    person: Ints
    arm: Ints
    channel: Ints
    would_order_anyway: Bools
    moved: Bools
    """Orders because of the campaign and would not have ordered."""
    chance: Floats
    """The true chance to be moved, had the person been treated."""
    order_day: Ints
    """The day of the order that follows from being moved; NEVER without one."""


@dataclass(frozen=True, eq=False)
class ExtraBaskets:
    """Orders that campaigns caused. `touch` is a position in Touches; -1 in later orders."""

    person: Ints
    day: Ints
    touch: Ints


@lru_cache(maxsize=4)
def make_campaigns(world: World) -> tuple[Campaign, ...]:
    """All campaigns of the two years, in the order of their start."""
    rng = stream(world.spec.seed, -1, "campaigns")
    plans: list[tuple[int, int, int, int]] = []
    first = FIRST_DATE
    for month in range(24):
        begin = date(
            first.year + (first.month - 1 + month) // 12, (first.month - 1 + month) % 12 + 1, 1
        )
        if month >= 5:
            plans.append(((begin + timedelta(14) - first).days, RECALL, month % 7, month % 4))
        if month >= 2:
            plans.append(
                ((begin + timedelta(4) - first).days, RETAIN, (month + 3) % 6, (month + 1) % 4)
            )
        if month >= 1:
            plans.append(
                ((begin + timedelta(19) - first).days, ACTIVATE, (month + 2) % 5, (month + 2) % 3)
            )
    plans += [
        (max(int(peak) - 6, 0), LAUNCH, int(rng.integers(0, 6)), DISCOUNT)
        for peak in world.calendar.peak_days
    ]
    campaigns = []
    for number, (start, objective, channel, offer) in enumerate(sorted(plans)):
        name = f"{(first + timedelta(start)).isoformat()} {_OBJECTIVE_NAMES[objective]}"
        weak = 0.0 if number % 9 == 4 else 1.0
        campaigns.append(
            Campaign(
                number=number,
                name=name,
                objective=objective,
                channel=channel,
                offer=offer,
                start_day=start,
                end_day=min(start + EFFECT_DAYS, DAYS - 1),
                strength=(weak * float(rng.uniform(0.7, 1.3)), weak * float(rng.uniform(0.2, 0.7))),
                budget=int(rng.integers(20, 200)) * 100_000,
                has_coupon=offer in {DISCOUNT, GIFT},
            )
        )
    return tuple(campaigns)


def reachable(people: People, channel: int) -> Bools:
    """Whom a channel can reach."""
    if channel == APP_PUSH:
        return people.has_app
    if channel in {MINI, WECHAT}:
        return people.has_mini_program
    if channel == WECOM:
        return people.has_wecom
    if channel == EMAIL:
        return people.has_website | people.has_app
    return np.ones(len(people), dtype=bool)


def run_campaigns(
    world: World, people: People, rhythms: Rhythms, baskets: Baskets, chunk: int
) -> tuple[Touches, ExtraBaskets]:
    """Run all campaigns one after another on the people of a chunk."""
    rng = stream(world.spec.seed, chunk, "campaigns")
    person, day = baskets.person, baskets.day
    extra_person = np.empty(0, dtype=np.int64)
    extra_day = np.empty(0, dtype=np.int64)
    extra_touch = np.empty(0, dtype=np.int64)
    pace = np.full(len(people), 90.0)
    np.minimum.at(pace, rhythms.person, rhythms.gap_days)
    rows: list[tuple[Any, ...]] = []
    touched = 0
    for campaign in make_campaigns(world):
        start = campaign.start_day
        everyone = np.concatenate([person, extra_person])
        days = np.concatenate([day, extra_day])
        before = days < start
        last = np.full(len(people), -NEVER)
        np.maximum.at(last, everyone[before], days[before])
        orders = np.bincount(everyone[before], minlength=len(people))
        audience = np.flatnonzero(_audience(rng, people, campaign, start - last, orders))
        if not len(audience):
            continue
        arm = pick(rng, (0.12, 0.58, 0.30), len(audience))
        soon = (days >= start) & (days <= start + EFFECT_DAYS)
        anyway = np.zeros(len(people), dtype=bool)
        anyway[everyone[soon]] = True
        chance = _chance(people, audience, campaign, np.maximum(arm, 1))
        delivered = rng.random(len(audience)) < 0.95
        moved = (arm > 0) & delivered & ~anyway[audience] & (rng.random(len(audience)) < chance)
        order_day = start + 1 + np.minimum(rng.exponential(4.0, len(audience)), 12).astype(np.int64)
        moved &= order_day < DAYS
        rows.append((
            np.full(len(audience), campaign.number), audience, arm,
            _channel(rng, len(audience), campaign.channel), anyway[audience], moved,
            np.asarray(chance), np.where(moved, order_day, NEVER),
        ))  # fmt: skip
        who = audience[moved]
        extra_person = np.concatenate([extra_person, who])
        extra_day = np.concatenate([extra_day, order_day[moved]])
        extra_touch = np.concatenate([extra_touch, touched + np.flatnonzero(moved)])
        touched += len(audience)
        # Some of those who came back stay for a while.
        following = np.minimum(rng.geometric(0.55, len(who)) - 1, 5)
        again = np.repeat(np.arange(len(who)), following)
        step = np.arange(len(again)) - np.repeat(np.cumsum(following) - following, following) + 1
        gap = np.maximum(pace[who[again]], 20.0) * rng.uniform(0.8, 1.4, len(again))
        later = order_day[moved][again] + (step * gap).astype(np.int64)
        kept = later < DAYS
        extra_person = np.concatenate([extra_person, who[again[kept]]])
        extra_day = np.concatenate([extra_day, later[kept]])
        extra_touch = np.concatenate([extra_touch, np.full(int(kept.sum()), -1)])
    columns = [np.concatenate(parts) for parts in zip(*rows, strict=True)] if rows else None
    if columns is None:
        columns = [np.empty(0, dtype=np.int64) for _ in range(8)]
    touches = Touches(
        columns[0], columns[1], columns[2], columns[3], columns[4].astype(bool),
        columns[5].astype(bool), columns[6].astype(np.float64), columns[7],
    )  # fmt: skip
    return touches, ExtraBaskets(extra_person, extra_day, extra_touch)


def _audience(
    rng: np.random.Generator, people: People, campaign: Campaign, since: Ints, orders: Ints
) -> Bools:
    member = people.has_card & (people.entered_day < campaign.start_day) & ~people.is_test
    member &= reachable(people, campaign.channel) & ~people.wants_no_marketing
    if campaign.objective == RECALL:
        share = np.where(campaign.channel == CALL, 0.15, 0.6)
        chosen = (since >= 90) & (since <= 600)
    elif campaign.objective == RETAIN:
        share, chosen = np.array(0.5), (since >= 45) & (since < 90)
    elif campaign.objective == ACTIVATE:
        share, chosen = np.array(0.8), (orders == 1) & (since >= 10) & (since <= 45)
    else:
        share, chosen = np.array(0.35), since < 400
    return member & chosen & (rng.random(len(people)) < share)


def _chance(people: People, who: Ints, campaign: Campaign, arm: Ints) -> Floats:
    """The true chance to be moved by arm a or b: nobody is moved by everything."""
    motive, sensitivity = people.motive[who], people.price_sensitivity[who]
    if campaign.offer == DISCOUNT:
        pull = np.where(motive == MATERIAL, 0.05 + 0.18 * sensitivity, 0.10 * sensitivity)
    elif campaign.offer == GIFT:
        pull = np.where(motive == EMOTIONAL, 0.16, 0.05)
    elif campaign.offer == POINTS:
        pull = np.where(motive == MATERIAL, 0.06, 0.02) + 0.12 * people.task_zeal[who]
    else:
        liking = np.maximum(people.content_zeal[who], people.sociability[who])
        pull = np.where(motive == MATERIAL, 0.03, 0.04 + 0.15 * liking)
    strength = np.array((0.0, *campaign.strength))[arm]
    reach = np.array((0.9, 0.8, 1.0, 1.3, 0.8, 0.6, 1.8))[campaign.channel]
    return np.asarray(np.clip(pull * strength * reach, 0.0, 0.6))


def _channel(rng: np.random.Generator, count: int, channel: int) -> Ints:
    """The campaign's channel; some pushes and e-mails go out as a text message in its place."""
    replaced = (rng.random(count) < 0.05) & (channel in {APP_PUSH, EMAIL})
    return np.where(replaced, SMS, channel)
