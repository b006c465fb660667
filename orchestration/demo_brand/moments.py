"""When the people of a chunk join and are there; who brought whom."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from orchestration.demo_brand.chunk import Chunk
from orchestration.demo_brand.columns import Bools, Floats, Ints, at_local
from orchestration.demo_brand.settings import DAYS, stream

_STAYS_DAYS = 21
"""Days after the last order on which somebody still turns up here and there."""
_REFERRED_SHARE = 0.06
"""Of members who come within the two years: brought by another member."""
_RING = 3
"""Bots that name each other as referrers, round and round."""


@lru_cache(maxsize=1)
def registered_at(chunk: Chunk) -> Ints:
    """UTC seconds at which each person first registers: on the day of entry, before any order."""
    people, orders = chunk.people, chunk.orders
    second = people.hour % 24 * 3_600 + people.number * 7_919 % 3_600
    registered = at_local(people.entered_day, second)
    first_order = registered.copy()
    np.minimum.at(first_order, orders.person, orders.ordered_at - 420)
    return np.maximum(first_order, at_local(people.entered_day, np.zeros(len(people))))


def _spans(chunk: Chunk) -> tuple[Ints, Ints, Ints, Ints]:
    """First day and the day after the last of the two spells in which each person is there."""
    begin = np.maximum(chunk.people.entered_day + 1, 1)
    end = np.minimum(chunk.lapses.lapse_day + _STAYS_DAYS, DAYS)
    again = np.minimum(chunk.lapses.return_day, DAYS)
    end_again = np.minimum(chunk.lapses.second_lapse_day + _STAYS_DAYS, DAYS)
    return begin, np.maximum(end, begin), again, np.maximum(end_again, again)


def active_share(chunk: Chunk) -> Floats:
    """The share of the two years in which each person is there."""
    begin, end, again, end_again = _spans(chunk)
    return np.asarray((end - begin + end_again - again) / DAYS)


def active_days(rng: np.random.Generator, chunk: Chunk, person: Ints) -> Ints:
    """For each of the given people, a day of the brand's calendar on which they are there."""
    begin, end, again, end_again = (days[person] for days in _spans(chunk))
    first = end - begin
    into = (rng.random(len(person)) * (first + end_again - again)).astype(np.int64)
    return np.where(into < first, begin + into, again + into - first)


def is_active(chunk: Chunk, person: Ints, day: Ints) -> Bools:
    """Whether the given people are there on the given days."""
    begin, end, again, end_again = (days[person] for days in _spans(chunk))
    return ((day >= begin) & (day < end)) | ((day >= again) & (day < end_again))


def daytime(rng: np.random.Generator, chunk: Chunk, person: Ints) -> Ints:
    """Seconds of the day around the hour at which people are online, from 7 to 24 o'clock."""
    hour = chunk.people.hour[person] % 24 + rng.normal(0.0, 2.5, len(person))
    return (np.clip(hour, 7.0, 23.95) * 3_600).astype(np.int64)


@lru_cache(maxsize=1)
def referrers(chunk: Chunk) -> Ints:
    """Who brought each person (a position in the chunk); -1 = nobody. Bots bring each other."""
    people = chunk.people
    rng = stream(chunk.world.spec.seed, chunk.number, "referrals")
    found = np.full(len(people), -1, dtype=np.int64)
    members = np.flatnonzero(people.has_card & ~people.is_bot)
    members = members[np.argsort(people.entered_day[members], kind="stable")]
    entered = people.entered_day[members]
    drawn = (entered >= 0) & (rng.random(len(members)) < _REFERRED_SHARE)
    brought = members[drawn]
    earlier = np.searchsorted(entered, entered[drawn])
    # Out of three earlier members, the most sociable one brings.
    options = members[(rng.random((len(brought), 3)) * earlier[:, None]).astype(np.int64)]
    best = np.argmax(people.sociability[options], axis=1)
    known = earlier > 0
    found[brought[known]] = options[np.arange(len(brought)), best][known]
    bots = np.flatnonzero(people.is_bot)
    whole = bots[: len(bots) // _RING * _RING].reshape(-1, _RING)
    found[whole] = np.roll(whole, 1, axis=1)
    return found
