"""The comparison itself: what it takes for equal, and what not."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.parity.rows import compare_rows

ONE_ROW = "select 1 as id, 'a' as name, cast(0.5 as double) as share"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def with_share(share: str) -> str:
    return ONE_ROW.replace("0.5", share)


EQUAL = {
    "the same row": (ONE_ROW, ONE_ROW),
    "rows in another order": (
        f"{ONE_ROW} union all select 2, 'b', null",
        f"select 2 as id, 'b' as name, cast(null as double) as share union all {ONE_ROW}",
    ),
    "half of the tolerance": (ONE_ROW, with_share("0.5000000005")),
    "a relative difference of a large number": (with_share("1e12"), with_share("1000000000000.5")),
    "both not a number": (with_share("'nan'"), with_share("'nan'")),
    "both infinite": (with_share("'inf'"), with_share("'inf'")),
    "both negative zero and zero": (with_share("-0.0"), with_share("0.0")),
    "integers of another width": (ONE_ROW, ONE_ROW.replace("1 as id", "cast(1 as bigint) as id")),
    "columns in another order": (ONE_ROW, f"select share, name, id from ({ONE_ROW})"),
}

DIFFERENT = {
    "twice the tolerance": (ONE_ROW, with_share("0.500000002")),
    "a large number": (with_share("1e12"), with_share("1000000002000")),
    "infinite against finite": (with_share("'inf'"), with_share("1.0")),
    "infinite against the other end": (with_share("'inf'"), with_share("'-inf'")),
    "not a number against a number": (with_share("'nan'"), with_share("1.0")),
    "not a number against null": (with_share("'nan'"), with_share("null")),
    "null against a number": (with_share("null"), with_share("0.0")),
    "another text": (ONE_ROW, ONE_ROW.replace("'a'", "'A'")),
    "null against an empty text": (
        ONE_ROW.replace("'a'", "cast(null as varchar)"),
        ONE_ROW.replace("'a'", "''"),
    ),
    "a row twice": (ONE_ROW, f"{ONE_ROW} union all {ONE_ROW}"),
    "another row twice": (
        f"{ONE_ROW} union all {ONE_ROW} union all select 2, 'b', 1.0",
        f"{ONE_ROW} union all select 2, 'b', 1.0 union all select 2, 'b', 1.0",
    ),
    "no row": (ONE_ROW, f"{ONE_ROW} limit 0"),
    "another type": (ONE_ROW, ONE_ROW.replace("1 as id", "'1' as id")),
    "a column less": (ONE_ROW, "select 1 as id, 'a' as name"),
    "another name": (ONE_ROW, ONE_ROW.replace("as name", "as title")),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal(connection: duckdb.DuckDBPyConnection, case: str) -> None:
    ours, theirs = EQUAL[case]
    assert compare_rows(connection, case, f"({ours})", f"({theirs})").is_equal


@pytest.mark.parametrize("case", DIFFERENT)
def test_different(connection: duckdb.DuckDBPyConnection, case: str) -> None:
    ours, theirs = DIFFERENT[case]
    assert not compare_rows(connection, case, f"({ours})", f"({theirs})").is_equal
    assert not compare_rows(connection, case, f"({theirs})", f"({ours})").is_equal
