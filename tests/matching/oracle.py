"""Likeness once more, from docs/matching.md and not from the SQL: profiles, levels and odds."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.loading.names import latin_form, normalise_name
from tests.matching.harness import Record

AGREEING_BIRTHDAYS = {"exact", "swapped", "day_off", "two_parts"}
ALIKE_STREETS = {"same_street", "similar_street"}
ALIKE_POSTCODES = {"both", "place_near", "postcode_near", "postcode"}
AGREEING_HOUSES = {"exact", "same_house", "similar_house"}
STREET_WORDS = {
    "street", "st", "road", "rd", "avenue", "ave", "place", "pl", "crescent", "cres", "drive",
    "dr", "lane", "ln", "close", "cl", "court", "ct", "circuit", "cct", "way", "parade", "pde",
    "terrace", "tce", "highway", "hwy", "boulevard", "blvd", "square", "sq", "unit", "flat",
    "apt", "apartment", "suite", "no", "floor", "building", "bldg",
}  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """What is compared of a record."""

    name: str | None
    words: tuple[str, ...]
    gender: str | None
    birthday: date | None
    street: str | None
    is_latin_street: bool
    numbers: tuple[str, ...]
    city: str | None
    place: str | None
    postcode: str | None

    @property
    def first(self) -> str | None:
        """The first word of the name in Latin letters."""
        return self.words[0] if self.words else None

    @property
    def rest(self) -> str | None:
        """The other words of it as one."""
        return "".join(self.words[1:]) or None

    @property
    def letters(self) -> str | None:
        """All words as one."""
        return "".join(self.words) or None

    @property
    def house(self) -> str | None:
        """The first number of the address."""
        return self.numbers[0] if self.numbers else None


def profile(record: Record) -> Profile:
    """A record that is a person by itself as it is compared."""
    written = normalise_name(record.name or "")
    plain = re.sub(r"^(mr|mrs|ms|miss|dr)[. ]+|(先生|女士|小姐|太太)$", "", written)
    has_name = len(plain) > 1
    street, is_latin, numbers, city, district = split_address(normalise_name(record.address or ""))
    city = _without_kind(record.city.lower() if record.city else city, "市省")
    district = _without_kind(record.district.lower() if record.district else district, "市区县")
    return Profile(
        name=plain.replace(" ", "") if has_name else None,
        words=tuple((latin_form(written) or "").split()) if has_name else (),
        gender=record.gender if record.gender in {"male", "female"} else None,
        birthday=record.birthday,
        street=street,
        is_latin_street=is_latin,
        numbers=numbers,
        city=city,
        place=district or city,
        postcode=record.postcode,
    )


def _without_kind(place: str | None, kinds: str) -> str | None:
    if place and place[-1] in kinds:
        place = place[:-1]
    return place or None


def split_address(text: str) -> tuple[str | None, bool, tuple[str, ...], str | None, str | None]:
    """Street, whether it is in Latin letters, numbers, city and district of an address."""
    text = text.replace("小区", "苑").replace("社区", "苑")
    numbers = tuple(re.findall(r"[0-9]+", text))
    if not any("一" <= letter <= "龥" for letter in text):
        words = re.split(r"[^a-z]+", text)
        return "".join(w for w in words if w not in STREET_WORDS) or None, True, numbers, None, None
    city = district = None
    for at, letter in enumerate(text):
        before = re.split("[省市区县]", text[:at])[-1]
        if letter == "市" and before and city is None:
            city = before[-8:] + letter
        before = re.split("[省市区县镇乡]", text[:at])[-1]
        if letter in "区县" and before and district is None:
            district = before[-8:] + letter
    head = re.split(r"[0-9]", text, maxsplit=1)[0]
    head = re.split("[省市区县镇乡]", head)[-1]
    return re.sub(r"[ ,，。.·#-]", "", head) or None, False, numbers, city, district


def distance(left: str, right: str) -> int:
    """Levenshtein's distance, by the table of Wagner and Fischer."""
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, before + (letter != other)),
            )
    return row[-1]


def near(left: str | None, right: str | None) -> bool:
    """One letter in three to five differs, two in six to eleven …, or one begins or ends both."""
    if not left or not right or min(len(left), len(right)) < 3:
        return False
    if any(a.startswith(b) or a.endswith(b) for a, b in ((left, right), (right, left))):
        return True
    return distance(left, right) <= (max(len(left), len(right)) + 6) // 6


def near_part(left: str | None, right: str | None) -> bool:
    """Near, or one is the initial of the other."""
    if left and right and min(len(left), len(right)) == 1 and left[0] == right[0]:
        return True
    return near(left, right)


def same(left: str | None, right: str | None) -> bool:
    """Both known and equal."""
    return left is not None and left == right


def is_latin(name: str) -> bool:
    """Whether every character is a Latin letter, or punctuation."""
    return all(" " <= c <= "~" or "À" <= c <= "ɏ" for c in unicodedata.normalize("NFC", name))


def name_level(left: Profile, right: Profile) -> str | None:
    """How well two names agree."""
    if left.name is None or right.name is None:
        return None
    if left.name == right.name:
        return "exact"
    turned = [
        same(a.letters, b.rest + b.first if b.rest and b.first else None)
        for a, b in ((left, right), (right, left))
    ]
    if same(left.letters, right.letters) or any(turned):
        return "same_sound"
    parts = [
        (same(a, b), near_part(c, d))
        for (a, b), (c, d) in (
            ((left.first, right.first), (left.rest, right.rest)),
            ((left.rest, right.rest), (left.first, right.first)),
            ((left.first, right.rest), (left.rest, right.first)),
            ((left.rest, right.first), (left.first, right.rest)),
        )
    ]
    one_near = any(equal and close for equal, close in parts)
    both_near = (
        (near_part(left.first, right.first) and near_part(left.rest, right.rest))
        or (near_part(left.first, right.rest) and near_part(left.rest, right.first))
        or near(left.letters, right.letters)
    )
    given = same(left.rest, right.rest) or same(left.rest, right.first)
    if not (is_latin(left.name) and is_latin(right.name)):
        if one_near or both_near or given or _one_character_off(left, right):
            return "chinese_near"
        return "chinese_surname" if same(left.first, right.first) else "chinese_other"
    if one_near:
        return "one_part_near"
    for a, b in ((left, right), (right, left)):
        if a.rest is None and a.first is not None and a.first in {b.first, b.rest}:
            return "part_missing"
    if both_near:
        return "near"
    if given or same(left.first, right.rest):
        return "same_tail"
    if same(left.first, right.first):
        return "same_head"
    if any(near_part(a, b) for a in (left.first, left.rest) for b in (right.first, right.rest)):
        return "part_near"
    return "different"


def _one_character_off(left: Profile, right: Profile) -> bool:
    one, other = left.name or "", right.name or ""
    if is_latin(one) or len(one) != len(other) or len(one) < 3 or one[0] != other[0]:
        return False
    return same(left.first, right.first) and (one[:-1] == other[:-1] or one[2:] == other[2:])


def birthday_level(left: date | None, right: date | None) -> str | None:
    """How well two birthdays agree."""
    if left is None or right is None:
        return None
    if left == right:
        return "exact"
    if (left.year, left.month, left.day) == (right.year, right.day, right.month):
        return "swapped"
    if abs((left - right).days) == 1:
        return "day_off"
    equal = (left.year == right.year) + (left.month == right.month) + (left.day == right.day)
    return "two_parts" if equal == 2 else "different"


def address_level(left: Profile, right: Profile) -> str | None:
    """How well street and house number agree."""
    if (not left.street or not right.street) and (left.house is None or right.house is None):
        return None
    same_house = same(left.house, right.house)
    if left.street and left.street == right.street and left.numbers == right.numbers and same_house:
        return "exact"
    a, b = left.street or "", right.street or ""
    both = bool(a and b)
    latin = both and left.is_latin_street and right.is_latin_street
    apart = distance(a, b) / max(len(a), len(b)) if latin else 1.0
    same_street = both and (
        a == b or a.endswith(b) or b.endswith(a) or (latin and (near(a, b) or apart <= 0.3))
    )
    if same_street:
        return "same_house" if same_house else "same_street"
    turned = (
        latin
        and min(len(a), len(b)) >= 5
        and ((b[:5] in a and a[:5] in b) or (b[-5:] in a and a[-5:] in b))
    )
    if (latin and apart <= 0.45) or turned:
        return "similar_house" if same_house else "similar_street"
    return "same_number" if same_house else "different"


def place_level(left: Profile, right: Profile) -> str | None:
    """How well district (or city) and postcode agree."""
    places = (left.place, right.place)
    codes = (left.postcode, right.postcode)
    if None in places and None in codes:
        return None
    place, code = same(*places), same(*codes)
    near_place = all(p and re.fullmatch("[a-z ]+", p) for p in places) and near(*places)
    near_code = all(c and re.fullmatch("[A-Za-z0-9]+", c) for c in codes) and near(*codes)
    if place and code:
        return "both"
    if place:
        return "place_near" if near_code else "place"
    if code:
        return "postcode_near" if near_place else "postcode"
    if near_place and near_code:
        return "both_near"
    if near_place or near_code:
        return "near"
    return "city" if same(left.city, right.city) else "different"


def gender_level(left: Profile, right: Profile) -> str | None:
    """Whether the genders agree."""
    if left.gender is None or right.gender is None:
        return None
    return "same" if left.gender == right.gender else "different"


Weights = dict[tuple[str, str], tuple[float, float, str]]
"""m, u and when the level may join, by comparison and level."""


@dataclass(frozen=True)
class Score:
    """What the likeness of a pair comes to."""

    levels: tuple[str | None, ...]
    weight: float
    can_join: bool


class Scorer:
    """Scores pairs of records, each a person by itself."""

    def __init__(
        self,
        records: Sequence[Record],
        weights: Weights,
        partners: float,
        of_one: int,
        holders_prior: int,
    ) -> None:
        self.profiles = [profile(record) for record in records]
        self._weights = weights
        known = [at for at in self.profiles if at.name or at.birthday or at.street or at.numbers]
        self._prior = math.log(partners / (len(known) - 1))
        self._of_one = of_one
        self.are_homes_shared = False
        self._possible = holders_prior + len(known)
        self._holders = Counter(
            key for known_profile in known for key in _values(known_profile).items()
        )

    def score(self, left: int, right: int) -> Score:
        """The levels of a pair, its weight, and whether it may join."""
        one, other = self.profiles[left], self.profiles[right]
        levels = {
            "name": name_level(one, other),
            "birthday": birthday_level(one.birthday, other.birthday),
            "address": address_level(one, other),
            "place": place_level(one, other),
            "gender": gender_level(one, other),
        }
        total = self._prior
        for comparison, level in levels.items():
            if level is None:
                continue
            m, u, _ = self._weights[comparison, level]
            total += math.log(m / max(u, self._share(comparison, level, one, other)))
        birthday = levels["birthday"] in AGREEING_BIRTHDAYS
        house = levels["address"] in AGREEING_HOUSES
        home = house or levels["address"] in ALIKE_STREETS or levels["place"] in ALIKE_POSTCODES
        alone = not self.are_homes_shared
        name = levels["name"]
        can_join = (
            name is not None
            and (birthday or home)
            and {
                "always": alone or birthday or house,
                "with_birthday": birthday,
                "unless_shared": alone or (birthday and house),
                "never": False,
            }[self._weights["name", name][2]]
        )
        return Score(tuple(levels.values()), total, can_join)

    def _share(self, comparison: str, level: str, one: Profile, other: Profile) -> float:
        mine, yours = _values(one), _values(other)
        if comparison == "place":
            keys = [k for k in ("place", "postcode") if mine.get(k) and mine[k] == yours.get(k)]
            found = [self._holders[k, mine[k]] for k in keys]
            holders = min(found) if found else 0
        elif comparison == "address" and level in _ADDRESS_VALUES:
            value = _ADDRESS_VALUES[level]
            holders = max(self._holders[value, v[value]] for v in (mine, yours))
        elif level in {"exact", "same_sound"}:
            holders = max(self._holders[comparison, v[comparison]] for v in (mine, yours))
        else:
            holders = 0
        return (holders - self._of_one) / self._possible


_ADDRESS_VALUES = {"exact": "address", "same_house": "house", "same_street": "street"}
"""What is equal, or nearly so, at a level of the address."""


def _values(found: Profile) -> dict[str, object]:
    """What others may hold too, by what it is called."""
    return {
        "name": found.letters or found.name,
        "birthday": found.birthday,
        "address": (found.street, found.numbers),
        "house": (found.street, found.house),
        "street": found.street,
        "place": found.place,
        "postcode": found.postcode,
    }
