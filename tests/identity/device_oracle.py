"""Devices as evidence for review, worked out record by record from docs/definitions.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations

Pair = frozenset[str]
"""Two persons, or the two records that speak for them."""


@dataclass(frozen=True)
class Limits:
    """What policy says of devices."""

    min_events: int
    min_days: int
    max_pairs: int
    max_records_per_system: int
    max_records: int
    expires_after_days: int | None


@dataclass(frozen=True)
class World:
    """What was seen and is known. Days are those of the business zone.

    `sightings` are events (record, device, day), `statements` what accounts say (record, device,
    day of the version). `persons` maps records to persons; `told` are (person, kind, value) with
    the kinds name, birthday and gender; `once` are (person, what is held once); `apart` are pairs
    of persons whom somebody keeps apart.
    """

    as_of: date
    persons: Mapping[str, str]
    sightings: Sequence[tuple[str, str, date]] = ()
    statements: Sequence[tuple[str, str, date]] = ()
    excluded: frozenset[str] = frozenset()
    told: Iterable[tuple[str, str, str]] = ()
    once: Iterable[tuple[str, str]] = ()
    apart: frozenset[Pair] = frozenset()


@dataclass(frozen=True)
class Found:
    """Records of each device that is cut, with why; of each that is evidence; and pairs.

    `shared` counts the devices that two persons share, `proposed` has the records that speak for
    each pair of persons that waits for review.
    """

    cut: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    evidence: dict[str, frozenset[str]] = field(default_factory=dict)
    shared: dict[Pair, int] = field(default_factory=dict)
    proposed: set[Pair] = field(default_factory=set)


def find(world: World, limits: Limits) -> Found:
    """Everything that the models find."""
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    last: dict[tuple[str, str], date] = {}
    for record, device, day in world.sightings:
        days[record, device].append(day)
        last[record, device] = max(day, last.get((record, device), day))
    stated = set()
    for record, device, day in world.statements:
        stated.add((record, device))
        last[record, device] = max(day, last.get((record, device), day))
    holders: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    for record, device in last:
        if device.lower() in world.excluded:
            continue
        named[device].add(record)
        seen = days[record, device]
        is_seen = len(seen) >= limits.min_events and len(set(seen)) >= limits.min_days
        if (record, device) in stated or is_seen:
            holders[device].add(record)
    found = Found()
    for device, records in holders.items():
        if len(named[device]) == 1:
            continue
        in_one = max(Counter(record.split(".")[0] for record in records).values())
        if in_one > limits.max_records_per_system:
            found.cut[device] = (in_one, len(records), "too_many_in_one_system")
        elif len(records) > limits.max_records:
            found.cut[device] = (in_one, len(records), "too_many_in_all")
        else:
            kept = frozenset(
                record
                for record in records
                if record in world.persons
                and (
                    limits.expires_after_days is None
                    or last[record, device]
                    > world.as_of - timedelta(days=limits.expires_after_days)
                )
            )
            if kept:
                found.evidence[device] = kept
    speaks_against = _contradictions(world)
    for device, seen_on_it in found.evidence.items():
        best: dict[str, tuple[int, str]] = {}
        for record in sorted(seen_on_it):
            one_id, active = world.persons[record], len(set(days[record, device]))
            if one_id not in best or active > best[one_id][0]:
                best[one_id] = (active, record)
        pairs = []
        for left, right in combinations(sorted(best), 2):
            pair = frozenset((left, right))
            if pair in world.apart:
                continue
            found.shared[pair] = found.shared.get(pair, 0) + 1
            if not speaks_against(left, right):
                least = min(best[left][0], best[right][0])
                pairs.append((-least, sorted((best[left][1], best[right][1])), pair))
        for *_, pair in sorted(pairs, key=lambda one: one[:2])[: limits.max_pairs]:
            found.proposed.add(pair)
    return found


def _contradictions(world: World) -> Callable[[str, str], bool]:
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one_id, kind, value in world.told:
        said[one_id, kind].add(value)
    holds: dict[str, set[str]] = defaultdict(set)
    for one_id, what in world.once:
        holds[one_id].add(what)

    def differ(left: str, right: str, kind: str) -> bool:
        ours, theirs = said[left, kind], said[right, kind]
        return bool(ours and theirs and not ours & theirs)

    def against(left: str, right: str) -> bool:
        same_birthday = bool(said[left, "birthday"] & said[right, "birthday"])
        return (
            bool(holds[left] & holds[right])
            or differ(left, right, "birthday")
            or differ(left, right, "gender")
            or (differ(left, right, "name") and not same_birthday)
        )

    return against
