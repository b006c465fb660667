"""Identity scenarios: records of several systems, and which of them are the same person.

Every scenario uses identifiers of its own, so all of them share one landing folder.
`docs/identity_scenarios.md` tells each in words.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import TOKEN_KEY

FIRST_DAY = "2025-03-01"
SECOND_DAY = "2025-03-02"
THIRD_DAY = "2025-03-03"
FOURTH_DAY = "2025-03-04"
DAYS = (FIRST_DAY, SECOND_DAY, THIRD_DAY, FOURTH_DAY)

CHAIN_RECORDS = 5_000
FAR_RECORDS = 1_000
"""Records of a chain whose ends are two persons: many levels of hops."""
SYSTEM_TABLE = {
    "crm": "members",
    "mini_program": "users",
    "app": "users",
    "website": "users",
    "marketplace": "buyers",
    "wecom": "contacts",
    "staff": "staff",
    "order": "orders",
}
KEY_COLUMN = {
    "crm": "member_no",
    "mini_program": "openid",
    "app": "app_user_id",
    "website": "web_user_id",
    "wecom": "external_userid",
}
CREATED_COLUMN = {
    "crm": "registered_at",
    "mini_program": "created_at",
    "app": "created_at",
    "website": "created_at",
    "marketplace": "created_at",
    "wecom": "added_at",
}


@dataclass(frozen=True)
class Record:
    """A version of a record: its system, key, the day it was delivered and its columns."""

    system: str
    key: str
    day: str = FIRST_DAY
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How oneid_map names it: source_system.source_table:source_key."""
        if self.system == "order":
            return f"commerce.orders:{self.key}"
        return f"{self.system}.{SYSTEM_TABLE[self.system]}:{self.key}"


@dataclass(frozen=True)
class Decision:
    """What somebody decided about two records, from a day on."""

    decision: str
    left: Record
    right: Record
    day: str = FIRST_DAY


@dataclass(frozen=True)
class Scenario:
    """Records and the persons they make: groups of record names, as known after the last day."""

    name: str
    records: tuple[Record, ...]
    persons: tuple[frozenset[str], ...]
    decisions: tuple[Decision, ...] = ()


def phone(number: int) -> str:
    """A mainland mobile number that looks like nobody's dummy."""
    return f"139{20_470_000 + number * 37:08d}"


def member(key: str, day: str = FIRST_DAY, **columns: str) -> Record:
    """A member card."""
    return Record("crm", key, day, columns)


def user(system: str, key: str, day: str = FIRST_DAY, **columns: str) -> Record:
    """A user, buyer or contact of another system."""
    return Record(system, key, day, columns)


def scenario(name: str, records: Iterable[Record], *persons: Iterable[Record]) -> Scenario:
    """Persons are given as groups of records."""
    groups = tuple(frozenset(record.name for record in group) for group in persons)
    return Scenario(name, tuple(records), groups)


def decided(made: Scenario, *decisions: Decision) -> Scenario:
    """The scenario under decisions."""
    return replace(made, decisions=decisions)


def simple() -> Scenario:
    one = member("simple-1", phone=phone(1))
    two = user("app", "simple-2", phone=f"+86 {phone(1)}")
    other = member("simple-3", phone=phone(2))
    return scenario("simple", [one, two, other], [one, two], [other])


def chain() -> Scenario:
    records = [
        member("chain-1", phone=phone(10)),
        user("mini_program", "chain-2", phone=phone(10), unionid="chain-union"),
        user("wecom", "chain-3", unionid="chain-union", phone=phone(11)),
        user("website", "chain-4", phone=phone(11), email="chain@shop.cn"),
        user("app", "chain-5", email="Chain@Shop.cn"),
    ]
    return scenario("chain", records, records)


def long_chain() -> Scenario:
    """Neighbours share a phone and an e-mail in turn; the ends are thousands of links apart."""
    records = []
    for number in range(CHAIN_RECORDS):
        left, right = number // 2, (number + 1) // 2
        system = "app" if number % 2 else "website"
        records.append(
            user(
                system,
                f"long-{number:05d}",
                phone=phone(100_000 + left),
                email=f"long{right}@chain.cn",
            )
        )
    return scenario("long chain", records, records)


def star() -> Scenario:
    """One card held many phones over time; each phone has an account of its own."""
    hub = [
        member("star-hub", day, phone=phone(20_000 + number), updated=f"{number:02d}")
        for number, day in ((number, DAYS[number // 20]) for number in range(60))
    ]
    points = [user("app", f"star-{number}", phone=phone(20_000 + number)) for number in range(60)]
    return scenario("star", [*hub, *points], [hub[0], *points])


def fan_in() -> Scenario:
    left = member("fan-1", phone=phone(30))
    right = user("website", "fan-2", email="fan@in.cn")
    joint = user("app", "fan-3", SECOND_DAY, phone=phone(30), email="fan@in.cn")
    return scenario("fan-in", [left, right, joint], [left, right, joint])


def diamond() -> Scenario:
    records = [
        member("diamond-1", phone=phone(40), email="diamond@a.cn"),
        user("app", "diamond-2", phone=phone(40)),
        user("website", "diamond-3", email="diamond@a.cn"),
        user("mini_program", "diamond-4", phone=phone(40), unionid="diamond-union"),
        user("wecom", "diamond-5", phone=phone(40), unionid="diamond-union"),
    ]
    return scenario("diamond", records, records)


def late_link() -> Scenario:
    card = member("late-1", phone=phone(50))
    account = user("app", "late-2", email="late@link.cn")
    learnt = user("app", "late-2", THIRD_DAY, phone=phone(50), email="late@link.cn")
    return scenario("late link", [card, account, learnt], [card, account])


def self_bridge() -> Scenario:
    """A record that changes its phone is the bridge between its own two versions."""
    before = member("bridge-1", phone=phone(60))
    after = member("bridge-1", SECOND_DAY, phone=phone(61))
    old_account = user("app", "bridge-2", phone=phone(60))
    new_account = user("app", "bridge-3", SECOND_DAY, phone=phone(61))
    return scenario(
        "self-bridge",
        [before, after, old_account, new_account],
        [before, old_account, new_account],
    )


def at(day: str, **columns: str) -> dict[str, str]:
    """Columns of a version of a card that was registered and written on a day."""
    instant = f"{day}T02:00:00Z"
    return {"registered_at": instant, "updated_at": instant, **columns}


def recycled_phone() -> Scenario:
    """A number that its holder gave up is somebody else's sixty days later, not sooner."""
    giver = member("recycled-1", **at("2024-01-10", phone=phone(62)))
    moved = member(
        "recycled-1",
        SECOND_DAY,
        registered_at="2024-01-10T02:00:00Z",
        updated_at="2024-03-01T02:00:00Z",
        phone=phone(63),
    )
    same_household = member("recycled-2", SECOND_DAY, **at("2024-04-29", phone=phone(62)))
    settled = user("app", "recycled-3", SECOND_DAY, phone=phone(63))
    former = member("recycled-4", **at("2024-01-10", phone=phone(64)))
    gone = member(
        "recycled-4",
        registered_at="2024-01-10T02:00:00Z",
        updated_at="2024-03-01T02:00:00Z",
        phone=phone(65),
    )
    newcomer = member("recycled-5", THIRD_DAY, **at("2024-04-30", phone=phone(64)))
    account = user("website", "recycled-6", THIRD_DAY, phone=phone(64))
    return scenario(
        "recycled phone",
        [giver, moved, same_household, settled, former, gone, newcomer, account],
        [giver, same_household, settled],
        [former],
        [newcomer, account],
    )


def two_identity_cards() -> Scenario:
    """Whoever has another id token is another person, whatever they share and however."""
    mother = member("two-ids-1", **at("2024-01-10", phone=phone(66), id_token="two-ids-mother"))
    child = member("two-ids-2", **at("2024-08-01", phone=phone(66), id_token="two-ids-child"))
    account = user("app", "two-ids-3", SECOND_DAY, phone=phone(66))
    chain = [
        member("two-ids-4", phone=phone(67), id_token="two-ids-left"),
        user("app", "two-ids-5", phone=phone(67), email="two-ids-left@family.cn"),
        user("website", "two-ids-6", email="two-ids-left@family.cn", phone=phone(68)),
        member("two-ids-7", phone=phone(68), id_token="two-ids-right"),
    ]
    corrected = [
        member("two-ids-8", phone=phone(69), id_token="two-ids-mistyped"),
        member("two-ids-8", SECOND_DAY, phone=phone(69), id_token="two-ids-corrected"),
        member("two-ids-9", THIRD_DAY, phone=phone(69), id_token="two-ids-corrected"),
    ]
    return scenario(
        "two identity cards",
        [mother, child, account, *chain, *corrected],
        [mother],
        [child, account],
        chain[:2],
        chain[2:],
        corrected,
    )


def split() -> Scenario:
    """Two cards with one phone are one person until both show an identity card."""
    first = member("split-1", phone=phone(71), id_token="split-first")
    second = member("split-2", SECOND_DAY, phone=phone(71))
    shown = member(
        "split-2",
        THIRD_DAY,
        registered_at=f"{SECOND_DAY}T02:00:00Z",
        phone=phone(71),
        id_token="split-second",
    )
    return scenario("split", [first, second, shown], [first], [second])


def dummy_phone() -> Scenario:
    dummies = ["13800000000", "11111111111", "12345678901", "13800138000", "139****1234", "null"]
    records = [
        record
        for number, dummy in enumerate(dummies)
        for record in (
            member(f"dummy-{number}-card", phone=dummy),
            user("app", f"dummy-{number}-app", phone=dummy),
        )
    ]
    return scenario("dummy phone", records, *([record] for record in records))


def placeholders() -> Scenario:
    values = [
        {"unionid": "undefined"},
        {"unionid": "d41d8cd98f00b204e9800998ecf8427e"},
        {"email": "test@test.com"},
        {"card_no": "0"},
    ]
    records = [
        member(f"placeholder-{number}-{copy}", **value)
        for number, value in enumerate(values)
        for copy in range(2)
    ]
    return scenario("placeholders", records, *([record] for record in records))


def shared_shop_phone() -> Scenario:
    """Six cards with the shop's phone: one more than a phone may have, so it links nobody."""
    cards = [member(f"shop-{number}", phone=phone(70)) for number in range(6)]
    order = Record(
        "order",
        "order-shop",
        columns={"buyer_key_type": "phone", "buyer_key": phone(70)},
    )
    return scenario("shared shop phone", [*cards, order], *([card] for card in cards))


def family_phone() -> Scenario:
    """Five cards may share a phone; the sixth would cut it."""
    cards = [member(f"family-{number}", phone=phone(80)) for number in range(5)]
    return scenario("family phone", cards, cards)


def many_systems() -> Scenario:
    """Eight holders in all are allowed, nine are not."""
    allowed = [member(f"eight-{number}", phone=phone(90)) for number in range(4)]
    allowed += [user("app", f"eight-app-{number}", phone=phone(90)) for number in range(4)]
    cut = [member(f"nine-{number}", phone=phone(91)) for number in range(4)]
    cut += [user("app", f"nine-app-{number}", phone=phone(91)) for number in range(4)]
    cut += [user("website", "nine-web", phone=phone(91))]
    return scenario("many systems", [*allowed, *cut], allowed, *([record] for record in cut))


def card_shared_by_four() -> Scenario:
    """A card number stands for one person: more than three holders in a system cut it."""
    three = [member(f"card3-{number}", card_no="CARD-THREE") for number in range(3)]
    four = [member(f"card4-{number}", card_no="CARD-FOUR") for number in range(4)]
    return scenario("shared card", [*three, *four], three, *([record] for record in four))


def marketplaces() -> Scenario:
    """The same buyer id on two platforms is two people; a phone joins them to nobody else."""
    tmall = user("marketplace", "tmall:buyer-1", phone=phone(92))
    jd = user("marketplace", "jd:buyer-1")
    card = member("market-1", phone=phone(92))
    return scenario("marketplaces", [tmall, jd, card], [tmall, card], [jd])


def order_keys() -> Scenario:
    """Orders alone make persons, unless their key is a phone that is no use."""
    card = member("order-1", phone=phone(93), card_no="CARD-ORDER")
    by_member = Record(
        "order", "order-a", columns={"buyer_key_type": "member_no", "buyer_key": "order-1"}
    )
    by_stranger = Record(
        "order", "order-b", columns={"buyer_key_type": "member_no", "buyer_key": "order-2"}
    )
    by_card = Record(
        "order", "order-c", columns={"buyer_key_type": "card_no", "buyer_key": "CARD-ORDER"}
    )
    by_masked = Record(
        "order", "order-d", columns={"buyer_key_type": "phone", "buyer_key": "139****0093"}
    )
    by_nobody = Record("order", "order-e", columns={"buyer_key_type": "none", "buyer_key": ""})
    by_phone = Record(
        "order", "order-f", columns={"buyer_key_type": "phone", "buyer_key": phone(94)}
    )
    card_token = hmac.digest(TOKEN_KEY, b"card_no:CARD-ORDER", hashlib.sha256).hex()[:32]
    persons = (
        frozenset({card.name, f"commerce.orders:card_no:{card_token}"}),
        frozenset({"crm.members:order-2"}),
    )
    orders = (by_member, by_stranger, by_card, by_masked, by_nobody, by_phone)
    return Scenario("order keys", (card, *orders), persons)


def unconfirmed_phone() -> Scenario:
    """A card of 2024 and an account share a phone; another card confirmed it a day later."""
    old = member("unconfirmed-1", **at("2024-03-04", phone=phone(95)))
    account = user("app", "unconfirmed-2", phone=phone(95))
    recent = member("unconfirmed-3", SECOND_DAY, **at("2024-03-05", phone=phone(95)))
    records = [old, account, recent]
    return scenario("unconfirmed phone", records, records)


def receivers_phone() -> Scenario:
    """A buyer's phone is the receiver's: the card may be somebody else's, but for an account."""
    card = member("receiver-1", phone=phone(96))
    buyer = user("marketplace", "tmall:receiver-2", phone=phone(96))
    other_card = member("receiver-3", phone=phone(97))
    other_buyer = user("marketplace", "tmall:receiver-4", SECOND_DAY, phone=phone(97))
    account = user("app", "receiver-5", THIRD_DAY, phone=phone(97))
    return scenario(
        "receiver's phone",
        [card, buyer, other_card, other_buyer, account],
        [card, buyer],
        [other_card, other_buyer, account],
    )


def staff_cards() -> Scenario:
    """Cards handed over the counter share a number that is nobody's own."""
    staff = [member(f"counter-{number}", DAYS[number], card_no="STAFF-0001") for number in (0, 1)]
    own = [member(f"counter-{number}", card_no="STAFF-0001-X") for number in (2, 3)]
    return scenario("staff cards", [*staff, *own], staff, own)


def forced_link() -> Scenario:
    """Cards that share nothing, linked one after the other, with their accounts."""
    cards = [
        member("forced-1", phone=phone(200)),
        member("forced-2"),
        member("forced-3", email="forced@link.cn"),
    ]
    accounts = [
        user("app", "forced-4", phone=phone(200)),
        user("website", "forced-5", SECOND_DAY, email="forced@link.cn"),
    ]
    records = [*cards, *accounts]
    return decided(
        scenario("forced link", records, records),
        Decision("link", cards[0], cards[1]),
        Decision("link", cards[1], cards[2], THIRD_DAY),
    )


def forced_separation() -> Scenario:
    """What is kept apart is two persons, also where an identity card says one."""
    first = member("apart-1", **at("2024-01-10", phone=phone(201)))
    second = member("apart-2", **at("2024-08-01", phone=phone(201)))
    account = user("app", "apart-3", SECOND_DAY, phone=phone(201))
    third = member("apart-4", id_token="apart-twins")
    fourth = member("apart-5", id_token="apart-twins")
    return decided(
        scenario(
            "forced separation",
            [first, second, account, third, fourth],
            [first],
            [second, account],
            [third],
            [fourth],
        ),
        Decision("separate", first, second),
        Decision("separate", fourth, third, THIRD_DAY),
    )


def forced_link_of_identity_cards() -> Scenario:
    """Links and corrected values go on from record to record; nobody else's card joins them."""
    linked = [
        member(f"overruled-{number}", phone=phone(202), id_token=f"overruled-{number}")
        for number in (1, 2, 3)
    ]
    other = member("overruled-4", phone=phone(202), id_token="overruled-4")
    left = member("overruled-5", phone=phone(203), id_token="overruled-5")
    between = user("app", "overruled-6", phone=phone(204))
    right = member("overruled-8", phone=phone(204), id_token="overruled-8")
    corrected = [
        member("overruled-9", phone=phone(205), id_token="typed-a"),
        member("overruled-10", phone=phone(205), id_token="typed-a"),
        member("overruled-10", SECOND_DAY, phone=phone(205), id_token="typed-b"),
        member("overruled-11", phone=phone(205), id_token="typed-b"),
        member("overruled-11", THIRD_DAY, phone=phone(205), id_token="typed-c"),
        member("overruled-12", phone=phone(205), id_token="typed-c"),
    ]
    return decided(
        scenario(
            "forced link of identity cards",
            [*linked, other, left, between, right, *corrected],
            linked,
            [other],
            [left, between],
            [right],
            corrected,
        ),
        Decision("link", linked[0], linked[1]),
        Decision("link", linked[1], linked[2], SECOND_DAY),
        Decision("link", left, between),
    )


def conflicts_in_chains() -> Scenario:
    """Two identity cards at the ends: each has the half that is nearer to it."""
    return scenario(
        "conflict in a chain",
        [record for half in _ends_apart("conflict", 40, 210) for record in half],
        *_ends_apart("conflict", 40, 210),
    )


def conflict_in_a_long_chain() -> Scenario:
    """The same, far longer than what is measured link by link: whose the middle is, is not told."""
    left, right = _ends_apart("far", FAR_RECORDS, 300_000)
    return scenario("conflict in a long chain", [*left, *right])


def _ends_apart(name: str, records: int, number: int) -> tuple[list[Record], list[Record]]:
    """Both halves of a chain by phone and e-mail in turn, whose ends show different id tokens."""
    made = [
        member(
            f"{name}-{place:05d}",
            phone=phone(number + place // 2),
            email=f"{name}{(place + 1) // 2}@chain.cn",
            **({"id_token": f"{name}-{place}"} if place in (0, records - 1) else {}),
        )
        for place in range(records)
    ]
    return made[: records // 2], made[records // 2 :]


def household_device() -> Scenario:
    """A family's phone in three hands: devices join nobody."""
    accounts = [
        user("app", f"household-{person}", phone=phone(240 + person), device_id="household-device")
        for person in range(3)
    ]
    cards = [member(f"household-{person}", phone=phone(240 + person)) for person in range(3)]
    return scenario(
        "household device",
        [*accounts, *cards],
        *([account, card] for account, card in zip(accounts, cards, strict=True)),
    )


def shop_device() -> Scenario:
    """A shop's tablet on which twelve people registered."""
    accounts = [user("app", f"tablet-{number}", device_id="tablet-device") for number in range(12)]
    return scenario("shop device", accounts, *([account] for account in accounts))


def second_account() -> Scenario:
    """Two accounts that share a device and nothing else; nothing speaks against one person."""
    first = user("app", "second-1", phone=phone(260), device_id="second-device")
    second = user("app", "second-2", SECOND_DAY, phone=phone(261), device_id="second-device")
    card = member("second-3", phone=phone(260), birthday="1991-06-07")
    return scenario("second account", [first, second, card], [first, card], [second])


def second_account_decided() -> Scenario:
    """Two such pairs: on the third day somebody links the one and keeps the other apart."""
    records = [
        user("app", f"asked-{number}", phone=phone(262 + number), device_id=f"asked-{number // 2}")
        for number in range(4)
    ]
    return decided(
        scenario("decided accounts", records, records[:2], records[2:3], records[3:]),
        Decision("link", records[0], records[1], THIRD_DAY),
        Decision("separate", records[2], records[3], THIRD_DAY),
    )


def family_device() -> Scenario:
    """A couple on a device, whose cards tell two birthdays; an account that left it a year ago."""
    accounts = [
        user("app", f"couple-{number}", phone=phone(270 + number), device_id="couple-device")
        for number in range(2)
    ]
    cards = [
        member(f"couple-{number}", phone=phone(270 + number), birthday=f"199{number}-01-02")
        for number in range(2)
    ]
    left = "2024-03-04T02:00:00Z"
    former = user("app", "couple-9", device_id="couple-device", created_at=left, updated_at=left)
    return scenario(
        "family device",
        [*accounts, *cards, former],
        *([account, card] for account, card in zip(accounts, cards, strict=True)),
        [former],
    )


def together_apart_together() -> Scenario:
    """Two cards come to share a phone, then show different identity cards, one of them mistyped."""
    first = member("again-1", phone=phone(250), id_token="again-right")
    others = [
        member("again-2", phone=phone(251)),
        member("again-2", SECOND_DAY, phone=phone(250)),
        member("again-2", THIRD_DAY, phone=phone(250), id_token="again-wrong"),
        member("again-2", FOURTH_DAY, phone=phone(250), id_token="again-right"),
    ]
    return scenario("merge, split, merge", [first, *others], [first, others[0]])


def late_and_older() -> Scenario:
    """A card of last year is delivered after the account with its phone."""
    account = user("app", "older-1", phone=phone(252))
    card = member("older-2", SECOND_DAY, **at("2024-01-10", phone=phone(252)))
    return scenario("late and older", [account, card], [account, card])


def silent_former_holder() -> Scenario:
    """Who never tells that the number is gone has it still, unless identity cards tell."""
    former = member("silent-1", **at("2023-01-10", phone=phone(253)))
    newcomer = member("silent-2", SECOND_DAY, phone=phone(253))
    shown = member("silent-3", **at("2023-01-10", phone=phone(254), id_token="silent-former"))
    other = member("silent-4", SECOND_DAY, phone=phone(254), id_token="silent-newcomer")
    return scenario(
        "recycled phone, silent holder",
        [former, newcomer, shown, other],
        [former, newcomer],
        [shown],
        [other],
    )


def likeness() -> Scenario:
    """One name in two scripts, or two spellings, with a birthday; a namesake born another year."""
    simplified = member("alike-1", name="张伟强", birthday="1987-04-23")
    traditional = member("alike-2", SECOND_DAY, name="張偉強", birthday="1987-04-23")
    namesake = member("alike-3", name="张伟强", birthday="1962-11-05")
    told = member("alike-4", name="欧阳晓岚", birthday="1990-03-08")
    swapped = member("alike-5", THIRD_DAY, name="欧阳晓岚", birthday="1990-08-03")
    return scenario(
        "likeness",
        [simplified, traditional, namesake, told, swapped],
        [simplified, traditional],
        [namesake],
        [told, swapped],
    )


SCENARIOS = (
    simple(),
    chain(),
    long_chain(),
    star(),
    fan_in(),
    diamond(),
    late_link(),
    self_bridge(),
    recycled_phone(),
    two_identity_cards(),
    split(),
    dummy_phone(),
    placeholders(),
    shared_shop_phone(),
    family_phone(),
    many_systems(),
    card_shared_by_four(),
    marketplaces(),
    order_keys(),
    forced_link(),
    forced_separation(),
    forced_link_of_identity_cards(),
    conflicts_in_chains(),
    conflict_in_a_long_chain(),
    household_device(),
    shop_device(),
    second_account(),
    second_account_decided(),
    family_device(),
    together_apart_together(),
    late_and_older(),
    silent_former_holder(),
    likeness(),
    unconfirmed_phone(),
    receivers_phone(),
    staff_cards(),
)


def random_records(seed: int, records: int = 400) -> tuple[Record, ...]:
    """Cards and app accounts whose phones and e-mails come from small pools.

    Some tell of another phone or e-mail a day later, and on the third day some phones are given by
    so many new cards that they are cut.
    """
    chance = random.Random(seed)

    def value(column: str) -> str:
        number = chance.randrange(records // 2)
        return phone(500_000 + number) if column == "phone" else f"random{number}@pool.cn"

    made = []
    for number in range(records):
        columns = {}
        if chance.random() < 0.7:
            columns["phone"] = value("phone")
        if chance.random() < 0.5:
            columns["email"] = value("email")
        record = Record(
            chance.choice(["crm", "app"]), f"random-{number}", chance.choice(DAYS[:3]), columns
        )
        made.append(record)
        if record.day < THIRD_DAY and chance.random() < 0.2:
            later = chance.choice([day for day in DAYS[:3] if day > record.day])
            column = chance.choice(["phone", "email"])
            made.append(replace(record, day=later, columns={**columns, column: value(column)}))
    holders = Counter(record.columns.get("phone") for record in made if record.day < THIRD_DAY)
    shared_phones = sorted(held for held, times in holders.items() if held and times > 1)
    for number, shared in enumerate(chance.sample(shared_phones, 5)):
        made += [
            Record("crm", f"random-crowd-{number}-{card}", THIRD_DAY, {"phone": shared})
            for card in range(6)
        ]
    return tuple(made)


def write_slices(target: Path, records: Iterable[Record], days: Iterable[str] = DAYS) -> None:
    """Write one CSV a table and day; the landing folder then holds these days."""
    wanted = set(days)
    tables: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    for record in records:
        if record.day in wanted:
            system, table, row = _row(record)
            tables[system, table, record.day].append(row)
    for (system, table, day), rows in tables.items():
        folder = target / system / table / f"dt={day}"
        folder.mkdir(parents=True, exist_ok=True)
        header = sorted({column for row in rows for column in row})
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            writer.writerows(rows)


def _row(record: Record) -> tuple[str, str, dict[str, str]]:
    columns = {name: value for name, value in record.columns.items() if name != "updated"}
    instant = f"{record.day}T02:00:{record.columns.get('updated', '00')}Z"
    created = f"{FIRST_DAY}T01:00:00Z"
    if record.system == "order":
        return (
            "commerce",
            "orders",
            {
                "order_id": record.key,
                "order_channel": "pos",
                "status": "paid",
                "ordered_at": instant,
                "gross_amount": "100",
                "discount_amount": "0",
                "net_amount": "100",
                "updated_at": instant,
                **columns,
            },
        )
    row = {"updated_at": instant, **columns}
    if record.system == "marketplace":
        row["platform"], row["buyer_id"] = record.key.split(":")
    else:
        row[KEY_COLUMN[record.system]] = record.key
    row.setdefault(CREATED_COLUMN[record.system], instant if record.day != FIRST_DAY else created)
    if record.system == "wecom":
        row["staff_id"] = "adviser"
    return record.system, SYSTEM_TABLE[record.system], row
