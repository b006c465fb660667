"""Visits, carts and favourites of the demo brand: what they refer to, when, how many, by whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, make_chunk
from orchestration.demo_brand.columns import at_local, local_day
from orchestration.demo_brand.digital import CONTENT_TYPES, EVENTS, digital_tables
from orchestration.demo_brand.people import APP, MINI_PROGRAM, NEVER, POS, WEBSITE
from orchestration.demo_brand.settings import CHUNK_PEOPLE, DAY_SECONDS, DAYS, BrandSpec
from orchestration.demo_brand.world import make_world
from tests.demo_brand.reading import texts

FEEDS = ("mini_program.events", "app.events", "website.events")
SYSTEMS = {"web_user_id": WEBSITE, "openid": MINI_PROGRAM, "app_user_id": APP}
PREFIXES = {"web_user_id": "W", "app_user_id": "A", "member_no": "M"}
BEGIN = int(at_local(np.array(0), np.array(0)))
SPEC = BrandSpec()


@pytest.fixture(scope="module")
def tables(chunks: list[Chunk]) -> list[Tables]:
    return [digital_tables(chunk) for chunk in chunks]


def numbers_in(rows: Rows, name: str, prefix: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([int(text[prefix:]) for text in rows.columns[name].to_pylist()])


def codes_of(tables: list[Tables], table: str, column: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in tables:
        for row in part[table].columns[column].value_counts().to_pylist():
            if row["values"] is not None:
                found[row["values"]] = found.get(row["values"], 0) + row["counts"]
    return found


def people_of_openids(chunk: Chunk, rows: Rows) -> np.ndarray[Any, np.dtype[np.int64]]:
    everybody = chunk.people.number
    keys = np.array([int(text) for text in everybody * 7_919 % 1_000_000_007])
    position = {key: at for at, key in enumerate(keys.tolist())}
    return np.array([position[number] for number in numbers_in(rows, "openid", 3).tolist()])


def owners(chunk: Chunk, table: str, rows: Rows) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Position of each event's person."""
    if table == "mini_program.events":
        return people_of_openids(chunk, rows)
    if table == "app.events":
        return numbers_in(rows, "app_user_id", 1) - chunk.number * CHUNK_PEOPLE
    return numbers_in(rows, "anonymous_id", 3) // 2 - chunk.number * CHUNK_PEOPLE


def cart_owners(chunk: Chunk, rows: Rows) -> np.ndarray[Any, np.dtype[np.int64]]:
    position = {
        int(number) * 7_919 % 1_000_000_007: at for at, number in enumerate(chunk.people.number)
    }
    return np.array([
        position[int(key[3:])] if kind == "openid" else int(key[1:]) - chunk.number * CHUNK_PEOPLE
        for kind, key in zip(texts(rows, "buyer_key_type"), texts(rows, "buyer_key"), strict=True)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("names", "each"), [(FEEDS, 27.0), (("commerce.carts",), 11.5), (("catalog.favourites",), 1.5)]
)
def test_volumes(tables: list[Tables], names: tuple[str, ...], each: float) -> None:
    rows = sum(len(part[name]) for part in tables for name in names)
    assert rows / (2 * CHUNK_PEOPLE) == pytest.approx(each, rel=0.25)


def test_every_column_says_something(tables: list[Tables]) -> None:
    for table in tables[0]:
        for name in tables[0][table].columns:
            known = sum(len(p[table]) - p[table].columns[name].null_count for p in tables)
            assert known >= 20, (table, name)


def test_codes(tables: list[Tables]) -> None:
    mini = codes_of(tables, "mini_program.events", "event_type")
    assert set(mini) == set(EVENTS)
    content = codes_of(tables, "mini_program.events", "content_type")
    assert set(content) == set(CONTENT_TYPES)
    actions = codes_of(tables, "commerce.carts", "action")
    assert set(actions) == {"add", "remove", "checkout"}
    marks = codes_of(tables, "catalog.favourites", "action")
    assert set(marks) == {"add", "remove"}
    assert min(*mini.values(), *content.values(), *actions.values(), *marks.values()) >= 20
    for table in ("app.events", "website.events"):
        assert set(codes_of(tables, table, "event_type")) <= set(EVENTS)
    for table in ("commerce.carts", "catalog.favourites"):
        kinds = codes_of(tables, table, "buyer_key_type")
        assert set(kinds) == {*SYSTEMS, "member_no"}
        assert min(kinds.values()) >= 50


def test_only_people_with_the_system(chunks: list[Chunk], tables: list[Tables]) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        people = chunk.people
        for table, has in zip(
            FEEDS, (people.has_mini_program, people.has_app, people.has_website), strict=True
        ):
            assert has[owners(chunk, table, part[table])].all()
        for table in ("commerce.carts", "catalog.favourites"):
            person = cart_owners(chunk, part[table])
            kind = texts(part[table], "buyer_key_type")
            for name, has in (
                ("openid", people.has_mini_program),
                ("app_user_id", people.has_app),
                ("web_user_id", people.has_website),
                ("member_no", people.has_card),
            ):
                assert has[person[kind == name]].all()


def test_within_the_two_years_and_after_entry(chunks: list[Chunk], tables: list[Tables]) -> None:
    for chunk, part in zip(chunks, tables, strict=True):
        entry = at_local(chunk.people.entered_day, np.zeros(len(chunk.people), dtype=np.int64))
        for table in FEEDS:
            at = part[table].changed_at
            assert (at >= entry[owners(chunk, table, part[table])]).all()
        for rows in part.values():
            assert rows.changed_at.min() >= BEGIN
            assert rows.changed_at.max() <= END
            seconds = rows.columns["occurred_at"].cast("int64").to_numpy() // 1_000_000
            assert (seconds == rows.changed_at).all()


def test_ids_are_unique(tables: list[Tables]) -> None:
    for table, name in (
        *((feed, "event_id") for feed in FEEDS),
        ("commerce.carts", "cart_event_id"),
    ):
        ids = [key for part in tables for key in part[table].columns[name].to_pylist()]
        assert len(set(ids)) == len(ids)
    for part in tables:
        rows = part["catalog.favourites"]
        keys = zip(
            texts(rows, "buyer_key_type"), texts(rows, "buyer_key"), texts(rows, "product_id"),
            rows.changed_at.tolist(), strict=True,
        )  # fmt: skip
        assert len(set(keys)) == len(rows)


def test_carts_lead_to_orders(chunks: list[Chunk], tables: list[Tables]) -> None:
    """Added, then checked out, then ordered, each line of each order of an own digital channel."""
    chunk, rows = chunks[0], tables[0]["commerce.carts"]
    orders = chunk.orders
    person, product = cart_owners(chunk, rows), numbers_in(rows, "product_id", 1)
    action = texts(rows, "action")
    key = person * 1_000 + product
    lines = np.flatnonzero(orders.channel[orders.line_order] <= APP)
    order = orders.line_order[lines]
    wanted = orders.person[order] * 1_000 + orders.line_product[lines]
    ordered_at = orders.ordered_at[order]
    second = 10_000_000_000
    moment = ordered_at
    for name in ("checkout", "add"):
        known = np.sort((key * second + rows.changed_at)[action == name])
        at = np.searchsorted(known, wanted * second + moment, side="right") - 1
        assert (at >= 0).all()
        assert (known[at] // second == wanted).all()
        moment = known[at] % second
        assert (ordered_at - moment < 6 * 3_600).all()
    price = chunk.world.products.price_on(product, local_day(rows.changed_at))
    cents = np.array([int(value * 100) for value in rows.columns["unit_price"].to_pylist()])
    assert (cents == price).all()


def test_visits_lead_to_orders(chunks: list[Chunk], tables: list[Tables]) -> None:
    """Viewed, added, checked out within one visit, as the device's clock has it."""
    chunk, rows = chunks[0], tables[0]["app.events"]
    orders = chunk.orders
    kind, session = texts(rows, "event_type"), texts(rows, "session_id")
    product = texts(rows, "product_id")
    times: dict[tuple[str, str], dict[str, int]] = {}
    for at, what, visit, of in zip(rows.changed_at.tolist(), kind, session, product, strict=True):
        if of is not None:
            known = times.setdefault((visit, of), {})
            latest = what == "checkout"
            known[what] = (max if latest else min)(known.get(what, at), at)
    checked_out = [known for known in times.values() if "checkout" in known]
    assert len(checked_out) >= (orders.channel[orders.line_order] == APP).sum()
    assert all(known["view"] <= known["add_to_cart"] <= known["checkout"] for known in checked_out)
    person = owners(chunk, "app.events", rows)
    buys = np.flatnonzero(orders.channel == APP)
    second = 10_000_000_000
    known_at = np.sort((person * second + rows.changed_at)[kind == "checkout"])
    skew = SPEC.rates.skew_seconds
    due = orders.person[buys] * second + orders.ordered_at[buys] + skew
    at = np.searchsorted(known_at, due, side="right") - 1
    assert (known_at[at] // second == orders.person[buys]).all()
    assert (due - known_at[at] <= 6 * 3_600 + 2 * skew).all()


def test_carts_left_behind(chunks: list[Chunk], tables: list[Tables]) -> None:
    left = cheaper = recent = 0
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["commerce.carts"]
        person, product = cart_owners(chunk, rows), numbers_in(rows, "product_id", 1)
        order = np.lexsort((rows.changed_at, person * 1_000 + product))
        key, action = (person * 1_000 + product)[order], texts(rows, "action")[order]
        last = np.append(key[1:] != key[:-1], True)
        abandoned = last & (action == "add")
        left += int(abandoned.sum())
        at = order[abandoned]
        then = chunk.world.products.price_on(product[at], local_day(rows.changed_at[at]))
        soon = np.minimum(local_day(rows.changed_at[at]) + 30, DAYS - 1)
        cheaper += int((chunk.world.products.price_on(product[at], soon) < then).sum())
        recent += int((rows.changed_at[at] > END - DAY_SECONDS).sum())
    assert left > 10_000
    assert cheaper > 200
    assert recent >= 20


def test_logins_fade_before_a_lapse(chunks: list[Chunk], tables: list[Tables]) -> None:
    near = far = after = 0
    for chunk, part in zip(chunks, tables, strict=True):
        lapse = chunk.lapses.lapse_day
        fits = (lapse < NEVER) & (lapse - np.maximum(chunk.people.entered_day, 0) > 120)
        fits &= (chunk.lapses.return_day >= NEVER) & (lapse < DAYS - 60)
        for table in FEEDS:
            rows = part[table]
            person, day = owners(chunk, table, rows), local_day(rows.changed_at)
            ahead = lapse[person] - day
            seen = fits[person] & ~np.isin(texts(rows, "event_type"), ["checkout", "coupon_claim"])
            near += int((seen & (ahead >= 1) & (ahead <= 30)).sum())
            far += int((seen & (ahead > 60) & (ahead <= 120)).sum())
            after += int((seen & (ahead < -30) & (ahead >= -60)).sum())
    assert near / 30 < 0.85 * far / 60
    assert 0 < after / 30 < 0.25 * far / 60


def test_looked_at_again_and_not_bought(chunks: list[Chunk], tables: list[Tables]) -> None:
    found = 0
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["mini_program.events"]
        views = np.flatnonzero(
            (texts(rows, "event_type") == "view")
            & rows.columns["product_id"].is_valid().to_numpy(False)
        )
        person = owners(chunk, "mini_program.events", rows)[views]
        product = np.array([int(text[1:]) for text in texts(rows, "product_id")[views]])
        key = (person * 1_000 + product) * 10_000_000_000 + rows.changed_at[views]
        key.sort()
        thrice = key[2:] - key[:-2] < 7 * DAY_SECONDS
        lines = chunk.orders.line_order
        bought = chunk.orders.person[lines] * 1_000 + chunk.orders.line_product
        kept = ~np.isin(key[2:] // 10_000_000_000, bought)
        found += len(np.unique((key[2:] // 10_000_000_000)[thrice & kept]))
    assert found > 200


def test_streaks(chunks: list[Chunk], tables: list[Tables]) -> None:
    reached = {7: 0, 21: 0}
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["mini_program.events"]
        check_in = texts(rows, "event_type") == "check_in"
        assert rows.columns["value"].filter(check_in).null_count == check_in.sum()
        person = owners(chunk, "mini_program.events", rows)[check_in]
        days = np.unique(person * 10_000 + local_day(rows.changed_at)[check_in])
        for length in reached:
            reached[length] += int((days[length - 1 :] - days[: 1 - length] == length - 1).sum())
    assert reached[7] > 500
    assert reached[21] > 200


def test_bots_brush(chunks: list[Chunk], tables: list[Tables]) -> None:
    crowded = 0
    for chunk, part in zip(chunks, tables, strict=True):
        rows = part["mini_program.events"]
        person = owners(chunk, "mini_program.events", rows)
        plays = np.isin(texts(rows, "event_type"), ["check_in", "game_start", "game_finish"])
        key = np.sort((person * 10_000_000_000 + rows.changed_at)[plays])
        often = np.unique(key[20:][key[20:] - key[:-20] < 3_600] // 10_000_000_000)
        bots = np.flatnonzero(chunk.people.is_bot)
        assert np.isin(bots, often).all()
        assert np.isin(often, bots).all()
        check_in = texts(rows, "event_type") == "check_in"
        pairs = set(zip(texts(rows, "device_id")[check_in], person[check_in].tolist(), strict=True))
        devices = [device for device, _ in pairs if device is not None]
        crowded += sum(devices.count(device) > 5 for device in set(devices))
    assert crowded >= 2


def test_places(chunks: list[Chunk], tables: list[Tables]) -> None:
    near = 0
    for chunk, part in zip(chunks, tables, strict=True):
        rows, shops = part["app.events"], chunk.world.shops
        latitude = rows.columns["latitude"].drop_null().to_numpy()
        longitude = rows.columns["longitude"].drop_null().to_numpy()
        assert 0.4 < len(latitude) / len(rows) < 0.65
        north = (latitude[:, None] - shops.latitude) * 111_000
        east = (longitude[:, None] - shops.longitude) * 111_000 * np.cos(np.radians(30))
        near += int((np.hypot(north, east).min(axis=1) <= 500).sum())
        assert set(texts(rows, "device_id")) <= {f"dev-{n:08d}" for n in chunk.people.device}
        assert (chunk.orders.channel == POS).any()
    assert near > 1_000


def test_website_visits(chunks: list[Chunk], tables: list[Tables]) -> None:
    for part in tables:
        rows = part["website.events"]
        logged_in = 1 - rows.columns["web_user_id"].null_count / len(rows)
        assert 0.5 < logged_in < 0.7
        of_campaign = rows.columns["utm_campaign"].drop_null().to_pylist()
        assert len(of_campaign) > 100
        assert all(code[0] == "C" and len(code) == 5 for code in of_campaign)
    assert chunks[0].number != chunks[1].number


def test_coupons_are_claimed(chunks: list[Chunk], tables: list[Tables]) -> None:
    chunk, rows = chunks[0], tables[0]["mini_program.events"]
    coupons = chunk.coupons
    claimed = (coupons.claimed_at >= 0) & chunk.people.has_mini_program[coupons.person]
    claims = texts(rows, "event_type") == "coupon_claim"
    assert claims.sum() == (claimed & (coupons.claimed_at <= END)).sum()
    same = np.isin(rows.changed_at[claims], coupons.claimed_at[claimed]).mean()
    assert same > 0.96


def test_clocks_are_off(chunks: list[Chunk], tables: list[Tables]) -> None:
    """Claims tell by how much: the same for all claims of one device."""
    chunk, rows = chunks[0], tables[0]["mini_program.events"]
    coupons = chunk.coupons
    claims = texts(rows, "event_type") == "coupon_claim"
    person, at = owners(chunk, "mini_program.events", rows)[claims], rows.changed_at[claims]
    own = (coupons.claimed_at >= 0) & chunk.people.has_mini_program[coupons.person]
    assert (coupons.person[own] == person).all()
    off = at - coupons.claimed_at[own]
    assert np.abs(off).max() <= SPEC.rates.skew_seconds
    wrong = np.unique(person[off != 0])
    assert 0.01 < len(wrong) / len(np.unique(person)) < 0.035
    for somebody in wrong:
        inside = (person == somebody) & (at < END)
        assert len(np.unique(off[inside])) <= 1


def test_same_seed_same_rows(chunks: list[Chunk], tables: list[Tables]) -> None:
    again = digital_tables(chunks[0])
    other = digital_tables(make_chunk(make_world(BrandSpec(seed=8)), 0))
    for name, rows in tables[0].items():
        assert all(rows.columns[c].equals(again[name].columns[c]) for c in rows.columns)
        assert np.array_equal(rows.changed_at, again[name].changed_at)
        assert not np.array_equal(rows.changed_at, other[name].changed_at)


def test_a_small_brand() -> None:
    world = make_world(BrandSpec(members=100))
    part = digital_tables(make_chunk(world, 0))
    assert all(
        len(column) == len(rows) for rows in part.values() for column in rows.columns.values()
    )
