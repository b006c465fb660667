"""insight.replenishment_forecast and its back-test, written from docs/definitions.md (B6).

Series by series in plain Python: what a category teaches a month are the sums over the list of its
gaps closed before, in the order in which they closed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise
from operator import add
from statistics import fmean, median

MOST_DAYS = 3650.0


@dataclass(frozen=True)
class Policy:
    """replenishment_policy.csv."""

    bulk_multiple: float = 3
    prior_gaps: float = 2
    cycle_gaps: float = 20
    size_prior: float = 50
    spread_gaps: float = 5
    outlier_deviations: float = 2
    interval_deviations: float = 1.42
    interval_share: float = 0.8
    hit_days: int = 7


@dataclass(frozen=True)
class Line:
    """A line of a valid order; whether it was kept follows from the money that went back."""

    person: str
    category: str
    day: date
    quantity: int
    pack_size: float | None
    pack_unit: str
    is_gift: bool = False
    order_refunded: float = 0.0
    order_net: float = 1.0
    line_refunded: float = 0.0
    line_net: float = 1.0

    @property
    def is_kept(self) -> bool:
        """Neither a gift nor refunded in full."""
        order_back = self.order_refunded > 0 and self.order_refunded >= self.order_net
        line_back = self.line_refunded > 0 and self.line_refunded >= self.line_net
        return self.quantity > 0 and not (self.is_gift or order_back or line_back)


@dataclass(frozen=True)
class Purchase:
    """A day on which a person bought a category, and its size (log packs, 0 for bulk)."""

    day: date
    units: int
    packs: float
    is_bulk: bool
    size: float


@dataclass(frozen=True)
class Gap:
    """A closed gap: when it closed, log days, size of its opening, changes to the one before."""

    closed: date
    days: int
    log_days: float
    size: float
    change: tuple[float, float] | None


@dataclass(frozen=True)
class Rhythm:
    """What a category teaches a period."""

    elasticity: float
    log_cycle: float | None
    mean: float | None
    variance: float
    bounds: tuple[float, float]


@dataclass(frozen=True)
class Expectation:
    """When the next purchase is expected after a purchase."""

    days: float
    shortest: float
    longest: float
    basis: str


@dataclass(frozen=True)
class Result:
    """The forecasts by person and category, and the figures of the back-test."""

    forecasts: dict[tuple[str, str], tuple[Purchase, int, Expectation]]
    figures: dict[str, tuple[float, float | None]]


def purchases_of(lines: Iterable[Line], policy: Policy) -> dict[tuple[str, str], list[Purchase]]:
    """The purchases of every person and category, by day."""
    kept = [line for line in lines if line.is_kept]
    sizes: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in kept:
        if line.pack_size and line.pack_size > 0:
            sizes[line.category, line.pack_unit].append(line.pack_size)
    usual = {key: fmean(found) for key, found in sizes.items()}
    units: dict[tuple[str, str, date], int] = defaultdict(int)
    packs: dict[tuple[str, str, date], float] = defaultdict(float)
    for line in kept:
        key = (line.person, line.category, line.day)
        units[key] += line.quantity
        whole = line.pack_size and line.pack_size > 0
        share = line.pack_size / usual[line.category, line.pack_unit] if whole else 1.0  # type: ignore[operator]
        packs[key] += line.quantity * share
    by_category: dict[str, list[int]] = defaultdict(list)
    for (_, category, _), number in units.items():
        by_category[category].append(number)
    bulk_from = {
        category: policy.bulk_multiple * fmean(numbers) for category, numbers in by_category.items()
    }
    series: dict[tuple[str, str], list[Purchase]] = defaultdict(list)
    for person, category, day in sorted(units):
        key = (person, category, day)
        is_bulk = units[key] >= bulk_from[category]
        size = 0.0 if is_bulk else min(3.0, max(-3.0, math.log(packs[key])))
        series[person, category].append(Purchase(day, units[key], packs[key], is_bulk, size))
    return dict(series)


def gaps_of(series: list[Purchase]) -> list[Gap]:
    """The closed gaps of one series."""
    gaps: list[Gap] = []
    for before, after in pairwise(series):
        days = (after.day - before.day).days
        log_days = math.log(days)
        change = (before.size - gaps[-1].size, log_days - gaps[-1].log_days) if gaps else None
        gaps.append(Gap(after.day, days, log_days, before.size, change))
    return gaps


def _limited(value: float, least: float, most: float) -> float:
    return min(most, max(least, value))


def _told_by(gap: Gap) -> tuple[float, ...]:
    """What one gap adds to the sums of its category."""
    g, x = gap.log_days, gap.size
    if gap.change is None:
        return (1.0, g, g * g, x, 0.0, 0.0, 0.0, 0.0)
    dx, dg = gap.change
    return (1.0, g, g * g, x, 1.0, dx * dx, dx * dg, dg * dg)


class Teacher:
    """What categories teach each period, worked out when it is asked for."""

    def __init__(
        self, gaps: Mapping[str, list[Gap]], cycles: Mapping[str, float | None], policy: Policy
    ) -> None:
        self._cycles, self._policy = cycles, policy
        self._known: dict[tuple[str, date], Rhythm] = {}
        self._brand: dict[date, list[float]] = {}
        self._days: dict[str, list[date]] = {}
        self._sums: dict[str, list[tuple[float, ...]]] = {}
        for category in cycles:
            closed = sorted(gaps.get(category, []), key=lambda gap: gap.closed)
            self._days[category] = [gap.closed for gap in closed]
            self._sums[category] = list(
                accumulate(
                    (_told_by(gap) for gap in closed),
                    lambda total, told: tuple(map(add, total, told)),
                    initial=(0.0,) * 8,
                )
            )

    def _sum(self, category: str, start: date) -> tuple[float, ...]:
        """n, sum of g, of g squared, of x, changes m, Sxx, Sxy, Syy."""
        return self._sums[category][bisect_left(self._days[category], start)]

    def _whole(self, start: date) -> list[float]:
        """The same sums over all categories."""
        if start not in self._brand:
            sums = [self._sum(category, start) for category in self._cycles]
            self._brand[start] = [sum(column) for column in zip(*sums, strict=True)]
        return self._brand[start]

    def rhythm(self, category: str, start: date) -> Rhythm:
        """The rhythm of a category for the period that starts on a day."""
        key = (category, start)
        if key not in self._known:
            self._known[key] = self._learn(category, start)
        return self._known[key]

    def _learn(self, category: str, start: date) -> Rhythm:
        policy = self._policy
        n, g, gg, x, m, xx, xy, yy = self._sum(category, start)
        nb, gb, _, xb, mb, xxb, xyb, yyb = self._whole(start)
        beta_b = _limited(xyb / (xxb + policy.size_prior), 0, 1)
        beta = _limited((xy + policy.size_prior * beta_b) / (xx + policy.size_prior), 0, 1)
        cycle = self._cycles[category]
        log_cycle = math.log(cycle) if cycle else None
        prior = log_cycle
        if prior is None and nb:
            prior = (gb - beta_b * xb) / nb
        weight = 0 if prior is None else policy.cycle_gaps
        mean = (g - beta * x + weight * (prior or 0)) / (n + weight) if n + weight else None
        variance = 0.5
        if mb:
            own = (yy - 2 * beta * xy + beta**2 * xx) / 2
            brand = (yyb - 2 * beta_b * xyb + beta_b**2 * xxb) / 2 / mb
            variance = (own + policy.spread_gaps * brand) / (m + policy.spread_gaps)
        bounds = (-math.inf, math.inf)
        if n >= 2:
            centre = (g - beta * x) / n
            reach = policy.outlier_deviations * math.sqrt(max(0.0, gg / n - (g / n) ** 2))
            bounds = (centre - reach, centre + reach)
        return Rhythm(beta, log_cycle, mean, variance, bounds)


def expect(
    paces: list[float], size: float, rhythm: Rhythm, open_days: int, policy: Policy
) -> Expectation | None:
    """The expectation after a purchase; `open_days` is 0 in the back-test."""
    n = len(paces)
    prior = 0.0 if rhythm.mean is None else policy.prior_gaps
    shift = rhythm.elasticity * size
    if n == 0:
        start = rhythm.log_cycle if rhythm.log_cycle is not None else rhythm.mean
        if start is None:
            return None
        log_days = start + shift
    else:
        log_days = (sum(paces) + prior * (rhythm.mean or 0)) / (n + prior) + shift
    if open_days and math.log(open_days) > log_days:
        log_days = ((n + prior) * log_days + math.log(open_days)) / (n + prior + 1)
    mean = fmean(paces) if paces else 0.0
    squares = sum((pace - mean) ** 2 for pace in paces)
    spread = (squares + policy.spread_gaps * rhythm.variance) / (max(n - 1, 0) + policy.spread_gaps)
    reach = policy.interval_deviations * math.sqrt(spread * (1 + 1 / (n + prior)))
    if n >= policy.prior_gaps:
        basis = "own"
    elif n == 0 and rhythm.log_cycle is not None:
        basis = "cycle"
    else:
        basis = "category"
    days, shortest, longest = (
        math.exp(min(value, math.log(MOST_DAYS)))
        for value in (log_days, log_days - reach, log_days + reach)
    )
    return Expectation(days, shortest, longest, basis)


def replenish(
    lines: Iterable[Line],
    cycles: Mapping[str, float | None],
    as_of: date,
    policy: Policy = Policy(),
) -> Result:
    """All forecasts at as_of, and the back-test."""
    series = purchases_of(lines, policy)
    gaps = {key: gaps_of(bought) for key, bought in series.items()}
    by_category: dict[str, list[Gap]] = {category: [] for _, category in series}
    for (_, category), found in gaps.items():
        by_category[category] += found
    cycles = {category: cycles.get(category) for category in by_category}
    teacher = Teacher(by_category, cycles, policy)
    closed = {c: [gap.days for gap in found] for c, found in by_category.items()}
    medians = {category: median(days) for category, days in closed.items() if days}
    everything = [days for found in closed.values() for days in found]
    whole = median(everything) if everything else math.nan

    forecasts: dict[tuple[str, str], tuple[Purchase, int, Expectation]] = {}
    trials: list[tuple[bool, bool, bool, bool]] = []
    misses: list[tuple[float, float]] = []
    for (person, category), bought in series.items():
        paces: list[float] = []
        for number, purchase in enumerate(bought, start=1):
            month = purchase.day.replace(day=1)
            if number > 1:
                gap = gaps[person, category][number - 2]
                rhythm = teacher.rhythm(category, month)
                paces.append(_limited(gap.log_days - rhythm.elasticity * gap.size, *rhythm.bounds))
            is_last = number == len(bought)
            until = as_of if is_last else bought[number].day
            passed = (until - purchase.day).days
            if number >= 3:
                trial = expect(paces, purchase.size, teacher.rhythm(category, month), 0, policy)
                assert trial is not None
                hits = [
                    guess > passed if is_last else abs(guess - passed) <= policy.hit_days
                    for guess in (trial.days, medians[category], whole)
                ]
                covered = passed <= trial.longest and (is_last or passed >= trial.shortest)
                trials.append((hits[0], hits[1], hits[2], covered))
                if not is_last:
                    misses.append((abs(trial.days - passed), abs(medians[category] - passed)))
            if is_last:
                rhythm = teacher.rhythm(category, as_of + timedelta(days=1))
                forecast = expect(paces, purchase.size, rhythm, passed, policy)
                if forecast is not None:
                    forecasts[person, category] = (purchase, number, forecast)
    figures: dict[str, tuple[float, float | None]] = {}
    if trials:
        own, by_median, by_whole, covered_share = (
            fmean(column) for column in zip(*trials, strict=True)
        )
        figures = {
            "hit_rate": (own, by_median),
            "hit_rate_over_all": (own, by_whole),
            "interval_coverage": (covered_share, policy.interval_share),
            "trials": (float(len(trials)), None),
        }
    if misses:
        figures["mean_absolute_error_days"] = (
            fmean(miss for miss, _ in misses),
            fmean(miss for _, miss in misses),
        )
    return Result(forecasts, figures)
