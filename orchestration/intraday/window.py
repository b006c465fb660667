"""Which hours the intraday store tells of, and which parts of the lake can have a say in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.intraday.policy import window_hours
from orchestration.loading.contract import load_contract
from orchestration.loading.lake import Lake, sql_paths
from orchestration.loading.ledger import Delivered, Ledger
from orchestration.warehouse.lake import ACTIVITY_COLUMNS


@dataclass(frozen=True)
class Window:
    """From `start_at` on, the begin of a business hour; `end_at` is the newest act or order.

    `as_of_end_at` is the end of the business date of `end_at`: what is dated later has not
    happened. All are UTC without a zone.
    """

    start_at: datetime
    end_at: datetime
    as_of_end_at: datetime


def window_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, as_of: date | None, zone: str, now: datetime
) -> Window:
    """The window that ends with the newest act or order of the lake.

    `as_of` is the published business date: there is an act or order of it, or a later one. `now`
    (UTC, no zone) is the end where there is none, and a clock that is fast does not push the
    window past it.
    """
    since = None if as_of is None else min(_start_of(as_of, zone), now)
    found = deliveries(lake, since)
    dates = [
        _greatest(connection, parts_of(lake, found, f"{system}.{table}"), column)
        for system, table, column in ACTIVITY_COLUMNS
    ]
    end = min(max((one for one in dates if one is not None), default=now), now)
    local = end.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    hour = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC).replace(tzinfo=None)
    return Window(
        start_at=hour - timedelta(hours=window_hours(local.date())),
        end_at=end,
        as_of_end_at=_start_of(local.date() + timedelta(days=1), zone),
    )


def deliveries(lake: Lake, since: datetime | None) -> list[Delivered]:
    """The contents of the lake that can have a row dated at or after `since` (UTC), in order.

    All of them where it is None.
    No row is accepted that is dated later than some time after its load (`future_days` of the
    contract), so what was loaded longer before is not looked at, however large the lake is.
    """
    early = timedelta(days=load_contract().limits.future_days)
    with closing(Ledger(lake.ledger_file)) as ledger:
        return ledger.delivered(None if since is None else since - early)


def parts_of(lake: Lake, found: Iterable[Delivered], table: str) -> list[Path]:
    """The parts of one table among some contents."""
    return [lake.path(part) for one in found if one.table == table for part in one.parts]


def signature(parts: Iterable[Path]) -> list[tuple[str, int, int, int]]:
    """What changes when a part is written anew or goes away."""
    found = []
    for part in parts:
        try:
            status = part.stat()
        except FileNotFoundError:
            continue
        found.append((part.name, status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def _greatest(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], column: str
) -> datetime | None:
    """The greatest instant of a column, from the statistics of the parts: no row is read."""
    if not parts:
        return None
    row = connection.execute(
        f"select max(cast(stats_max_value as timestamp)) from parquet_metadata({sql_paths(parts)}) "
        "where path_in_schema = ?",
        [column],
    ).fetchone()
    return row[0] if row is not None else None


def _start_of(day: date, zone: str) -> datetime:
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return start.astimezone(UTC).replace(tzinfo=None)
