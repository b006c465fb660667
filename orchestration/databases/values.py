"""How values of a database come over: as themselves where files can hold them, else as text.

What a type may hold and no date or number of a file can (`infinity`, `NaN`, `0000-00-00`, the year
12345) comes over empty and is counted: one such value must not keep a whole table from being read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.adapt import Loader
from psycopg.pq import Format
from pymysql.constants import FIELD_TYPE
from pymysql.converters import convert_date, convert_datetime, decoders, encoders
from sqlalchemy.dialects import mysql, postgresql

_MOST_DIGITS = 38
_BINARY = ("BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")
_GUARDED = ("date", "timestamp", "timestamptz", "numeric")


@dataclass
class Emptied:
    """How many values have come over empty since the last `taken`."""

    values: int = 0

    def taken(self) -> int:
        """The count, which begins anew."""
        values, self.values = self.values, 0
        return values


def decoding_mysql(emptied: Emptied) -> dict[Any, Any]:
    """PyMySQL's converters, with dates and times that are none as nothing."""

    def unless_text(usual: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A converter that gives nothing where the usual one gives back what was said."""

        def convert(said: Any) -> Any:
            value = usual(said)
            if isinstance(value, str):
                emptied.values += 1
                return None
            return value

        return convert

    times = {
        FIELD_TYPE.DATE: unless_text(convert_date),
        FIELD_TYPE.DATETIME: unless_text(convert_datetime),
        FIELD_TYPE.TIMESTAMP: unless_text(convert_datetime),
    }
    return {**encoders, **decoders, **times}


def guard_postgres(connection: psycopg.Connection[Any], emptied: Emptied) -> None:
    """Let a connection give dates, times and numbers that Python cannot hold as nothing."""
    for name in _GUARDED:
        found = psycopg.adapters.types[name].oid
        usual = connection.adapters.get_loader(found, Format.TEXT)
        assert usual is not None
        connection.adapters.register_loader(found, _guarded(usual, emptied))


def _guarded(usual: type[Any], emptied: Emptied) -> type[Loader]:
    """A loader that asks the usual one, which may be written in C and call nothing that is not."""

    class Guarded(Loader):
        format = Format.TEXT

        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context).load

        def load(self, data: Any) -> Any:
            try:
                value = self._usual(data)
            except psycopg.DataError:
                value = None
            if value is None or (type(value) is Decimal and not value.is_finite()):
                emptied.values += 1
                return None
            return value

    return Guarded


def is_instant(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether times of a type are instants.

    Those of MySQL's TIMESTAMP are, given in the session's zone, which is UTC in a pull.
    """
    return bool(getattr(kind, "timezone", False)) or isinstance(kind, mysql.TIMESTAMP)


def comes_as(kind: sa.types.TypeEngine[Any], *, is_mysql: bool) -> sa.types.TypeEngine[Any]:
    """The type in which values of a column's type come over: Text where nothing else fits."""
    text: sa.types.TypeEngine[Any] = sa.Text()
    if isinstance(kind, sa.Float):
        return sa.Numeric(asdecimal=False)
    if isinstance(kind, sa.Numeric):
        digits, scale = kind.precision, kind.scale
        fits = digits is not None and digits <= _MOST_DIGITS and 0 <= (scale or 0) <= digits
        return kind if fits else text
    if kind.__visit_name__ in _BINARY or isinstance(kind, sa.LargeBinary):
        return sa.LargeBinary()
    if isinstance(kind, sa.DateTime):
        return sa.DateTime(timezone=is_instant(kind))
    if is_mysql:
        if isinstance(kind, mysql.BIT | mysql.YEAR):
            return sa.BigInteger()
        if isinstance(kind, mysql.BIGINT) and kind.unsigned:
            return text
        if isinstance(kind, sa.types.NullType):
            return sa.LargeBinary()  # points and the like
    if isinstance(kind, mysql.SET):
        return text
    if isinstance(kind, sa.String | sa.Integer | sa.Boolean | sa.Date | sa.Uuid):
        return kind
    return text


def as_read(column: sa.Column[Any], *, is_mysql: bool) -> sa.ColumnElement[Any]:
    """A column as it is asked for: what comes over as text is made text by the database."""
    kind = column.type
    if isinstance(kind, sa.Float):
        kind.asdecimal = False
    if isinstance(kind, sa.String) and not isinstance(kind, mysql.SET):
        return column
    if not isinstance(comes_as(kind, is_mysql=is_mysql), sa.Text):
        return column
    value: sa.ColumnElement[Any] = column
    if isinstance(kind, postgresql.ARRAY):
        value = sa.func.to_jsonb(column)
    return sa.cast(value, sa.Text()).label(column.name)
