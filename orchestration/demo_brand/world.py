"""What all people of the brand share: its products, shops, staff, calendar and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from orchestration.demo_brand.columns import Bools, Floats, Ints, pick
from orchestration.demo_brand.settings import DAYS, FIRST_DATE, BrandSpec, stream

SHOPS = 40
STAFF_PER_SHOP = 5

CATEGORIES: tuple[tuple[str, str, str | None, float | None, int, float], ...] = (
    # id, name, parent, days a pack of the middle size lasts, middle price in yuan, popularity
    ("skincare", "护肤", None, None, 0, 0.0),
    ("makeup", "彩妆", None, None, 0, 0.0),
    ("body_hair", "洗护", None, None, 0, 0.0),
    ("mother_baby", "母婴", None, None, 0, 0.0),
    ("cleanser", "洁面", "skincare", 60, 98, 1.5),
    ("toner", "爽肤水", "skincare", 75, 168, 1.1),
    ("serum", "精华", "skincare", 60, 398, 1.2),
    ("face_cream", "面霜", "skincare", 75, 298, 1.2),
    ("mask", "面膜", "skincare", 30, 99, 2.0),
    ("sunscreen", "防晒", "skincare", 50, 128, 0.9),
    ("eye_cream", "眼霜", "skincare", 90, 268, 0.7),
    ("lipstick", "口红", "makeup", 120, 199, 1.0),
    ("foundation", "粉底", "makeup", 100, 259, 0.8),
    ("mascara", "睫毛膏", "makeup", 90, 139, 0.5),
    ("perfume", "香水", "makeup", 180, 499, 0.5),
    ("shampoo", "洗发水", "body_hair", 50, 79, 1.4),
    ("body_wash", "沐浴露", "body_hair", 45, 69, 1.1),
    ("hand_cream", "护手霜", "body_hair", 60, 49, 0.8),
    ("baby_lotion", "婴儿润肤", "mother_baby", 40, 118, 0.5),
    ("nappy_cream", "护臀膏", "mother_baby", 35, 89, 0.3),
    ("beauty_tool", "美容工具", None, None, 159, 0.3),
)
"""Departments first; a category that is bought has a price, and most have a rhythm."""

LEAF = tuple(at for at, row in enumerate(CATEGORIES) if row[4] > 0)
PACKS = ((0.5, 0.62), (1.0, 1.0), (2.0, 1.75))
"""Size of a pack against the middle one, and its price."""
PACK_UNITS = ("ml", "g", "pcs")
BRANDS = ("青禾", "Lumière", "月白", "Rekind", "花间")

CITIES: tuple[tuple[str, str, str, str, float, float, float], ...] = (
    # province, city, district, district, latitude, longitude, weight
    ("上海市", "上海市", "徐汇区", "浦东新区", 31.23, 121.47, 14),
    ("北京市", "北京市", "朝阳区", "海淀区", 39.90, 116.40, 12),
    ("广东省", "广州市", "天河区", "越秀区", 23.13, 113.26, 9),
    ("广东省", "深圳市", "南山区", "福田区", 22.54, 114.06, 9),
    ("浙江省", "杭州市", "西湖区", "滨江区", 30.27, 120.15, 8),
    ("江苏省", "南京市", "鼓楼区", "玄武区", 32.06, 118.80, 6),
    ("江苏省", "苏州市", "姑苏区", "吴中区", 31.30, 120.58, 5),
    ("四川省", "成都市", "武侯区", "锦江区", 30.57, 104.07, 8),
    ("重庆市", "重庆市", "渝中区", "江北区", 29.56, 106.55, 6),
    ("湖北省", "武汉市", "武昌区", "江汉区", 30.59, 114.31, 6),
    ("陕西省", "西安市", "雁塔区", "碑林区", 34.34, 108.94, 5),
    ("湖南省", "长沙市", "岳麓区", "芙蓉区", 28.23, 112.94, 4),
    ("天津市", "天津市", "和平区", "南开区", 39.13, 117.20, 4),
    ("山东省", "青岛市", "市南区", "崂山区", 36.07, 120.38, 4),
    ("福建省", "厦门市", "思明区", "湖里区", 24.48, 118.09, 3),
    ("辽宁省", "沈阳市", "和平区", "沈河区", 41.80, 123.43, 3),
)
STREETS = (
    "人民路",
    "解放路",
    "中山路",
    "建国路",
    "和平街",
    "长江路",
    "学院路",
    "文化路",
    "新华街",
    "湖滨路",
)

FESTIVALS: tuple[tuple[str, int, int, int, float, int], ...] = (
    # code, month, day, days before the peak on which it starts, weight of the peak, percent off
    ("double_11", 11, 11, 10, 7.0, 30),
    ("mid_year_618", 6, 18, 10, 5.0, 25),
    ("double_12", 12, 12, 3, 2.5, 20),
    ("womens_day", 3, 8, 4, 3.0, 20),
    ("may_day", 5, 1, 2, 1.8, 10),
    ("qixi", 8, 20, 2, 1.6, 10),
    ("national_day", 10, 1, 2, 1.7, 10),
)
WEEKDAYS = (0.92, 0.90, 0.92, 0.95, 1.05, 1.20, 1.15)
MONTHS = (0.96, 0.90, 1.04, 0.98, 1.06, 1.06, 0.86, 0.90, 1.04, 1.02, 1.10, 1.06)
"""What is used and bought in each month of the year against the mean month."""
NEW_YEARS = (date(2024, 2, 10), date(2025, 1, 29))
_NEW_YEAR_DAYS = ((-24, -7, 1.15), (-6, -2, 0.80), (-1, 8, 0.45), (9, 14, 0.80))
"""Around Chinese New Year, first and last day against it: presents before, a quiet week in it."""
_YEARLY: dict[str, tuple[float, int]] = {
    # category: how much its use swings over the year, month (1 to 12) in which it is highest
    "sunscreen": (0.65, 7),
    "body_wash": (0.25, 7),
    "cleanser": (0.10, 7),
    "face_cream": (0.30, 12),
    "hand_cream": (0.55, 12),
    "baby_lotion": (0.25, 12),
    "lipstick": (0.15, 2),
    "perfume": (0.25, 2),
}
HOURS = (
    (9, 5, 3, 2, 1, 1, 3, 7, 12, 18, 24, 25, 28, 24, 22, 21, 21, 22, 25, 34, 46, 50, 38, 20),
    (0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 14, 22, 20, 18, 24, 28, 26, 24, 26, 30, 26, 10, 0, 0),
)
"""Weights of the hours of the day: digital channels, shops."""


@dataclass(frozen=True, eq=False)
class Products:
    """All products; arrays of one length. Money in cents, days of the brand's calendar."""

    category: Ints
    pack: Ints
    brand: Ints
    price: Ints
    cost: Ints
    has_cost: Bools
    launched_day: Ints
    retired_day: Ints
    popularity: Floats
    change_day: Ints
    """Days on which the price changes: one row a product, three columns, DAYS where none."""
    change_price: Ints

    def price_on(self, product: Ints, day: Ints) -> Ints:
        """List price in cents on a day."""
        price = self.price[product]
        for at in range(self.change_day.shape[1]):
            price = np.where(
                day >= self.change_day[product, at], self.change_price[product, at], price
            )
        return price


@dataclass(frozen=True, eq=False)
class Shops:
    """Shops and their staff. `staff` numbers count through all shops: shop = number // 5."""

    city: Ints
    latitude: Floats
    longitude: Floats
    opened_day: Ints


@dataclass(frozen=True, eq=False)
class Calendar:
    """Day by day: how much is bought, how much is off the price, which festival it is."""

    weight: Floats
    percent_off: Ints
    festival: Ints
    """Position in FESTIVALS; -1 on ordinary days."""
    peak_days: Ints
    worn: Floats
    """Days of mean use before each day, seasons considered: one row a category, DAYS + 1 columns.
    In its season more of a thing is used up in a day."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything that people have in common."""

    spec: BrandSpec
    products: Products
    shops: Shops
    calendar: Calendar


@lru_cache(maxsize=4)
def make_world(spec: BrandSpec) -> World:
    """The world of a brand; a function of its seed alone."""
    return World(spec, _products(spec), _shops(spec), _calendar())


def cycle_days() -> Floats:
    """Days that a middle pack of each category lasts; 0 where it has no rhythm."""
    return np.array([row[3] or 0.0 for row in CATEGORIES])


def wear_until(world: World, category: Ints, day: Floats) -> Floats:
    """Days of mean use that lie before a day, in categories that the seasons favour or not."""
    whole = np.clip(day, 0, DAYS).astype(np.int64)
    worn = world.calendar.worn[category, whole]
    return np.asarray(np.where(day < 0, day, worn))


def day_of_wear(world: World, category: Ints, worn: Floats) -> Ints:
    """The day up to which so many days of mean use go by; 0 <= worn < DAYS."""
    edges = world.calendar.worn + np.arange(len(CATEGORIES))[:, None] * 2 * DAYS
    place = np.searchsorted(edges.ravel(), worn + category * 2 * DAYS, side="right") - 1
    return np.asarray(np.minimum(place - category * (DAYS + 1), DAYS - 1))


def _products(spec: BrandSpec) -> Products:
    rng = stream(spec.seed, -1, "products")
    category, pack, brand = [], [], []
    for at in LEAF:
        for line in range(4):
            for size in range(len(PACKS)):
                category.append(at)
                pack.append(size)
                brand.append((at + line) % len(BRANDS))
    count = len(category)
    categories, packs = np.array(category), np.array(pack)
    middle = np.array([row[4] for row in CATEGORIES])[categories]
    factor = np.array([price for _, price in PACKS])[packs]
    level = np.repeat(rng.lognormal(0.0, 0.3, count // len(PACKS)), len(PACKS))
    price = np.maximum(1_900, np.round(middle * factor * level / 10) * 1_000 + 900).astype(np.int64)
    cost = (price * rng.uniform(0.22, 0.45, count)).astype(np.int64)
    launched = np.where(rng.random(count) < 0.8, -rng.integers(30, 900, count), 0)
    late = rng.random(count) < 0.12
    launched = np.where(late, rng.integers(30, DAYS - 120, count), launched)
    retired = np.where(~late & (rng.random(count) < 0.08), rng.integers(200, DAYS, count), DAYS)
    changes = rng.integers(0, 4, count)
    days = np.sort(rng.integers(20, DAYS - 20, (count, 3)), axis=1)
    change_day = np.where(np.arange(3) < changes[:, None], days, DAYS)
    steps = rng.choice([0.9, 0.95, 1.05, 1.1, 1.15], (count, 3), p=[0.15, 0.15, 0.25, 0.3, 0.15])
    # A summer sale, so that in the last weeks some things in baskets have become cheaper.
    on_sale = (rng.random(count) < 0.12) & (changes < 3)
    change_day[on_sale, 2] = rng.integers(DAYS - 24, DAYS - 8, int(on_sale.sum()))
    steps[on_sale, :2] = np.where(change_day[on_sale, :2] < DAYS, steps[on_sale, :2], 1.0)
    steps[on_sale, 2] = 0.85
    change_price = np.round(price[:, None] * np.cumprod(steps, axis=1) / 1_000).astype(np.int64)
    return Products(
        category=categories,
        pack=packs,
        brand=np.array(brand),
        price=price,
        cost=cost,
        has_cost=rng.random(count) >= 0.03,
        launched_day=launched.astype(np.int64),
        retired_day=retired.astype(np.int64),
        popularity=rng.pareto(1.6, count) + 0.3,
        change_day=change_day.astype(np.int64),
        change_price=change_price * 1_000 + 900,
    )


def _shops(spec: BrandSpec) -> Shops:
    rng = stream(spec.seed, -1, "shops")
    city = pick(rng, [row[6] for row in CITIES], SHOPS)
    city[: len(CITIES)] = np.arange(len(CITIES))
    return Shops(
        city=city,
        latitude=np.array([row[4] for row in CITIES])[city] + rng.normal(0, 0.04, SHOPS),
        longitude=np.array([row[5] for row in CITIES])[city] + rng.normal(0, 0.04, SHOPS),
        opened_day=-rng.integers(100, 3_000, SHOPS),
    )


def _calendar() -> Calendar:
    days = np.arange(DAYS)
    dates = np.datetime64(FIRST_DATE) + days
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    season = _season(dates)
    weight = np.array(WEEKDAYS)[weekday] * season
    festival = np.full(DAYS, -1)
    percent = np.zeros(DAYS, dtype=np.int64)
    peaks = []
    for year in range(FIRST_DATE.year, FIRST_DATE.year + 3):
        for code, (_, month_number, day, before, peak, off) in enumerate(FESTIVALS):
            at = (date(year, month_number, day) - FIRST_DATE).days
            for offset in range(-before, 2):
                if 0 <= at + offset < DAYS:
                    share = 1.0 if offset == 0 else 0.35 if offset > -3 else 0.18
                    weight[at + offset] *= 1 + (peak - 1) * share
                    festival[at + offset] = code
                    percent[at + offset] = off
            if 0 <= at < DAYS:
                peaks.append(at)
    return Calendar(weight, percent, festival, np.array(sorted(peaks)), _worn(dates, season))


def _season(dates: npt.NDArray[np.datetime64]) -> Floats:
    """What is bought on each day, festivals and days of the week aside."""
    season = np.array(MONTHS)[dates.astype("datetime64[M]").astype(np.int64) % 12]
    for new_year in NEW_YEARS:
        since = (dates - np.datetime64(new_year)).astype(np.int64)
        for first, last, share in _NEW_YEAR_DAYS:
            season[(since >= first) & (since <= last)] *= share
    return season


def _worn(dates: npt.NDArray[np.datetime64], season: Floats) -> Floats:
    into_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64) / 365.25 * 12
    swing, highest = np.array([_YEARLY.get(row[0], (0.0, 1)) for row in CATEGORIES]).T
    turn = 2 * np.pi * (into_year[None, :] - (highest[:, None] - 0.5)) / 12
    wear = season[None, :] * (1 + swing[:, None] * np.cos(turn))
    wear /= wear.mean(axis=1, keepdims=True)
    return np.concatenate([np.zeros((len(wear), 1)), np.cumsum(wear, axis=1)], axis=1)
