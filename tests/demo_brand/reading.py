"""Reading generated landing tables in tests."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from orchestration.demo_brand.chunk import Chunk, Rows, Tables
from orchestration.demo_brand.columns import Bools, Ints
from orchestration.workspace import PROJECT


@cache
def _systems() -> dict[str, dict[str, Any]]:
    text = Path(PROJECT / "orchestration/loading/contract.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["systems"])


def contract_tables(system: str) -> dict[str, Any]:
    """The contract of a system's tables."""
    return _systems()[system]


def values(rows: Rows, name: str) -> list[Any]:
    """A column as Python values."""
    return list(rows.columns[name].to_pylist())


def texts(rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    """A column as an array of Python values, None where null."""
    return np.array(values(rows, name), dtype=object)


def is_known(found: np.ndarray[Any, np.dtype[np.object_]]) -> Bools:
    """Where an array of Python values holds one that is not None."""
    return np.array([value is not None for value in found], dtype=bool)


def seconds(rows: Rows, name: str) -> Ints:
    """UTC seconds; -1 where null."""
    column = rows.columns[name].cast(pa.int64())
    return np.asarray(column.fill_null(-1_000_000).to_numpy(zero_copy_only=False)) // 1_000_000


def members(rows: Rows) -> Ints:
    """The numbers of the people who hold member_no."""
    return np.array([int(text[1:]) for text in values(rows, "member_no")])


def positions(rows: Rows, chunk: Chunk) -> Ints:
    """The positions in their chunk of the people who hold member_no."""
    return members(rows) - chunk.number * 10_000


def check_columns(tables: Tables, contract: dict[str, Any], system: str) -> None:
    """Columns are the contract's; none is null in all rows, required ones in none."""
    for name, rows in tables.items():
        expected = contract[name.removeprefix(f"{system}.")]["columns"]
        assert set(rows.columns) == set(expected)
        for column, kind in expected.items():
            array = rows.columns[column]
            assert len(array) == len(rows), (name, column)
            assert array.null_count < len(array), (name, column)
            assert not kind.get("required") or array.null_count == 0, (name, column)


def check_keys(parts: list[Tables], contract: dict[str, Any], system: str) -> None:
    """Keys are unique over all parts."""
    for table in parts[0]:
        key = contract[table.removeprefix(f"{system}.")]["key"]
        rows = [part[table] for part in parts]
        found = [
            row
            for part in rows
            for row in zip(*(values(part, column) for column in key), strict=True)
        ]
        assert len(found) == len(set(found)), table


def check_codes(parts: list[Tables], contract: dict[str, Any], system: str) -> None:
    """Every known code occurs, and each that occurs does so 20 times."""
    for table in parts[0]:
        for column, kind in contract[table.removeprefix(f"{system}.")]["columns"].items():
            if kind["type"] == "code":
                counts = Counter(value for part in parts for value in values(part[table], column))
                counts.pop(None, 0)
                assert set(kind.get("codes", counts)) == set(counts), (table, column)
                assert min(counts.values()) >= 20, (table, column)


def check_equal(first: Tables, again: Tables) -> None:
    """The same rows in both."""
    assert set(first) == set(again)
    for name, rows in first.items():
        assert (rows.changed_at == again[name].changed_at).all()
        assert all(rows.columns[key].equals(again[name].columns[key]) for key in rows.columns)


def check_different(first: Tables, other: Tables) -> None:
    """No table has the same rows in both."""
    for name, rows in first.items():
        same = len(rows) == len(other[name])
        assert not same or (rows.changed_at != other[name].changed_at).any(), name
