"""Which value of a person holds: validity before precedence before age, ties, and mistakes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tests.identity.harness import Models

TEXT, TIME = pl.String, pl.Datetime
MEMBER = {
    "member_no": TEXT,
    "gender": TEXT,
    "birthday": pl.Date,
    "province": TEXT,
    "city": TEXT,
    "name_normalised": TEXT,
    "address_normalised": TEXT,
    "updated_at": TIME,
}
BUYER = {
    "platform": TEXT,
    "buyer_id": TEXT,
    "receiver_name_normalised": TEXT,
    "receiver_address_normalised": TEXT,
    "updated_at": TIME,
}
HELD = {
    "source_record_key": TEXT,
    "identifier_type": TEXT,
    "identifier_token": TEXT,
    "held_from": TIME,
    "held_until": TIME,
}
POLICY = {"valid_from": pl.Date, "attribute": TEXT, "source": TEXT, "precedence": pl.Int64}
NOON = datetime.fromisoformat("2025-06-01T04:00:00")  # UTC: noon of a business day
LATER = NOON + timedelta(days=1)


def card(number: str, updated: datetime = NOON, **values: object) -> tuple[object, ...]:
    """A row of stg_crm__members."""
    return tuple({"member_no": number, "updated_at": updated, **values}.get(key) for key in MEMBER)


def buyer(number: str, updated: datetime = NOON, **values: object) -> tuple[object, ...]:
    """A row of stg_marketplace__buyers."""
    named = {"platform": "jd", "buyer_id": number, "updated_at": updated, **values}
    return tuple(named.get(key) for key in BUYER)


def golden(
    cards: Sequence[tuple[object, ...]] = (),
    buyers: Sequence[tuple[object, ...]] = (),
    held: Sequence[tuple[object, ...]] = (),
    *,
    precedences: list[tuple[date, str, str, int | None]] | None = None,
    cut: Sequence[tuple[str, str]] = (),
    change: tuple[str, str] | None = None,
    models: Models | None = None,
) -> dict[str, tuple[str | None, str]]:
    """Value and record by attribute, where all records are one person's."""
    models = models or Models()
    models.policy("identifier_exclusions", "source_precedence")
    if precedences is not None:
        models.frame("source_precedence", precedences, POLICY)
    models.frame("stg_crm__members", cards, MEMBER)
    models.frame("stg_marketplace__buyers", buyers, BUYER)
    nicknames = {"openid": TEXT, "nickname_normalised": TEXT, "updated_at": TIME}
    models.frame("stg_mini_program__users", [("o1", "nickname", LATER)], nicknames)
    models.frame("int_identity__identifiers", held, HELD)
    models.frame(
        "int_identity__cut_identifiers",
        cut,
        dict.fromkeys(("identifier_type", "identifier_token"), TEXT),
    )
    keys = [f"crm.members:{row[0]}" for row in cards]
    keys += [f"marketplace.buyers:jd:{row[1]}" for row in buyers]
    keys += sorted({str(row[0]) for row in held} - set(keys))
    models.frame(
        "int_identity__record_persons",
        [(key, "p") for key in keys],
        dict.fromkeys(("source_record_key", "one_id"), TEXT),
    )
    models.run("int_identity__golden_values", change=change)
    rows = models.rows(
        "select attribute, value, source_record_key from ref.int_identity__golden_values"
    )
    assert len({attribute for attribute, *_ in rows}) == len(rows)
    return {attribute: (value, key) for attribute, value, key in rows}


def test_the_newest_of_equal_sources_holds_and_empty_values_say_nothing() -> None:
    found = golden([card("1", NOON, city="北京"), card("2", LATER, city="上海", province=None),
                    card("3", LATER + timedelta(1)), card("4", NOON, province="广东")])  # fmt: skip
    assert found["city"] == ("上海", "crm.members:2")
    assert found["province"] == ("广东", "crm.members:4")
    assert "gender" not in found


def test_of_equally_new_values_that_of_the_greater_record_holds() -> None:
    found = golden([card("1", gender="male"), card("2", gender="female")])
    assert found["gender"] == ("female", "crm.members:2")
    assert golden([card("2", gender="female"), card("1", gender="male")]) == found


def test_precedence_comes_before_age() -> None:
    found = golden(
        [card("1", name_normalised="王芳")], [buyer("b", LATER, receiver_name_normalised="王方")]
    )
    assert found["name"] == (None, "crm.members:1")


def test_where_the_first_source_says_nothing_the_next_does() -> None:
    found = golden(
        [card("1", name_normalised="null")],
        [buyer("b", receiver_name_normalised="王芳", receiver_address_normalised="中山路1号")],
    )
    assert found["name"] == (None, "marketplace.buyers:jd:b")
    assert found["address"] == (None, "marketplace.buyers:jd:b")


def test_precedence_is_that_of_the_day_and_may_end() -> None:
    """The marketplace comes first from the second day of June on; cards are asked no more."""
    first = date(1900, 1, 1)
    rows: list[tuple[date, str, str, int | None]] = [
        (first, "name", "crm.members", 1),
        (first, "name", "marketplace.buyers", 2),
    ]
    cards = [card("1", LATER, name_normalised="王芳")]
    buyers = [buyer("b", receiver_name_normalised="王方")]
    today = date(2025, 6, 30)
    for since, holds in ((today, "marketplace.buyers:jd:b"), (date(2025, 7, 1), "crm.members:1")):
        changed = [
            *rows,
            (since, "name", "marketplace.buyers", 1),
            (since, "name", "crm.members", 3),
        ]
        assert golden(cards, buyers, precedences=changed)["name"] == (None, holds)
        ended = [*rows, (since, "name", "crm.members", None)]
        assert golden(cards, buyers, precedences=ended)["name"] == (None, holds)
    unknown = [row for row in rows if row[2] != "crm.members"]
    assert golden(cards, precedences=unknown) == {}


@pytest.mark.parametrize(
    ("birthday", "year"),
    [
        (date(2025, 6, 1), "2025"),
        (date(2025, 6, 2), None),
        (date(1905, 6, 2), "1905"),
        (date(1905, 6, 1), None),
        (None, None),
    ],
)
def test_a_birthday_lies_in_the_120_years_before_it_was_told(
    birthday: date | None, year: str | None
) -> None:
    assert golden([card("1", birthday=birthday)]).get("birth_year", (None,))[0] == year


def held(
    key: str, kind: str, token: str, since: datetime, until: datetime | None = None
) -> tuple[object, ...]:
    """A row of int_identity__identifiers."""
    return (key, kind, token, since, until)


def test_a_number_given_up_or_cut_is_nobodys_value() -> None:
    rows = [
        held("crm.members:1", "phone", "given-up", LATER, LATER),
        held("app.users:1", "phone", "cut", LATER),
        held("website.users:1", "phone", "kept", NOON),
        held("wecom.contacts:1", "phone", "last", LATER),
        held("commerce.orders:phone:x", "phone", "x", LATER),
        held("app.users:1", "email", "mail", NOON),
        held("crm.members:1", "card_no", "card", NOON),
    ]
    found = golden(held=rows, cut=[("phone", "cut"), ("email", "kept")])
    assert found == {"phone": ("kept", "website.users:1"), "email": ("mail", "app.users:1")}
    assert golden(held=rows[3:5])["phone"] == ("last", "wecom.contacts:1")


def _random(seed: int) -> tuple[list[tuple[object, ...]], ...]:
    chance = random.Random(seed)

    def some(*values: object) -> object:
        return chance.choice((None, *values))

    def day() -> datetime:
        return NOON + timedelta(days=chance.randrange(3))

    cards = [
        card(
            str(number),
            day(),
            gender=some("male", "female"),
            birthday=some(date(2025, 7, 1), date(1904, 1, 1), date(1990, 1, 1), date(1991, 1, 1)),
            city=some("北京", "null", "上海"),
            province=some("广东"),
            name_normalised=some("null", "王"),
            address_normalised=some("路1"),
        )
        for number in range(3)
    ]
    buyers = [
        buyer(
            str(number),
            day(),
            receiver_name_normalised=some("李"),
            receiver_address_normalised=some("路2"),
        )
        for number in range(2)
    ]
    holders = (
        "crm.members:0",
        "crm.members:1",
        "app.users:1",
        "website.users:1",
        "wecom.contacts:1",
    )
    rows = [
        held(holder, kind, f"{kind}-{holder}", day(), some(LATER))  # type: ignore[arg-type]
        for holder in holders
        for kind in ("phone", "email")
        if chance.random() < 0.5
    ]
    return cards, buyers, rows


ORDER = {
    "name": ("crm.members", "marketplace.buyers"),
    "address": ("crm.members", "marketplace.buyers"),
    "phone": ("crm.members", "app.users website.users", "wecom.contacts"),
    "email": ("crm.members", "app.users website.users"),
}
"""The shipped precedence, of sources of one level as one text."""
NOT_ASKED = 9


def second_opinion(
    cards: list[tuple[object, ...]],
    buyers: list[tuple[object, ...]],
    held_by: list[tuple[object, ...]],
) -> dict[str, tuple[str | None, str]]:
    """The same worked out value by value."""
    stated: list[tuple[str, str | None, str, datetime]] = []
    for row in cards:
        of = dict(zip(MEMBER, row, strict=True))
        key, when = f"crm.members:{of['member_no']}", of["updated_at"]
        assert isinstance(when, datetime)
        born = of["birthday"]
        if isinstance(born, date) and date(1905, 12, 31) < born <= date(2025, 6, 3):
            stated.append(("birth_year", str(born.year), key, when))
        for name in ("gender", "province", "city", "name", "address"):
            value = of.get(name) or of.get(f"{name}_normalised")
            if value and value != "null":
                shown = None if name in ("name", "address") else str(value)
                stated.append((name, shown, key, when))
    for row in buyers:
        of = dict(zip(BUYER, row, strict=True))
        when = of["updated_at"]
        assert isinstance(when, datetime)
        stated.extend(
            (name, None, f"marketplace.buyers:jd:{of['buyer_id']}", when)
            for name in ("name", "address")
            if of[f"receiver_{name}_normalised"]
        )
    for holder, kind, token, since, until in held_by:
        assert isinstance(since, datetime)
        if until is None:
            stated.append((str(kind), str(token), str(holder), since))

    def level(attribute: str, key: str) -> int:
        source = key.split(":", maxsplit=1)[0]
        levels = ORDER.get(attribute, ("crm.members",))
        return next((at for at, sources in enumerate(levels) if source in sources), NOT_ASKED)

    best: dict[str, tuple[tuple[int, datetime, str], str | None, str]] = {}
    for attribute, value, key, when in stated:
        offer = ((-level(attribute, key), when, key), value, key)
        if level(attribute, key) == NOT_ASKED:
            continue
        if attribute not in best or offer[0] > best[attribute][0]:
            best[attribute] = offer
    return {attribute: (value, key) for attribute, (_, value, key) in best.items()}


MISTAKES = {
    "age_before_precedence": ("candidates.precedence asc nulls last,", ""),
    "oldest": ("candidates.known_at desc", "candidates.known_at asc"),
    "smaller_record": ("source_record_key desc", "source_record_key asc"),
    "last_source": ("precedence asc", "precedence desc"),
    "placeholders_count": ("and placeholders.identifier_value is null", ""),
    "given_up_counts": ("and identifiers.held_until is null", ""),
    "unborn": ("birthday <= {{", "true or birthday <= {{"),
    "city_for_province": ("'province' then members.province", "'province' then members.city"),
    "any_source": ("policy.source = 'marketplace.buyers'", "policy.source = 'crm.members'"),
}


def test_random_persons_equal_a_second_opinion() -> None:
    for seed in range(12):
        assert golden(*_random(seed)) == second_opinion(*_random(seed))


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sql_shows(mistake: tuple[str, str]) -> None:
    assert any(
        golden(*_random(seed), change=mistake) != second_opinion(*_random(seed))
        for seed in range(12)
    )


def vault_places(
    cards: Sequence[tuple[object, ...]],
    buyers: Sequence[tuple[object, ...]],
    held_by: Sequence[tuple[object, ...]],
    *,
    change: tuple[str, str] | None = None,
) -> dict[str, list[tuple[Any, ...]]]:
    """By attribute, which rows of the vault have the golden value of the person, and since when."""
    models = Models()
    golden(cards, buyers, held_by, models=models)
    records = [f"crm.members:{row[0]}" for row in cards]
    records += [f"marketplace.buyers:jd:{row[1]}" for row in buyers]
    records += sorted({str(row[0]) for row in held_by} - set(records))
    words = ("name", "gender", "birth_date", "phone", "email", "address", "postcode", "district")
    models.frame(
        "int_identity__personal_records",
        [(record, *words, NOON) for record in records],
        {"source_record_key": TEXT, **dict.fromkeys(words, TEXT), "updated_at": TIME},
    )
    models.run("member_vault", change=change)
    assert change is None or models.changed
    found: dict[str, list[tuple[Any, ...]]] = {}
    for column in GOLDEN_COLUMNS:
        found[column] = models.rows(
            "select source_system || '.' || source_table || ':' || source_key, "
            f"{column}_golden_at from ref.member_vault where {column}_golden_at is not null "
            "order by 1"
        )
        assert len(records) == len(models.rows("select 1 from ref.member_vault"))
    return found


GOLDEN_COLUMNS = {
    "name": "name",
    "birth_date": "birth_year",
    "phone": "phone",
    "email": "email",
    "address": "address",
}
"""Columns of the vault, and the attribute whose golden value each holds."""


def places_by_hand(
    cards: list[tuple[object, ...]],
    buyers: list[tuple[object, ...]],
    held_by: list[tuple[object, ...]],
) -> dict[str, list[tuple[Any, ...]]]:
    """The record of each golden value by the second opinion, and when that record said it."""
    versions = {f"crm.members:{row[0]}": row[-1] for row in cards}
    versions |= {f"marketplace.buyers:jd:{row[1]}": row[-1] for row in buyers}
    since = {(row[0], row[1]): row[3] for row in held_by}
    best = second_opinion(cards, buyers, held_by)
    places: dict[str, list[tuple[Any, ...]]] = {column: [] for column in GOLDEN_COLUMNS}
    for column, kind in GOLDEN_COLUMNS.items():
        if kind in best:
            record = best[kind][1]
            places[column].append((record, since.get((record, kind)) or versions[record]))
    return places


def test_the_vault_says_where_each_golden_value_comes_from_and_since_when() -> None:
    said = [vault_places(*_random(seed)) for seed in range(12)]
    assert said == [places_by_hand(*_random(seed)) for seed in range(12)]
    assert all(any(places[column] for places in said) for column in GOLDEN_COLUMNS)


@pytest.mark.parametrize(
    "mistake",
    [
        ("attribute = 'name'", "attribute = 'address'"),
        ("attribute = 'birth_year'", "attribute = 'gender'"),
        ("attribute = 'phone'", "attribute = 'email'"),
        ("attribute = 'email'", "true"),
        ("golden_places.address_golden_at", "personal_records.updated_at as address_golden_at"),
    ],
    ids=["name", "birthday", "phone", "email", "every_record"],
)
def test_a_mistake_in_the_vault_shows(mistake: tuple[str, str]) -> None:
    assert any(
        vault_places(*_random(seed), change=mistake) != places_by_hand(*_random(seed))
        for seed in range(12)
    )
