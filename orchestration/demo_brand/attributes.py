"""What members tell about themselves, what they agree to, and who asks to be forgotten."""

from __future__ import annotations

import numpy as np

from orchestration.demo_brand.campaigns import (
    APP_PUSH,
    CALL,
    EMAIL,
    SEND_CHANNELS,
    SMS,
    WECOM,
    reachable,
)
from orchestration.demo_brand.chunk import END, Chunk, Rows, Tables, member_numbers
from orchestration.demo_brand.columns import (
    Column,
    Ints,
    at_local,
    codes,
    flags,
    instants,
    local_day,
    numbered,
    pick,
)
from orchestration.demo_brand.moments import active_days, daytime, registered_at
from orchestration.demo_brand.sending import make_sends, unsubscribes
from orchestration.demo_brand.settings import DAY_SECONDS, DAYS, FIRST_DAY, stream

ATTRIBUTES: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    # code, share of members (of those with a baby for its birthday) who tell it, values
    ("skin_type", 0.34, ("dry", "oily", "combination", "sensitive", "normal")),
    ("hair_type", 0.14, ("straight", "curly", "fine", "coloured", "dry")),
    ("favourite_scent", 0.14, ("floral", "citrus", "woody", "tea", "musk")),
    ("allergy", 0.08, ("fragrance", "alcohol", "nuts", "pollen", "salicylic_acid")),
    ("baby_birthday", 0.75, ()),
)
_BABY = 4
_AGAIN = 0.10
"""Of attributes: recorded once more, with another value."""
SOURCES = ("app", "shop", "survey")

PURPOSES = ("marketing", "profiling", "location")
MARKETING, PROFILING, LOCATION = range(3)
CONSENT_CHANNELS = (*SEND_CHANNELS, "all")
ALL = len(SEND_CHANNELS)
_ASKED = (SMS, APP_PUSH, WECOM, EMAIL, CALL)
_AGREES = np.array([0.30, 0.45, 0.55, 0.20, 0.08])
"""Of members whom the channels of _ASKED could reach: agree when they register."""
_POLICIES = ("2020-05", "2022-09", "2023-11", "2025-01")
_POLICY_DAYS = np.array([-295, 125, 550])
"""Days of the calendar from which the second, third and fourth policy holds."""
_AGREE_AGAIN = 0.25

_ERASED = 0.002


def attribute_tables(chunk: Chunk) -> Tables:
    """Attributes, consents and erasure requests of the members of a chunk."""
    rng = stream(chunk.world.spec.seed, chunk.number, "attributes")
    everybody = np.arange(len(chunk.people), dtype=np.int64)
    members = member_numbers(chunk.people, everybody)
    registered = registered_at(chunk)
    return {
        "crm.member_attributes": _attributes(rng, chunk, members, registered),
        "crm.consents": _consents(rng, chunk, members, registered),
        "crm.erasure_requests": _erasure_requests(rng, chunk, members),
    }


def _attributes(rng: np.random.Generator, chunk: Chunk, members: Column, registered: Ints) -> Rows:
    people, count = chunk.people, len(chunk.people)
    tells = rng.random((count, len(ATTRIBUTES))) < np.array([row[1] for row in ATTRIBUTES])
    tells &= people.has_card[:, None]
    tells[:, _BABY] &= people.has_baby
    person, attribute = np.nonzero(tells)
    length = len(person)
    at = at_local(active_days(rng, chunk, person), daytime(rng, chunk, person))
    at = np.where(rng.random(length) < 0.4, registered[person] + 120, at)
    # Values: a position among those of the attribute; for babies the day of birth.
    options = np.array([max(len(row[2]), 1) for row in ATTRIBUTES])[attribute]
    value = (rng.random(length) * options).astype(np.int64)
    born = rng.integers(-900, 300, length)
    is_baby = attribute == _BABY
    value = np.where(is_baby, born, value)
    visit = at_local(born + rng.integers(3, 60, length), rng.integers(36_000, 72_000, length))
    at = np.where(is_baby, np.maximum(at, visit), at)
    again_at = at + rng.integers(30 * DAY_SECONDS, 300 * DAY_SECONDS, length)
    again = (rng.random(length) < _AGAIN) & (again_at <= END)
    step = 1 + (rng.random(length) * np.maximum(options - 1, 1)).astype(np.int64)
    # A birthday is corrected to some days before.
    other = np.where(is_baby, value - 1 - step * 3, (value + step) % options)
    person, attribute, at, value = (
        np.concatenate([before, after[again]])
        for before, after in (
            (person, person), (attribute, attribute), (at, again_at), (value, other),
        )
    )  # fmt: skip
    source = pick(rng, (0.5, 0.2, 0.3), len(person))
    return Rows(
        {
            "member_no": members.take(person),
            "attribute_code": codes([row[0] for row in ATTRIBUTES], attribute),
            "value": _value_texts(attribute, value),
            "source": codes(SOURCES, source),
            "recorded_at": instants(at),
        },
        at,
    ).only(at <= END)


def _value_texts(attribute: Ints, value: Ints) -> Column:
    is_baby = attribute == _BABY
    lowest = int(value.min(initial=0))
    days = np.arange(lowest, int(value.max(initial=0)) + 1) + FIRST_DAY
    texts = [text for row in ATTRIBUTES for text in row[2]]
    first = np.cumsum([0, *(len(row[2]) for row in ATTRIBUTES[:-1])])
    every = [*texts, *np.datetime_as_string(days.astype("datetime64[D]")).tolist()]
    return codes(every, np.where(is_baby, len(texts) + value - lowest, first[attribute] + value))


def _consents(rng: np.random.Generator, chunk: Chunk, members: Column, registered: Ints) -> Rows:
    """Agreed to on registration, withdrawn and given again; a withdrawal ends what was agreed."""
    people, count = chunk.people, len(chunk.people)
    person, purpose, channel = _agreed(rng, chunk)
    at = registered[person] + 30
    refuses = people.wants_no_marketing & (rng.random(count) < 0.2)
    granted = ~(refuses[person] & (purpose == MARKETING))
    # Who wants no marketing says so one day, for all channels at once.
    no_more = registered + rng.integers(10 * DAY_SECONDS, 300 * DAY_SECONDS, count)
    stops = people.wants_no_marketing[person] & granted & (purpose != LOCATION)
    stops &= (no_more[person] <= END) & ((purpose == MARKETING) | (people.number[person] % 3 == 0))
    quitter, quit_channel, quit_at = unsubscribes(make_sends(chunk))
    again_at = quit_at + rng.integers(20 * DAY_SECONDS, 150 * DAY_SECONDS, len(quit_at))
    again = (rng.random(len(quit_at)) < _AGREE_AGAIN) & (again_at <= END)
    stopped, again_count = int(stops.sum()), int(again.sum())
    person, purpose, channel, at = (
        np.concatenate(parts)
        for parts in (
            (person, person[stops], quitter, quitter[again]),
            (purpose, purpose[stops], np.full(len(quitter) + again_count, MARKETING)),
            (channel, channel[stops], quit_channel, quit_channel[again]),
            (at, no_more[person[stops]], quit_at, again_at[again]),
        )
    )
    granted = np.concatenate(
        [
            granted,
            np.zeros(stopped + len(quitter), dtype=bool),
            np.ones(again_count, dtype=bool),
        ]
    )
    policy = np.searchsorted(_POLICY_DAYS, local_day(at), side="right")
    return Rows(
        {
            "member_no": members.take(person),
            "purpose": codes(PURPOSES, purpose),
            "channel": codes(CONSENT_CHANNELS, channel),
            "granted": flags(granted),
            "policy_version": codes(_POLICIES, policy),
            "changed_at": instants(at),
        },
        at,
    ).only(at <= END)


def _agreed(rng: np.random.Generator, chunk: Chunk) -> tuple[Ints, Ints, Ints]:
    """Person, purpose and channel of what is asked on registration.

    Whomever a campaign meant had agreed to its channel, the ones it left alone as well.
    """
    people, touches = chunk.people, chunk.touches
    reach = np.stack([reachable(people, channel) for channel in _ASKED], axis=1)
    agrees = reach & (rng.random(reach.shape) < _AGREES)
    place = np.full(len(SEND_CHANNELS), -1)
    place[list(_ASKED)] = np.arange(len(_ASKED))
    asked = np.flatnonzero(place[touches.channel] >= 0)
    agrees[touches.person[asked], place[touches.channel[asked]]] = True
    online = people.has_app | people.has_mini_program
    profiling = rng.random(len(people)) < 0.40
    location = online & (rng.random(len(people)) < 0.20)
    table = np.column_stack([agrees, profiling, location]) & people.has_card[:, None]
    person, column = np.nonzero(table)
    purpose = np.array([MARKETING] * len(_ASKED) + [PROFILING, LOCATION])[column]
    return person, purpose, np.array([*_ASKED, ALL, ALL])[column]


def _erasure_requests(rng: np.random.Generator, chunk: Chunk, members: Column) -> Rows:
    people = chunk.people
    able = people.has_card & ~people.is_staff & ~people.is_test & ~people.is_bot
    able &= people.entered_day < DAYS - 150
    candidates = np.flatnonzero(able)
    wanted = min(round(int(people.has_card.sum()) * _ERASED), len(candidates))
    person = rng.choice(candidates, wanted, replace=False)
    at = at_local(
        rng.integers(DAYS - 120, DAYS, wanted), rng.integers(9 * 3_600, 22 * 3_600, wanted)
    )
    return Rows(
        {
            "request_id": numbered(f"ER{chunk.number:04d}", np.arange(wanted), 4),
            "member_no": members.take(person),
            "requested_at": instants(at),
        },
        at,
    )
