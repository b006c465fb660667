"""The people of a chunk: who they are and what moves them, whatever the brand knows of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo_brand.columns import Bools, Floats, Ints, pick
from orchestration.demo_brand.names import GIVEN, SURNAMES
from orchestration.demo_brand.settings import (
    CHUNK_PEOPLE,
    DAYS,
    FIRST_DATE,
    FIRST_DAY,
    BrandSpec,
    stream,
)
from orchestration.demo_brand.world import CITIES, SHOPS, STREETS, World

TRIER, OCCASIONAL, REGULAR, LOYAL = range(4)
HABITS = ("trier", "occasional", "regular", "loyal")
MATERIAL, EMOTIONAL, SOCIAL = range(3)
MOTIVES = ("material", "emotional", "social")
CHANNELS = ("website", "mini_program", "app", "tmall", "jd", "douyin", "pos")
WEBSITE, MINI_PROGRAM, APP, TMALL, JD, DOUYIN, POS = range(7)
NEVER = DAYS + 10_000
"""A day that does not come."""

_HABITS = (0.43, 0.28, 0.165, 0.125)
"""Shares of the habits."""
_OF_BEFORE = np.array([0.12, 0.35, 0.55, 0.68])
"""Share of people whose first contact was before the two years, by habit: who buys for years."""
_LEAST_APPETITE, _APPETITE_TAIL, _MOST_APPETITE = 0.70, 2.6, 5.0

_PHONE_PREFIXES = (
    135, 136, 137, 138, 139, 150, 151, 152, 157, 158, 159, 182, 183, 187, 188, 130, 131, 132, 155,
    156, 185, 186, 133, 153, 180, 181, 189, 176, 177, 178, 198, 199,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class People:
    """The people of one chunk, arrays of one length. Days count from the brand's first day."""

    number: Ints
    """Unique in the brand, from 0."""
    has_card: Bools
    entered_day: Ints
    """First contact with the brand; below 0 = before the brand's two years."""
    gender: Ints
    """0 female, 1 male."""
    birth_day: Ints
    """Days since 1970-01-01."""
    surname: Ints
    first: Ints
    second: Ints
    city: Ints
    street: Ints
    house: Ints
    home_latitude: Floats
    home_longitude: Floats
    phone: Ints
    former_phone: Ints
    """A number given up on `phone_changed_day`; -1 = none."""
    phone_changed_day: Ints
    is_recycled: Bools
    """The number was another person's."""
    device: Ints
    """Number of the app device; a family's device is the same for its members."""
    shares_device: Bools
    has_app: Bools
    has_mini_program: Bools
    has_website: Bools
    marketplace: Ints
    """The marketplace used (TMALL, JD, DOUYIN); -1 = none."""
    has_wecom: Bools
    habit: Ints
    appetite: Floats
    """How much more often the person buys than others of the habit; few, with a Pareto tail, a
    lot more."""
    motive: Ints
    """What moves the person most; also makes the matching one of the next three traits stronger."""
    price_sensitivity: Floats
    content_zeal: Floats
    sociability: Floats
    task_zeal: Floats
    wants_no_marketing: Bools
    channel_shares: Floats
    """Shares of the seven CHANNELS in the person's orders: one row a person."""
    hour: Ints
    """The hour around which the person is online."""
    shop: Ints
    is_staff: Bools
    is_test: Bools
    is_bot: Bools
    has_baby: Bools

    def __len__(self) -> int:
        return len(self.number)


def phone_numbers(numbers: Ints, prefixes: Ints) -> Ints:
    """Mobile numbers of eleven digits; different numbers give different ones."""
    return np.array(_PHONE_PREFIXES)[prefixes] * 100_000_000 + (numbers * 48_271 + 13) % 100_000_000


def birthdays(people: People, year: int) -> Ints:
    """The day of the calendar on which people have their birthday in a year.

    Who was born on 29 February has it on 1 March in other years.
    """
    born = people.birth_day.astype("datetime64[D]")
    month = born.astype("datetime64[M]")
    into_month = born - month
    this_year = np.datetime64(year - 1970, "Y").astype("datetime64[M]")
    starts = (this_year + month.astype(np.int64) % 12).astype("datetime64[D]")
    return np.asarray((starts + into_month - np.datetime64(FIRST_DATE)).astype(np.int64))


def make_people(world: World, chunk: int) -> People:
    """The people of a chunk: those with numbers from chunk · 10,000 on."""
    spec = world.spec
    rng = stream(spec.seed, chunk, "people")
    count = min(CHUNK_PEOPLE, spec.people - chunk * CHUNK_PEOPLE)
    number = np.arange(count, dtype=np.int64) + chunk * CHUNK_PEOPLE
    has_card = _has_card(number, spec)
    habit = pick(rng, _HABITS, count)
    before = rng.random(count) < _OF_BEFORE[habit]
    entered = np.where(before, -rng.integers(1, 1_000, count), rng.integers(0, DAYS - 2, count))
    gender = (rng.random(count) < 0.22).astype(np.int64)
    age = np.clip(rng.normal(32, 9, count), 16, 75)
    birth_day = FIRST_DAY + 365 - (age * 365.25).astype(np.int64)
    city = pick(rng, [row[6] for row in CITIES], count)
    motive = pick(rng, (0.5, 0.28, 0.22), count)
    is_baby_home = (rng.random(count) < 0.18) & (age > 22) & (age < 45)
    # People with a card place about 93 % of all orders.
    staff_share = spec.rates.staff_orders / 0.93
    phone = phone_numbers(number, rng.integers(0, len(_PHONE_PREFIXES), count))
    marketplace = np.where(rng.random(count) < 0.42, TMALL + pick(rng, (5, 3, 2), count), -1)
    has_app, has_mini = rng.random(count) < 0.38, rng.random(count) < 0.62
    has_website = rng.random(count) < 0.22
    # Without a card somebody is known by another system: a marketplace, the app, the website …
    nowhere = ~has_card & ~has_app & ~has_mini & ~has_website & (marketplace < 0)
    marketplace = np.where(nowhere, TMALL, marketplace)
    shares = _channel_shares(rng, has_card, has_website, has_mini, has_app, marketplace)
    device, shares_device = _devices(rng, number, spec.rates.shared_devices)
    former, changed, recycled, phone = _recycled(rng, spec, number, entered, phone)
    latitude = np.array([row[4] for row in CITIES])[city] + rng.normal(0, 0.06, count)
    longitude = np.array([row[5] for row in CITIES])[city] + rng.normal(0, 0.06, count)
    street, house = rng.integers(0, len(STREETS), count), rng.integers(1, 400, count)
    family = np.flatnonzero(shares_device)
    first_of_family = family - family % 2
    for values in (city, street, house, latitude, longitude):
        values[family] = values[first_of_family]
    return People(
        number=number,
        has_card=has_card,
        entered_day=entered,
        gender=gender,
        birth_day=birth_day,
        surname=pick(rng, [weight for _, _, weight in SURNAMES], count),
        first=rng.integers(0, len(GIVEN), count),
        second=np.where(rng.random(count) < 0.82, rng.integers(0, len(GIVEN), count), -1),
        city=city,
        street=street,
        house=house,
        home_latitude=latitude,
        home_longitude=longitude,
        phone=phone,
        former_phone=former,
        phone_changed_day=changed,
        is_recycled=recycled,
        device=device,
        shares_device=shares_device,
        has_app=has_app,
        has_mini_program=has_mini,
        has_website=has_website,
        marketplace=marketplace,
        has_wecom=has_card & (rng.random(count) < 0.30),
        habit=habit,
        appetite=np.minimum(
            _LEAST_APPETITE * (1.0 - rng.random(count)) ** (-1 / _APPETITE_TAIL), _MOST_APPETITE
        ),
        motive=motive,
        price_sensitivity=_more_of(rng, motive == MATERIAL, (2.6, 2.2), (1.6, 2.7)),
        content_zeal=_more_of(rng, motive == EMOTIONAL, (2.0, 4.0), (0.8, 6.0)),
        sociability=_more_of(rng, motive == SOCIAL, (1.3, 2.4), (0.55, 3.9)),
        task_zeal=rng.beta(0.8, 3.0, count),
        wants_no_marketing=rng.random(count) < 0.12,
        channel_shares=shares,
        hour=pick(rng, (1, 1, 2, 3, 3, 2, 4, 6, 5, 2), count) + 9 + 4,
        shop=_shops_near(rng, world, city),
        is_staff=has_card & (rng.random(count) < staff_share),
        is_test=has_card & (rng.random(count) < spec.rates.test_orders * 0.5),
        is_bot=has_card & has_mini & (rng.random(count) < spec.rates.bots / 0.62),
        has_baby=is_baby_home,
    )


def _more_of(
    rng: np.random.Generator, moved: Bools, strong: tuple[float, float], weak: tuple[float, float]
) -> Floats:
    """A trait from 0 to 1: betas of two shapes, the strong one for those whom it moves."""
    first, second = (np.where(moved, *shapes) for shapes in zip(strong, weak, strict=True))
    return np.asarray(rng.beta(first, second))


def _has_card(number: Ints, spec: BrandSpec) -> Bools:
    """Those without a card lie evenly among the others."""
    without = spec.people - spec.members
    return np.asarray((number + 1) * without // spec.people == number * without // spec.people)


def _channel_shares(
    rng: np.random.Generator,
    has_card: Bools,
    has_website: Bools,
    has_mini: Bools,
    has_app: Bools,
    marketplace: Ints,
) -> Floats:
    count = len(has_card)
    usable = np.zeros((count, len(CHANNELS)), dtype=bool)
    usable[:, WEBSITE], usable[:, MINI_PROGRAM], usable[:, APP] = has_website, has_mini, has_app
    for place in (TMALL, JD, DOUYIN):
        usable[:, place] = marketplace == place
    usable[:, POS] = has_card
    liking = rng.gamma(0.6, 1.0, (count, len(CHANNELS))) * np.array(
        [0.8, 1.6, 1.3, 1.4, 1.1, 0.9, 1.3]
    )
    weights = usable * (liking + 1e-6)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _devices(rng: np.random.Generator, number: Ints, share: float) -> tuple[Ints, Bools]:
    """Pairs of neighbours share one device; everybody else has an own one."""
    count = len(number)
    pairs = rng.random((count + 1) // 2) < share
    shares = np.repeat(pairs, 2)[:count]
    if count % 2:
        shares[-1] = False
    return np.where(shares, number - number % 2, number), shares


def _recycled(
    rng: np.random.Generator, spec: BrandSpec, number: Ints, entered: Ints, phone: Ints
) -> tuple[Ints, Ints, Bools, Ints]:
    """Some people's numbers go to newcomers at least 90 days after they were given up."""
    count = len(number)
    former, changed = np.full(count, -1), np.full(count, NEVER)
    recycled = np.zeros(count, dtype=bool)
    wanted = round(count * spec.rates.recycled_phones)
    newcomers = np.flatnonzero(entered > 260)
    rng.shuffle(newcomers)
    givers = np.flatnonzero(entered < 100)
    rng.shuffle(givers)
    pairs = min(wanted, len(newcomers), len(givers))
    new, old = newcomers[:pairs], givers[:pairs]
    released = entered[new] - 91 - rng.integers(0, 60, pairs)
    phone = phone.copy()
    former[old], changed[old] = phone[old], released
    phone[new] = phone[old]
    fresh = phone_numbers(number[old] + 50_000_000, rng.integers(0, len(_PHONE_PREFIXES), pairs))
    phone[old] = fresh
    recycled[new] = True
    return former, changed, recycled, phone


def _shops_near(rng: np.random.Generator, world: World, city: Ints) -> Ints:
    """A shop in the person's city."""
    shop = np.zeros(len(city), dtype=np.int64)
    for place in range(len(CITIES)):
        there = np.flatnonzero(world.shops.city == place)
        here = np.flatnonzero(city == place)
        shop[here] = there[rng.integers(0, len(there), len(here))]
    return np.minimum(shop, SHOPS - 1)
