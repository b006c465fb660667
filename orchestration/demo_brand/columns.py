"""From numpy arrays to the columns of landing tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo_brand.settings import DAY_SECONDS, FIRST_DAY, ZONE_SECONDS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Column = Any
"""A pyarrow array."""


def numbered(prefix: str, numbers: Ints, width: int = 0, known: Bools | None = None) -> Column:
    """Text ids: the prefix and the number, padded with zeros to `width` digits."""
    digits = pc.cast(pa.array(numbers), pa.string())
    if width:
        digits = pc.utf8_lpad(digits, width, "0")
    texts = pc.binary_join_element_wise(prefix, digits, "") if prefix else digits
    return where_known(texts, known)


def joined(*parts: Column | str) -> Column:
    """The texts of several columns one after another; null where one of them is null."""
    return pc.binary_join_element_wise(*parts, "")


def where_known(column: Column, known: Bools | None) -> Column:
    """The column, null where `known` is false."""
    if known is None:
        return column
    return pc.if_else(pa.array(known), column, pa.scalar(None, column.type))


def instants(seconds: Ints, known: Bools | None = None) -> Column:
    """Instants from UTC seconds since 1970."""
    mask = None if known is None else ~known
    micros = np.where(known, seconds, 0) if known is not None else seconds
    return pa.array(micros * 1_000_000, pa.int64(), mask=mask).cast(pa.timestamp("us", "UTC"))


def dates(days: Ints, known: Bools | None = None) -> Column:
    """Dates from days since 1970."""
    mask = None if known is None else ~known
    return pa.array(days.astype(np.int32), pa.int32(), mask=mask).cast(pa.date32())


def money(cents: Ints, known: Bools | None = None) -> Column:
    """decimal(18, 2) from whole cents."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = np.where(cents < 0, -1, 0)
    values = pa.Array.from_buffers(
        pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words.tobytes())]
    )
    return where_known(values, known)


def whole(numbers: Ints, known: Bools | None = None) -> Column:
    """Whole numbers."""
    return pa.array(numbers, pa.int64(), mask=None if known is None else ~known)


def real(numbers: Floats, known: Bools | None = None) -> Column:
    """Doubles."""
    return pa.array(numbers, pa.float64(), mask=None if known is None else ~known)


def flags(values: Bools, known: Bools | None = None) -> Column:
    """Booleans."""
    return pa.array(values, pa.bool_(), mask=None if known is None else ~known)


def codes(values: Sequence[str], at: npt.NDArray[Any], known: Bools | None = None) -> Column:
    """Texts out of a short list, by position; a position below 0 is null."""
    at = np.asarray(at, dtype=np.int32)
    present = at >= 0 if known is None else known & (at >= 0)
    indices = pa.array(np.where(present, at, 0), pa.int32(), mask=~present)
    return pc.take(pa.array(list(values), pa.string()), indices)


def constant(value: Any, length: int) -> Column:
    """The same value in every row."""
    return pa.repeat(pa.scalar(value), length)


def nothing(length: int) -> Column:
    """A text column without a value."""
    return pa.nulls(length, pa.string())


def local_day(seconds: Ints) -> Ints:
    """The day of the brand's calendar (0 = its first day) on which an instant falls."""
    return (seconds + ZONE_SECONDS) // DAY_SECONDS - FIRST_DAY


def at_local(day: npt.NDArray[Any], second_of_day: npt.NDArray[Any]) -> Ints:
    """UTC seconds of a local time on a day of the brand's calendar."""
    seconds = (np.asarray(day, dtype=np.int64) + FIRST_DAY) * DAY_SECONDS - ZONE_SECONDS
    return seconds + np.asarray(second_of_day, dtype=np.int64)


def pick(rng: np.random.Generator, weights: npt.ArrayLike, size: int) -> Ints:
    """Positions drawn with the given weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(drawn, dtype=np.int64)


def pick_rows(rng: np.random.Generator, weights: Floats) -> Ints:
    """For each row of a matrix of weights, a position drawn with the weights of that row."""
    edges = np.cumsum(weights, axis=1)
    drawn = rng.random(len(weights)) * edges[:, -1]
    return np.asarray((edges <= drawn[:, None]).sum(axis=1), dtype=np.int64)


def starts_of_groups(sorted_keys: npt.NDArray[Any]) -> Bools:
    """True on the first row of each run of equal keys."""
    first = np.ones(len(sorted_keys), dtype=bool)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return first


def position_in_group(sorted_keys: npt.NDArray[Any]) -> Ints:
    """0, 1, 2 … within each run of equal keys."""
    first = starts_of_groups(sorted_keys)
    rows = np.arange(len(sorted_keys), dtype=np.int64)
    return rows - np.maximum.accumulate(np.where(first, rows, 0))
