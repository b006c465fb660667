"""Reading a table of a database with dlt, in the order of its cursor column."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import pyarrow as pa
import sqlalchemy as sa
from dlt.sources.sql_database import sql_table

from orchestration.databases.cursors import Cursor
from orchestration.databases.errors import PullError, SettingsError
from orchestration.databases.settings import OVERLAP_NUMBERS, OVERLAP_TIME, Source
from orchestration.databases.values import (
    Emptied,
    as_read,
    comes_as,
    decoding_mysql,
    guard_postgres,
    is_instant,
)
from orchestration.loading.brand import TableMapping, fold_header
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.relation import match_columns

CONNECT_SECONDS = 10
ROWS_AT_A_TIME = 20_000

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}

_FIRST_OF_MYSQL = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)

_NO_PERMISSION = {"42501", "1142", "1143", "1370"}
_CUT = ("57P01", "57P02", "57P03", "08", "2006", "2013")

logging.getLogger("dlt").addFilter(lambda _record: False)
"""It would log values that it cannot convert; whatever goes wrong becomes a sentence here."""


@dataclass(frozen=True)
class Span:
    """What is to be read of a table: cursor values from `low` to `high`, both included.

    Where it `is_open`, `low` itself has been read.
    """

    low: Cursor
    high: Cursor
    is_open: bool = False


@dataclass(frozen=True)
class Shape:
    """What a table of a database looks like. `zone` is that of a time cursor without one."""

    is_nullable: bool
    is_zoned: bool
    kind: type
    zone: str | None


def open_database(source: Source, url: str, emptied: Emptied) -> sa.Engine:
    """A way to the database of a source, tried; it counts values that come over empty.

    Raises PullError or SettingsError.
    """
    where = f"{source.url_variable} (database {source.database})"
    try:
        address = sa.make_url(url)
        driver = DRIVERS.get(address.drivername.partition("+")[0])
    except (sa.exc.ArgumentError, ValueError):
        driver = None
    if driver is None:
        raise SettingsError(
            f"{where} holds no address of a PostgreSQL or MySQL database; write it like "
            "postgresql://reader:password@host:5432/shop."
        )
    if "@" in (address.host or ""):
        raise SettingsError(
            f"{where} has an @ in its password that is not written as %40; write special "
            "characters of a password as %40, %2F and the like."
        )
    options: dict[str, object] = {"connect_timeout": CONNECT_SECONDS}
    if driver.startswith("mysql"):
        options["init_command"] = "SET time_zone = '+00:00'"
        options["conv"] = decoding_mysql(emptied)
        if address.password:
            options["password"] = address.password.encode()  # a text would be sent as latin1
    engine = sa.create_engine(
        address.set(drivername=driver), connect_args=options, pool_pre_ping=True
    )
    if driver.startswith("postgresql"):
        sa.event.listen(engine, "connect", lambda made, _record: guard_postgres(made, emptied))
    try:
        engine.connect().close()
    except Exception as error:  # PyMySQL answers some mistakes in an address with errors of Python
        raise PullError(
            f"The database {source.database} cannot be reached: {_reason(error, engine)}. Check "
            f"the server, and the address in {source.url_variable}; the next pull goes on where "
            "the last one ended."
        ) from error
    return engine


def look_at(engine: sa.Engine, source: Source, mapping: TableMapping) -> Shape:
    """Check that a table has what its reading needs. Raises PullError."""
    with explained(engine, source):
        table = _reflected(engine, source)
    names = [column.name for column in table.columns]
    for role, name in (("cursor", source.cursor), ("deleted", source.deleted)):
        if name is not None and name not in names:
            raise PullError(
                f"{source.label} has no column {name}, which databases.yml names as its {role}; "
                f"it has {', '.join(names)[:300]}."
            )
    try:
        match = match_columns(names, source.table, mapping)
    except FileRefusedError as error:
        what = error.sentence.replace("the file", "the table")
        raise PullError(f"{source.label} was not read. {what}") from error
    column = table.columns[source.cursor]
    try:
        kind = column.type.python_type
    except NotImplementedError:
        kind = str
    if kind not in {datetime, date, int}:
        raise PullError(
            f"{source.label}: the cursor {source.cursor} is a {column.type}; name a column that is "
            "a time, a date or a whole number."
        )
    _check_overlap(source, kind)
    named = next((to for to, at in match.positions.items() if names[at] == source.cursor), None)
    is_zoned = is_instant(column.type)
    zone = mapping.zone_of(named or fold_header(source.cursor))
    if kind is datetime and not is_zoned and zone is None:
        raise PullError(
            f"{source.label}: {source.cursor} is a time without a zone; declare source_zone for "
            f"{source.table.full_name} in brand.yml."
        )
    return Shape(bool(column.nullable), is_zoned, kind, zone)


def what_is_there(engine: sa.Engine, source: Source, shape: Shape) -> tuple[Span | None, list[str]]:
    """The span of cursor values in a table up to now, by the database's clock, and remarks.

    What lies ahead of the clock is left for the pull after its time has come: a cursor that had
    jumped there would pass over everything until then.
    """
    table = _bare(source)
    cursor = table.c[source.cursor]
    remarks = []
    with explained(engine, source), engine.connect() as connection:
        is_set, is_unset = _set_and_unset(cursor, shape, is_mysql=_is_mysql(engine))
        low, high, now = connection.execute(
            sa.select(sa.func.min(cursor), sa.func.max(cursor), _clock(engine)).where(is_set)
        ).one()
        if (shape.is_nullable or shape.kind is not int) and connection.execute(
            sa.select(sa.literal(1)).select_from(table).where(is_unset).limit(1)
        ).first():
            remarks.append(
                f"{source.label}: rows without {source.cursor} cannot be read; give them one."
            )
    if low is None:
        return None, remarks
    if shape.is_zoned and low.tzinfo is None:
        low, high = low.replace(tzinfo=UTC), high and high.replace(tzinfo=UTC)
    latest = _now(now, shape)
    if latest is not None and (high is None or high > latest):
        remarks.append(
            f"{source.label}: rows whose {source.cursor} lies ahead of the clock "
            f"({high or 'infinity'}) are read when their time has come."
        )
        high = latest
    return (None if low > high else Span(low, high)), remarks


def _set_and_unset(
    cursor: sa.ColumnClause[Any], shape: Shape, *, is_mysql: bool
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Whether a cursor has a value: -infinity and 0000-00-00 are none."""
    if shape.kind is int:
        return cursor.is_not(None), cursor.is_(None)
    first: Cursor = date.min
    if shape.kind is datetime:
        first = datetime.min.replace(tzinfo=UTC if shape.is_zoned else None)
        if is_mysql and shape.is_zoned:
            first = _FIRST_OF_MYSQL  # earlier ones are compared as if they were 0000-00-00
    return cursor >= first, sa.or_(cursor.is_(None), cursor < first)


def before(cursor: Cursor, overlap: timedelta | int | None, zone: str | None = None) -> Cursor:
    """The value at which a pull begins again that ended at `cursor`, in `zone` if without its own.

    Where clocks are set back, an hour comes twice; which of the two a time is of, it does not say.
    """
    if isinstance(cursor, int):
        return cursor - (overlap if isinstance(overlap, int) else OVERLAP_NUMBERS)
    span = overlap if isinstance(overlap, timedelta) else OVERLAP_TIME
    if not isinstance(cursor, datetime):
        span = timedelta(days=-(-span // timedelta(days=1)))
    elif cursor.tzinfo is None and zone is not None:
        first, second = (
            cursor.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() or timedelta()
            for fold in (0, 1)
        )
        span += max(first - second, timedelta())
    try:
        return cursor - span
    except OverflowError:
        return cursor.replace(year=1, month=1, day=1)


def read_rows(engine: sa.Engine, source: Source, span: Span, rows: int) -> pa.Table:
    """The first `rows` rows of a span in the order of the cursor. Raises PullError."""
    parts = list(read_parts(engine, source, span, rows))
    with explained(engine, source):
        return joined(parts)


def read_parts(
    engine: sa.Engine, source: Source, span: Span, rows: int | None
) -> Iterator[pa.Table]:
    """A span in the order of the cursor, its first `rows` rows or all, a part after the other.

    Raises PullError.
    """
    schema, name = _schema_and_name(source)
    is_mysql = _is_mysql(engine)

    def asked(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
        columns = [as_read(column, is_mysql=is_mysql) for column in table.columns]
        return query.with_only_columns(*columns).limit(rows)

    def may_be_empty(table: sa.Table) -> None:
        for column in table.columns:
            column.nullable = True  # a NaN or 0000-00-00 comes over empty

    with explained(engine, source), _in_silence():
        resource = sql_table(
            credentials=engine,
            schema=schema,
            table=name,
            backend="pyarrow",
            chunk_size=min(source.rows_per_file, ROWS_AT_A_TIME),
            reflection_level="full_with_precision",
            type_adapter_callback=lambda kind: comes_as(kind, is_mysql=is_mysql),
            incremental=dlt.sources.incremental(
                source.cursor,
                initial_value=span.low,
                end_value=span.high,
                range_start="open" if span.is_open else "closed",
                range_end="closed",
                row_order="asc",
            ),
            table_adapter_callback=may_be_empty,
            query_adapter_callback=asked,
        )
    with explained(engine, source):
        yield from resource


def files_of(engine: sa.Engine, source: Source, span: Span) -> Iterator[pa.Table]:
    """A span in pieces of a file's size each, which are never in memory all. Raises PullError."""
    parts: list[pa.Table] = []
    for part in read_parts(engine, source, span, None):
        parts.append(part)
        if sum(map(len, parts)) >= source.rows_per_file:
            yield joined(parts)
            parts = []
    if parts:
        yield joined(parts)


def joined(parts: list[pa.Table]) -> pa.Table:
    """Parts of a table as one."""
    if not parts:
        return pa.table({})
    whole = pa.concat_tables(parts, promote_options="permissive")
    for at, field in enumerate(whole.schema):
        if pa.types.is_null(field.type):
            empty = pa.chunked_array([pa.nulls(len(whole), pa.string())])
            whole = whole.set_column(at, field.name, empty)
    return whole


@contextmanager
def explained(engine: sa.Engine, source: Source) -> Iterator[None]:
    """Turn what a database answers into a sentence."""
    try:
        yield
    except PullError:
        raise
    except Exception as error:
        chain = list(_chain(error))
        known = [one for one in chain if isinstance(one, sa.exc.SQLAlchemyError)] or chain[-1:]
        # The one that says most is that of the database itself, where there is one.
        found = next((one for one in known if getattr(one, "orig", None) is not None), known[0])
        raise PullError(_sentence(found, engine, source)) from error


def _sentence(error: BaseException, engine: sa.Engine, source: Source) -> str:
    if isinstance(error, sa.exc.NoSuchTableError):
        return (
            f"{source.database} has no table or view {source.name}: correct databases.yml, with "
            "the schema where it has one (public.orders)."
        )
    code = _code(error)
    if code in _NO_PERMISSION:
        rights = "SELECT, and SHOW VIEW where it is a view" if _is_mysql(engine) else "SELECT"
        return (
            f"{source.label} may not be read with the account in {source.url_variable}: grant it "
            f"{rights}."
        )
    if getattr(error, "connection_invalidated", False) or code.startswith(_CUT):
        return (
            f"{source.label}: the connection was cut while it was read ({_reason(error, engine)}). "
            "What was delivered stays; the next pull goes on from there."
        )
    return f"{source.label} cannot be read: {_reason(error, engine)}."


def _code(error: BaseException) -> str:
    """The code of a database's error: MySQL's number (its SQLSTATE says less) or the SQLSTATE."""
    original = getattr(error, "orig", None) or error
    number = next(iter(getattr(original, "args", ())), None)
    return str(number if isinstance(number, int) else getattr(original, "sqlstate", None) or "")


def _reason(error: BaseException, engine: sa.Engine) -> str:
    """The first line of what the database said, without the password."""
    original = getattr(error, "orig", None) or error
    arguments: tuple[object, ...] = getattr(original, "args", ())
    said = arguments[1] if len(arguments) == 2 and isinstance(arguments[0], int) else original
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    text = (lines or [type(original).__name__])[0][:300].rstrip(".")
    if isinstance(original, RuntimeError) and "caching_sha2_password" in text:
        return (
            "the account's way to log in (caching_sha2_password) needs TLS, which the server does "
            "not offer or the address turns off"
        )
    password = engine.url.password
    return text.replace(str(password), "***") if password else text


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _clock(engine: sa.Engine) -> sa.Function[datetime]:
    """The database's time; that of MySQL has no fractions of seconds unless asked for."""
    return sa.func.now(6) if _is_mysql(engine) else sa.func.now()


def _is_mysql(engine: sa.Engine) -> bool:
    return engine.dialect.name in {"mysql", "mariadb"}


def _now(now: datetime, shape: Shape) -> Cursor | None:
    """The clock in the form of the cursor; None where the cursor is a number."""
    if shape.kind is int:
        return None
    instant = now.replace(tzinfo=UTC) if now.tzinfo is None else now
    if shape.kind is date:
        return instant.astimezone(ZoneInfo(shape.zone or "UTC")).date()
    if shape.is_zoned:
        return instant
    return instant.astimezone(ZoneInfo(shape.zone or "UTC")).replace(tzinfo=None)


def _check_overlap(source: Source, kind: type) -> None:
    if source.overlap is None or isinstance(source.overlap, int) == (kind is int):
        return
    write = "a number such as 10000" if kind is int else "a time such as 1 hour"
    raise SettingsError(
        f"databases.yml: the overlap of {source.table.full_name} does not fit its cursor "
        f"{source.cursor}; write {write}."
    )


def _schema_and_name(source: Source) -> tuple[str | None, str]:
    schema, _, name = source.name.rpartition(".")
    return schema or None, name


def _reflected(engine: sa.Engine, source: Source) -> sa.Table:
    schema, name = _schema_and_name(source)
    with _in_silence():
        return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=engine)


@contextmanager
def _in_silence() -> Iterator[None]:
    """Columns of types that SQLAlchemy does not know come over as text, which is no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


def _bare(source: Source) -> sa.TableClause:
    schema, name = _schema_and_name(source)
    return sa.table(name, sa.column(source.cursor), schema=schema)
