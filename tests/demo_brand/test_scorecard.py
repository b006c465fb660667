"""The scorecard of data quality beside counts made of the landing files."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from orchestration.demo_brand.settings import LAST_DATE
from tests.conftest import BuildWarehouse

ZONE = "Asia/Shanghai"
WINDOW_DAYS, TREND_DAYS = 90, 28
Check = tuple[date, str, str, str]
"""Day, table, column and dimension."""


def business_date(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(ZONE).dt.date()


@pytest.fixture(scope="module")
def counted(default_brand: Path) -> dict[Check, tuple[int, int]]:
    """(rows that pass, rows) of users of the mini-program and of refunds, by polars."""
    landing = default_brand / "landing"
    end = datetime.combine(LAST_DATE + timedelta(days=1), time(), ZoneInfo(ZONE)).astimezone(UTC)
    users = (
        pl.read_parquet(landing / "mini_program/users/*.parquet")
        .filter(pl.col("created_at") < end)
        .filter((pl.col("updated_at") < end) | ~(pl.col("updated_at") < end).any().over("openid"))
        .sort("updated_at")
        .unique("openid", keep="last")
        .with_columns(check_date=business_date("created_at"))
        .with_columns(
            holders=pl.when(pl.col("unionid").is_not_null()).then(pl.len().over("unionid"))
        )
    )
    orders = pl.read_parquet(landing / "commerce/orders/**/*.parquet")["order_id"]
    refunds = (
        pl.read_parquet(landing / "commerce/refunds/**/*.parquet")
        .filter(pl.col("refunded_at") < end)
        .unique("refund_id")
        .with_columns(check_date=business_date("refunded_at"))
    )
    filled = "completeness"
    wanted = (
        (users, "users", "unionid", filled, pl.lit(True), pl.col("unionid").is_not_null()),
        (users, "users", "nickname", filled, pl.lit(True), pl.col("nickname").is_not_null()),
        (users, "users", "unionid", "uniqueness", pl.col("holders") > 0, pl.col("holders") == 1),
        (refunds, "refunds", "reason", filled, pl.lit(True), pl.col("reason").is_not_null()),
        (
            refunds,
            "refunds",
            "order_id",
            "consistency",
            pl.lit(True),
            pl.col("order_id").is_in(orders.implode()),
        ),
    )
    answer: dict[Check, tuple[int, int]] = {}
    for rows, table, column, dimension, counts, passes in wanted:
        by_day = (
            rows.filter(pl.col("check_date") > LAST_DATE - timedelta(days=WINDOW_DAYS))
            .filter(counts)
            .group_by("check_date")
            .agg(passed=passes.sum(), total=pl.len())
        )
        for day, passed, total in by_day.iter_rows():
            answer[day, table, column, dimension] = (passed, total)
    return answer


@pytest.fixture(scope="module")
def scorecard(default_brand: Path, build_warehouse: BuildWarehouse) -> pl.DataFrame:
    with duckdb.connect(str(build_warehouse(default_brand / "landing")), read_only=True) as marts:
        rows: pl.DataFrame = marts.sql("select * from ops.data_quality_scorecard").pl()
        return rows


def test_counts_are_those_of_the_files(
    scorecard: pl.DataFrame, counted: dict[Check, tuple[int, int]]
) -> None:
    tables = {"users": "mini_program", "refunds": "commerce"}
    keys = {(tables[table], *rest) for _, table, *rest in counted}
    found = {
        (row["check_date"], row["table_name"], row["column_name"], row["dimension"]): (
            row["passed_rows"],
            row["total_rows"],
        )
        for row in scorecard.iter_rows(named=True)
        if tables.get(row["table_name"]) == row["system"]
        and (row["system"], row["column_name"], row["dimension"]) in keys
    }
    assert len(counted) > 300
    assert found == counted
    assert {passed == total for passed, total in counted.values()} == {True, False}


def test_scores_changes_and_judgements_follow_from_the_counts(scorecard: pl.DataFrame) -> None:
    judged = set()
    for rows in scorecard.partition_by("system", "table_name", "column_name", "dimension"):
        scores = dict(
            zip(rows["check_date"], rows["passed_rows"] / rows["total_rows"], strict=True)
        )
        for row in rows.iter_rows(named=True):
            day, score = row["check_date"], scores[row["check_date"]]
            before = [s for d, s in scores.items() if 0 < (day - d).days <= TREND_DAYS]
            mean = sum(before) / len(before) if before else None
            enough = row["dimension"] == "timeliness" or row["total_rows"] >= 20
            assert row["score"] == pytest.approx(score)
            assert row["mean_score_before"] == (mean if mean is None else pytest.approx(mean))
            assert row["is_below_minimum"] == (enough and score < row["minimum_score"])
            judged.add((row["dimension"], row["is_below_minimum"]))
    dimensions = {"completeness", "validity", "uniqueness", "timeliness", "consistency"}
    assert {dimension for dimension, is_below in judged if not is_below} == dimensions
    assert {"completeness", "uniqueness", "timeliness"} <= {d for d, is_below in judged if is_below}


def test_no_column_is_empty(scorecard: pl.DataFrame) -> None:
    assert [
        name for name in scorecard.columns if scorecard[name].null_count() == scorecard.height
    ] == []
