"""What members do that earns points: read from the tables that record it, so the ledger agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand.chunk import Chunk, Tables, app_user_ids, member_numbers, open_ids
from orchestration.demo_brand.columns import (
    Bools,
    Column,
    Ints,
    at_local,
    local_day,
    position_in_group,
)
from orchestration.demo_brand.moments import registered_at
from orchestration.demo_brand.settings import DAYS, stream

DEEDS = ("check_in", "share", "ugc", "comment", "survey")
"""Named like the reasons of the ledger."""
CHECK_IN, SHARE, UGC, COMMENT, SURVEY = range(5)
A_DAY = (1, 3)
"""Check-ins and shares of a member that earn points on a business date; bots get round it."""

_EVENTS = {"check_in": CHECK_IN, "share": SHARE}
_RECORDED: tuple[tuple[str, str, str, str, dict[str, int]], ...] = (
    # table, columns with the id of the deed, its doer and its kind, deeds by kind
    ("mini_program.events", "event_id", "openid", "event_type", _EVENTS),
    ("app.events", "event_id", "app_user_id", "event_type", _EVENTS),
    ("community.posts", "post_id", "member_no", "kind", {"ugc_photo": UGC, "review": COMMENT}),
    (
        "service.surveys", "response_id", "member_no", "survey_kind",
        {"nps": SURVEY, "csat": SURVEY},
    ),
)  # fmt: skip
_DOERS = {"openid": open_ids, "app_user_id": app_user_ids, "member_no": member_numbers}

_SPREES = 0.001
"""Of the orders of people who have ordered often: they lead to a review of all they bought."""
_OFTEN = 7
SPREE_SECONDS = 3_000
"""How long they take for it."""


@dataclass(frozen=True, eq=False)
class Deeds:
    """Deeds of members that earn points, sorted by person and time."""

    person: Ints
    kind: Ints
    """Position in DEEDS."""
    at: Ints
    """UTC seconds, as recorded."""
    reference: Column
    """event_id, post_id or response_id."""

    def __len__(self) -> int:
        return len(self.person)


def make_deeds(chunk: Chunk, tables: Tables) -> Deeds:
    """The deeds that the digital, community and service tables of a chunk tell of."""
    everybody = np.arange(len(chunk.people), dtype=np.int64)
    persons, kinds, moments, references = [], [], [], []
    for table, named, doer, column, deeds in _RECORDED:
        rows = tables[table]
        place = _places(rows.columns[column], pa.array(list(deeds)))
        row = np.flatnonzero(place >= 0)
        ids = _DOERS[doer](chunk.people, everybody)
        persons.append(_places(rows.columns[doer].take(row), ids))
        kinds.append(np.array(list(deeds.values()))[place[row]])
        moments.append(rows.changed_at[row])
        references.append(rows.columns[named].take(row))
    person, kind, at = (np.concatenate(parts) for parts in (persons, kinds, moments))
    order = np.lexsort((at, person))
    order = order[_earns(chunk, person[order], kind[order], at[order])]
    reference = pa.concat_arrays(references).take(order)
    return Deeds(person[order], kind[order], at[order], reference)


def _earns(chunk: Chunk, person: Ints, kind: Ints, at: Ints) -> Bools:
    """Deeds of members, up to so many a day; rows sorted by person and time."""
    people = chunk.people
    earns = people.has_card[person] & (at >= registered_at(chunk)[person])
    by_day = np.flatnonzero(earns & (kind < len(A_DAY)) & ~people.is_bot[person])
    key = (person[by_day] * len(DEEDS) + kind[by_day]) * 1_024 + local_day(at[by_day])
    turn = np.argsort(key, kind="stable")
    beyond = position_in_group(key[turn]) >= np.array(A_DAY)[kind[by_day[turn]]]
    earns[by_day[turn[beyond]]] = False
    return np.asarray(earns)


def _places(column: Column, among: Column) -> Ints:
    """The position of each text among others; -1 = not there."""
    found = pc.fill_null(pc.index_in(column, value_set=among), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def review_sprees(chunk: Chunk) -> tuple[Ints, Ints]:
    """Person and first second of the hours in which honest people review all that they bought."""
    rng = stream(chunk.world.spec.seed, chunk.number, "sprees")
    people, orders = chunk.people, chunk.orders
    honest = people.has_card & ~people.is_test & ~people.is_bot
    often = honest[orders.person] & (position_in_group(orders.person) >= _OFTEN)
    order = np.flatnonzero(often & (rng.random(len(orders)) < _SPREES))
    day = orders.day[order] + rng.integers(3, 20, len(order))
    begin = at_local(day, rng.integers(12, 22, len(order)) * 3_600)
    return orders.person[order][day < DAYS], begin[day < DAYS]
