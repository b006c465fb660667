"""Orders: baskets with prices, discounts, coupons, tiers and points, and what became of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from orchestration.demo_brand import campaigns as camp
from orchestration.demo_brand.campaigns import ExtraBaskets, Touches, make_campaigns
from orchestration.demo_brand.columns import (
    Bools,
    Ints,
    at_local,
    pick,
    pick_rows,
    position_in_group,
    starts_of_groups,
)
from orchestration.demo_brand.people import (
    APP,
    DOUYIN,
    MINI_PROGRAM,
    POS,
    TMALL,
    People,
    birthdays,
)
from orchestration.demo_brand.purchases import LINES, Baskets, Rhythms
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, FIRST_DATE, LAST_DATE, stream
from orchestration.demo_brand.world import HOURS, LEAF, PACKS, STAFF_PER_SHOP, World
from orchestration.workspace import PROJECT

SALE, SAMPLE, GIFT, POINTS_MALL = range(4)
KINDS = ("sale", "sample", "gift", "points_mall")
CREATED, PAID, SHIPPED, COMPLETED, CANCELLED = range(5)
STATUSES = ("created", "paid", "shipped", "completed", "cancelled")
POINT_CENTS = 5
COUPONS: tuple[tuple[str, str, str, int, int, int], ...] = (
    # id, name, kind, face value in cents (percent: in percent), least spend in cents, valid days
    ("T01", "满200减30", "amount", 3_000, 20_000, 14),
    ("T02", "满100减15", "amount", 1_500, 10_000, 10),
    ("T03", "九折券", "percent", 10, 0, 30),
    ("T04", "到店礼", "gift", 0, 0, 21),
    ("T05", "生日礼券", "amount", 5_000, 29_900, 30),
    ("T06", "会员日券", "amount", 1_000, 0, 3),
)
GIFT_COUPON, BIRTHDAY_COUPON, MEMBER_DAY_COUPON = 3, 4, 5


@dataclass(frozen=True, eq=False)
class Coupons:
    """Coupons issued to the people of a chunk; money in cents, instants in UTC seconds."""

    person: Ints
    template: Ints
    campaign: Ints
    """-1 where no campaign issued it."""
    issued_at: Ints
    claimed_at: Ints
    """-1 where it was never claimed."""
    expires_at: Ints
    order: Ints
    """Position in Orders of the order that redeemed it; -1 where none did."""


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders of a chunk, sorted by person and time; money in cents, instants in UTC seconds."""

    person: Ints
    ordered_at: Ints
    day: Ints
    channel: Ints
    kind: Ints
    status: Ints
    """As it stands at the end of the brand's last day."""
    paid_at: Ints
    """-1 where it was never paid."""
    cancelled_at: Ints
    """-1 where it was not cancelled."""
    settled_at: Ints
    """When the last change of the order was made."""
    shop: Ints
    seller: Ints
    """Number of the member of staff; -1 = none."""
    is_test: Bools
    is_gift: Bools
    group_buy: Ints
    gross: Ints
    discount: Ints
    net: Ints
    points_used: Ints
    points_earned: Ints
    coupon: Ints
    campaign: Ints
    is_private_domain: Bools
    has_complaint: Bools
    tier: Ints
    """The tier held before the order; 0 = the lowest."""
    touch: Ints
    """Position in Touches of the campaign that caused the order; -1 = the person's own accord."""
    line_order: Ints
    line_product: Ints
    line_quantity: Ints
    line_price: Ints
    line_promotion: Ints
    line_coupon: Ints
    line_tier: Ints
    line_points: Ints
    line_net: Ints
    refund_order: Ints
    refund_line: Ints
    """Line number from 1; 0 = the whole order."""
    refund_amount: Ints
    refunded_at: Ints

    def __len__(self) -> int:
        return len(self.person)

    def is_valid(self) -> Bools:
        """Sales that were paid and not cancelled."""
        stands = np.isin(self.status, (PAID, SHIPPED, COMPLETED))
        return np.asarray((self.kind == SALE) & ~self.is_test & stands)


@dataclass(frozen=True, eq=False)
class Tiers:
    """The tiers of the policy, lowest first; thresholds in cents."""

    codes: tuple[str, ...]
    thresholds: Ints
    percent_off: Ints
    multipliers: tuple[float, ...]


@lru_cache(maxsize=1)
def policy_tiers() -> Tiers:
    """The tiers of seeds/policy/tiers.csv."""
    with (PROJECT / "seeds/policy/tiers.csv").open(encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: int(row["tier_rank"]))
    return Tiers(
        tuple(row["tier_code"] for row in rows),
        np.array([int(float(row["threshold_amount"]) * 100) for row in rows]),
        np.array([100 - int(float(row["discount_percent"])) for row in rows]),
        tuple(float(row["points_multiplier"]) for row in rows),
    )


def make_orders(
    world: World,
    people: People,
    rhythms: Rhythms,
    baskets: Baskets,
    touches: Touches,
    extra: ExtraBaskets,
    chunk: int,
) -> tuple[Orders, Coupons]:
    """Turn baskets into orders, one person's after another's, as shop and policy have it."""
    rng = stream(world.spec.seed, chunk, "orders")
    person = np.concatenate([baskets.person, extra.person])
    day = np.concatenate([baskets.day, extra.day])
    touch = np.concatenate([np.full(len(baskets.day), -1), extra.touch])
    complaint = np.concatenate([baskets.has_complaint, rng.random(len(extra.day)) < 0.02]).astype(
        bool
    )
    shares = people.channel_shares[person]
    caused = np.concatenate([np.zeros(len(baskets.day), dtype=bool), extra.touch >= 0])
    shares[caused, TMALL : DOUYIN + 1] *= 0.05
    channel = pick_rows(rng, shares + 1e-12 * (people.channel_shares[person] > 0))
    ordered_at = at_local(day, _seconds_of_day(rng, people, person, channel))
    order = np.lexsort((ordered_at, person))
    person, day, touch, channel, ordered_at = (
        values[order] for values in (person, day, touch, channel, ordered_at)
    )
    complaint = complaint[order]
    count = len(person)
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    line_order, product, quantity = _lines(rng, world, rhythms, baskets, extra, place, day)
    price = world.products.price_on(product, day[line_order])
    promotion = _promotions(rng, world, people, person, day, line_order, price * quantity)
    base_lines = price * quantity - promotion
    gross = _sums(price * quantity, line_order, count)
    base = _sums(base_lines, line_order, count)

    kind = pick(rng, (0.972, 0.011, 0.008, 0.009), count)
    kind = np.where(people.has_card[person] & (touch < 0), kind, SALE)
    state = _states(rng, ordered_at, channel, touch, kind)
    coupons = _coupons(
        world, people, touches, person, ordered_at, base, channel, kind, touch, chunk
    )
    coupon_of = np.full(count, -1)
    redeemed = np.flatnonzero(coupons.order >= 0)
    coupon_of[coupons.order[redeemed]] = redeemed
    sums = _economy(rng, people, person, day, channel, kind, state.status, base, coupons, coupon_of)
    kind = sums.kind
    nothing_paid = kind != SALE
    spread = [
        _spread(np.where(nothing_paid, part, amount), base_lines, base, line_order)
        for part, amount in (
            (0, sums.tier_discount), (0, sums.coupon_discount), (base, sums.points_discount),
        )
    ]  # fmt: skip
    line_net = base_lines - spread[0] - spread[1] - spread[2]
    net = _sums(line_net, line_order, count)
    wecom = people.has_wecom[person] & np.isin(channel, (MINI_PROGRAM, APP))
    private = (wecom & (rng.random(count) < 0.75)) | (
        (touch >= 0) & np.isin(channel, (MINI_PROGRAM, APP))
    )
    campaign = np.full(count, -1)
    campaign[touch >= 0] = touches.campaign[touch[touch >= 0]]
    refund = _refunds(rng, world, person, ordered_at, state, line_order, line_net, complaint)
    shop = np.where(channel == POS, _shop_of(rng, people, person, count), -1)
    seller = np.where(
        (channel == POS) & (rng.random(count) < 0.8),
        shop * STAFF_PER_SHOP + rng.integers(0, STAFF_PER_SHOP, count),
        -1,
    )
    return (
        Orders(
            person=person,
            ordered_at=ordered_at,
            day=day,
            channel=channel,
            kind=kind,
            status=state.status,
            paid_at=state.paid_at,
            cancelled_at=state.cancelled_at,
            settled_at=state.settled_at,
            shop=shop,
            seller=seller,
            is_test=rng.random(count) < world.spec.rates.test_orders,
            is_gift=rng.random(count) < 0.04,
            group_buy=np.where(
                (channel == MINI_PROGRAM) & (rng.random(count) < 0.03), ordered_at // 40_000, -1
            ),
            gross=gross,
            discount=gross - net,
            net=net,
            points_used=sums.points_used,
            points_earned=sums.points_earned,
            coupon=np.where(nothing_paid, -1, coupon_of),
            campaign=campaign,
            is_private_domain=private,
            has_complaint=complaint,
            tier=sums.tier,
            touch=touch,
            line_order=line_order,
            line_product=product,
            line_quantity=quantity,
            line_price=price,
            line_promotion=promotion,
            line_coupon=spread[1],
            line_tier=spread[0],
            line_points=spread[2],
            line_net=line_net,
            refund_order=refund[0],
            refund_line=refund[1],
            refund_amount=refund[2],
            refunded_at=refund[3],
        ),
        coupons,
    )


@dataclass(frozen=True, eq=False)
class _States:
    status: Ints
    paid_at: Ints
    cancelled_at: Ints
    settled_at: Ints


@dataclass(frozen=True, eq=False)
class _Sums:
    kind: Ints
    tier: Ints
    tier_discount: Ints
    coupon_discount: Ints
    points_discount: Ints
    points_used: Ints
    points_earned: Ints


def _sums(values: Ints, group: Ints, count: int) -> Ints:
    return np.bincount(group, weights=values, minlength=count).astype(np.int64)


def _seconds_of_day(rng: np.random.Generator, people: People, person: Ints, channel: Ints) -> Ints:
    count = len(person)
    hour = np.where(
        channel == POS,
        pick(rng, HOURS[1], count),
        np.where(rng.random(count) < 0.5, people.hour[person] % 24, pick(rng, HOURS[0], count)),
    )
    return hour * 3_600 + rng.integers(0, 3_600, count)


def _shop_of(rng: np.random.Generator, people: People, person: Ints, count: int) -> Ints:
    """Mostly the shop nearby."""
    elsewhere = rng.random(count) < 0.05
    return np.where(elsewhere, rng.integers(0, 40, count), people.shop[person])


def _lines(
    rng: np.random.Generator,
    world: World,
    rhythms: Rhythms,
    baskets: Baskets,
    extra: ExtraBaskets,
    place: Ints,
    day: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Order, product and quantity of each line, sorted by order; a product once an order."""
    first_slot = np.searchsorted(rhythms.person, extra.person)
    slots = np.searchsorted(rhythms.person, extra.person, side="right") - first_slot
    slot = first_slot + (rng.random(len(extra.person)) * slots).astype(np.int64)
    order = place[np.concatenate([
        baskets.line_basket, len(baskets.day) + np.arange(len(extra.day)),
    ])]  # fmt: skip
    category = np.concatenate([baskets.line_category, rhythms.category[slot]])
    line = np.concatenate([baskets.line_line, rhythms.line[slot]])
    pack = np.concatenate([baskets.line_pack, np.ones(len(extra.day), dtype=np.int64)])
    quantity = np.concatenate([baskets.line_quantity, np.ones(len(extra.day), dtype=np.int64)])
    # Something beside the plan, in one order of five.
    more = np.flatnonzero(rng.random(len(day)) < 0.20)
    weights = world.products.popularity
    by_the_way = pick(rng, weights, len(more))
    leaf = np.full(max(LEAF) + 1, -1)
    leaf[list(LEAF)] = np.arange(len(LEAF))
    tries = rng.random(len(line)) < 0.12
    line = np.where(tries, rng.integers(0, LINES, len(line)), line)
    product = (leaf[category] * LINES + line) * len(PACKS) + pack
    order = np.concatenate([order, more])
    product = np.concatenate([product, by_the_way])
    quantity = np.concatenate([quantity, np.ones(len(more), dtype=np.int64)])
    for _ in range(LINES):
        # What is not sold on the day gives way to the next line of its category.
        when = day[order]
        gone = (world.products.launched_day[product] > when) | (
            world.products.retired_day[product] <= when
        )
        per_category = LINES * len(PACKS)
        following = product // per_category * per_category + (product + len(PACKS)) % per_category
        product = np.where(gone, following, product)
    key = order * 10_000 + product
    _, once = np.unique(key, return_index=True)
    return order[once], product[once], quantity[once]


def _promotions(
    rng: np.random.Generator,
    world: World,
    people: People,
    person: Ints,
    day: Ints,
    line_order: Ints,
    amount: Ints,
) -> Ints:
    """Price promotions in cents: at festivals for most, else here and there."""
    percent = world.calendar.percent_off[day][line_order]
    sensitivity = people.price_sensitivity[person][line_order]
    at_festival = (percent > 0) & (rng.random(len(amount)) < 0.85)
    else_where = (percent == 0) & (rng.random(len(amount)) < 0.04 + 0.16 * sensitivity)
    percent = np.where(
        at_festival, percent, np.where(else_where, rng.integers(2, 5, len(amount)) * 5, 0)
    )
    return amount * percent // 100


def _states(
    rng: np.random.Generator, ordered_at: Ints, channel: Ints, touch: Ints, kind: Ints
) -> _States:
    """Paid at once in shops and within minutes elsewhere; some are cancelled, the last are open."""
    count = len(ordered_at)
    end = int(at_local(np.array(DAYS), np.array(0))) - 1
    in_shop = channel == POS
    cancelled = (rng.random(count) < 0.028) & (touch < 0) & ~in_shop & (kind == SALE)
    unpaid = cancelled & (rng.random(count) < 0.5)
    paid_at = ordered_at + np.where(in_shop, 0, rng.integers(5, 900, count))
    cancelled_at = ordered_at + np.where(
        unpaid, rng.integers(900, 7_200, count), rng.integers(3_600, 2 * DAY_SECONDS, count)
    )
    shipped_at = paid_at + rng.integers(4 * 3_600, 2 * DAY_SECONDS, count)
    completed_at = np.where(in_shop, paid_at, paid_at + rng.integers(2, 9, count) * DAY_SECONDS)
    # Not paid yet, or forgotten and never closed.
    forgotten = np.where(ordered_at > end - DAY_SECONDS, 0.05, 0.0005)
    waits = ~in_shop & ~cancelled & (touch < 0) & (rng.random(count) < forgotten)
    unpaid |= waits
    status = np.where(completed_at <= end, COMPLETED, np.where(shipped_at <= end, SHIPPED, PAID))
    settled = np.where(
        completed_at <= end, completed_at, np.where(shipped_at <= end, shipped_at, paid_at)
    )
    is_cancelled = cancelled & (cancelled_at <= end)
    status = np.where(is_cancelled, CANCELLED, np.where(unpaid, CREATED, status))
    settled = np.where(is_cancelled, cancelled_at, np.where(unpaid, ordered_at, settled))
    paid = ~unpaid & (paid_at <= end)
    status = np.where(~paid & ~is_cancelled, CREATED, status)
    settled = np.where(~paid & ~is_cancelled, ordered_at, settled)
    return _States(
        status=status,
        paid_at=np.where(paid, paid_at, -1),
        cancelled_at=np.where(is_cancelled, cancelled_at, -1),
        settled_at=settled,
    )


def _coupons(
    world: World,
    people: People,
    touches: Touches,
    person: Ints,
    ordered_at: Ints,
    base: Ints,
    channel: Ints,
    kind: Ints,
    touch: Ints,
    chunk: int,
) -> Coupons:
    """Coupons of campaigns, member days and birthdays, and the orders that redeemed them."""
    rng = stream(world.spec.seed, chunk, "coupons")
    plans = make_campaigns(world)
    offers = np.array([plan.offer if plan.has_coupon else -1 for plan in plans])
    starts = np.array([plan.start_day for plan in plans])
    given = np.flatnonzero((touches.arm > 0) & (offers[touches.campaign] >= 0))
    offer = offers[touches.campaign[given]]
    template = np.where(offer == camp.GIFT, GIFT_COUPON, pick(rng, (3, 4, 2), len(given)))
    card = np.flatnonzero(people.has_card)
    months = np.arange(24)
    month_day = (months * 30.44).astype(np.int64) + 17
    member_day = rng.random((len(card), 24)) < 0.03
    member_day &= people.entered_day[card][:, None] < month_day
    who, month = np.nonzero(member_day)
    years = range(FIRST_DATE.year, LAST_DATE.year + 1)
    birthday = np.stack([birthdays(people, year)[card] for year in years], axis=1)
    who_birthday, year = np.nonzero((birthday >= 7) & (birthday < DAYS) & (
        people.entered_day[card][:, None] < birthday - 7
    ) & (rng.random(birthday.shape) < 0.35))  # fmt: skip
    owner = np.concatenate([touches.person[given], card[who], card[who_birthday]])
    issued_day = np.concatenate([
        starts[touches.campaign[given]], month_day[month], birthday[who_birthday, year] - 7,
    ])  # fmt: skip
    template = np.concatenate([
        template, np.full(len(who), MEMBER_DAY_COUPON), np.full(len(year), BIRTHDAY_COUPON),
    ])  # fmt: skip
    campaign = np.concatenate([
        touches.campaign[given], np.full(len(who) + len(year), -1),
    ])  # fmt: skip
    count = len(owner)
    moved_order = np.full(count, -1)
    by_touch = np.full(len(touches.campaign) + 1, -1)
    by_touch[touch[touch >= 0]] = np.flatnonzero(touch >= 0)
    moved_order[: len(given)] = by_touch[given]
    issued_at = at_local(issued_day, rng.integers(8 * 3_600, 9 * 3_600, count))
    valid = np.array([row[5] for row in COUPONS])[template]
    expires_at = at_local(issued_day + valid, np.full(count, DAY_SECONDS - 1))
    sensitivity = people.price_sensitivity[owner]
    claims = (rng.random(count) < 0.25 + 0.5 * sensitivity) | (moved_order >= 0)
    claimed_at = issued_at + np.minimum(rng.exponential(30_000, count), valid * 40_000).astype(
        np.int64
    )
    # The first own-channel order after the claim that reaches the least spend takes the coupon.
    key = person * 4_000_000_000 + ordered_at
    candidate = np.searchsorted(key, owner * 4_000_000_000 + claimed_at)
    candidate = np.where(moved_order >= 0, moved_order, candidate)
    claimed_at = np.where(
        moved_order >= 0,
        np.minimum(claimed_at, ordered_at[np.maximum(moved_order, 0)] - 60),
        claimed_at,
    )
    inside = candidate < len(person)
    candidate = np.minimum(candidate, max(len(person) - 1, 0))
    least = np.array([row[4] for row in COUPONS])[template]
    fits = inside & claims & (person[candidate] == owner) & (ordered_at[candidate] <= expires_at)
    fits &= (base[candidate] >= least) & (kind[candidate] == SALE)
    fits &= ~((channel[candidate] >= TMALL) & (channel[candidate] <= DOUYIN))
    fits &= (ordered_at[candidate] >= claimed_at) & (claimed_at >= issued_at)
    fits &= (rng.random(count) < 0.35 + 0.6 * sensitivity) | (moved_order >= 0)
    taken = np.flatnonzero(fits)
    _, firsts = np.unique(candidate[taken], return_index=True)
    order = np.full(count, -1)
    order[taken[firsts]] = candidate[taken[firsts]]
    claims &= claimed_at <= expires_at
    return Coupons(
        person=owner,
        template=template,
        campaign=campaign,
        issued_at=issued_at,
        claimed_at=np.where(claims | (order >= 0), claimed_at, -1),
        expires_at=expires_at,
        order=order,
    )


def _economy(
    rng: np.random.Generator,
    people: People,
    person: Ints,
    day: Ints,
    channel: Ints,
    kind: Ints,
    status: Ints,
    base: Ints,
    coupons: Coupons,
    coupon_of: Ints,
) -> _Sums:
    """Tier, discounts and points of each order, in the order in which a person makes them."""
    tiers, count, crowd = policy_tiers(), len(person), len(people)
    multipliers = (np.array(tiers.multipliers) * 10).round().astype(np.int64)
    own = ~((channel >= TMALL) & (channel <= DOUYIN)) & people.has_card[person]
    counts = (kind == SALE) & (status != CANCELLED) & (status != CREATED)
    chance = rng.random(count)
    kind = kind.copy()
    tier_at, tier_discount, coupon_discount, points_discount, used, earned = (
        np.zeros(count, dtype=np.int64) for _ in range(6)
    )
    tier, since, balance, reviewed = (np.zeros(crowd, dtype=np.int64) for _ in range(4))
    since -= 1_000
    key = person * 1_024 + day
    running = np.zeros(count + 1, dtype=np.int64)
    first = np.flatnonzero(starts_of_groups(person)) if count else np.empty(0, dtype=np.int64)
    begin = np.zeros(crowd, dtype=np.int64)
    begin[person[first]] = first
    nth = position_in_group(person)
    by_round = np.argsort(nth, kind="stable")
    edges = np.searchsorted(nth[by_round], np.arange(nth.max(initial=-1) + 2))
    faces = np.array([row[3] for row in COUPONS])
    percents = np.array([row[2] == "percent" for row in COUPONS])
    for at in range(len(edges) - 1):
        rows = by_round[edges[at] : edges[at + 1]]
        who, when = person[rows], day[rows]
        _review(who, when, rows, tiers, tier, since, reviewed, key, running, begin, counts)
        held = tier[who]
        tier_at[rows] = held
        off = np.where(own[rows], base[rows] * tiers.percent_off[held] // 100, 0)
        left = base[rows] - off
        coupon = coupon_of[rows]
        template = coupons.template[coupon] if len(coupons.template) else coupon * 0
        worth = np.where(percents[template], left * faces[template] // 100, faces[template])
        worth = np.where(coupon >= 0, np.minimum(worth, left), 0)
        left -= worth
        mall = (kind[rows] == POINTS_MALL) & (balance[who] * POINT_CENTS >= base[rows]) & own[rows]
        kind[rows] = np.where((kind[rows] == POINTS_MALL) & ~mall, SALE, kind[rows])
        counts[rows] |= (
            (kind[rows] == SALE) & (status[rows] != CANCELLED) & (status[rows] != CREATED)
        )
        pays_points = (
            own[rows] & (kind[rows] == SALE) & (balance[who] >= 400) & (chance[rows] < 0.12)
        )
        points = np.where(
            pays_points, np.minimum(balance[who] * 6 // 10, left // 5 // POINT_CENTS), 0
        )
        points = np.where(mall, -(-base[rows] // POINT_CENTS), points)
        points = np.where(counts[rows] | mall, points, 0)
        net = np.where(kind[rows] == SALE, left - np.where(mall, 0, points * POINT_CENTS), 0)
        double_eleven = np.isin(when, (133, 499))
        earns = np.where(own[rows] & counts[rows], net // 100 * multipliers[held] // 10, 0)
        earns = np.where(double_eleven, earns * 5, earns)
        tier_discount[rows], coupon_discount[rows] = off, worth
        points_discount[rows] = np.where(mall, base[rows], points * POINT_CENTS)
        used[rows], earned[rows] = points, earns
        balance[who] += earns - points
        running[rows + 1] = np.where(rows > begin[who], running[rows], 0) + np.where(
            counts[rows], net, 0
        )
        year_ago = np.searchsorted(key, who * 1_024 + np.maximum(when - 364, 0))
        trailing = running[rows + 1] - np.where(year_ago > begin[who], running[year_ago], 0)
        level = np.searchsorted(tiers.thresholds, trailing, side="right") - 1
        rises = counts[rows] & people.has_card[who] & (level > held)
        tier[who] = np.where(rises, level, held)
        since[who] = np.where(rises, when, since[who])
    return _Sums(kind, tier_at, tier_discount, coupon_discount, points_discount, used, earned)


def _review(
    who: Ints,
    when: Ints,
    rows: Ints,
    tiers: Tiers,
    tier: Ints,
    since: Ints,
    reviewed: Ints,
    key: Ints,
    running: Ints,
    begin: Ints,
    counts: Bools,
) -> None:
    """Monthly reviews between a person's previous order and this one: one step down at most."""
    month = np.searchsorted(_MONTH_STARTS, when, side="right") - 1
    valid = np.concatenate([[0], np.cumsum(counts)])
    while True:
        due = (reviewed[who] < month) & (tier[who] > 0)
        if not due.any():
            break
        person, row = who[due], rows[due]
        at = _MONTH_STARTS[reviewed[person] + 1]
        low = np.maximum(
            np.searchsorted(key, person * 1_024 + np.maximum(at - 364, 0)), begin[person]
        )
        spent = np.where(row > begin[person], running[row], 0) - np.where(
            low > begin[person], running[np.minimum(low, row)], 0
        )
        number = reviewed[person] + 1
        edges = [
            np.minimum(
                np.searchsorted(key, person * 1_024 + _MONTH_STARTS[np.maximum(number - back, 0)]),
                row,
            )
            for back in range(5)
        ]
        bought = [valid[edges[back]] - valid[edges[back + 1]] for back in range(4)]
        falling = (bought[0] < bought[1]) & (bought[1] < bought[2]) & (bought[2] < bought[3])
        idle = bought[0] + bought[1] + bought[2] == 0
        down = (at - since[person] >= 90) & (
            (spent < tiers.thresholds[tier[person]]) | idle | falling
        )
        tier[person] -= down
        since[person] = np.where(down, at, since[person])
        reviewed[person] += 1
    reviewed[who] = np.maximum(reviewed[who], month)


_MONTH_STARTS = (
    np.arange(np.datetime64("2023-07"), np.datetime64("2025-08")).astype("datetime64[D]")
    - np.datetime64("2023-07-01")
).astype(np.int64)


def _spread(amount: Ints, weight: Ints, total: Ints, line_order: Ints) -> Ints:
    """Split an order's amount over its lines by weight; the last line takes what is left over."""
    of_line = amount[line_order] * weight // np.maximum(total[line_order], 1)
    missing = amount - _sums(of_line, line_order, len(amount))
    last = np.ones(len(line_order), dtype=bool)
    last[:-1] = line_order[1:] != line_order[:-1]
    return of_line + np.where(last, missing[line_order], 0)


def _refunds(
    rng: np.random.Generator,
    world: World,
    person: Ints,
    ordered_at: Ints,
    state: _States,
    line_order: Ints,
    line_net: Ints,
    complaint: Bools,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Order, line (0 = all of it), amount and time of each refund."""
    count = len(person)
    end = int(at_local(np.array(DAYS), np.array(0))) - 1
    when = ordered_at + rng.integers(2 * DAY_SECONDS, 16 * DAY_SECONDS, count)
    paid = np.isin(state.status, (PAID, SHIPPED, COMPLETED))
    net = _sums(line_net, line_order, count)
    # Half of those who complain get money back; so many of the others that the share comes out.
    possible = paid & (when <= end) & (net > 0)
    others = world.spec.rates.refunds * count - 0.5 * int((possible & complaint).sum())
    chance = np.where(complaint, 0.5, others / max(int((possible & ~complaint).sum()), 1))
    refunded = np.flatnonzero((rng.random(count) < chance) & possible)
    first = np.searchsorted(line_order, refunded)
    lines = np.searchsorted(line_order, refunded, side="right") - first
    whole = (lines == 1) | (rng.random(len(refunded)) < 0.35)
    line = (rng.random(len(refunded)) * lines).astype(np.int64)
    amount = np.where(whole, net[refunded], line_net[first + line])
    return refunded, np.where(whole, 0, line + 1), amount, when[refunded]
