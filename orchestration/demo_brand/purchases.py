"""When people buy what: a rhythm for each category a person uses, until the person drifts away.

Purchases of a category follow each other after the time its pack lasts (a renewal process with
gamma gaps); after every order a person may lapse for good or for a while, sooner after a bad
experience – buy till you die, after Schmittlein, Morrison and Colombo (1987), with returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo_brand.columns import Bools, Floats, Ints, pick_rows, position_in_group
from orchestration.demo_brand.people import LOYAL, NEVER, OCCASIONAL, REGULAR, TRIER, People
from orchestration.demo_brand.settings import DAYS, stream
from orchestration.demo_brand.world import (
    CATEGORIES,
    FESTIVALS,
    LEAF,
    PACKS,
    World,
    cycle_days,
    day_of_wear,
    wear_until,
)

_SLOTS = {TRIER: (1, 3), OCCASIONAL: (2, 4), REGULAR: (2, 5), LOYAL: (4, 7)}
"""Fewest and most categories of a habit (the latter drawn less often)."""
_PACE = np.array([1.0, 1.0, 0.9, 0.72])
"""Gaps of a habit against the time a pack lasts."""
_LAPSE = np.array([0.74, 0.40, 0.12, 0.012])
"""Chance that an order is the last one for a long time, by habit: the mean of a beta."""
_LAPSE_SPREAD = 1.6
"""Sum of the parameters of the beta: the smaller, the more people of a habit differ."""
_LAPSE_AGAIN = np.array([0.8, 0.35, 0.2, 0.12])
"""The same chance for orders after a return."""
_LAPSE_AFTER_COMPLAINT = 0.35
_COMPLAINT_SHARE = 0.02
_RETURNS = np.array([0.08, 0.15, 0.25, 0.30])
"""Share of those who lapsed who come back after some months, by habit."""
_NEVER_BUYS = 0.15
"""Of triers: never buy at all."""
_EXPLORES, _EXPLORING_DAYS = 0.85, 40.0
"""Share of further categories that newcomers try soon, and how soon, on average."""
_STOCK_DAYS, _STOCKS_UP = 18, 0.6
"""How many days ahead people stock up at a festival; as likely as so much of waiting for it."""
_TOGETHER_DAYS = np.array([30, 12, 8, 9])
"""Days within which a person buys at once what is due, by habit, of people of little appetite."""
_REGULARITY = 7.0
"""Shape of the gamma gaps: about 38 % variation around the mean."""
LINES = 4
"""Product lines of a category, each in all packs."""


@dataclass(frozen=True, eq=False)
class Rhythms:
    """Categories that people use: person (position in the chunk), category, mean gap in days."""

    person: Ints
    category: Ints
    gap_days: Floats
    line: Ints
    """The line of products the person prefers."""


@dataclass(frozen=True, eq=False)
class Lapses:
    """When each person drifted away, came back and drifted away again; NEVER where not."""

    lapse_day: Ints
    return_day: Ints
    second_lapse_day: Ints


@dataclass(frozen=True, eq=False)
class Baskets:
    """Orders, sorted by person and day, and what is in them, sorted by order."""

    person: Ints
    day: Ints
    has_complaint: Bools
    line_basket: Ints
    line_category: Ints
    line_line: Ints
    line_pack: Ints
    line_quantity: Ints


def make_rhythms(world: World, people: People, chunk: int) -> Rhythms:
    """The categories each person uses, each once, with the person's own pace."""
    rng = stream(world.spec.seed, chunk, "rhythms")
    low = np.array([_SLOTS[habit][0] for habit in range(4)])[people.habit]
    high = np.array([_SLOTS[habit][1] for habit in range(4)])[people.habit]
    slots = np.minimum(rng.integers(low, high + 1), rng.integers(low, high + 1))
    person = np.repeat(np.arange(len(people)), slots)
    weights = np.tile([CATEGORIES[at][5] for at in LEAF], (len(person), 1))
    parents = np.array([CATEGORIES[at][2] or "" for at in LEAF])
    weights[:, parents == "mother_baby"] *= np.where(people.has_baby[person], 6.0, 0.0)[:, None]
    weights[:, parents == "makeup"] *= np.where(people.gender[person] == 1, 0.15, 1.0)[:, None]
    category = np.array(LEAF)[pick_rows(rng, weights)]
    _, once = np.unique(person * 100 + category, return_index=True)
    person, category = person[once], category[once]
    cycle = cycle_days()[category]
    cycle = np.where(cycle > 0, cycle, 200.0)
    own = rng.lognormal(0.0, 0.3, len(person))
    return Rhythms(
        person=person,
        category=category,
        gap_days=np.maximum(
            8.0, cycle * own * _PACE[people.habit[person]] / people.appetite[person]
        ),
        line=rng.integers(0, LINES, len(person)),
    )


def make_baskets(
    world: World, people: People, rhythms: Rhythms, chunk: int
) -> tuple[Baskets, Lapses]:
    """What people buy of their own accord."""
    rng = stream(world.spec.seed, chunk, "baskets")
    slot, day, pack, quantity = _purchases(rng, world, people, rhythms)
    person = rhythms.person[slot]
    entered = people.entered_day[person]
    day = _to_festivals(rng, world, day, entered, people.price_sensitivity[person])
    kept = day < DAYS
    slot, day, pack, quantity, person = (v[kept] for v in (slot, day, pack, quantity, person))
    # What is due soon is bought on one visit.
    together = _TOGETHER_DAYS[people.habit] / np.minimum(people.appetite, 3.0)
    width = np.maximum(together.astype(np.int64), 3)[person]
    visit = (day + people.number[person] % width) // width
    order = np.lexsort((rhythms.category[slot], day, visit, person))
    slot, day, pack, quantity, person, visit = (
        values[order] for values in (slot, day, pack, quantity, person, visit)
    )
    basket_key = person * 1_000 + visit
    opens = np.ones(len(day), dtype=bool)
    opens[1:] = basket_key[1:] != basket_key[:-1]
    basket = np.cumsum(opens) - 1
    basket_person, basket_day = person[opens], day[opens]
    complaint = rng.random(len(basket_day)) < _COMPLAINT_SHARE
    alive, lapses = _lapses(rng, people, basket_person, basket_day, complaint)
    renumbered = np.cumsum(alive) - 1
    lines = alive[basket]
    return (
        Baskets(
            person=basket_person[alive],
            day=basket_day[alive],
            has_complaint=complaint[alive],
            line_basket=renumbered[basket[lines]],
            line_category=rhythms.category[slot[lines]],
            line_line=rhythms.line[slot[lines]],
            line_pack=pack[lines],
            line_quantity=quantity[lines],
        ),
        lapses,
    )


def _purchases(
    rng: np.random.Generator, world: World, people: People, rhythms: Rhythms
) -> tuple[Ints, Ints, Ints, Ints]:
    """Slot, day, pack and quantity of each purchase a rhythm leads to."""
    count = len(rhythms.person)
    entered = people.entered_day[rhythms.person].astype(np.float64)
    since = wear_until(world, rhythms.category, entered)
    # Something at once, and more of what the brand has in the weeks after, or at its time.
    at_once = rng.exponential(np.where(rng.random(count) < 0.7, 2.0, 40.0))
    explores = rng.random(count) < _EXPLORES
    more = np.where(
        explores,
        rng.exponential(_EXPLORING_DAYS, count),
        rng.uniform(0.0, 2.0, count) * rhythms.gap_days,
    )
    first = np.where(position_in_group(rhythms.person) == 0, at_once, more)
    # People of before stand somewhere in their rhythm when the two years begin.
    began = np.where(entered < 0, -rng.uniform(0.0, 1.0, count) * rhythms.gap_days, since + first)
    most = 6 + np.maximum(1.5 * (DAYS - began) / rhythms.gap_days, 0.0).astype(np.int64)
    slot = np.repeat(np.arange(count), most)
    size = len(slot)
    pack = np.array([0, 1, 1, 1, 1, 1, 2, 2])[rng.integers(0, 8, size)]
    quantity = np.where(rng.random(size) < 0.10, 2, 1)
    bulk = rng.random(size) < 0.01
    quantity = np.where(bulk, rng.integers(4, 9, size), quantity)
    lasts = np.array([share for share, _ in PACKS])[pack] * np.where(bulk, 1, quantity)
    lasts *= rhythms.gap_days[slot] * rng.gamma(_REGULARITY, 1 / _REGULARITY, size)
    before = np.cumsum(lasts) - lasts
    start = np.cumsum(most) - most
    at = began[slot] + before - before[start][slot]
    # Triers try once; what keeps them from more is that they lapse.
    inside = np.flatnonzero((at >= 0) & (at < DAYS))
    slot = slot[inside]
    day = day_of_wear(world, rhythms.category[slot], at[inside])
    return slot, day, pack[inside], quantity[inside]


def _to_festivals(
    rng: np.random.Generator, world: World, day: Ints, entered: Ints, sensitivity: Floats
) -> Ints:
    """Who minds the price waits for the next festival, or has stocked up at the one before.

    Everybody prefers the busier days.
    """
    peaks = world.calendar.peak_days
    following = np.searchsorted(peaks, day)
    before = np.where(following > 0, peaks[following - 1], -NEVER)
    after = np.where(following < len(peaks), peaks[np.minimum(following, len(peaks) - 1)], NEVER)
    keen = rng.random(len(day))
    eager = 0.15 + 0.85 * sensitivity
    stocked = (day - before <= _STOCK_DAYS) & (before >= entered)
    stocked &= keen < _STOCKS_UP * eager * _depth(world, before)
    waits = (after - day <= 16) & (keen < eager * _depth(world, after)) & ~stocked
    peak = np.where(stocked, before, after)
    # The sale begins days before the peak: half of those who wait buy somewhere on the way.
    begins = np.array([row[3] for row in FESTIVALS])[
        world.calendar.festival[np.clip(peak, 0, DAYS - 1)]
    ]
    ahead = (rng.random(len(day)) < 0.55) * (rng.random(len(day)) * (begins + 1)).astype(np.int64)
    offsets = np.arange(-2, 3)
    near = np.clip(day[:, None] + offsets, 0, DAYS - 1)
    moved = day + offsets[pick_rows(rng, world.calendar.weight[near])]
    moved = np.where(waits, np.maximum(peak - ahead, day), moved)
    return np.maximum(np.where(stocked, peak - ahead, moved), np.maximum(entered, 0))


def _depth(world: World, peak: Ints) -> Floats:
    """How deep the price falls at a festival, against the deepest."""
    return np.asarray(world.calendar.percent_off[np.clip(peak, 0, DAYS - 1)] / 30)


def _lapses(
    rng: np.random.Generator, people: People, person: Ints, day: Ints, complaint: Bools
) -> tuple[Bools, Lapses]:
    """Which orders come to be, and when each person lapses and returns."""
    count = len(people)
    mean = _LAPSE[people.habit]
    own = rng.beta(_LAPSE_SPREAD * mean, _LAPSE_SPREAD * (1 - mean))
    chance = own[person] + np.where(complaint, _LAPSE_AFTER_COMPLAINT, 0.0)
    drops = rng.random(len(person)) < chance
    lapse = _first_days(person, day, drops, count)
    returns = (rng.random(count) < _RETURNS[people.habit]) & (lapse < NEVER)
    pause = 70 + rng.gamma(2.0, 95.0, count)
    come_back = np.where(returns, lapse + pause.astype(np.int64), NEVER)
    drops_again = rng.random(len(person)) < _LAPSE_AGAIN[people.habit][person]
    drops_again &= day >= come_back[person]
    second = _first_days(person, day, drops_again, count)
    alive = (day <= lapse[person]) | ((day >= come_back[person]) & (day <= second[person]))
    # Members who never come to buy: prospects.
    never_buys = rng.random(count) < np.where(people.habit == TRIER, _NEVER_BUYS, 0.0)
    alive &= ~never_buys[person]
    return alive, Lapses(lapse, come_back, second)


def _first_days(person: Ints, day: Ints, happens: Bools, count: int) -> Ints:
    """The first day on which something happens to each person; NEVER where it does not."""
    found = np.full(count, NEVER, dtype=np.int64)
    np.minimum.at(found, person[happens], day[happens])
    return found
