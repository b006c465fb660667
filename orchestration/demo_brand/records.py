"""What the source systems know of people: cards, accounts, contacts – with all that is wrong in it.

Each system has its own record of a person, with some of the person's identifiers, written as people
write them. `Known` keeps beside each record whose it is and what was planted in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand import chunk as keys
from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, in_one_piece, together
from orchestration.demo_brand.columns import (
    Bools,
    Column,
    Ints,
    at_local,
    codes,
    constant,
    dates,
    flags,
    instants,
    joined,
    numbered,
    pick,
    where_known,
)
from orchestration.demo_brand.moments import referrers, registered_at
from orchestration.demo_brand.names import AS_IT_IS, PINYIN, TRADITIONAL, TYPO, written_names
from orchestration.demo_brand.people import (
    APP,
    CHANNELS,
    MINI_PROGRAM,
    NEVER,
    POS,
    WEBSITE,
    People,
    phone_numbers,
)
from orchestration.demo_brand.settings import CHUNK_PEOPLE, DAY_SECONDS, DAYS, stream
from orchestration.demo_brand.social import (
    contact_staff,
    contacts_added_at,
    contacts_removed_at,
)
from orchestration.demo_brand.world import CITIES, SHOPS, STAFF_PER_SHOP, STREETS, World

DUMMY_PHONES = (
    13800138000, 13800000000, 13888888888, 13111111111, 12345678901, 13912345678, 13666666666,
)  # fmt: skip
PLATFORMS = {3: "tmall", 4: "jd", 5: "douyin"}
SECOND_CARD = 500_000_000
"""Second cards are numbered from here."""
_AGENT_ALONE = 7
"""Records of one system in which a helper's number stands: too many for one."""
_AGENT_EACH = 3
"""Records of each of four systems: not too many for one, too many in all."""


@dataclass(frozen=True, eq=False)
class Known:
    """The identity records of a chunk, one row a record."""

    system: Column
    table: Column
    key: Column
    person: Ints
    """Position in the chunk."""
    group: Ints
    """Records of one person that usable identifiers of the person's own connect have one group."""
    has_phone: Bools
    dummy_phone: Bools
    masked_phone: Bools
    name_variant: Bools
    has_name: Bools
    agents: int
    """Helpers whose number stands in the records of others."""


@dataclass(frozen=True, eq=False)
class _Phones:
    text: Column
    token: Ints
    """The number where it is a usable one, else -1."""
    known: Bools
    dummy: Bools


def agent_numbers(chunk: Chunk) -> tuple[int, dict[str, Ints]]:
    """How many helpers sign customers up with their own number; by table, where it stands.

    The numbers are one a person of the chunk, -1 where the record has the person's own.
    """
    people, spec = chunk.people, chunk.world.spec
    rng = stream(spec.seed, chunk.number, "agents")
    each = round(len(people) * spec.rates.agents / 2)
    most = round(CHUNK_PEOPLE * spec.rates.agents / 2)
    first = 98_000_000 + chunk.number * 2 * most
    numbers = phone_numbers(first + np.arange(2 * each), rng.integers(0, 15, 2 * each))
    settled = (people.phone_changed_day == NEVER) & ~people.is_recycled & ~people.is_staff
    standing: dict[str, Ints] = {}
    for table, has in (
        ("crm.members", people.has_card),
        ("mini_program.users", people.has_mini_program),
        ("app.users", people.has_app),
        ("website.users", people.has_website),
    ):
        here = np.full(len(people), -1, dtype=np.int64)
        records = np.repeat(numbers[each:], _AGENT_EACH)
        if table == "crm.members":
            records = np.concatenate([np.repeat(numbers[:each], _AGENT_ALONE), records])
        customers = rng.permutation(np.flatnonzero(has & settled))[: len(records)]
        here[customers] = records[: len(customers)]
        standing[table] = here
    return 2 * each, standing


def _phones(
    rng: np.random.Generator,
    chunk: Chunk,
    number: Ints,
    known: Bools,
    agent: Ints | None = None,
) -> _Phones:
    """Phone numbers as they are written down; some are dummies, some a helper's."""
    count = len(number)
    helped = np.zeros(count, dtype=bool) if agent is None else agent >= 0
    known = known | helped
    dummy = known & (rng.random(count) < chunk.world.spec.rates.dummy_phones)
    if agent is not None:
        number = np.where(helped, agent, number)
    number = np.where(
        dummy, np.array(DUMMY_PHONES)[rng.integers(0, len(DUMMY_PHONES), count)], number
    )
    digits = pc.cast(pa.array(number), pa.string())
    ways = pick(rng, (88, 4, 3, 3, 2), count)
    head, middle, tail = (
        pc.utf8_slice_codeunits(digits, 0, 3),
        pc.utf8_slice_codeunits(digits, 3, 7),
        pc.utf8_slice_codeunits(digits, 7, 11),
    )
    text = pc.choose(
        pa.array(ways),
        digits,
        joined("+86", digits),
        joined(head, "-", middle, "-", tail),
        joined("0086 ", digits),
        joined(head, " ", middle, " ", tail),
    )
    return _Phones(
        where_known(text, known), np.where(known & ~dummy & ~helped, number, -1), known, dummy
    )


def _emails(people: People, rows: Ints, known: Bools) -> Column:
    """An address of its own for each person."""
    hosts = codes(
        ("qq.com", "163.com", "126.com", "outlook.com", "gmail.com"), people.number[rows] % 5
    )
    return where_known(
        joined(numbered("u", people.number[rows] * 37 + 100_003, 0), "@", hosts), known
    )


def _names(rng: np.random.Generator, chunk: Chunk, rows: Ints) -> tuple[Column, Bools]:
    people, count = chunk.people, len(rows)
    varies = rng.random(count) < chunk.world.spec.rates.variants
    way = np.where(
        varies, np.array([TRADITIONAL, PINYIN, TYPO])[rng.integers(0, 3, count)], AS_IT_IS
    )
    return written_names(people.surname[rows], people.first[rows], people.second[rows], way), varies


def _birthdays(rng: np.random.Generator, chunk: Chunk, rows: Ints, known: Bools) -> Column:
    """Birthdays; some with day and month swapped, or a day off where they cannot be."""
    born = chunk.people.birth_day[rows]
    varies = rng.random(len(rows)) < chunk.world.spec.rates.variants
    days = np.datetime64("1970-01-01") + born
    month = days.astype("datetime64[M]")
    day_of_month = (days - month.astype("datetime64[D]")).astype(np.int64) + 1
    year = month.astype("datetime64[Y]")
    month_of_year = (month - year.astype("datetime64[M]")).astype(np.int64) + 1
    swapped = (
        (year.astype("datetime64[M]") + (np.minimum(day_of_month, 12) - 1)).astype("datetime64[D]")
        + (month_of_year - 1)
    ).astype(np.int64)
    wrong = np.where((day_of_month <= 12) & (day_of_month != month_of_year), swapped, born + 1)
    return dates(np.where(varies, wrong, born), known)


def _address(people: People, rows: Ints) -> Column:
    street = codes(STREETS, people.street[rows])
    return joined(street, numbered("", people.house[rows]), "号")


def _time_of(rng: np.random.Generator, day: Ints) -> Ints:
    return at_local(day, rng.integers(9 * 3_600, 22 * 3_600, len(day)))


def _city(at: int, city: Ints) -> Column:
    return codes([str(row[at]) for row in CITIES], city)


@dataclass(frozen=True, eq=False)
class Cards:
    """Member cards of a chunk: first cards, then second ones."""

    person: Ints
    number: Ints
    """Of member_no and card_no."""
    registered_day: Ints
    is_second: Bools


def make_cards(chunk: Chunk) -> Cards:
    """Who has which card from when on."""
    people = chunk.people
    rng = stream(chunk.world.spec.seed, chunk.number, "cards")
    first = np.flatnonzero(people.has_card)
    again = first[rng.random(len(first)) < chunk.world.spec.rates.second_cards]
    # 20 to 400 days after the first one; sooner for those who came last.
    since = np.maximum(people.entered_day[again], 0)
    latest = np.minimum(400, DAYS - 1 - since)
    soonest = np.minimum(20, latest - 1)
    begins = since + soonest + (rng.random(len(again)) * (latest - soonest)).astype(np.int64)
    return Cards(
        person=np.concatenate([first, again]),
        number=np.concatenate([people.number[first], people.number[again] + SECOND_CARD]),
        registered_day=np.concatenate([people.entered_day[first], begins]),
        is_second=np.arange(len(first) + len(again)) >= len(first),
    )


def record_tables(chunk: Chunk, cards: Cards) -> tuple[Tables, Known]:
    """All tables of identity records, and what is true of the records."""
    agents, standing = agent_numbers(chunk)
    parts = [
        _members(chunk, cards, standing["crm.members"]),
        _mini_program_users(chunk, standing["mini_program.users"]),
        _app_users(chunk, standing["app.users"]),
        _website_users(chunk, standing["website.users"]),
        _buyers(chunk),
        _contacts(chunk),
    ]
    tables: Tables = {}
    for name, rows, _ in parts:
        tables[name] = rows
    tables["crm.staff"] = _staff(chunk)
    return tables, _known([(name, record) for name, _, record in parts], agents)


@dataclass(frozen=True, eq=False)
class _Record:
    key: Column
    person: Ints
    tokens: tuple[Ints, ...]
    """Identifiers of the person's own, as numbers; -1 = none. Kinds in the same order everywhere:
    phone, email, unionid, id token."""
    phones: _Phones
    masked: Bools
    varies: Bools
    has_name: bool


def _members(chunk: Chunk, cards: Cards, agent: Ints) -> tuple[str, Rows, _Record]:
    people, rows = chunk.people, cards.person
    rng = stream(chunk.world.spec.seed, chunk.number, "members")
    count = len(rows)
    unlinked = cards.is_second & (rng.random(count) < chunk.world.spec.rates.second_cards_unlinked)
    has_phone = np.where(unlinked, rng.random(count) < 0.5, rng.random(count) < 0.96)
    has_phone |= cards.is_second & ~unlinked
    # Who changes the number tells the new one.
    has_phone |= (people.phone_changed_day[rows] < NEVER) & ~cards.is_second
    other = phone_numbers(people.number[rows] + 75_000_000, rng.integers(0, 15, count))
    phones = _phones(
        rng,
        chunk,
        np.where(unlinked, other, people.phone[rows]),
        has_phone,
        np.where(cards.is_second, -1, agent[rows]),
    )
    # Some own a WeChat account that the card is tied to; a second card never is.
    has_union = people.has_mini_program[rows] & (rng.random(count) < 0.7) & ~cards.is_second
    has_email = (rng.random(count) < 0.35) & ~cards.is_second
    has_id = (rng.random(count) < 0.25) & ~cards.is_second
    shown = np.zeros(len(people), dtype=bool)
    shown[rows[has_id]] = True
    has_id |= cards.is_second & ~unlinked & shown[rows]
    names, varies = _names(rng, chunk, rows)
    own_channel = np.stack(
        [people.channel_shares[rows, at] for at in (WEBSITE, MINI_PROGRAM, APP, POS)]
    )
    register = np.array([WEBSITE, MINI_PROGRAM, APP, POS])[own_channel.argmax(axis=0)]
    registered = np.where(
        cards.is_second, _time_of(rng, cards.registered_day), registered_at(chunk)[rows]
    )
    registered = np.minimum(registered, END - DAY_SECONDS)
    referrer = referrers(chunk)[rows]
    referred = (referrer >= 0) & ~cards.is_second
    referrer = np.maximum(referrer, 0)
    member_no = numbered("M", cards.number, 8)
    columns = {
        "member_no": member_no,
        "card_no": numbered("66", cards.number, 10),
        "name": where_known(names, rng.random(count) < 0.97),
        "gender": codes(("女", "男"), people.gender[rows], rng.random(count) < 0.9),
        "birthday": _birthdays(rng, chunk, rows, rng.random(count) < 0.8),
        "phone": phones.text,
        "email": _emails(people, rows, has_email),
        "unionid": where_known(keys.union_ids(people, rows), has_union),
        "province": _city(0, people.city[rows]),
        "city": _city(1, people.city[rows]),
        "district": pc.if_else(
            pa.array(people.house[rows] % 2 == 0),
            _city(2, people.city[rows]),
            _city(3, people.city[rows]),
        ),
        "address": where_known(_address(people, rows), rng.random(count) < 0.7),
        "postcode": where_known(
            numbered("", 100_000 + people.city[rows] * 13_579), rng.random(count) < 0.4
        ),
        "id_token": where_known(numbered("idt", people.number[rows] * 613, 14), has_id),
        "registered_at": instants(registered, rng.random(count) < 0.995),
        "register_channel": codes(CHANNELS, register),
        "register_store_id": keys.shop_ids(people.shop[rows], register == POS),
        "referrer_member_no": where_known(keys.member_numbers(people, referrer), referred),
        "is_test": flags(people.is_test[rows]),
        "updated_at": instants(registered),
    }
    current = Rows(columns, registered)
    # Who changed the number since: the former one was handed over at registration.
    changed = np.flatnonzero((people.phone_changed_day[rows] < NEVER) & ~cards.is_second)
    changed_at = at_local(people.phone_changed_day[rows[changed]], np.full(len(changed), 43_200))
    newer = np.maximum(changed_at, registered[changed] + 60)
    former = _phones(
        rng, chunk, people.former_phone[rows[changed]], np.ones(len(changed), dtype=bool)
    )
    chosen = np.zeros(count, dtype=bool)
    chosen[changed] = True
    before = current.only(chosen)
    before = Rows({**before.columns, "phone": former.text}, before.changed_at)
    moved = registered.copy()
    moved[changed] = newer
    current = Rows({**columns, "updated_at": instants(moved)}, moved)
    return (
        "crm.members",
        together([before, current]),
        _record(
            people,
            rows,
            member_no,
            phones,
            email=has_email,
            union=has_union,
            id_token=has_id,
            varies=varies,
        ),
    )


def _account_rows(chunk: Chunk, has: Bools, topic: str) -> tuple[np.random.Generator, Ints, Ints]:
    """People with an account, and when it was made: on the day before the first contact."""
    rng = stream(chunk.world.spec.seed, chunk.number, topic)
    rows = np.flatnonzero(has)
    # Nobody looks around or orders with an account that does not exist.
    return rng, rows, _time_of(rng, chunk.people.entered_day[rows] - 1)


def _record(
    people: People,
    rows: Ints,
    key: Column,
    phones: _Phones,
    *,
    email: Bools | None = None,
    union: Bools | None = None,
    id_token: Bools | None = None,
    masked: Bools | None = None,
    varies: Bools | None = None,
) -> _Record:
    """What is true of a table's records; `varies` where they hold a name."""
    never = np.zeros(len(rows), dtype=bool)

    def of_the_person(holds: Bools | None) -> Ints:
        return np.where(never if holds is None else holds, people.number[rows], -1)

    return _Record(
        key=key,
        person=rows,
        tokens=(phones.token, of_the_person(email), of_the_person(union), of_the_person(id_token)),
        phones=phones,
        masked=never if masked is None else masked,
        varies=never if varies is None else varies,
        has_name=varies is not None,
    )


def _mini_program_users(chunk: Chunk, agent: Ints) -> tuple[str, Rows, _Record]:
    people = chunk.people
    rng, rows, created = _account_rows(chunk, people.has_mini_program, "mini_program.users")
    count = len(rows)
    phones = _phones(rng, chunk, people.phone[rows], rng.random(count) < 0.72, agent[rows])
    has_union = rng.random(count) < 0.85
    names, varies = _names(rng, chunk, rows)
    openid = keys.open_ids(people, rows)
    return (
        "mini_program.users",
        Rows(
            {
                "openid": openid,
                "unionid": where_known(keys.union_ids(people, rows), has_union),
                "phone": phones.text,
                "nickname": where_known(names, rng.random(count) < 0.6),
                "created_at": instants(created),
                "updated_at": instants(created),
            },
            created,
        ),
        _record(people, rows, openid, phones, union=has_union, varies=varies),
    )


def _app_users(chunk: Chunk, agent: Ints) -> tuple[str, Rows, _Record]:
    people = chunk.people
    rng, rows, created = _account_rows(chunk, people.has_app, "app.users")
    count = len(rows)
    phones = _phones(rng, chunk, people.phone[rows], rng.random(count) < 0.85, agent[rows])
    has_email = rng.random(count) < 0.3
    key = keys.app_user_ids(people, rows)
    return (
        "app.users",
        Rows(
            {
                "app_user_id": key,
                "phone": phones.text,
                "email": _emails(people, rows, has_email),
                "device_id": where_known(keys.device_ids(people, rows), rng.random(count) < 0.95),
                "created_at": instants(created),
                "updated_at": instants(created),
            },
            created,
        ),
        _record(people, rows, key, phones, email=has_email),
    )


def _website_users(chunk: Chunk, agent: Ints) -> tuple[str, Rows, _Record]:
    people = chunk.people
    rng, rows, created = _account_rows(chunk, people.has_website, "website.users")
    count = len(rows)
    phones = _phones(rng, chunk, people.phone[rows], rng.random(count) < 0.5, agent[rows])
    has_email = rng.random(count) < 0.8
    key = keys.web_user_ids(people, rows)
    return (
        "website.users",
        Rows(
            {
                "web_user_id": key,
                "email": _emails(people, rows, has_email),
                "phone": phones.text,
                "created_at": instants(created),
                "updated_at": instants(created),
            },
            created,
        ),
        _record(people, rows, key, phones, email=has_email),
    )


def _buyers(chunk: Chunk) -> tuple[str, Rows, _Record]:
    people = chunk.people
    rng, rows, created = _account_rows(chunk, people.marketplace >= 0, "marketplace.buyers")
    count = len(rows)
    masked = rng.random(count) < chunk.world.spec.rates.masked_marketplace_phones
    phones = _phones(rng, chunk, people.phone[rows], ~masked & (rng.random(count) < 0.9))
    digits = pc.cast(pa.array(people.phone[rows]), pa.string())
    hidden = joined(
        pc.utf8_slice_codeunits(digits, 0, 3), "****", pc.utf8_slice_codeunits(digits, 7, 11)
    )
    names, varies = _names(rng, chunk, rows)
    platform = codes([PLATFORMS.get(at, "") for at in range(7)], people.marketplace[rows])
    buyer_id = keys.buyer_ids(people, rows)
    key = joined(platform, ":", buyer_id)
    return (
        "marketplace.buyers",
        Rows(
            {
                "platform": platform,
                "buyer_id": buyer_id,
                "phone": pc.if_else(pa.array(masked), hidden, phones.text),
                "receiver_name": names,
                "receiver_address": where_known(
                    joined(
                        _city(1, people.city[rows]),
                        _city(2, people.city[rows]),
                        _address(people, rows),
                    ),
                    rng.random(count) < 0.9,
                ),
                "created_at": instants(created),
                "updated_at": instants(created),
            },
            created,
        ),
        _record(people, rows, key, phones, masked=masked, varies=varies),
    )


def _contacts(chunk: Chunk) -> tuple[str, Rows, _Record]:
    people = chunk.people
    rng = stream(chunk.world.spec.seed, chunk.number, "wecom.contacts")
    rows = np.flatnonzero(people.has_wecom)
    count = len(rows)
    phones = _phones(rng, chunk, people.phone[rows], rng.random(count) < 0.35)
    has_union = people.has_mini_program[rows] & (rng.random(count) < 0.8)
    everybody = contacts_added_at(chunk)
    added = everybody[rows]
    removed = contacts_removed_at(chunk, everybody)[rows]
    left = removed <= END
    tag = codes(
        ("vip", "护肤", "彩妆", "母婴", "活动"), rng.integers(0, 5, count), rng.random(count) < 0.5
    )
    key = keys.external_user_ids(people, rows)
    changed = np.where(left, removed, added)
    return (
        "wecom.contacts",
        Rows(
            {
                "external_userid": key,
                "unionid": where_known(keys.union_ids(people, rows), has_union),
                "phone": phones.text,
                "staff_id": keys.staff_ids(contact_staff(chunk)[rows]),
                "added_at": instants(added),
                "removed_at": instants(removed, left),
                "tags": tag,
                "updated_at": instants(changed),
            },
            changed,
        ),
        _record(people, rows, key, phones, union=has_union),
    )


def _staff(chunk: Chunk) -> Rows:
    """People who work for the brand and buy there with their own card."""
    people = chunk.people
    rows = np.flatnonzero(people.is_staff)
    changed = at_local(np.maximum(people.entered_day[rows], -900), np.full(len(rows), 36_000))
    return Rows(
        {
            "member_no": keys.member_numbers(people, rows),
            "phone": numbered("", people.phone[rows]),
            "staff_id": numbered("SP", people.number[rows], 8),
            "updated_at": instants(changed),
        },
        changed,
    )


def sellers(world: World) -> Rows:
    """The staff of the shops, who do not shop themselves."""
    count = SHOPS * STAFF_PER_SHOP
    number = np.arange(count, dtype=np.int64)
    changed = at_local(np.full(count, -900), np.full(count, 36_000))
    rng = stream(world.spec.seed, -1, "sellers")
    return Rows(
        {
            "member_no": pa.nulls(count, pa.string()),
            "phone": numbered("", phone_numbers(number + 99_000_000, rng.integers(0, 15, count))),
            "staff_id": keys.staff_ids(number),
            "updated_at": instants(changed),
        },
        changed,
    )


def _known(parts: list[tuple[str, _Record]], agents: int) -> Known:
    records = [record for _, record in parts]
    person = np.concatenate([record.person for record in records])
    lengths = [len(record.person) for record in records]
    group = np.arange(len(person), dtype=np.int64)
    keyed = []
    for parts_of_kind in zip(*(record.tokens for record in records), strict=True):
        tokens = np.concatenate(parts_of_kind)
        held = np.flatnonzero(tokens >= 0)
        _, value = np.unique(tokens[held], return_inverse=True)
        # A number that two people hold links, by truth, only the records of each.
        keyed.append((held, person[held] * (len(held) + 1) + value))
    while True:
        before = group.copy()
        for held, key in keyed:
            _, place = np.unique(key, return_inverse=True)
            least = np.full(place.max(initial=-1) + 1, len(person), dtype=np.int64)
            np.minimum.at(least, place, group[held])
            group[held] = least[place]
        if (group == before).all():
            break
    return Known(
        system=pa.concat_arrays(
            [
                constant(name.split(".")[0], length)
                for (name, _), length in zip(parts, lengths, strict=True)
            ]
        ),
        table=pa.concat_arrays(
            [
                constant(name.split(".")[1], length)
                for (name, _), length in zip(parts, lengths, strict=True)
            ]
        ),
        key=pa.concat_arrays([in_one_piece(record.key) for record in records]),
        person=person,
        group=group,
        has_phone=np.concatenate([record.phones.known | record.masked for record in records]),
        dummy_phone=np.concatenate([record.phones.dummy for record in records]),
        masked_phone=np.concatenate([record.masked for record in records]),
        name_variant=np.concatenate([record.varies for record in records]),
        has_name=np.concatenate(
            [
                np.full(length, record.has_name)
                for record, length in zip(records, lengths, strict=True)
            ]
        ),
        agents=agents,
    )
