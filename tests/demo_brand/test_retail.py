"""The default demo brand behaves like a shop: who comes back, when, how much, in which season."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.demo_brand_page import Shop, bought_once, demo_brand, retention
from orchestration.demo_brand.chunk import Chunk
from orchestration.demo_brand.columns import Floats
from orchestration.demo_brand.settings import DAYS, FIRST_DATE, FIRST_DAY, BrandSpec
from orchestration.demo_brand.world import (
    CATEGORIES,
    FESTIVALS,
    LEAF,
    NEW_YEARS,
    day_of_wear,
    make_world,
    wear_until,
)

WORLD = make_world(BrandSpec())


@pytest.fixture(scope="module")
def shop() -> Shop:
    return demo_brand()


@pytest.fixture(scope="module")
def by_day(shop: Shop) -> Floats:
    """Orders of each day against the median day."""
    count = np.bincount(shop.day - FIRST_DAY, minlength=DAYS)
    return np.asarray(count / np.median(count))


def test_about_two_of_five_newcomers_buy_once(shop: Shop) -> None:
    watched, once = bought_once(shop.newcomers(), 365)
    assert watched > 5_000
    assert 0.35 <= once <= 0.45


def test_newcomers_leave_soon_or_stay(shop: Shop) -> None:
    curve = retention(shop)
    assert 0.25 <= curve[0] <= 0.31
    assert 0.14 <= curve[11] <= 0.20
    early, late = curve[0] - curve[3], curve[3] - curve[11]
    assert early / 3 > 1.5 * late / 8


def test_orders_a_member_stay_about_nine(shop: Shop) -> None:
    assert 160_000 <= len(shop.customer) <= 190_000


def test_some_buy_a_lot_more_than_others(chunks: list[Chunk]) -> None:
    appetite = np.sort(np.concatenate([chunk.people.appetite for chunk in chunks]))
    above = [float((appetite > least).mean()) for least in (1.0, 2.0, 4.0)]
    # Twice as much is as rare among those who buy more as among all: a Pareto tail.
    assert above[1] / above[0] == pytest.approx(above[2] / above[1], rel=0.25)
    assert above[2] > 0.005


def test_after_a_big_festival_people_have_enough(by_day: Floats) -> None:
    slack = {}
    for code, month, day, *_, off in FESTIVALS:
        peaks = [
            (np.datetime64(f"{year}-{month:02}-{day:02}") - np.datetime64(FIRST_DATE)).astype(int)
            for year in (2023, 2024, 2025)
        ]
        weeks = [by_day[at + 3 : at + 17] for at in peaks if 0 <= at < DAYS - 17]
        if off >= 20:
            slack[code] = float(np.mean(weeks))
    assert len(slack) == 4
    assert max(slack.values()) < 0.97
    assert slack["double_11"] < 0.92


def test_the_new_year_is_quiet_and_presents_come_before(by_day: Floats) -> None:
    for new_year in NEW_YEARS:
        at = (new_year - FIRST_DATE).days
        assert by_day[at : at + 8].mean() < 0.65
        assert by_day[at - 20 : at - 8].mean() > 1.5 * by_day[at : at + 8].mean()


def test_things_are_bought_in_their_season(chunks: list[Chunk]) -> None:
    names = [row[0] for row in CATEGORIES]
    dates = np.datetime64(FIRST_DATE) + np.concatenate(
        [chunk.orders.day[chunk.orders.line_order] for chunk in chunks]
    )
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    category = np.concatenate(
        [WORLD.products.category[chunk.orders.line_product] for chunk in chunks]
    )

    def share(name: str, months: tuple[int, ...]) -> float:
        return float((category[np.isin(month, months)] == names.index(name)).mean())

    summer, winter = (6, 7, 8), (11, 12, 1)
    assert share("sunscreen", summer) > 2 * share("sunscreen", winter)
    assert share("hand_cream", winter) > 1.6 * share("hand_cream", summer)


def test_seasons_move_purchases_and_make_none() -> None:
    days = np.tile(np.arange(DAYS), len(LEAF))
    category = np.repeat(np.array(LEAF), DAYS)
    worn = wear_until(WORLD, category, days.astype(np.float64))
    assert (day_of_wear(WORLD, category, worn + 1e-6) == days).all()
    for at in LEAF:
        assert WORLD.calendar.worn[at, -1] == pytest.approx(DAYS)
    before = np.array([-3.5])
    assert wear_until(WORLD, np.array([LEAF[0]]), before) == before
