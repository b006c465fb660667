"""Time zones as plain SQL: local time to UTC and back at the price of a few comparisons.

The rules are those of Python's `zoneinfo` with `fold=0`: a local time that occurs twice is its
first occurrence, and one that a clock change skipped is read with the offset before the change
(so 02:30 in a skipped hour becomes 03:30).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_FIRST = datetime(1899, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=5)
_TREE_SIZE = 40
_EARLY, _LATE = datetime(2012, 6, 1, tzinfo=UTC), datetime(2032, 6, 1, tzinfo=UTC)


@cache
def transitions(zone: str) -> tuple[tuple[datetime, int, int], ...]:
    """Clock changes of a zone from 1899 to 2100: (UTC instant, seconds before, seconds after)."""
    rules = ZoneInfo(zone)
    found = []
    left, left_offset = _FIRST, _offset(rules, _FIRST)
    while left < _LAST:
        right = left + _STEP
        right_offset = _offset(rules, right)
        if right_offset != left_offset:
            low, high = 0, int(_STEP.total_seconds())
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(rules, left + timedelta(seconds=middle)) == left_offset:
                    low = middle
                else:
                    high = middle
            found.append((left + timedelta(seconds=high), left_offset, right_offset))
        left, left_offset = right, right_offset
    return tuple(found)


def utc_from_local(column: str, zone: str) -> str:
    """SQL that turns a local TIMESTAMP column of `zone` into a UTC TIMESTAMP."""
    changes = transitions(zone)
    limits = [at + timedelta(seconds=max(before, after)) for at, before, after in changes]
    offsets = [-offset for offset in _offsets(zone)]
    if len(limits) <= _TREE_SIZE:
        return _shifted(column, limits, offsets)
    last = f"timezone('UTC', timezone('{zone}', {column}))"
    first = f"{last} - INTERVAL 1 HOUR"
    is_twice = f"timezone('{zone}', timezone('UTC', {first})) = {column}"
    return _windowed(column, limits, offsets, f"CASE WHEN {is_twice} THEN {first} ELSE {last} END")


def local_from_utc(column: str, zone: str) -> str:
    """SQL that turns a UTC TIMESTAMP column into the local TIMESTAMP of `zone`."""
    limits = [at for at, _, _ in transitions(zone)]
    if len(limits) <= _TREE_SIZE:
        return _shifted(column, limits, _offsets(zone))
    elsewhen = f"timezone('{zone}', timezone('UTC', {column}))"
    return _windowed(column, limits, _offsets(zone), elsewhen)


def _windowed(column: str, limits: list[datetime], seconds: list[int], elsewhen: str) -> str:
    """The tree for the years that data is usually of, the engine's zone tables for the others.

    A tree over all years of a zone with daylight saving would cost more to plan than to run.
    """
    inside = [index for index, limit in enumerate(limits) if _EARLY <= limit < _LATE]
    tree = _shifted(
        column,
        [limits[index] for index in inside],
        [seconds[inside[0]], *(seconds[index + 1] for index in inside)] if inside else seconds[-1:],
    )
    start, end = (at.strftime("%Y-%m-%d") for at in (_EARLY, _LATE))
    is_usual = f"{column} >= TIMESTAMP '{start}' AND {column} < TIMESTAMP '{end}'"
    return f"CASE WHEN {is_usual} THEN {tree} ELSE {elsewhen} END"


def _offsets(zone: str) -> list[int]:
    changes = transitions(zone)
    if not changes:
        return [_offset(ZoneInfo(zone), _FIRST)]
    return [changes[0][1], *(after for _, _, after in changes)]


def _offset(rules: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(rules).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _shifted(column: str, limits: list[datetime], seconds: list[int]) -> str:
    """A balanced tree of comparisons with one constant shift at each leaf."""
    if not limits:
        return f"({column} + to_seconds({seconds[0]}))"
    middle = len(limits) // 2
    limit = limits[middle].strftime("%Y-%m-%d %H:%M:%S")
    later = _shifted(column, limits[middle + 1 :], seconds[middle + 1 :])
    earlier = _shifted(column, limits[:middle], seconds[: middle + 1])
    return f"CASE WHEN {column} >= TIMESTAMP '{limit}' THEN {later} ELSE {earlier} END"
