"""The weights of Fellegi and Sunter, learnt by expectation and maximisation.

A pair of profiles has one level of agreement in each comparison. Pairs of one person show a level
with probability m, pairs of strangers with probability u (Fellegi and Sunter 1969, *A Theory for
Record Linkage*, formulas 1 and 2). Which pair is which nobody says, so m is learnt by expectation
and maximisation (Dempster, Laird and Rubin 1977): a pair counts as one person's as probably as the
present weights say. Two things keep it from drifting to a state in which everything is
one person, where both classes would share the levels of strangers:

* the prior odds are those of the policy and are not learnt;
* m and u start from given weights, which also count like some pairs that were seen.

u is learnt from pairs made by chance. Some levels are too rare to be seen among them; of these the
candidates hold nearly all that there are, so their number over the number of all pairs is taken
where it is greater. Pairs that look like one person are left out of both in the measure in which
they do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Level = tuple[str, str]
"""A comparison and the code of one of its levels."""

GIVEN_PAIRS = 200.0
"""Pairs of one person that the given m counts like."""
GIVEN_CHANCE_PAIRS = 20_000.0
"""Pairs of strangers that the given u counts like."""
ROUNDS = 200
ENOUGH = 1e-6
"""Learning ends when no m and no u has moved by more."""


@dataclass(frozen=True)
class Weight:
    """How often a level occurs in pairs of one person (m) and of strangers (u)."""

    m: float
    u: float


@dataclass(frozen=True)
class Pattern:
    """Pairs with the same levels.

    `levels` has a level for each comparison that both sides know; `shared` is the mean of what the
    number of holders takes off the weight (natural logarithm, 0 or more).
    """

    levels: tuple[Level, ...]
    pairs: float
    shared: float = 0.0


@dataclass(frozen=True)
class Sample:
    """What one brand teaches.

    Its candidates, its pairs made by chance, the prior log odds of a pair, and how many pairs its
    profiles make in all.
    """

    candidates: tuple[Pattern, ...]
    by_chance: tuple[Pattern, ...]
    prior: float
    pairs: float


def learn(samples: Sequence[Sample], given: Mapping[Level, Weight]) -> dict[Level, Weight]:
    """The weights of all levels of `given`, learnt from the pairs of all samples together.

    The levels of a comparison sum to one, in m and in u. Levels that no pair shows keep what was
    given: a brand without Chinese names says nothing about them.
    """
    levels = list(given)
    candidates = [_Counted(sample.candidates, levels, sample.prior) for sample in samples]
    by_chance = [_Counted(sample.by_chance, levels, sample.prior) for sample in samples]
    comparisons = np.unique([comparison for comparison, _ in levels], return_inverse=True)[1]
    start_m, start_u = (
        _of_one(np.array([getattr(given[level], part) for level in levels]), comparisons)
        for part in ("m", "u")
    )
    is_seen = np.any([counted.shows for counted in (*candidates, *by_chance)], axis=0)
    m, u = start_m, start_u
    for _ in range(ROUNDS):
        weights = np.log(m) - np.log(u)
        seen_m = _sum([counted.expected(weights, of_one=True) for counted in candidates])
        seen_u = _sum(
            [
                np.maximum(
                    chance.expected(weights, of_one=False),
                    found.expected(weights, of_one=False) * chance.total / sample.pairs,
                )
                for sample, found, chance in zip(samples, candidates, by_chance, strict=True)
            ]
        )
        next_m = _shares(seen_m + GIVEN_PAIRS * start_m, comparisons, start_m, is_seen)
        next_u = _shares(seen_u + GIVEN_CHANCE_PAIRS * start_u, comparisons, start_u, is_seen)
        moved = max(np.abs(next_m - m).max(), np.abs(next_u - u).max())
        m, u = next_m, next_u
        if moved < ENOUGH:
            break
    return {level: Weight(float(m[place]), float(u[place])) for place, level in enumerate(levels)}


def probability(pattern: Pattern, weights: Mapping[Level, Weight], prior: float) -> float:
    """How probably a pair of the pattern is one person's."""
    total = prior - pattern.shared
    for level in pattern.levels:
        total += math.log(weights[level].m) - math.log(weights[level].u)
    return 1 / (1 + math.exp(-total))


class _Counted:
    """Patterns as arrays: which level occurs in which pattern."""

    def __init__(self, patterns: Sequence[Pattern], levels: Sequence[Level], prior: float) -> None:
        place = {level: number for number, level in enumerate(levels)}
        self._holds: Floats = np.zeros((len(patterns), len(levels)))
        for row, pattern in enumerate(patterns):
            for level in pattern.levels:
                self._holds[row, place[level]] = 1
        self._pairs = np.array([pattern.pairs for pattern in patterns], dtype=float)
        self.shows = self._holds.any(axis=0)
        self.total = float(self._pairs.sum())
        self._offset = prior - np.array([pattern.shared for pattern in patterns], dtype=float)

    def expected(self, weights: Floats, *, of_one: bool) -> Floats:
        """How many pairs of one person (or of strangers) show each level, by these weights."""
        total = self._holds @ weights + self._offset
        share = 1 / (1 + np.exp(-np.clip(total if of_one else -total, -500, 500)))
        return np.asarray((self._pairs * share) @ self._holds)


def _sum(counts: Sequence[Floats]) -> Floats:
    return np.asarray(np.sum(counts, axis=0))


def _of_one(shares: Floats, comparisons: npt.NDArray[np.int64]) -> Floats:
    """Shares that sum to one in each comparison."""
    return np.asarray(shares / np.bincount(comparisons, weights=shares)[comparisons])


def _shares(
    counts: Floats,
    comparisons: npt.NDArray[np.int64],
    given: Floats,
    is_seen: npt.NDArray[np.bool_],
) -> Floats:
    """Counts as shares of their comparison; levels that were not seen keep the given share."""
    totals = np.bincount(comparisons, weights=np.where(is_seen, counts, 0))
    left = np.bincount(comparisons, weights=np.where(is_seen, given, 0))
    seen = counts / np.where(totals > 0, totals, 1)[comparisons] * left[comparisons]
    return np.asarray(np.where(is_seen, seen, given))
