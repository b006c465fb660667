"""What the semantic layer answers is what the KPI marts say, on the default demo brand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from orchestration.warehouse.manifest import prepared_manifest
from tests.conftest import BuildWarehouse

Key = tuple[date, str, str, str]
"""Begin of the period, metric, dimension type and value."""


class DuckDb:
    """All that MetricFlow has to know of a warehouse to write SQL for it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


class Asker:
    """MetricFlow over the marts of a build."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, text: str) -> None:
        manifest = parse_manifest_from_dbt_generated_manifest(text)
        self.connection = connection
        self.metrics = {
            metric.name: metric.config.meta["metric_code"]
            for metric in manifest.metrics
            if metric.config is not None and "metric_code" in metric.config.meta
        }
        client: Any = DuckDb()
        self.engine = MetricFlowEngine(SemanticManifestLookup(manifest), client)

    def ask(self, names: Sequence[str], by: Sequence[str]) -> list[tuple[Any, ...]]:
        """Rows of the values of `by`, in this order, and of the metrics."""
        request = MetricFlowQueryRequest.create(metric_names=names, group_by_names=by)
        sql = self.engine.explain(request).sql_statement.sql
        columns = ", ".join([*by, *names])
        return self.connection.execute(f"select {columns} from ({sql}) as answers").fetchall()

    def values(self, names: Sequence[str], grain: str) -> dict[Key, float]:
        """The answers by period and dimension value that are not null."""
        dimensions = [f"kpi_{grain}__dimension_type", f"kpi_{grain}__dimension_value"]
        return {
            (day_of(period), self.metrics[name], kind, value): answer
            for period, kind, value, *answers in self.ask(
                names, [f"metric_time__{grain}", *dimensions]
            )
            for name, answer in zip(names, answers, strict=True)
            if answer is not None
        }


def day_of(period: date) -> date:
    """The date of a timestamp."""
    return period.date() if isinstance(period, datetime) else period


@pytest.fixture(scope="module")
def text() -> str:
    """The semantic manifest."""
    return prepared_manifest().with_name("semantic_manifest.json").read_text("utf-8")


@pytest.fixture(scope="module")
def connection(
    default_brand: Path, build_warehouse: BuildWarehouse
) -> Iterator[duckdb.DuckDBPyConnection]:
    build_file = build_warehouse(default_brand / "landing")
    with duckdb.connect(str(build_file), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def asker(connection: duckdb.DuckDBPyConnection, text: str) -> Asker:
    return Asker(connection, text)


def told(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[Key, float]:
    """The values of a KPI mart that are not null."""
    rows = connection.execute(
        "select period_start_date, metric_code, dimension_type, dimension_value, value "
        f"from kpi.{mart} where value is not null"
    ).fetchall()
    return {(period, code, kind, value): answer for period, code, kind, value, answer in rows}


def differing(answers: Mapping[Any, float], values: Mapping[Any, float]) -> set[Any]:
    """The keys whose answer is not the value, or that only one side has."""
    return {
        key
        for key in answers.keys() | values.keys()
        if key not in answers
        or key not in values
        or not math.isclose(answers[key], values[key], rel_tol=1e-9)
    }


def names_by(asker: Asker, grain: str) -> list[str]:
    """The KPIs by month or by day."""
    return sorted(name for name in asker.metrics if name.endswith("_daily") == (grain == "day"))


@pytest.mark.parametrize(("mart", "grain"), [("kpi_monthly", "month"), ("kpi_daily", "day")])
def test_every_value_is_the_mart_s(asker: Asker, mart: str, grain: str) -> None:
    names = names_by(asker, grain)
    values = told(asker.connection, mart)
    codes = {code for _, code, _, _ in values}
    assert {asker.metrics[name] for name in names} == codes
    assert not differing(asker.values(names, grain), values)


@pytest.mark.parametrize(("mart", "grain"), [("kpi_monthly", "month"), ("kpi_daily", "day")])
def test_who_asks_for_no_dimension_hears_of_everybody(asker: Asker, mart: str, grain: str) -> None:
    names = names_by(asker, grain)
    answers = {
        (day_of(period), asker.metrics[name]): answer
        for period, *values in asker.ask(names, [f"metric_time__{grain}"])
        for name, answer in zip(names, values, strict=True)
        if answer is not None
    }
    of_all = {
        (period, code): value
        for (period, code, kind, _), value in told(asker.connection, mart).items()
        if kind == "all"
    }
    assert not differing(answers, of_all)


def test_a_period_that_is_not_complete_has_numbers_and_no_value(asker: Asker) -> None:
    rows = asker.connection.execute(
        "select period_start_date, metric_code, dimension_type, dimension_value "
        "from kpi.kpi_monthly where not is_complete and denominator > 0"
    ).fetchall()
    assert rows
    values = asker.values(names_by(asker, "month"), "month")
    assert not values.keys() & set(rows)


def test_what_does_not_add_up_is_not_added_up(asker: Asker) -> None:
    names = names_by(asker, "month")
    by_quarter = asker.ask(names, ["metric_time__quarter"])
    assert len(by_quarter) > 2
    assert all(answer is None for _, *answers in by_quarter for answer in answers)
    groups = [
        answers
        for kind, *answers in asker.ask(names, ["kpi_month__dimension_type"])
        if kind != "all"
    ]
    assert groups
    assert all(answer is None for answers in groups for answer in answers)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("aov", "= 'aov'", "= 'net_revenue'"),
        ("awakened_aov_lift", "kpi_value - 1", "kpi_value"),
        ("re_dormancy_rate", "is_complete and value is not null", "true"),
        ("off_campaign_order_ratio", "is_complete and value is not null", "true"),
    ],
)
def test_a_wrong_definition_is_noticed(
    asker: Asker, text: str, name: str, right: str, wrong: str
) -> None:
    assert right in text
    wrong_one = Asker(asker.connection, text.replace(right, wrong))
    values = {
        key: value for key, value in told(asker.connection, "kpi_monthly").items() if key[1] == name
    }
    assert not differing(asker.values([name], "month"), values)
    assert differing(wrong_one.values([name], "month"), values)


def test_values_that_were_added_up_are_noticed(asker: Asker, text: str) -> None:
    assert "picked = 1" in text
    wrong_one = Asker(asker.connection, text.replace("picked = 1", "picked > 0"))
    by = ["metric_time__quarter", "kpi_month__dimension_type"]
    assert any(answer is not None for *_, answer in wrong_one.ask(["aov"], by))
