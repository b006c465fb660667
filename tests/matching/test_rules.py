"""Who is joined, who is asked about, and who is left alone: small worlds, each with its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from orchestration.workspace import PROJECT
from tests.matching.generator import brand
from tests.matching.harness import Matching, Record

CROWD = [
    replace(record, key=f"crm.members:crowd-{at}") for at, record in enumerate(brand(3, 800)[0])
]
"""Others, so that a population stands behind the probabilities."""
WANG = Record(
    key="crm.members:1",
    name="王晓梅",
    birthday=date(1988, 5, 9),
    gender="female",
    address="开元路218号明珠小区3栋1204室",
    city="泉州市",
    district="丰泽区",
)
AGAIN = replace(WANG, key="crm.members:2")
SMITH = Record(
    key="crm.members:1",
    name="Eleanor Kirkpatrick",
    birthday=date(1979, 11, 2),
    gender="female",
    address="218 Larkspur Street",
    city="Wexcombe",
    postcode="40127",
)
ELEANOR = replace(SMITH, key="crm.members:2")


def run(*records: Record, **policies: pl.DataFrame) -> Matching:
    """The models over some records and the crowd; the records come first."""
    return Matching([*records, *CROWD], policies)


def joined(matching: Matching, count: int) -> list[list[int]]:
    """The groups that the first `count` records make, those alone left out."""
    groups: dict[int, list[int]] = {}
    for at, person in enumerate(matching.persons()[:count]):
        groups.setdefault(person, []).append(at)
    return [group for group in groups.values() if len(group) > 1]


def reasons(matching: Matching, left: int, right: int) -> tuple[bool, str] | None:
    """Whether a pair is accepted and why, None where it is not even asked about."""
    rows = matching.rows(
        "select is_accepted, reasons from ref.int_identity__match_pairs "
        f"where left_person_id = {left} and right_person_id = {right}"
    )
    return None if not rows else (bool(rows[0][0]), str(rows[0][1]))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(WANG, AGAIN, id="the_same"),
        pytest.param(WANG, replace(AGAIN, name="王曉梅"), id="traditional"),
        pytest.param(WANG, replace(AGAIN, name="王小美"), id="heard"),
        pytest.param(WANG, replace(AGAIN, name="WANG XIAO MEI"), id="syllables"),
        pytest.param(WANG, replace(AGAIN, name="Xiaomei Wang"), id="surname_last"),
        pytest.param(WANG, replace(AGAIN, name="王晓梅女士"), id="title"),
        pytest.param(WANG, replace(AGAIN, name="王晓悔"), id="misread"),
        pytest.param(WANG, replace(AGAIN, name="王梅"), id="a_character_lost"),
        pytest.param(WANG, replace(AGAIN, birthday=date(1988, 9, 5)), id="day_and_month_swapped"),
        pytest.param(WANG, replace(AGAIN, birthday=date(1988, 5, 8)), id="a_day_off"),
        pytest.param(WANG, replace(AGAIN, birthday=date(1989, 5, 9)), id="a_year_off"),
        pytest.param(WANG, replace(AGAIN, birthday=None), id="no_birthday"),
        pytest.param(WANG, replace(AGAIN, address=None), id="no_address"),
        pytest.param(
            WANG,
            replace(AGAIN, address="福建省泉州市丰泽区开元路２１８号", city=None, district=None),
            id="a_whole_address_in_wide_digits",
        ),
        pytest.param(SMITH, replace(ELEANOR, name="kirkpatrick, eleanor"), id="surname_first"),
        pytest.param(SMITH, replace(ELEANOR, name="E. Kirkpatrick"), id="initial"),
        pytest.param(SMITH, replace(ELEANOR, name="Elenaor Kirkpatrik"), id="typos"),
        pytest.param(SMITH, replace(ELEANOR, name="Éléanor Kirkpatrick"), id="accents"),
        pytest.param(SMITH, replace(ELEANOR, address="218 LARKSPUR ST."), id="street_words"),
        pytest.param(SMITH, replace(ELEANOR, postcode="40172"), id="digits_of_the_postcode"),
    ],
)
def test_joined(first: Record, second: Record) -> None:
    assert joined(run(first, second), 2) == [[0, 1]]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            replace(AGAIN, name="李强", gender="male", birthday=date(1986, 2, 3)), id="husband"
        ),
        pytest.param(
            replace(AGAIN, name="LI QIANG", gender="male", birthday=date(1986, 2, 3)),
            id="husband_in_pinyin",
        ),
        pytest.param(replace(AGAIN, name="王晓兰", birthday=date(1991, 8, 23)), id="sister"),
        pytest.param(replace(AGAIN, name="王建国", birthday=date(1960, 1, 17)), id="father"),
        pytest.param(replace(AGAIN, name="王芳"), id="twin"),
        pytest.param(replace(AGAIN, name="王女士"), id="surname_alone"),
        pytest.param(replace(AGAIN, name=None), id="no_name"),
        pytest.param(
            replace(
                AGAIN,
                birthday=date(1995, 12, 30),
                address="南湖街9号",
                city="银川市",
                district="兴庆区",
            ),
            id="namesake",
        ),
        pytest.param(
            replace(AGAIN, name="陈立", address="南湖街9号", gender="male"), id="birthday_in_common"
        ),
    ],
)
def test_left_apart(other: Record) -> None:
    assert joined(run(WANG, other), 2) == []


def test_two_documents_are_two_people() -> None:
    first, second = replace(WANG, id_token="one"), replace(AGAIN, id_token="other")
    matching = run(first, second)
    assert joined(matching, 2) == []
    found = reasons(matching, 0, 1)
    assert found is not None
    assert found == (False, found[1])
    assert found[1].endswith("both_hold:id_token")


def test_a_source_with_one_record_a_person() -> None:
    once = pl.read_csv(PROJECT / "seeds/policy/match_once.csv", try_parse_dates=True)
    strict = once.with_columns(is_once=pl.lit(value=True))
    assert joined(run(WANG, AGAIN, match_once=strict), 2) == []
    buyer = replace(AGAIN, key="marketplace.buyers:tmall:1")
    assert joined(run(WANG, buyer, match_once=strict), 2) == [[0, 1]]


def test_of_two_that_cannot_both_belong_the_likelier_one_does() -> None:
    """Two documents, and a card without one that is like both: it goes to the one more like it."""
    first = replace(WANG, id_token="one", first_seen=2)
    second = replace(AGAIN, id_token="other", birthday=date(1988, 5, 8), name="王小美")
    third = replace(WANG, key="crm.members:3", first_seen=1)
    matching = run(first, second, third)
    assert joined(matching, 3) == [[0, 2]]
    assert matching.persons()[0] == 2, "the eldest names the person"


def test_of_a_group_that_is_too_large_only_the_best_pairs_stay() -> None:
    policy = pl.read_csv(PROJECT / "seeds/policy/match_policy.csv", try_parse_dates=True)
    small = policy.with_columns(max_group_persons=pl.lit(2))
    a_day_off = replace(AGAIN, birthday=date(1988, 5, 8))
    records = [WANG, a_day_off, replace(WANG, key="crm.members:3")]
    assert joined(run(*records), 3) == [[0, 1, 2]]
    assert joined(run(*records, match_policy=small), 3) == [[0, 2]]


def test_whom_somebody_keeps_apart_likeness_does_not_join() -> None:
    third = replace(WANG, key="crm.members:3", birthday=date(1988, 5, 8))
    records = [WANG, AGAIN, third, *CROWD]
    assert joined(Matching(records), 3) == [[0, 1, 2]]
    apart = Matching(records, separated=[(0, 1)])
    assert reasons(apart, 0, 1) is None
    assert [0, 1, 2] not in joined(apart, 3)
    assert apart.persons()[0] != apart.persons()[1]


def test_what_a_person_s_other_records_know_counts() -> None:
    """A card without address and an account of the same person with one meet a second card."""
    card = replace(WANG, address=None, city=None, district=None, birthday=None, person="a")
    account = replace(WANG, key="marketplace.buyers:jd:1", birthday=None, gender=None, person="a")
    other = replace(AGAIN, gender=None)
    assert joined(run(card, account, other), 3) == [[0, 1, 2]]


def test_a_common_name_weighs_less() -> None:
    """Two of a name that hundreds hold are not joined for name and half a birthday."""
    pair = [
        replace(WANG, address=None, district=None, city=None, gender=None),
        replace(
            AGAIN,
            address=None,
            district=None,
            city=None,
            gender=None,
            birthday=date(1988, 5, 21),
        ),
    ]
    namesakes = [
        Record(key=f"crm.members:n{at}", name="王晓梅", birthday=date(1950, 1, 1 + at % 28))
        for at in range(300)
    ]
    weight = "select match_weight from ref.int_identity__match_scores where left_person_id = 0"
    rare = Matching([*pair, *CROWD]).rows(f"{weight} and right_person_id = 1")
    common = Matching([*pair, *CROWD, *namesakes]).rows(f"{weight} and right_person_id = 1")
    assert len(rare) == 1
    assert common == [] or float(str(common[0][0])) < float(str(rare[0][0])) - 1


def test_reasons_hold_no_values() -> None:
    matching = run(WANG, AGAIN, SMITH, ELEANOR)
    texts = {
        str(text) for (text,) in matching.rows("select reasons from ref.int_identity__match_pairs")
    }
    assert texts
    for text in texts:
        assert text.isascii()
        assert not any(letter.isdigit() for letter in text)


STRANGERS = [
    Record(key=f"crm.members:stranger-{at}", name=f"{first} {last}")
    for at, (first, last) in enumerate(
        zip(
            ("Agnes", "Bertram", "Clarice", "Desmond", "Edith", "Floyd", "Greta", "Humphrey"),
            ("Ashdown", "Birkett", "Colvin", "Drury", "Elphick", "Fenwick", "Gaunt", "Hoskins"),
            strict=True,
        )
    )
]
"""A small shop, in whose data nobody shares a home."""


def test_a_name_alone_joins_nobody() -> None:
    """Namesakes of one town, of whom nothing else is known: asked about at most."""
    bare = replace(SMITH, birthday=None, address=None, postcode=None, gender=None)
    namesakes = [bare, replace(bare, key=ELEANOR.key), replace(bare, key="crm.members:3")]
    matching = Matching([*namesakes, *STRANGERS], {})
    assert joined(matching, 3) == []
    (accepted, _) = reasons(matching, 0, 1) or (None, "")
    assert accepted is False


def test_a_name_and_a_postcode_join() -> None:
    bare = replace(SMITH, birthday=None, address=None, gender=None)
    matching = Matching([bare, replace(bare, key=ELEANOR.key), *STRANGERS], {})
    assert joined(matching, 2) == [[0, 1]]
