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
from orchestration.demo_brand.world import CATEGORIES, FESTIVALS, LEAF, PACKS, World, cycle_days

_SLOTS = {TRIER: (1, 1), OCCASIONAL: (1, 3), REGULAR: (2, 5), LOYAL: (4, 7)}
"""Fewest and most categories of a habit (the latter drawn less often)."""
_PACE = np.array([3.0, 1.9, 1.0, 0.72])
"""Gaps of a habit against the time a pack lasts."""
_LAPSE = np.array([0.62, 0.13, 0.035, 0.010])
"""Chance that an order is the last one for a long time, by habit."""
_LAPSE_AFTER_COMPLAINT = 0.35
_COMPLAINT_SHARE = 0.02
_RETURN_SHARE = 0.28
_REGULARITY = 7.0
"""Shape of the gamma gaps: about 38 % variation around the mean."""
_DEPTH = 40
"""Purchases of one category in two years, at most."""
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
        gap_days=np.maximum(8.0, cycle * own * _PACE[people.habit[person]]),
        line=rng.integers(0, LINES, len(person)),
    )


def make_baskets(
    world: World, people: People, rhythms: Rhythms, chunk: int
) -> tuple[Baskets, Lapses]:
    """What people buy of their own accord."""
    rng = stream(world.spec.seed, chunk, "baskets")
    slot, day, pack, quantity = _purchases(rng, people, rhythms)
    person = rhythms.person[slot]
    day = _to_festivals(rng, world, day, people.price_sensitivity[person])
    kept = (day >= 0) & (day < DAYS) & (day >= people.entered_day[person])
    slot, day, pack, quantity, person = (v[kept] for v in (slot, day, pack, quantity, person))
    width = np.array([30, 12, 8, 9])[people.habit[person]]
    visit = (day + people.number[person] % width) // width
    order = np.lexsort((rhythms.category[slot], day, visit, person))
    slot, day, pack, quantity, person, visit = (
        v[order] for v in (slot, day, pack, quantity, person, visit)
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
    rng: np.random.Generator, people: People, rhythms: Rhythms
) -> tuple[Ints, Ints, Ints, Ints]:
    """Slot, day, pack and quantity of each purchase a rhythm leads to."""
    count = len(rhythms.person)
    entered = people.entered_day[rhythms.person].astype(np.float64)
    position = position_in_group(rhythms.person)
    wait = rng.exponential(np.where(rng.random(count) < 0.7, 2.0, 40.0))
    first = np.where(position == 0, wait, rng.uniform(0.0, 2.0, count) * rhythms.gap_days)
    pack = np.array([0, 1, 1, 1, 1, 1, 2, 2])[rng.integers(0, 8, (count, _DEPTH))]
    quantity = np.where(rng.random((count, _DEPTH)) < 0.10, 2, 1)
    bulk = rng.random((count, _DEPTH)) < 0.01
    quantity = np.where(bulk, rng.integers(4, 9, (count, _DEPTH)), quantity)
    lasts = np.array([size for size, _ in PACKS])[pack] * np.where(bulk, 1, quantity)
    noise = rng.gamma(_REGULARITY, 1 / _REGULARITY, (count, _DEPTH))
    # People of before stand somewhere in their rhythm when the two years begin.
    began = np.where(entered < 0, -rng.uniform(0.0, 1.0, count) * rhythms.gap_days, entered + first)
    ends = began[:, None] + np.cumsum(rhythms.gap_days[:, None] * lasts * noise, axis=1)
    starts = np.concatenate([began[:, None], ends[:, :-1]], axis=1)
    # Triers try once; what keeps them from more is that they lapse.
    inside = (starts >= 0) & (starts < DAYS)
    slot, at = np.nonzero(inside)
    return slot, starts[inside].astype(np.int64), pack[slot, at], quantity[slot, at]


def _to_festivals(rng: np.random.Generator, world: World, day: Ints, sensitivity: Floats) -> Ints:
    """Who minds the price waits for the next festival; everybody prefers the busier days."""
    peaks = world.calendar.peak_days
    following = np.searchsorted(peaks, day)
    peak = np.where(following < len(peaks), peaks[np.minimum(following, len(peaks) - 1)], NEVER)
    depth = world.calendar.percent_off[np.minimum(peak, DAYS - 1)] / 30
    waits = (peak - day <= 16) & (rng.random(len(day)) < (0.15 + 0.85 * sensitivity) * depth)
    # The sale begins days before the peak: half of those who wait buy somewhere on the way.
    begins = np.array([row[3] for row in FESTIVALS])[
        world.calendar.festival[np.minimum(peak, DAYS - 1)]
    ]
    ahead = (rng.random(len(day)) < 0.55) * (rng.random(len(day)) * (begins + 1)).astype(np.int64)
    offsets = np.arange(-2, 3)
    near = np.clip(day[:, None] + offsets, 0, DAYS - 1)
    moved = day + offsets[pick_rows(rng, world.calendar.weight[near])]
    return np.asarray(np.where(waits, np.maximum(peak - ahead, day), np.maximum(moved, 0)))


def _lapses(
    rng: np.random.Generator, people: People, person: Ints, day: Ints, complaint: Bools
) -> tuple[Bools, Lapses]:
    """Which orders come to be, and when each person lapses and returns."""
    count = len(people)
    heterogeneity = rng.gamma(1.5, 1 / 1.5, count)
    chance = np.minimum(0.9, _LAPSE[people.habit] * heterogeneity)[person]
    chance = np.where(complaint, chance + _LAPSE_AFTER_COMPLAINT, chance)
    drops = rng.random(len(person)) < chance
    lapse = _first_days(person, day, drops, count)
    returns = (rng.random(count) < _RETURN_SHARE) & (lapse < NEVER)
    pause = 70 + rng.gamma(2.0, 95.0, count)
    come_back = np.where(returns, lapse + pause.astype(np.int64), NEVER)
    second_chance = np.minimum(0.9, np.array([0.8, 0.35, 0.2, 0.12])[people.habit])[person]
    drops_again = (rng.random(len(person)) < second_chance) & (day >= come_back[person])
    second = _first_days(person, day, drops_again, count)
    alive = (day <= lapse[person]) | ((day >= come_back[person]) & (day <= second[person]))
    # Members who never come to buy: prospects.
    never_buys = rng.random(count) < np.where(people.habit == TRIER, 0.18, 0.0)
    alive &= ~never_buys[person]
    return alive, Lapses(lapse, come_back, second)


def _first_days(person: Ints, day: Ints, happens: Bools, count: int) -> Ints:
    """The first day on which something happens to each person; NEVER where it does not."""
    found = np.full(count, NEVER, dtype=np.int64)
    np.minimum.at(found, person[happens], day[happens])
    return found
