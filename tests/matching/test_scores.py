"""Every score of the models, row by row, against a second implementation; and mistakes in it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestration.workspace import PROJECT
from tests.matching import febrl, generator, oracle
from tests.matching.harness import Matching, Record

TOLERANCE = 1e-9


def policy(name: str) -> list[dict[str, str]]:
    """The rows of a policy file."""
    with (PROJECT / f"seeds/policy/{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def scorer(records: Sequence[Record]) -> oracle.Scorer:
    """The second implementation at the shipped setting."""
    (setting,) = policy("match_policy")
    weights = {
        (row["comparison"], row["level_code"]): (
            float(row["m_probability"]),
            float(row["u_probability"]),
            row["joins"],
        )
        for row in policy("match_weights")
    }
    return oracle.Scorer(
        records,
        weights,
        float(setting["expected_partners"]),
        int(setting["holders_of_one"]),
        int(setting["holders_prior"]),
    )


def _sample() -> list[Record]:
    """Records of both kinds, few enough for a slow second implementation."""
    made, _ = generator.brand(11, 700)
    given, _ = febrl.records(1)
    known = [row for row in (*made, *given) if row.name or row.birthday or row.address]
    return [replace(record, key=f"crm.members:{at}") for at, record in enumerate(known)]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return _sample()


@pytest.fixture(scope="module")
def scores(records: list[Record]) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Levels of every pair that the models compared, by records."""
    rows = Matching(records).rows(
        """
        select left_profile_id, right_profile_id, name_level, birthday_level, address_level,
            place_level, gender_level
        from ref.int_identity__match_comparisons
        """
    )
    return {(int(str(left)), int(str(right))): tuple(levels) for left, right, *levels in rows}


def test_levels_are_equal(
    records: list[Record], scores: dict[tuple[int, int], tuple[Any, ...]]
) -> None:
    second = scorer(records)
    differences = {
        pair: (levels, second.score(*pair).levels)
        for pair, levels in scores.items()
        if levels != second.score(*pair).levels
    }
    assert len(scores) > 10_000
    assert differences == {}


def test_probabilities_are_equal(records: list[Record]) -> None:
    second = scorer(records)
    matching = Matching(records)
    ((is_shared,),) = matching.rows("select are_homes_shared from ref.int_identity__match_settings")
    second.are_homes_shared = bool(is_shared)
    pairs = matching.rows(
        """
        select left_person_id, right_person_id, match_weight, is_likely,
            match_weight >= (select join_weight from ref.int_identity__match_settings)
        from ref.int_identity__match_scores
        """
    )
    assert len(pairs) > 500
    for left, right, weight, is_likely, is_above in pairs:
        expected = second.score(int(str(left)), int(str(right)))
        assert float(str(weight)) == pytest.approx(expected.weight, abs=TOLERANCE)
        assert is_likely is (bool(is_above) and expected.can_join)


def _of(name: str, change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    original = getattr(oracle, name)
    return lambda patch: patch.setattr(oracle, name, lambda *given: change(original, *given))


MUTATIONS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a_letter_more_is_near": _of(
        "near",
        lambda was, a, b: (
            was(a, b) or bool(a and b and min(len(a), len(b)) >= 3 and oracle.distance(a, b) <= 3)
        ),
    ),
    "the_order_of_sounds_counts": _of(
        "name_level",
        lambda was, a, b: (
            "near" if was(a, b) == "same_sound" and a.letters != b.letters else was(a, b)
        ),
    ),
    "beginnings_are_not_near": _of(
        "near",
        lambda _, a, b: (
            bool(a and b)
            and min(len(a), len(b)) >= 3
            and oracle.distance(a, b) <= (max(len(a), len(b)) + 6) // 6
        ),
    ),
    "initials_are_not_near": _of("near_part", lambda _, a, b: oracle.near(a, b)),
    "unknown_equals_unknown": _of("same", lambda _, a, b: a == b),
    "birthdays_swapped_are_different": _of(
        "birthday_level",
        lambda was, a, b: "different" if was(a, b) == "swapped" else was(a, b),
    ),
    "two_days_are_a_day": _of(
        "birthday_level",
        lambda was, a, b: "day_off" if a and b and abs((a - b).days) == 2 else was(a, b),
    ),
    "one_part_of_a_birthday_is_enough": _of(
        "birthday_level",
        lambda was, a, b: (
            "two_parts" if was(a, b) == "different" and a.year == b.year else was(a, b)
        ),
    ),
    "street_words_count": lambda patch: patch.setattr(oracle, "STREET_WORDS", {"street"}),
    "addresses_tell_no_district": _of("split_address", lambda was, text: (*was(text)[:4], None)),
    "genders_are_not_compared": _of("gender_level", lambda *_: None),
    "every_name_is_latin": _of("is_latin", lambda *_: True),
    "no_name_is_latin": _of("is_latin", lambda *_: False),
    "flats_are_not_compared": _of(
        "address_level",
        lambda was, a, b: (
            "exact" if was(a, b) == "same_house" and a.street == b.street else was(a, b)
        ),
    ),
    "streets_do_not_turn": _of(
        "address_level",
        lambda was, a, b: was(a, b).replace("similar_house", "same_number") if was(a, b) else None,
    ),
    "postcodes_do_not_count": _of(
        "place_level", lambda was, a, b: "place" if was(a, b) == "both" else was(a, b)
    ),
    "near_postcodes_do_not_count": _of(
        "place_level", lambda was, a, b: "place" if was(a, b) == "place_near" else was(a, b)
    ),
    "towns_do_not_count": _of(
        "place_level", lambda was, a, b: "different" if was(a, b) == "city" else was(a, b)
    ),
    "homophones_differ": _of(
        "name_level",
        lambda was, a, b: (
            "chinese_near"
            if was(a, b) == "same_sound" and not oracle.is_latin(a.name + b.name)
            else was(a, b)
        ),
    ),
    "parts_may_not_be_missing": _of(
        "name_level", lambda was, a, b: "same_tail" if was(a, b) == "part_missing" else was(a, b)
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_wrong_levels_are_betrayed(
    mutation: Callable[[pytest.MonkeyPatch], None],
    records: list[Record],
    scores: dict[tuple[int, int], tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutation(monkeypatch)
    second = scorer(records)
    pairs = list(scores)
    random.Random(5).shuffle(pairs)
    assert any(second.score(*pair).levels != scores[pair] for pair in pairs)


WEIGHINGS: dict[str, Callable[[oracle.Scorer], None]] = {
    "prior_of_one_person_more": lambda second: setattr(second, "_prior", second._prior - 0.001),
    "common_values_count_in_full": lambda second: setattr(second, "_possible", 10**12),
    "all_holders_count": lambda second: setattr(second, "_of_one", second._of_one - 1),
    "m_and_u_exchanged": lambda second: second._weights.update(
        {level: (u, m, when) for level, (m, u, when) in second._weights.items() if m < 0.02}
    ),
}


@pytest.mark.parametrize("mutation", WEIGHINGS.values(), ids=WEIGHINGS)
def test_wrong_weights_are_betrayed(
    mutation: Callable[[oracle.Scorer], None], records: list[Record]
) -> None:
    second = scorer(records)
    mutation(second)
    pairs = Matching(records).rows(
        "select left_person_id, right_person_id, match_weight from ref.int_identity__match_scores"
    )
    assert any(
        abs(float(str(weight)) - second.score(int(str(left)), int(str(right))).weight) > TOLERANCE
        for left, right, weight in pairs
    )
