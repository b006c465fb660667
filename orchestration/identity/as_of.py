"""Who a record was on a date: as it was believed then, and as it is known now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.errors import RekindleError, UsageError
from orchestration.identity.explain import RECORD, one_id_of


@dataclass(frozen=True)
class Belief:
    """A row of identity.oneid_history: the person, why, since when it was so and when learnt."""

    one_id: str
    caused_by: str
    effective_date: date | None
    learnt_date: date


@dataclass(frozen=True)
class AsOf:
    """Who a record was on a date. None: it was not known then, or not yet there."""

    record: str
    day: date
    believed: Belief | None
    """By the last build up to this date."""

    true: Belief | None
    """By all that has been learnt since."""

    today: str


def as_of(file: Path, record: str, day: date) -> AsOf:
    """Ask a published file who `record` (`source_system.source_table:key`) was on a business date.

    Raises UsageError for a record that is not there or a date after that of the file, and
    RekindleError where there is no file.
    """
    if not file.exists():
        raise RekindleError(f"There is no {file} yet; build and publish this brand first.")
    with duckdb.connect(str(file), read_only=True) as connection:
        _check_history(connection, file)
        (newest,) = connection.execute("select as_of_date from ops.publication").fetchall()[0]
        today = one_id_of(connection, record)
        if newest is None or day > newest:
            raise UsageError(
                f"{day} is after {newest}, the business date of {file}: give a date up to it."
            )
        believed = _newest(
            connection,
            record,
            "believed_from_date <= $day"
            " and (believed_until_date > $day or believed_until_date is null)",
            day,
        )
        true = _newest(connection, record, "effective_date <= $day", day)
    return AsOf(record, day, believed, true, today)


def has_history(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a published file has identity.oneid_history; earlier versions had none."""
    found = connection.execute(
        "select 1 from information_schema.tables"
        " where table_schema = 'identity' and table_name = 'oneid_history'"
    ).fetchall()
    return bool(found)


def _check_history(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    if not has_history(connection):
        raise UsageError(
            f"{file} was published by a version without identity.oneid_history: build and publish "
            "again (rekindle demo does everything)."
        )


def _newest(
    connection: duckdb.DuckDBPyConnection, record: str, holds: str, day: date
) -> Belief | None:
    """What was learnt last of all that holds; what was learnt later overrules what was before."""
    rows = connection.execute(
        "select one_id, caused_by, effective_date, believed_from_date from identity.oneid_history"
        f" where {RECORD} = $record and {holds}"
        " order by assignment_number desc limit 1",
        {"record": record, "day": day},
    ).fetchall()
    return Belief(*rows[0]) if rows else None
