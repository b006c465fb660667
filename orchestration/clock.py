"""Times of the clock, as they are kept."""

from __future__ import annotations

from datetime import datetime


def utc(now: datetime) -> datetime:
    """An aware time as UTC without a zone; raises ValueError for a naive one."""
    offset = now.utcoffset()
    if offset is None:
        raise ValueError("now has to carry a zone")
    return (now - offset).replace(tzinfo=None)
