"""How much people are around: what they do online and among others thins out before they lapse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from orchestration.demo_brand.chunk import Chunk
from orchestration.demo_brand.columns import Bools, Floats, Ints, at_local
from orchestration.demo_brand.settings import DAYS, stream

_FADES = 0.75
"""Share of people who come by less and less in the weeks before they lapse."""
_RESIDUE = 0.10
"""What is left of a fading person's visits on the day of the lapse."""
_LURKS = 0.12
"""Share of people who still look in now and then after they have lapsed."""
_GONE, _LURKING = 0.015, 0.15
"""What is left of visits after a lapse."""
_BEFORE_RETURN_DAYS = 21
_CURIOUS_DAYS = 120.0
"""How long people who never order stay interested, on average."""


@dataclass(frozen=True, eq=False)
class Presence:
    """One row per person of a chunk; days of the brand's calendar."""

    start: Ints
    """The first day, inside the two years, on which the person can do something."""
    lapse_day: Ints
    return_day: Ints
    second_lapse_day: Ints
    fade_days: Ints
    lurks: Bools
    orders: Bools
    """Whether the person ever orders."""

    def begin_at(self, person: Ints) -> Ints:
        """UTC second of the first moment of people inside the two years."""
        return at_local(self.start[person], np.zeros(len(person), dtype=np.int64))

    def share(self, person: Ints, day: Ints, earlier: int = 0) -> Floats:
        """From 0 (gone) to 1 (as always): how much people are around on a day.

        `earlier`: days by which the fading comes before that of visits online.
        """
        fade = self.fade_days[person]
        first, back = self.lapse_day[person], self.return_day[person]
        second = self.second_lapse_day[person]
        came_back = day >= back
        lapse = np.where(came_back, second, first)
        fading = np.clip((lapse - earlier - day) / fade, _RESIDUE, 1.0)
        gone = np.where(self.lurks[person], _LURKING, _GONE)
        near = ~came_back & (day >= back - _BEFORE_RETURN_DAYS)
        buyer = np.where(day <= lapse, fading, np.where(near, 1.0, gone))
        curious = np.exp(-(day - self.start[person]) / _CURIOUS_DAYS)
        return np.asarray(np.where(self.orders[person], buyer, curious))

    def visits(
        self, rng: np.random.Generator, expected: Floats, earlier: int = 0
    ) -> tuple[Ints, Ints]:
        """Person and day of visits; `expected`: how many a person made who was always around.

        The number of visits is in proportion to the person's days; festivals draw more of them.
        """
        life = (DAYS - self.start) / DAYS
        person = np.repeat(np.arange(len(self.start)), rng.poisson(expected * life))
        start = self.start[person]
        day = start + (rng.random(len(person)) * (DAYS - start)).astype(np.int64)
        kept = rng.random(len(person)) < self.share(person, day, earlier)
        return person[kept], day[kept]


@lru_cache(maxsize=1)
def make_presence(chunk: Chunk) -> Presence:
    """When the people of a chunk are around; the same for all that they do."""
    rng = stream(chunk.world.spec.seed, chunk.number, "presence")
    count = len(chunk.people)
    fades = rng.random(count) < _FADES
    return Presence(
        start=np.maximum(chunk.people.entered_day, 0),
        lapse_day=chunk.lapses.lapse_day,
        return_day=chunk.lapses.return_day,
        second_lapse_day=chunk.lapses.second_lapse_day,
        fade_days=np.where(fades, rng.integers(14, 43, count), 1),
        lurks=rng.random(count) < _LURKS,
        orders=np.bincount(chunk.orders.person, minlength=count) > 0,
    )
