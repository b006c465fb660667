"""Bands against a calculation of their own, written from docs/definitions.md."""

from __future__ import annotations

import random
from datetime import date, timedelta

import numpy as np
import pytest

from orchestration.alerting import bands
from orchestration.alerting.bands import expect
from orchestration.alerting.rules import Period
from orchestration.alerting.series import number_of
from tests.alerting.builds import days, months

SEED = 20250630


def definition(values: dict[date, float], day: date, period: Period) -> tuple[float, ...] | None:
    """Expected value, spread and history, from calendar days and numpy."""

    def before(start: date, count: int) -> list[date]:
        if period == "day":
            return [start - timedelta(days=n) for n in range(1, count + 1)]
        return months(count + 1, start)[:-1]

    def season(start: date) -> int:
        return start.weekday() if period == "day" else start.month

    length, window = (7, 56) if period == "day" else (12, 48)

    def level(start: date) -> float:
        known = [values[one] for one in before(start, length) if one in values]
        middle = float(np.median(known)) if len(known) > length / 2 else np.nan
        return middle if middle > 0 else np.nan

    quotients = {one: values[one] / level(one) for one in before(day, window) if one in values}
    quotients = {one: quotient for one, quotient in quotients.items() if not np.isnan(quotient)}
    rests = []
    for one in quotients:
        peers = [
            q for other, q in quotients.items() if other != one and season(other) == season(one)
        ]
        usual = np.median(peers) if peers else 1
        if usual > 0:
            rests.append(quotients[one] / usual)
    peers = [q for other, q in quotients.items() if season(other) == season(day)]
    usual = np.median(peers) if peers else 1
    if not rests or np.isnan(level(day)) or usual <= 0:
        return None
    spread = 1.4826 * np.median(np.abs(np.array(rests) - 1))
    return float(level(day) * usual), float(spread), float(len(rests))


def history(dice: random.Random, period: Period) -> dict[date, float]:
    """A series with trend, seasons, outliers, gaps and zeros."""
    starts = (
        days(dice.choice((20, 60, 100))) if period == "day" else months(dice.choice((15, 30, 70)))
    )
    seasons = [dice.uniform(0.5, 2) for _ in range(13)]
    gap, zero = dice.choice((0, 0.1, 0.4)), dice.choice((0, 0.2))
    trend = dice.uniform(0.99, 1.01)
    found: dict[date, float] = {}
    for number, start in enumerate(starts):
        if dice.random() < gap:
            continue
        usual = seasons[start.weekday() if period == "day" else start.month] * trend**number
        noise = dice.choice((1, 1, 1, 1, 5)) * dice.uniform(0.9, 1.1)
        found[start] = 0.0 if dice.random() < zero else 100 * usual * noise
    return found


def found_by(values: dict[date, float], day: date, period: Period) -> tuple[float, ...] | None:
    numbers = {number_of(period, start): value for start, value in values.items()}
    found = expect(numbers, number_of(period, day), period)
    return None if found is None else (found.value, found.spread, float(found.history))


def differences() -> int:
    """How many of many random histories come out otherwise than by definition."""
    count = 0
    for trial in range(120):
        dice = random.Random(SEED + trial)
        period: Period = "day" if trial % 2 else "month"
        values = history(dice, period)
        day = max(values)
        known, stated = found_by(values, day, period), definition(values, day, period)
        if known is None or stated is None:
            count += known is not stated
        else:
            count += known != pytest.approx(stated, rel=1e-9, abs=1e-12)
    return count


def test_bands_follow_their_definition() -> None:
    assert differences() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CYCLE", {"day": 8, "month": 12}),
        ("CYCLE", {"day": 7, "month": 11}),
        ("WINDOW", {"day": 49, "month": 48}),
        ("WINDOW", {"day": 56, "month": 36}),
        ("NORMAL", 1.0),
        ("median", lambda values: float(np.mean(list(values)))),
        ("median", min),
    ],
)
def test_another_formula_is_noticed(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, name, value)
    assert differences() > 0


def test_the_judged_period_and_later_ones_teach_nothing() -> None:
    values = {number: 100.0 + number % 7 for number in range(100)}
    expected = expect(values, 90, "day")
    for later in range(90, 100):
        values[later] = 1e9
    assert expect(values, 90, "day") == expected


def test_a_weekday_is_held_against_its_like() -> None:
    values = {number: 200.0 if number % 7 in {5, 6} else 100.0 for number in range(100)}
    sunday, monday = expect(values, 97, "day"), expect(values, 98, "day")
    assert sunday is not None
    assert monday is not None
    assert (sunday.value, sunday.spread) == (200, 0)
    assert monday.value == 100


def test_one_wild_day_does_not_widen_the_band() -> None:
    values = {number: 100.0 + number % 3 for number in range(100)}
    calm = expect(values, 100, "day")
    values[95] = 10_000.0
    wild = expect(values, 100, "day")
    assert calm is not None
    assert wild is not None
    assert wild.value == pytest.approx(calm.value, rel=0.02)
    assert wild.spread < 0.05
