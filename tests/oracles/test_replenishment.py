"""Replenishment: an example worked out by hand, and mistakes that the comparison has to betray."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.oracles import replenishment
from tests.oracles.replenishment import Line, Policy, Result, replenish

AS_OF = date(2025, 6, 30)
CYCLES = {"cream": 60.0, "mask": 30.0, "tool": None}


def some_lines() -> list[Line]:
    """Eighty people, three categories, packs of three sizes, gifts, refunds and bulk."""
    rng = random.Random(7)
    lines = []
    for number in range(80):
        pace = rng.lognormvariate(0, 0.4)
        for category, gap in (("cream", 60), ("mask", 30), ("tool", 110)):
            day = date(2024, 1, 3) + timedelta(rng.randrange(60))
            while day <= AS_OF and rng.random() > 0.06:
                size = rng.choice((25.0, 50.0, 100.0))
                bulk = rng.random() < 0.04
                quantity = rng.randrange(5, 9) if bulk else rng.choice((1, 1, 1, 2))
                way = rng.random()
                lines.append(
                    Line(
                        f"p{number}",
                        category,
                        day,
                        quantity,
                        size,
                        "ml",
                        is_gift=way < 0.03,
                        order_refunded=10.0 if 0.03 <= way < 0.06 else 0.0,
                        order_net=10.0,
                        line_refunded=5.0 if 0.06 <= way < 0.09 else 0.0,
                        line_net=5.0,
                    )
                )
                lasts = gap * pace * size / 50 * (1 if bulk else quantity)
                day += timedelta(max(1, round(lasts * rng.lognormvariate(0, 0.5))))
    return lines


def same(one: Result, other: Result) -> bool:
    """Whether two results are equal in every forecast and figure."""
    return one == other


def test_a_rhythm_of_one_person_worked_out_by_hand() -> None:
    """Three purchases 40 and 10 days apart, in one month after a year without any gap."""
    days = [date(2025, 5, 1), date(2025, 6, 10), date(2025, 6, 20)]
    lines = [Line("p", "cream", day, 1, None, "") for day in days]
    (purchase, number, forecast), *_ = replenish(lines, {"cream": 60.0}, AS_OF).forecasts.values()
    # Category: the two gaps and the cycle twenty times; own: two gaps, the category as much again.
    mean = (math.log(40) + math.log(10) + 20 * math.log(60)) / 22
    assert (purchase.day, number, forecast.basis) == (days[-1], 3, "own")
    assert forecast.days == pytest.approx(math.sqrt(math.sqrt(40 * 10) * math.exp(mean)))


def test_an_open_gap_counts_once_it_is_longer_than_expected() -> None:
    line = Line("p", "cream", AS_OF - timedelta(60), 1, None, "")
    at_cycle = replenish([line], {"cream": 60.0}, AS_OF).forecasts["p", "cream"][2]
    late = replenish([line], {"cream": 60.0}, AS_OF + timedelta(60)).forecasts["p", "cream"][2]
    assert at_cycle.basis == "cycle"
    assert at_cycle.days == pytest.approx(60)
    assert late.days == pytest.approx((60**2 * 120) ** (1 / 3))


MISTAKES: dict[str, Callable[[list[Line], Policy], tuple[list[Line], Policy]]] = {
    "gifts_count": lambda lines, policy: ([replace(x, is_gift=False) for x in lines], policy),
    "refunded_orders_count": lambda lines, policy: (
        [replace(x, order_refunded=0.0) for x in lines],
        policy,
    ),
    "refunded_lines_count": lambda lines, policy: (
        [replace(x, line_refunded=0.0) for x in lines],
        policy,
    ),
    "packs_are_equal": lambda lines, policy: ([replace(x, pack_size=None) for x in lines], policy),
    "quantities_are_one": lambda lines, policy: ([replace(x, quantity=1) for x in lines], policy),
    "nothing_is_bulk": lambda lines, policy: (lines, replace(policy, bulk_multiple=99)),
    "no_shrinking": lambda lines, policy: (lines, replace(policy, prior_gaps=1e-9)),
    "no_cycle": lambda lines, policy: (lines, replace(policy, cycle_gaps=1e-9)),
    "sizes_at_once": lambda lines, policy: (lines, replace(policy, size_prior=1e-9)),
    "outliers_count": lambda lines, policy: (lines, replace(policy, outlier_deviations=99)),
    "spread_of_its_own": lambda lines, policy: (lines, replace(policy, spread_gaps=1e-6)),
    "hits_are_a_day_wider": lambda lines, policy: (lines, replace(policy, hit_days=8)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_change_the_result(mistake: str) -> None:
    lines = some_lines()
    others, policy = MISTAKES[mistake](lines, Policy())
    assert not same(replenish(lines, CYCLES, AS_OF), replenish(others, CYCLES, AS_OF, policy))


@pytest.mark.parametrize("mistake", ["open_gaps_ignored", "bulk_has_a_size", "future_is_known"])
def test_mistakes_of_the_method_change_the_result(
    mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = some_lines()
    right = replenish(lines, CYCLES, AS_OF)
    expect, learn = replenishment.expect, replenishment.Teacher.rhythm
    if mistake == "open_gaps_ignored":
        monkeypatch.setattr(
            replenishment,
            "expect",
            lambda paces, size, rhythm, _open, policy: expect(paces, size, rhythm, 0, policy),
        )
    elif mistake == "future_is_known":
        monkeypatch.setattr(
            replenishment.Teacher,
            "rhythm",
            lambda self, category, _start: learn(self, category, AS_OF + timedelta(1)),
        )
    else:
        found = replenishment.purchases_of
        monkeypatch.setattr(
            replenishment,
            "purchases_of",
            lambda lines, policy: {
                key: [replace(each, size=math.log(each.packs)) for each in bought]
                for key, bought in found(lines, policy).items()
            },
        )
    assert not same(right, replenish(lines, CYCLES, AS_OF))
