"""Rows that a database marks as deleted, in the words that the contract has for them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.databases.errors import PullError
from orchestration.loading.brand import TableMapping, fold_header
from orchestration.loading.contract import DELETION_TIME, Table
from orchestration.loading.typing_sql import FALSE


def say_deleted(
    rows: pa.Table, table: Table, mapping: TableMapping, deleted: str, cursor: str
) -> pa.Table:
    """Turn the rows whose column `deleted` is set into what the contract calls deleted.

    A flag is set where it is true or another number than zero, a text where it is not empty and no
    word for false, anything else where it is not empty.
    The deletion time is the column itself where it is a time, else the cursor. A time that a row
    has already stays. The column is left out, unless the contract reads it. Raises PullError.
    """
    is_deleted = _is_set(rows[deleted])
    at = next((name for name in (deleted, cursor) if pa.types.is_timestamp(rows[name].type)), None)
    renames = dict(mapping.rename)
    headers = {
        renames.get(fold_header(name), fold_header(name)): name for name in rows.schema.names
    }
    for column, value in table.when_deleted:
        header = headers.get(column)
        if value == DELETION_TIME:
            if at is None:
                raise PullError(
                    f"{table.full_name}: neither {deleted} nor {cursor} is a time, so that nobody "
                    "knows when a row was deleted; give one of them as a time."
                )
            said = rows[at]
        else:
            said = value
        rows = _with(rows, header or column, is_deleted, said, keeps=value == DELETION_TIME)
    if deleted not in {headers.get(column.name) for column in table.columns}:
        rows = rows.drop_columns([deleted])
    return rows


def _is_set(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type):
        return pc.fill_null(values, fill_value=False)
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return pc.fill_null(pc.not_equal(values, pa.scalar(0).cast(kind)), fill_value=False)
    if pa.types.is_string(kind):
        words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
        says_no = pc.or_(
            pc.is_in(words, value_set=pa.array(["", *FALSE])),
            pc.match_substring_regex(words, r"^0+(\.0*)?$"),
        )
        return pc.fill_null(pc.invert(says_no), fill_value=False)
    return pc.is_valid(values)


def _with(
    rows: pa.Table,
    header: str,
    is_deleted: pa.ChunkedArray,
    said: pa.ChunkedArray | str,
    *,
    keeps: bool,
) -> pa.Table:
    """The rows with `said` in column `header` where they are deleted."""
    at = rows.schema.get_field_index(header)
    if at < 0:
        kind = pa.string() if isinstance(said, str) else said.type
        before = pa.chunked_array([pa.nulls(len(rows), kind)])
    else:
        before = rows[header]
    value = _of_type(said, before.type, header)
    if keeps:
        value = pc.coalesce(before, value)
    after = pc.if_else(is_deleted, value, before)
    return rows.append_column(header, after) if at < 0 else rows.set_column(at, header, after)


def _of_type(
    said: pa.ChunkedArray | str, kind: pa.DataType, header: str
) -> pa.ChunkedArray | pa.Scalar:
    if not isinstance(said, str):
        if said.type.tz != getattr(kind, "tz", None) or not pa.types.is_timestamp(kind):
            raise PullError(
                f"The deletion time is of another type than {header}: make both times with a zone, "
                "or both without one, in a view."
            )
        return said.cast(kind)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return pa.scalar(int(said == "true")).cast(kind)
    return pa.scalar(said).cast(kind)
