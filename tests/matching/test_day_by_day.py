"""What was found out about profiles is kept; every day ends like a day without a past."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.matching import febrl, generator
from tests.matching.harness import FOLDER, MODELS, Matching, Record

READ = ("match_keys", "match_comparisons", "match_scores", "probable_links")
FIELDS = ("name", "birthday", "gender", "address", "city", "district", "postcode")


def _days() -> list[list[Record]]:
    """Four days: records that come, that say what another one says, say nothing, or as before."""
    chance = random.Random(3)
    made, _ = generator.brand(5, 150)
    given, _ = febrl.records(1)
    known = [replace(row, key=f"crm.members:{at}") for at, row in enumerate([*made, *given[:180]])]
    chance.shuffle(known)
    first = [replace(row, key=f"crm.members:{at}") for at, row in enumerate(known)]
    days = [first[:260]]
    for size in (280, 300):
        today = [*days[-1], *first[len(days[-1]) : size]]
        for at in chance.sample(range(len(today)), 40):
            field = chance.choice(FIELDS)
            value = getattr(chance.choice(first), field)
            today[at] = replace(today[at], **{field: value})
        for at in chance.sample(range(len(today)), 5):
            today[at] = Record(today[at].key)
        days.append(today)
    return [*days, days[0]]


def _rows(matching: Matching) -> dict[str, list[tuple[object, ...]]]:
    return {model: matching.rows(f"from ref.int_identity__{model} order by all") for model in READ}


@pytest.fixture(scope="module")
def days() -> list[list[Record]]:
    return _days()


@pytest.fixture(scope="module")
def expected(days: list[list[Record]]) -> list[dict[str, list[tuple[object, ...]]]]:
    """Each day for itself."""
    return [_rows(Matching(day)) for day in days]


def _differing(
    days: Sequence[Sequence[Record]],
    expected: Sequence[dict[str, list[tuple[object, ...]]]],
    change: tuple[str, str] = ("", ""),
) -> int:
    """Days after the first that do not end like a day without a past."""
    matching = Matching(days[0])
    found = 0
    for day, rows in zip(days[1:], expected[1:], strict=True):
        matching.next_day(day, change)
        found += _rows(matching) != rows
        if found:
            break
    return found


def test_every_day_ends_like_a_day_without_a_past(
    days: list[list[Record]], expected: list[dict[str, list[tuple[object, ...]]]]
) -> None:
    assert _differing(days, expected) == 0
    assert all(len(rows["match_comparisons"]) > 500 for rows in expected)
    assert len({str(rows) for rows in expected}) == 3


def test_little_is_compared_where_little_changed(days: list[list[Record]]) -> None:
    compared = "select count(*) from ref.int_identity__match_levels"
    matching = Matching(days[0])
    counts = [matching.rows(compared)]
    for day in (days[0], days[1], days[0]):
        matching.next_day(day)
        counts.append(matching.rows(compared))
    assert counts[0] == counts[1] < counts[2] == counts[3]


@pytest.mark.parametrize(
    "change",
    [
        (
            "'name_text', 'name_head', 'name_tail', 'name_letters', 'gender', 'birthday'",
            "'gender', 'birthday'",
        ),
        ("'numbers', 'house',\n    'street', 'street_letters', ", ""),
        ("'gender', 'birthday', 'numbers'", "'birthday', 'numbers'"),
        ("'gender', 'birthday', 'numbers'", "'gender', 'numbers'"),
        ("'city', 'place', 'postcode',", "'city', 'place',"),
        ("            and lefts.content_id = former.left_content_id\n", ""),
        ("            and rights.content_id = former.right_content_id\n", ""),
        ("            and profile_keys.content_id = profiles.content_id\n", ""),
    ],
)
def test_a_fault_is_found(
    change: tuple[str, str],
    days: list[list[Record]],
    expected: list[dict[str, list[tuple[object, ...]]]],
) -> None:
    texts = [(FOLDER / f"int_identity__{model}.sql").read_text("utf-8") for model in MODELS]
    assert any(change[0] in text for text in texts)
    assert _differing(days, expected, change) > 0
