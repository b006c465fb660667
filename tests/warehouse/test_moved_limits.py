"""A limit that no unit test holds is found, one that is held is not."""

from __future__ import annotations

import duckdb
import pytest

from tests.warehouse.moved_limits import unnoticed

STATEMENT = """
with dbt_internal_unit_test_actual as (
  select "n", 'actual' as "actual_or_expected"
  from (
with __dbt__cte__rows as (
-- Fixture for rows: ')' and 1 > 0
select 1 as n where '(' > '!'
union all select 2 union all select 3
), kept as (
    -- nothing is < 0
    select n from __dbt__cte__rows
    where n > 1
)
select n from kept
where n < {limit}
  ) _dbt_internal_unit_test_actual
),
dbt_internal_unit_test_expected as (
  select "n", 'expected' as "actual_or_expected"
  from (select {expected} as n) _dbt_internal_unit_test_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
"""


def test_a_limit_counts_as_held_when_one_test_holds_it() -> None:
    held, loose = (STATEMENT.format(limit=limit, expected=2) for limit in (3, 2.5))
    with duckdb.connect() as connection:
        assert unnoticed([held], connection) == []
        assert unnoticed([loose], connection) == ["where n < 2.5"]
        assert unnoticed([loose.replace("2.5", "3", 1), held], connection) == []


def test_a_test_that_fails_by_itself_is_told() -> None:
    with duckdb.connect() as connection, pytest.raises(ValueError, match="before anything moves"):
        unnoticed([STATEMENT.format(limit=3, expected=1)], connection)
