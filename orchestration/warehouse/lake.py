"""What a build has to know about the raw lake before it starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.errors import RekindleError, UsageError
from orchestration.loading.export import ERASED_RECORDS_PART

DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_CURRENCY = "CNY"

ACTIVITY_COLUMNS = (
    ("commerce", "orders", "ordered_at"),
    ("mini_program", "events", "occurred_at"),
    ("app", "events", "occurred_at"),
    ("website", "events", "occurred_at"),
)
"""Where the business date of a brand's data comes from."""

REGISTRATION_COLUMNS = (
    ("crm", "members", "registered_at"),
    ("mini_program", "users", "created_at"),
    ("app", "users", "created_at"),
    ("website", "users", "created_at"),
    ("marketplace", "buyers", "created_at"),
    ("wecom", "contacts", "added_at"),
)
"""The same where there is neither an order nor a digital event."""


@dataclass(frozen=True)
class LakeState:
    """A raw lake at one moment.

    `as_of` is the greatest business date of its orders and digital events, or else of its
    registrations, or None. `mapping` is the fingerprint of contract and brand.yml it was loaded
    with; `content` changes with every part in it; `first_load` tells this lake from one that was
    made anew, whose loads count from 1 again.
    """

    business_zone: str
    currency: str
    mapping: str
    content: str
    first_load: str
    as_of: date | None


def read_lake(lake: Path) -> LakeState:
    """Read the state of a raw lake. Raises UsageError where nothing was loaded yet."""
    raw = lake / "raw"
    if not raw.is_dir() or not any((raw / "rekindle" / "brand").glob("[!.]*.parquet")):
        raise UsageError(
            f"There is no raw lake in {lake}: load the brand first (rekindle load, or rekindle "
            f"demo, which does everything)."
        )
    connection = duckdb.connect(":memory:")
    try:
        zone, currency, mapping = _brand(connection, raw)
        first_load = _first_load(connection, raw)
        as_of = _greatest_date(connection, raw, ACTIVITY_COLUMNS, zone) or _greatest_date(
            connection, raw, REGISTRATION_COLUMNS, zone
        )
    except duckdb.Error as error:
        raise RekindleError(f"The raw lake in {lake} cannot be read: {error}") from error
    finally:
        connection.close()
    return LakeState(zone, currency, mapping, _content(raw), first_load, as_of)


def _brand(connection: duckdb.DuckDBPyConnection, raw: Path) -> tuple[str, str, str]:
    row = connection.execute(
        "select business_zone, currency, fingerprint from read_parquet(?, union_by_name = true)",
        [str(raw / "rekindle" / "brand" / "*.parquet")],
    ).fetchone()
    if row is None:
        return DEFAULT_ZONE, DEFAULT_CURRENCY, ""
    zone, currency, mapping = row
    return str(zone or DEFAULT_ZONE), str(currency or DEFAULT_CURRENCY), str(mapping or "")


def _first_load(connection: duckdb.DuckDBPyConnection, raw: Path) -> str:
    folder = raw / "rekindle" / "load_log"
    if not any(folder.glob("[!.]*.parquet")):
        return ""
    row = connection.execute(
        "select load_id from read_parquet(?) "
        "order by load_sequence nulls last, loaded_at, load_id limit 1",
        [str(folder / "*.parquet")],
    ).fetchone()
    return "" if row is None else str(row[0])


def _greatest_date(
    connection: duckdb.DuckDBPyConnection,
    raw: Path,
    columns: tuple[tuple[str, str, str], ...],
    zone: str,
) -> date | None:
    found = []
    for system, table, column in columns:
        folder = raw / system / table
        if not any(folder.glob("[!.]*.parquet")):
            continue
        row = connection.execute(
            f"select cast(timezone(?, timezone('UTC', max({column}))) as date) "
            f"from read_parquet(?)",
            [str(ZoneInfo(zone)), str(folder / "*.parquet")],
        ).fetchone()
        if row is not None and row[0] is not None:
            found.append(row[0])
    return max(found, default=None)


def _content(raw: Path) -> str:
    """Parts are named by their content, so their names stand for it; the logs do not count.

    An erasure changes parts under their names; who was erased stands for that.
    """
    digest = hashlib.sha256()
    for path in sorted(raw.rglob("*.parquet")):
        relative = path.relative_to(raw)
        if relative.as_posix() == ERASED_RECORDS_PART:
            digest.update(path.read_bytes())
        if relative.parts[0] != "rekindle" and not path.name.startswith("."):
            digest.update(f"{relative.as_posix()}\n".encode())
    return digest.hexdigest()
