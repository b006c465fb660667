"""What people do online: visits to mini-program, app and website, carts and favourites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa

from orchestration.demo_brand.campaigns import SEND_CHANNELS, make_campaigns
from orchestration.demo_brand.chunk import (
    END,
    Chunk,
    Rows,
    Tables,
    app_user_ids,
    device_ids,
    member_numbers,
    open_ids,
    product_ids,
    web_user_ids,
)
from orchestration.demo_brand.columns import (
    Bools,
    Column,
    Floats,
    Ints,
    at_local,
    codes,
    instants,
    local_day,
    money,
    numbered,
    pick,
    pick_rows,
    position_in_group,
    real,
    where_known,
)
from orchestration.demo_brand.moments import registered_at
from orchestration.demo_brand.people import APP, MINI_PROGRAM, POS, WEBSITE
from orchestration.demo_brand.presence import Presence, make_presence
from orchestration.demo_brand.purchases import LINES
from orchestration.demo_brand.settings import CHUNK_PEOPLE, DAY_SECONDS, DAYS, stream
from orchestration.demo_brand.world import BRANDS, CATEGORIES, HOURS, LEAF, PACKS, World

EVENTS = (
    "open", "view", "search", "add_to_cart", "remove_from_cart", "checkout", "share",
    "coupon_claim", "check_in", "game_start", "game_finish", "live_join", "live_comment",
    "lottery_draw",
)  # fmt: skip
(
    OPEN, VIEW, SEARCH, ADD, REMOVE, CHECKOUT, SHARE, COUPON_CLAIM, CHECK_IN, GAME_START,
    GAME_FINISH, LIVE_JOIN, LIVE_COMMENT, LOTTERY_DRAW,
) = range(14)  # fmt: skip
CONTENT_TYPES = ("article", "video", "ugc")
CONTENTS = 300
CART_ACTIONS = ("add", "remove", "checkout")
CART_ADD, CART_REMOVE, CART_CHECKOUT = range(3)
KEYWORDS = (
    *(CATEGORIES[at][1] for at in LEAF), *BRANDS,
    "美白", "补水", "敏感肌", "抗老", "送礼", "小样", "套装", "新品", "折扣", "孕妇可用",
)  # fmt: skip
UTM = (
    ("baidu", "cpc"), ("weibo", "social"), ("xiaohongshu", "social"), ("douyin", "video"),
    ("zhihu", "referral"),
)  # fmt: skip
LIVE_WEEKDAY, LIVE_HOUR = 5, 20
"""Live sessions: on Thursdays (the brand's first day is a Saturday), at eight in the evening."""
CHALLENGE_DAYS = 56
CHALLENGE_STREAKS = (7, 21)
"""Check-in challenges for streaks of 7 and 21 days: one of each every eight weeks."""

_VISITS = np.array([5.6, 7.8, 8.8, 11.4])
"""Visits in two years of a person always around, by habit; they spread widely around it."""
_VISIT_SHAPE = 0.45
_AFTER_CART_DAYS = 25
_BY_MEMBER_NUMBER = 0.15
"""Share of visits of members that the cart and the favourites know by their member number."""
_BOT_DEVICE = 7
"""Bots that share a device, at least."""


@dataclass(frozen=True, eq=False)
class _Sessions:
    person: Ints
    system: Ints
    """WEBSITE, MINI_PROGRAM or APP."""
    campaign: Ints
    """Number of the campaign that led to the visit; -1 = none."""
    shop: Ints
    """The shop in which the person is; -1 = somewhere else."""


@dataclass(frozen=True, eq=False)
class _Events:
    """Events of sessions (position within the part); -1 where a column has nothing to say."""

    session: Ints
    kind: Ints
    at: Ints
    product: Ints
    category: Ints
    content: Ints
    live: Ints
    keyword: Ints
    value: Ints


@dataclass(frozen=True, eq=False)
class _Carts:
    session: Ints
    product: Ints
    action: Ints
    at: Ints


@dataclass(frozen=True, eq=False)
class _Part:
    sessions: _Sessions
    events: _Events
    carts: _Carts


_Table = TypeVar("_Table", _Sessions, _Events, _Carts)


def digital_tables(chunk: Chunk) -> Tables:
    """Events of the three own channels, carts and favourites of a chunk."""
    presence = make_presence(chunk)
    parts = [
        _ordering(chunk, presence),
        _browsing(chunk, presence),
        _looking_again(chunk, presence),
        _checking_in(chunk, presence),
        _reading(chunk, presence),
        _watching_live(chunk, presence),
        _claiming(chunk),
        _at_the_till(chunk),
        _brushing(chunk, presence),
    ]
    first = np.cumsum([0] + [len(part.sessions.person) for part in parts])
    sessions = _stacked([part.sessions for part in parts])
    events = _stacked([
        replace(part.events, session=part.events.session + at)
        for part, at in zip(parts, first, strict=False)
    ])  # fmt: skip
    carts = _stacked([
        replace(part.carts, session=part.carts.session + at)
        for part, at in zip(parts, first, strict=False)
    ])  # fmt: skip
    begin = presence.begin_at(np.arange(len(chunk.people)))
    inside = (events.at >= begin[sessions.person[events.session]]) & (events.at <= END)
    events = _chosen(events, inside)
    carts = _chosen(carts, carts.at <= END)
    rng = stream(chunk.world.spec.seed, chunk.number, "digital")
    by_member = chunk.people.has_card[sessions.person]
    by_member &= rng.random(len(sessions.person)) < _BY_MEMBER_NUMBER
    of_system = sessions.system[events.session]
    by_system = {
        system: _chosen(events, of_system == system) for system in (WEBSITE, MINI_PROGRAM, APP)
    }
    return {
        "mini_program.events": _mini_program(rng, chunk, sessions, by_system[MINI_PROGRAM], begin),
        "app.events": _app(rng, chunk, sessions, by_system[APP], begin),
        "website.events": _website(rng, chunk, sessions, by_system[WEBSITE], begin),
        "commerce.carts": _carts(chunk, sessions, carts, by_member),
        "catalog.favourites": _favourites(rng, chunk, sessions, events, by_member),
    }


# What people do ------------------------------------------------------------------------------


def _ordering(chunk: Chunk, presence: Presence) -> _Part:
    """Before each order of an own digital channel: its products viewed, added and checked out."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.ordering")
    orders = chunk.orders
    digital = orders.channel <= APP
    rows = np.flatnonzero(digital)
    count = len(rows)
    person, ordered_at = orders.person[rows], orders.ordered_at[rows]
    lead = np.clip(np.exp(rng.normal(7.3, 1.0, count)), 120, 6 * 3_600).astype(np.int64)
    lead = np.minimum(lead, ordered_at - presence.begin_at(person))
    begin = ordered_at - lead
    place = np.cumsum(digital) - 1
    lines = np.flatnonzero(digital[orders.line_order])
    session, product = place[orders.line_order[lines]], orders.line_product[lines]
    view = rng.random(len(lines)) * 0.5
    add = view + rng.random(len(lines)) * (0.85 - view)
    view_at, add_at, checkout_at = (
        begin[session] + (share * lead[session]).astype(np.int64) for share in (view, add, 0.9)
    )
    opened = np.flatnonzero(rng.random(count) < 0.2)
    return _Part(
        _sessions(person, orders.channel[rows], campaign=orders.campaign[rows]),
        _stacked([
            _events(opened, OPEN, begin[opened]),
            _events(session, VIEW, view_at, product=product),
            _events(session, ADD, add_at, product=product),
            _events(session, CHECKOUT, checkout_at, product=product),
        ]),
        _stacked([
            _cart(session, CART_ADD, add_at, product),
            _cart(session, CART_CHECKOUT, checkout_at, product),
        ]),
    )  # fmt: skip


def _browsing(chunk: Chunk, presence: Presence) -> _Part:
    """Visits without an order: views, searches, games, carts left behind."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.browsing")
    people = chunk.people
    person, day, campaign = _visitors(rng, chunk, presence)
    system = _systems(rng, chunk, person)
    count = len(person)
    start = at_local(day, _online_second(rng, chunk, person))
    opened = np.flatnonzero(rng.random(count) < 0.6)
    session = np.repeat(np.arange(count), np.minimum(rng.geometric(0.5, count), 12))
    size, who, where = len(session), person[session], system[session]
    step = 1 + position_in_group(session)
    at = start[session] + step * 70 + rng.integers(0, 50, size)
    on_web = where == WEBSITE
    zeal = np.where(on_web, 0.0, people.task_zeal[who])
    weights = np.empty((size, 8))
    weights[:, 0] = 0.36  # views
    weights[:, 1] = np.where(on_web, 0.0, 0.01 + 0.45 * people.content_zeal[who])  # reads
    weights[:, 2] = 0.10  # searches
    weights[:, 3] = 0.30  # puts into the cart
    weights[:, 4] = 0.005 + 0.26 * people.sociability[who]  # shares
    weights[:, 5] = 0.20 * zeal  # plays
    weights[:, 6] = 0.15 * zeal  # draws lots
    weights[:, 7] = 0.10 * zeal  # checks in
    does = pick_rows(rng, weights)
    product = _wanted(rng, chunk, who, day[session])
    product = np.where(
        (does == 3) & (rng.random(size) < 0.40),
        _soon_cheaper(rng, chunk.world, product, day[session]),
        product,
    )
    by_category = (does == 0) & (rng.random(size) < 0.06)
    category = np.where(by_category, chunk.world.products.category[product], -1)
    groups = [np.flatnonzero(does == kind) for kind in range(8)]
    view, content, search, add, share, play, lot, check = groups
    content_share = share[rng.random(len(share)) < 0.4]
    product_share = np.setdiff1d(share, content_share)
    removed = add[rng.random(len(add)) < 0.15]
    removed_at = at[removed] + rng.integers(30, 900, len(removed))
    unpaid = np.setdiff1d(add, removed)
    unpaid = unpaid[rng.random(len(unpaid)) < 0.08]
    unpaid_at = at[unpaid] + rng.integers(20, 600, len(unpaid))
    read = np.concatenate([content, content_share])
    contents = _contents(rng, len(read))
    return _Part(
        _sessions(person, system, campaign=campaign),
        _stacked([
            _events(opened, OPEN, start[opened]),
            _events(
                session[view], VIEW, at[view], category=category[view],
                product=np.where(by_category, -1, product)[view],
            ),
            _events(session[content], VIEW, at[content], content=contents[: len(content)]),
            _events(
                session[search], SEARCH, at[search],
                keyword=rng.integers(0, len(KEYWORDS), len(search)),
            ),
            _events(session[add], VIEW, at[add] - 20, product=product[add]),
            _events(session[add], ADD, at[add], product=product[add]),
            _events(session[removed], REMOVE, removed_at, product=product[removed]),
            _events(session[unpaid], CHECKOUT, unpaid_at, product=product[unpaid]),
            _events(
                session[content_share], SHARE, at[content_share], content=contents[len(content) :]
            ),
            _events(
                session[product_share], SHARE, at[product_share], product=product[product_share]
            ),
            _events(session[play], GAME_START, at[play]),
            _events(
                session[play], GAME_FINISH, at[play] + rng.integers(40, 300, len(play)),
                value=rng.integers(10, 500, len(play)),
            ),
            _events(
                session[lot], LOTTERY_DRAW, at[lot],
                value=np.array((0, 5, 10, 50))[pick(rng, (60, 25, 12, 3), len(lot))],
            ),
            _events(session[check], CHECK_IN, at[check]),
        ]),
        _stacked([
            _cart(session[add], CART_ADD, at[add], product[add]),
            _cart(session[removed], CART_REMOVE, removed_at, product[removed]),
            _cart(session[unpaid], CART_CHECKOUT, unpaid_at, product[unpaid]),
        ]),
    )  # fmt: skip


def _visitors(
    rng: np.random.Generator, chunk: Chunk, presence: Presence
) -> tuple[Ints, Ints, Ints]:
    """Person, day and campaign (-1 = none) of visits that lead to no order."""
    people, orders, touches = chunk.people, chunk.orders, chunk.touches
    count = len(people)
    online = people.has_app | people.has_mini_program | people.has_website
    keenness = rng.gamma(_VISIT_SHAPE, 1 / _VISIT_SHAPE, count)
    own, own_day = presence.visits(rng, _VISITS[people.habit] * keenness * online)
    busy = np.clip(0.6 + 0.25 * chunk.world.calendar.weight, 0, 1)[own_day]
    kept = rng.random(len(own)) < busy
    # People look around before they come back,
    back = np.flatnonzero(presence.return_day < DAYS)
    before = np.repeat(back, rng.poisson(1.6, len(back)))
    before_day = presence.return_day[before] - 1 - rng.integers(0, 20, len(before))
    # and for a while after an order that a campaign caused.
    caused = np.flatnonzero(orders.touch >= 0)
    after = np.repeat(caused, rng.poisson(1.2, len(caused)))
    after_day = orders.day[after] + 1 + rng.integers(0, 30, len(after))
    # Some look at what a campaign is about, and leave it at that.
    looks = np.flatnonzero((touches.arm > 0) & (rng.random(len(touches.arm)) < 0.05))
    starts = np.array([plan.start_day for plan in make_campaigns(chunk.world)])
    look_day = starts[touches.campaign[looks]] + 1
    look_day += np.minimum(rng.exponential(2.0, len(looks)), 12).astype(np.int64)
    person = np.concatenate([own[kept], before, orders.person[after], touches.person[looks]])
    day = np.concatenate([own_day[kept], before_day, after_day, look_day])
    campaign = np.full(len(person), -1)
    campaign[len(person) - len(looks) :] = touches.campaign[looks]
    possible = online[person] & (day >= presence.start[person]) & (day < DAYS)
    return person[possible], day[possible], campaign[possible]


def _looking_again(chunk: Chunk, presence: Presence) -> _Part:
    """The same product three times or more within days – who minds the price takes longer."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.looking_again")
    people = chunk.people
    online = people.has_app | people.has_mini_program | people.has_website
    interest: Floats = online.astype(np.float64) * 1.1 * (0.35 + people.price_sensitivity)
    person, day = presence.visits(rng, interest)
    product = _wanted(rng, chunk, person, day)
    bought = chunk.orders.person[chunk.orders.line_order] * 1_000 + chunk.orders.line_product
    never = ~np.isin(person * 1_000 + product, bought)
    person, day, product = person[never], day[never], product[never]
    slow = rng.random(len(person)) < people.price_sensitivity[person]
    span = np.where(slow, rng.uniform(3, 12, len(person)), rng.uniform(0.5, 5, len(person)))
    views = 3 + np.minimum(rng.geometric(0.6, len(person)) - 1, 4)
    episode = np.repeat(np.arange(len(person)), views)
    place = position_in_group(episode) / (views[episode] - 1)
    second = _online_second(rng, chunk, person)
    at = at_local(day, second)[episode] + (place * span[episode] * DAY_SECONDS).astype(np.int64)
    return _Part(
        _sessions(person[episode], _systems(rng, chunk, person)[episode]),
        _events(np.arange(len(episode)), VIEW, at, product=product[episode]),
        _no_carts(),
    )


def _checking_in(chunk: Chunk, presence: Presence) -> _Part:
    """Daily check-ins, many of them from the day on which a challenge begins."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.checking_in")
    people = chunk.people
    on_phone = people.has_app | people.has_mini_program
    person, day = presence.visits(rng, np.where(on_phone, 1.7 * people.task_zeal, 0.0))
    aim = np.array(CHALLENGE_STREAKS)[pick(rng, (1, 1), len(person))]
    # The nearest first day of a challenge; the last ones end with the two years.
    half = CHALLENGE_DAYS // 2
    challenge = day + half - (day + half - (DAYS - aim)) % CHALLENGE_DAYS
    joins = (rng.random(len(person)) < 0.75) & (challenge >= presence.start[person])
    day = np.where(joins, challenge, day)
    length = np.exp(rng.normal(1.9, 0.6, len(person)) + people.task_zeal[person])
    length = np.clip(length, 2, 60).astype(np.int64)
    reaches = joins & (rng.random(len(person)) < 0.7)
    length = np.where(reaches, aim + rng.geometric(0.4, len(person)) - 1, length)
    kept = (day < DAYS) & (rng.random(len(person)) < presence.share(person, day))
    person, day, length = person[kept], day[kept], length[kept]
    # Nobody goes on checking in after a lapse.
    lapse = np.where(
        day < presence.return_day[person],
        presence.lapse_day[person],
        presence.second_lapse_day[person],
    )
    length = np.where(day <= lapse, np.minimum(length, lapse - day + 1), length)
    streak = np.repeat(np.arange(len(person)), length)
    on_day = day[streak] + position_in_group(streak)
    second = (people.hour[person] * 3_600)[streak] % DAY_SECONDS + rng.integers(
        0, 3_600, len(streak)
    )
    system = np.where(
        people.has_mini_program[person]
        & (~people.has_app[person] | (rng.random(len(person)) < 0.6)),
        MINI_PROGRAM,
        APP,
    )
    once = np.unique(person[streak] * 1_000 + on_day, return_index=True)[1]
    streak, on_day, second = streak[once], on_day[once], second[once]
    return _Part(
        _sessions(person[streak], system[streak]),
        _events(np.arange(len(streak)), CHECK_IN, at_local(on_day, second)),
        _no_carts(),
    )


def _reading(chunk: Chunk, presence: Presence) -> _Part:
    """Visits for content alone, of those who like it."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.reading")
    people = chunk.people
    on_phone = people.has_app | people.has_mini_program
    person, day = presence.visits(rng, np.where(on_phone, 6.0 * people.content_zeal, 0.0))
    start = at_local(day, _online_second(rng, chunk, person))
    session = np.repeat(np.arange(len(person)), rng.geometric(0.5, len(person)))
    at = start[session] + position_in_group(session) * 90 + rng.integers(0, 60, len(session))
    read = _contents(rng, len(session))
    system = np.where(people.has_mini_program[person], MINI_PROGRAM, APP)
    return _Part(_sessions(person, system), _events(session, VIEW, at, content=read), _no_carts())


def _watching_live(chunk: Chunk, presence: Presence) -> _Part:
    """The weekly live session, with comments of the sociable."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.watching_live")
    people = chunk.people
    person, day = presence.visits(rng, np.where(people.has_mini_program, 0.45, 0.0))
    day -= (day - LIVE_WEEKDAY) % 7
    joins = day >= presence.start[person]
    person, day = person[joins], day[joins]
    once = np.unique(person * 1_000 + day, return_index=True)[1]
    person, day = person[once], day[once]
    live = day // 7
    at = at_local(day, LIVE_HOUR * 3_600 + rng.integers(0, 5_400, len(person)))
    comments = rng.poisson(0.2 + 2.5 * people.sociability[person])
    session = np.repeat(np.arange(len(person)), comments)
    said_at = at[session] + rng.integers(20, 1_500, len(session))
    return _Part(
        _sessions(person, np.full(len(person), MINI_PROGRAM)),
        _stacked([
            _events(np.arange(len(person)), LIVE_JOIN, at, live=live),
            _events(session, LIVE_COMMENT, said_at, live=live[session]),
        ]),
        _no_carts(),
    )  # fmt: skip


def _claiming(chunk: Chunk) -> _Part:
    """Coupons are claimed in the mini-program by those who have it."""
    coupons = chunk.coupons
    rows = np.flatnonzero((coupons.claimed_at >= 0) & chunk.people.has_mini_program[coupons.person])
    return _Part(
        _sessions(coupons.person[rows], np.full(len(rows), MINI_PROGRAM)),
        _events(np.arange(len(rows)), COUPON_CLAIM, coupons.claimed_at[rows]),
        _no_carts(),
    )


def _at_the_till(chunk: Chunk) -> _Part:
    """The app opened in a shop, to show the card."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.at_the_till")
    orders = chunk.orders
    rows = np.flatnonzero((orders.channel == POS) & chunk.people.has_app[orders.person])
    rows = rows[rng.random(len(rows)) < 0.35]
    return _Part(
        _sessions(orders.person[rows], np.full(len(rows), APP), shop=orders.shop[rows]),
        _events(
            np.arange(len(rows)), OPEN, orders.ordered_at[rows] - rng.integers(20, 300, len(rows))
        ),
        _no_carts(),
    )


def _brushing(chunk: Chunk, presence: Presence) -> _Part:
    """Bots check in daily, and on many days check in, share and play for an hour on end."""
    rng = stream(chunk.world.spec.seed, chunk.number, "digital.brushing")
    bots = np.flatnonzero(chunk.people.is_bot)
    daily = np.repeat(bots, rng.integers(60, 180, len(bots)))
    first = np.maximum(presence.start + 1, 1)
    days = np.minimum(rng.integers(10, 20, len(bots)), DAYS - first[bots])
    bursts = np.repeat(bots, days)
    person = np.concatenate([daily, bursts])
    into = rng.random(len(person))
    # The hours on end lie evenly over the days.
    into[len(daily) :] += position_in_group(bursts)
    into[len(daily) :] /= np.repeat(days, days)
    day = first[person] + (into * (DAYS - first[person])).astype(np.int64)
    second = rng.integers(3_600, DAY_SECONDS - 2 * 3_600, len(person))
    events = np.concatenate([
        np.ones(len(daily), dtype=np.int64), rng.integers(36, 50, len(bursts)),
    ])  # fmt: skip
    session = np.repeat(np.arange(len(person)), events)
    place = position_in_group(session)
    kind = np.array((CHECK_IN, SHARE, CHECK_IN, GAME_START, CHECK_IN, GAME_FINISH))[place % 6]
    at = at_local(day, second)[session] + place * 60 + rng.integers(0, 20, len(session))
    score = np.where(kind == GAME_FINISH, rng.integers(400, 500, len(session)), -1)
    return _Part(
        _sessions(person, np.full(len(person), MINI_PROGRAM)),
        _events(
            session, kind, at, value=score, content=np.where(kind == SHARE, session % CONTENTS, -1)
        ),
        _no_carts(),
    )


# What it looks like --------------------------------------------------------------------------


def _mini_program(
    rng: np.random.Generator, chunk: Chunk, sessions: _Sessions, events: _Events, begin: Ints
) -> Rows:
    people, world = chunk.people, chunk.world
    person = sessions.person[events.session]
    device = _mini_devices(chunk)
    at = _by_device_clock(
        rng, chunk, events.at, (device - chunk.number * CHUNK_PEOPLE)[person], begin[person]
    )
    known = (people.number % 50 > 0)[person]
    return Rows(
        {
            "event_id": numbered(f"EM{chunk.number:04d}", np.arange(len(at)), 7),
            "openid": open_ids(people, person),
            "device_id": numbered("mp-", device[person], 8, known),
            "session_id": _session_ids(chunk, events),
            "event_type": codes(EVENTS, events.kind),
            "product_id": _products(events),
            "category_id": _categories(world, events),
            "content_id": numbered("CT", events.content, 4, events.content >= 0),
            "content_type": _content_types(events),
            "live_session_id": numbered("L", events.live, 4, events.live >= 0),
            "keyword": codes(KEYWORDS, events.keyword),
            "value": real(events.value.astype(np.float64), events.value >= 0),
            "occurred_at": instants(at),
        },
        at,
    )


def _app(
    rng: np.random.Generator, chunk: Chunk, sessions: _Sessions, events: _Events, begin: Ints
) -> Rows:
    people, world = chunk.people, chunk.world
    person = sessions.person[events.session]
    device = people.device - chunk.number * CHUNK_PEOPLE
    at = _by_device_clock(rng, chunk, events.at, device[person], begin[person])
    latitude, longitude, located = _places(rng, chunk, sessions)
    located = located[events.session]
    return Rows(
        {
            "event_id": numbered(f"EA{chunk.number:04d}", np.arange(len(at)), 7),
            "app_user_id": app_user_ids(people, person),
            "device_id": device_ids(people, person),
            "session_id": _session_ids(chunk, events),
            "event_type": codes(EVENTS, events.kind),
            "product_id": _products(events),
            "category_id": _categories(world, events),
            "content_id": numbered("CT", events.content, 4, events.content >= 0),
            "content_type": _content_types(events),
            "keyword": codes(KEYWORDS, events.keyword),
            "value": real(events.value.astype(np.float64), events.value >= 0),
            "latitude": real(latitude[events.session], located),
            "longitude": real(longitude[events.session], located),
            "occurred_at": instants(at),
        },
        at,
    )


def _website(
    rng: np.random.Generator, chunk: Chunk, sessions: _Sessions, events: _Events, begin: Ints
) -> Rows:
    """Who is not logged in when a visit begins logs in to check out."""
    people, session = chunk.people, events.session
    person = sessions.person[session]
    count = len(sessions.person)
    at = _by_device_clock(rng, chunk, events.at, person, begin[person])
    logged_in = (rng.random(count) < 0.5)[session] | (events.kind == CHECKOUT)
    second_browser = (rng.random(count) < 0.1)[session]
    plans = make_campaigns(chunk.world)
    campaign = sessions.campaign[session]
    of_campaign = campaign >= 0
    channel = np.array([plan.channel for plan in plans])[campaign]
    source = np.where(rng.random(count) < 0.35, rng.integers(0, len(UTM), count), -1)[session]
    source = np.where(of_campaign, len(UTM) + channel, source)
    return Rows(
        {
            "event_id": numbered(f"EW{chunk.number:04d}", np.arange(len(at)), 7),
            "anonymous_id": numbered("an-", people.number[person] * 2 + second_browser, 9),
            "web_user_id": where_known(web_user_ids(people, person), logged_in),
            "session_id": _session_ids(chunk, events),
            "event_type": codes(EVENTS, events.kind),
            "product_id": _products(events),
            "category_id": _categories(chunk.world, events),
            "utm_source": codes([*(name for name, _ in UTM), *SEND_CHANNELS], source),
            "utm_medium": codes(
                [*(medium for _, medium in UTM), *("crm" for _ in SEND_CHANNELS)], source
            ),
            "utm_campaign": codes([plan.code for plan in plans], campaign),
            "occurred_at": instants(at),
        },
        at,
    )


def _carts(chunk: Chunk, sessions: _Sessions, carts: _Carts, by_member: Bools) -> Rows:
    day = local_day(carts.at)
    kind, key = _buyer_keys(chunk, sessions, carts.session, carts.at, by_member)
    return Rows(
        {
            "cart_event_id": numbered(f"CA{chunk.number:04d}", np.arange(len(day)), 7),
            "buyer_key_type": kind,
            "buyer_key": key,
            "product_id": product_ids(carts.product),
            "action": codes(CART_ACTIONS, carts.action),
            "unit_price": money(chunk.world.products.price_on(carts.product, day)),
            "occurred_at": instants(carts.at),
        },
        carts.at,
    )


def _favourites(
    rng: np.random.Generator,
    chunk: Chunk,
    sessions: _Sessions,
    events: _Events,
    by_member: Bools,
) -> Rows:
    """Products marked when they were viewed; some marks are taken back."""
    marked = (events.kind == VIEW) & (events.product >= 0)
    rows = np.flatnonzero(marked & (rng.random(len(events.at)) < 0.15))
    at = np.minimum(events.at[rows] + rng.integers(1, 15, len(rows)), END)
    gone = np.flatnonzero(rng.random(len(rows)) < 0.22)
    gone_at = at[gone] + 30 + rng.exponential(40.0 * DAY_SECONDS, len(gone)).astype(np.int64)
    gone, gone_at = gone[gone_at <= END], gone_at[gone_at <= END]
    rows = np.concatenate([rows, rows[gone]])
    removes = np.arange(len(rows)) >= len(at)
    at = np.concatenate([at, gone_at])
    session, product = events.session[rows], events.product[rows]
    key = (sessions.person[session] * 1_000 + product) * (2 * DAYS * DAY_SECONDS) + at % (
        2 * DAYS * DAY_SECONDS
    )
    once = np.unique(key, return_index=True)[1]
    session, product, at, removes = session[once], product[once], at[once], removes[once]
    kind, buyer = _buyer_keys(chunk, sessions, session, at, by_member)
    return Rows(
        {
            "buyer_key_type": kind,
            "buyer_key": buyer,
            "product_id": product_ids(product),
            "action": codes(("add", "remove"), removes.astype(np.int64)),
            "occurred_at": instants(at),
        },
        at,
    )


def _buyer_keys(
    chunk: Chunk, sessions: _Sessions, session: Ints, at: Ints, by_member: Bools
) -> tuple[Column, Column]:
    """Kind of key and key of the buyer of each row: that of the system, or the card's."""
    people, person = chunk.people, sessions.person[session]
    everybody = np.arange(len(people))
    known = pa.concat_arrays([
        web_user_ids(people, everybody), open_ids(people, everybody),
        app_user_ids(people, everybody), member_numbers(people, everybody),
    ])  # fmt: skip
    with_card = by_member[session] & (at > registered_at(chunk)[person])
    system = np.where(with_card, 3, sessions.system[session])
    keys = known.take(pa.array(system * len(people) + person))
    return codes(("web_user_id", "openid", "app_user_id", "member_no"), system), keys


def _mini_devices(chunk: Chunk) -> Ints:
    """Number of the mini-program device: everybody has an own one, bots share a few."""
    device = chunk.people.number.copy()
    bots = np.flatnonzero(chunk.people.is_bot)
    farms = max(len(bots) // _BOT_DEVICE, 1)
    device[bots] = device[bots[np.arange(len(bots)) % farms]]
    return device


def _by_device_clock(
    rng: np.random.Generator, chunk: Chunk, at: Ints, device: Ints, begin: Ints
) -> Ints:
    """Times as the device has them: some clocks are off, always by the same."""
    rates = chunk.world.spec.rates
    count = len(chunk.people)
    off = rng.integers(-rates.skew_seconds, rates.skew_seconds + 1, count)
    off = np.where(rng.random(count) < rates.skewed_clocks, off, 0)
    return np.asarray(np.clip(at + off[device], begin, END))


def _places(
    rng: np.random.Generator, chunk: Chunk, sessions: _Sessions
) -> tuple[Floats, Floats, Bools]:
    """Latitude and longitude of each session, and whether the app may know them."""
    people, shops = chunk.people, chunk.world.shops
    person, count = sessions.person, len(sessions.person)
    nearby = np.where(rng.random(count) < 0.35, people.shop[person], -1)
    shop = np.where(sessions.shop >= 0, sessions.shop, nearby)
    in_shop = shop >= 0
    latitude = np.where(in_shop, shops.latitude[shop], people.home_latitude[person])
    longitude = np.where(in_shop, shops.longitude[shop], people.home_longitude[person])
    # About 150 m around a shop, at most 400 m; some 500 m around home.
    off = np.where(in_shop, 0.0012, 0.005)
    latitude = latitude + np.clip(rng.normal(0, off), -0.0025, 0.0025)
    longitude = longitude + np.clip(rng.normal(0, off), -0.0025, 0.0025)
    allows = (people.number * 31 % 100 < 65)[person] & (rng.random(count) < 0.8)
    return np.asarray(np.round(latitude, 6)), np.asarray(np.round(longitude, 6)), allows


# Small parts ---------------------------------------------------------------------------------


def _sessions(
    person: Ints, system: Ints, campaign: Ints | None = None, shop: Ints | None = None
) -> _Sessions:
    none = np.full(len(person), -1)
    return _Sessions(
        person=person,
        system=system,
        campaign=none if campaign is None else campaign,
        shop=none if shop is None else shop,
    )


def _events(session: Ints, kind: Ints | int, at: Ints, **known: Ints) -> _Events:
    none = np.full(len(session), -1)
    columns = {
        name: known.get(name, none)
        for name in ("product", "category", "content", "live", "keyword", "value")
    }
    return _Events(session=session, kind=np.broadcast_to(kind, none.shape), at=at, **columns)


def _cart(session: Ints, action: int, at: Ints, product: Ints) -> _Carts:
    return _Carts(session, product, np.full(len(session), action), at)


def _no_carts() -> _Carts:
    none = np.empty(0, dtype=np.int64)
    return _Carts(none, none, none, none)


def _stacked(parts: Sequence[_Table]) -> _Table:
    """The rows of several parts, one after another."""
    kind = type(parts[0])
    return kind(**{
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(kind)
    })  # fmt: skip


def _chosen(rows: _Table, mask: Bools) -> _Table:
    """The chosen rows."""
    return type(rows)(**{field.name: getattr(rows, field.name)[mask] for field in fields(rows)})


def _session_ids(chunk: Chunk, events: _Events) -> Column:
    return numbered(f"SE{chunk.number:04d}", events.session, 7)


def _products(events: _Events) -> Column:
    return codes(_product_texts(), events.product)


def _product_texts() -> list[str]:
    texts: list[str] = product_ids(np.arange(len(LEAF) * LINES * len(PACKS))).to_pylist()
    return texts


def _categories(world: World, events: _Events) -> Column:
    """The category of the product, or the one looked through."""
    category = np.where(
        events.product >= 0, world.products.category[events.product], events.category
    )
    return codes([row[0] for row in CATEGORIES], category)


def _content_types(events: _Events) -> Column:
    kind = np.where(events.content >= 0, events.content % len(CONTENT_TYPES), -1)
    return codes(CONTENT_TYPES, kind)


def _systems(rng: np.random.Generator, chunk: Chunk, person: Ints) -> Ints:
    """Which of the own channels people visit: those they have, those they order in more often."""
    people = chunk.people
    has = np.stack([people.has_website, people.has_mini_program, people.has_app], axis=1)
    return pick_rows(rng, (has * (0.2 + people.channel_shares[:, : APP + 1]))[person])


def _contents(rng: np.random.Generator, count: int) -> Ints:
    """Numbers of contents that are looked at: a few by most."""
    return np.minimum(rng.pareto(0.8, count) * 20, CONTENTS - 1).astype(np.int64)


def _online_second(rng: np.random.Generator, chunk: Chunk, person: Ints) -> Ints:
    """Second of the day: half of the time around the person's hour."""
    own = rng.random(len(person)) < 0.5
    hour = np.where(own, chunk.people.hour[person] % 24, pick(rng, HOURS[0], len(person)))
    return np.asarray(hour * 3_600 + rng.integers(0, 3_600, len(person)))


def _wanted(rng: np.random.Generator, chunk: Chunk, person: Ints, day: Ints) -> Ints:
    """Products people look at: two of three are of the kinds they use."""
    rhythms = chunk.rhythms
    first = np.searchsorted(rhythms.person, person)
    slots = np.searchsorted(rhythms.person, person, side="right") - first
    slot = first + (rng.random(len(person)) * slots).astype(np.int64)
    slot = np.minimum(slot, len(rhythms.person) - 1)
    leaf = np.full(max(LEAF) + 1, -1)
    leaf[list(LEAF)] = np.arange(len(LEAF))
    own = (leaf[rhythms.category[slot]] * LINES + rhythms.line[slot]) * len(PACKS)
    own += rng.integers(0, len(PACKS), len(person))
    popular = pick(rng, chunk.world.products.popularity, len(person))
    uses = (rng.random(len(person)) < 0.65) & (slots > 0)
    return _on_sale(chunk.world, np.where(uses, own, popular), day)


def _on_sale(world: World, product: Ints, day: Ints) -> Ints:
    """What is not sold on the day gives way to the next line of its category."""
    per_category = LINES * len(PACKS)
    for _ in range(LINES - 1):
        gone = world.products.launched_day[product] > day
        gone |= world.products.retired_day[product] <= day
        following = product // per_category * per_category + (product + len(PACKS)) % per_category
        product = np.where(gone, following, product)
    return product


def _soon_cheaper(rng: np.random.Generator, world: World, product: Ints, day: Ints) -> Ints:
    """A product whose price falls within weeks, where there is one."""
    products = world.products
    before = np.column_stack([products.price, products.change_price[:, :-1]])
    falls = (products.change_price < before) & (products.change_day < DAYS)
    which = np.nonzero(falls)[0]
    when = products.change_day[falls]
    if not len(which):
        return product
    order = np.argsort(when, kind="stable")
    which, when = which[order], when[order]
    at = np.searchsorted(when, day, side="right") + rng.integers(0, 2, len(day))
    inside = at < len(when)
    at = np.minimum(at, len(when) - 1)
    fits = inside & (when[at] - day <= _AFTER_CART_DAYS)
    fits &= (products.launched_day[which[at]] <= day) & (products.retired_day[which[at]] > when[at])
    return np.where(fits, which[at], product)
