"""The scorecard of data quality beside counts made of the landing files."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from orchestration.demo_brand.settings import LAST_DATE
from orchestration.loading.contract import load_contract
from tests.conftest import LOADED_AT, BuildWarehouse

ZONE = "Asia/Shanghai"
WINDOW_DAYS, TREND_DAYS = 90, 28
Check = tuple[date, str, str, str]
"""Day, table, column and dimension."""
FIRST_DAY = LAST_DATE - timedelta(days=WINDOW_DAYS - 1)


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


@dataclass(frozen=True)
class Refusing:
    """How rows of surveys are refused and counted; any other way than the default is a mutation."""

    zone: str = ZONE
    least: float = 0
    csat_least: float = 1
    is_future_of_its_file: bool = True
    future_days: int = 1
    weight: int = 1
    days_later: int = 0
    refused_pass: int = 0
    future_as: str = "consistency"


def survey_counts(landing: Path, how: Refusing) -> dict[Check, tuple[int, int]]:
    """(rows that pass, rows) of surveys with those that the contract refuses, by polars.

    A score outside its scale counts on its own day; a response of the future, whose time nobody
    knows, on the day of the newest sound one of its file.
    """
    found: dict[Check, tuple[int, int]] = {}
    rows = pl.read_parquet(landing / "service/surveys/*.parquet", include_file_paths="file")
    is_csat = pl.col("survey_kind") == "csat"
    in_scale = (
        pl.when(is_csat)
        .then(pl.col("score").is_between(how.csat_least, 5))
        .otherwise(pl.col("score").is_between(how.least, 10))
    )
    rows = rows.with_columns(
        is_future=pl.col("responded_at") > LOADED_AT + timedelta(days=how.future_days),
        is_bad=~in_scale.fill_null(value=False),
    ).with_columns(
        newest=pl.col("responded_at")
        .filter(~pl.col("is_future") & ~pl.col("is_bad"))
        .max()
        .over("file")
    )
    own = pl.col("responded_at")
    of_file = pl.col("newest") if how.is_future_of_its_file else own
    day = pl.when("is_future").then(of_file).otherwise(own).dt.convert_time_zone(how.zone).dt.date()
    rows = rows.with_columns(check_date=day).filter(
        pl.col("check_date").is_between(FIRST_DAY, LAST_DATE)
    )
    sound = rows.filter(~pl.col("is_future") & ~pl.col("is_bad")).unique("response_id")

    def tally(refused: pl.DataFrame, column: str, dimension: str) -> None:
        late = timedelta(days=how.days_later)
        passing: dict[date, int] = dict(sound.group_by("check_date").len().iter_rows())
        failing = {at + late: n for at, n in refused.group_by("check_date").len().iter_rows()}
        for at in passing.keys() | failing.keys():
            fails, passes = failing.get(at, 0) * how.weight, passing.get(at, 0)
            passes += fails * how.refused_pass
            total = passing.get(at, 0) + fails
            found[at, "surveys", column, dimension] = (passes, total)

    tally(rows.filter(pl.col("is_future") | pl.col("is_bad")), "(table)", "validity")
    tally(rows.filter(pl.col("is_bad") & ~pl.col("is_future")), "score", "validity")
    tally(rows.filter("is_future"), "responded_at", how.future_as)
    return found


def survey_scores(scorecard: pl.DataFrame) -> dict[Check, tuple[int, int]]:
    """What the scorecard says of the columns of surveys that refusals judge, and of the table."""
    return {
        (row["check_date"], row["table_name"], row["column_name"], row["dimension"]): (
            row["passed_rows"],
            row["total_rows"],
        )
        for row in scorecard.iter_rows(named=True)
        if row["table_name"] == "surveys"
        and row["column_name"] in {"(table)", "score", "responded_at"}
        and row["dimension"] != "timeliness"
    }


def test_refused_rows_count_as_the_files_say(scorecard: pl.DataFrame, default_brand: Path) -> None:
    expected = survey_counts(default_brand / "landing", Refusing())
    assert survey_scores(scorecard) == expected
    assert sum(total - passed for passed, total in expected.values()) > 50


MUTATIONS = {
    "days of another zone": Refusing(zone="UTC"),
    "scores from one on": Refusing(least=1),
    "no scale of its own for csat": Refusing(csat_least=-5),
    "a negative score is none": Refusing(least=-10, csat_least=-5),
    "the future on its own day": Refusing(is_future_of_its_file=False),
    "no future at all": Refusing(future_days=40_000),
    "each refused row twice": Refusing(weight=2),
    "refused rows count nowhere": Refusing(weight=0),
    "refused rows pass": Refusing(refused_pass=1),
    "a day later": Refusing(days_later=1),
    "the future as validity": Refusing(future_as="validity"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_of_the_refusals_is_seen(
    scorecard: pl.DataFrame, default_brand: Path, name: str
) -> None:
    assert replace(MUTATIONS[name]) != Refusing()
    assert survey_scores(scorecard) != survey_counts(default_brand / "landing", MUTATIONS[name])


def test_rows_without_a_version_fail_where_their_reason_belongs(
    scorecard: pl.DataFrame, default_brand: Path
) -> None:
    """Cards without a time of change are incomplete, with an impossible one invalid."""
    expected: dict[tuple[date, str, str], int] = {}
    for path in (default_brand / "landing/crm/members").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        bad = {"", "2024-02-30"}
        times = [
            row["注册时间"] or row["updated_at"]
            for row in rows
            if row["updated_at"][:10] not in bad
        ]
        for row in rows:
            if row["updated_at"][:10] not in bad:
                continue
            day = date.fromisoformat((row["注册时间"] or max(times))[:10])
            if FIRST_DAY <= day <= LAST_DATE:
                dimension = "validity" if row["updated_at"] else "completeness"
                for key in {(day, "updated_at", dimension), (day, "(table)", "validity")}:
                    expected[key] = expected.get(key, 0) + 1
    found = {
        (row["check_date"], row["column_name"], row["dimension"]): failed
        for row in scorecard.iter_rows(named=True)
        if (row["system"], row["table_name"]) == ("crm", "members")
        and row["column_name"] in {"updated_at", "(table)"}
        and row["dimension"] != "timeliness"
        and (failed := row["total_rows"] - row["passed_rows"])
    }
    assert found == expected
    assert {dimension for _, _, dimension in expected} == {"validity", "completeness"}


def test_every_table_of_the_contract_has_scores(scorecard: pl.DataFrame) -> None:
    tables = {f"{system}.{table}" for system, table in scorecard[["system", "table_name"]].rows()}
    assert tables == {table.full_name for table in load_contract()}


def test_a_table_without_refusals_passes_whole(scorecard: pl.DataFrame) -> None:
    whole = scorecard.filter(pl.col("column_name") == "(table)", pl.col("dimension") == "validity")
    refused = whole.filter(pl.col("score") < 1)
    assert set(refused["table_name"]) == {"members", "contacts", "tickets", "surveys"}
    assert whole.height > 10 * refused.height


def test_a_column_that_loses_its_values_is_seen_and_an_ordinary_day_is_not(
    scorecard: pl.DataFrame,
) -> None:
    """Nothing asks for nothing: without any value every column is below its minimum."""
    complete = scorecard.filter(pl.col("dimension") == "completeness")
    assert complete.filter(pl.col("minimum_score") <= 0).is_empty()
    judged = complete.filter(pl.col("total_rows") >= 20)
    below = judged.filter("is_below_minimum").group_by("system", "table_name", "column_name").len()
    assert not below["len"].to_list() or max(below["len"].to_list()) < 5
    assert judged.height > 1000


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
    assert {dimension for dimension, is_below in judged if is_below} == dimensions


def test_no_column_is_empty(scorecard: pl.DataFrame) -> None:
    assert [
        name for name in scorecard.columns if scorecard[name].null_count() == scorecard.height
    ] == []
