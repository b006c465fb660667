"""Published files for the board: the demo brand's with some alerts, and an empty brand's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import duckdb
import pytest

from orchestration.demo_brand.generate import write_brand
from orchestration.demo_brand.settings import BrandSpec
from orchestration.publishing.marts import published_marts
from orchestration.publishing.publish import publish_folder
from orchestration.warehouse.build import manifest_path, read_state
from orchestration.workspace import BUILD_FILE_NAME
from tests.conftest import LOADED_AT, BuildWarehouse

ALERTS = """
create or replace table ops.alert_events (
    alert_id varchar, rule_code varchar, state varchar, metric_code varchar,
    dimension_value varchar, value double, threshold double, severity varchar, as_of_date date,
    delivered_to varchar, delivered_at timestamp, opened_at timestamp, text_en varchar,
    text_zh varchar, owner varchar
)
"""
"""The columns that the board reads; there may be more."""

EVENTS = """
insert into ops.alert_events
select
    'a' || alert, 'rule_' || alert, state, metric, dimension, 0.12, 0.4, severity,
    date '2025-06-01' + day, told, date '2025-06-01' + day + interval 3 hour,
    timestamp '2025-06-01 02:00:00', '=Retention is low', zh, 'CRM'
from (values
    (1, 'opened', 'next_month_retention', 'all', 'critical', 0, 'ops', '留存率偏低'),
    (1, 'still_open', 'next_month_retention', 'all', 'critical', 1, null, '留存率偏低'),
    (2, 'opened', 'aov', 'tmall', 'warning', 0, 'ops', '客单价偏低'),
    (2, 'recovered', 'aov', 'tmall', 'warning', 2, 'ops', '客单价已恢复'),
    (3, 'opened', 'promotion_dependency', 'all', 'info', 29, 'ops', '促销依赖上升')
) as events(alert, state, metric, dimension, severity, day, told, zh)
"""
"""Alerts 1 and 3 are open, alert 2 has recovered."""


@pytest.fixture(scope="session")
def demo_file(
    made_once: Callable[[str, Callable[[Path], None]], Path],
    build_warehouse: BuildWarehouse,
    loaded: Callable[[Path], Path],
) -> Path:
    """The published file of the default demo brand, with alerts."""
    landing = made_once("demo_brand", lambda folder: write_brand(folder, BrandSpec())) / "landing"

    def write(folder: Path) -> None:
        build_file = build_warehouse(landing)
        state = read_state(build_file)
        assert state is not None
        with chdir(loaded(landing)):
            marts = published_marts(manifest_path(build_file))
            publish_folder(build_file, marts, state, folder, now=LOADED_AT)
        with duckdb.connect(str(folder / BUILD_FILE_NAME)) as connection:
            connection.execute(ALERTS)
            connection.execute(EVENTS)

    return made_once("board_demo", write) / BUILD_FILE_NAME


@pytest.fixture(scope="session")
def empty_file(demo_file: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The published file of a brand that has handed over nothing yet: every table, no row."""

    def write(folder: Path) -> None:
        folder.mkdir()
        with duckdb.connect(str(folder / BUILD_FILE_NAME)) as connection:
            copy_tables(connection, demo_file, lambda table: "false")
            connection.execute(
                "insert into ops.publication values "
                "('empty', null, 'b0', 'Asia/Shanghai', 'CNY', timestamp '2026-01-01 00:00:00')"
            )

    return made_once("board_empty", write) / BUILD_FILE_NAME


@pytest.fixture(scope="session")
def orders_file(demo_file: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A publication of a former version of a brand with nothing but orders.

    Every mart that needs anything else is empty, and what came with early warning is not there.
    """
    filled = (
        "ops.publication", "core.dim_date", "core.fct_orders", "core.fct_order_lines",
        "identity.dim_member", "identity.oneid_map", "insight.member_rfm", "insight.rfm_history",
        "insight.member_lifecycle", "insight.lifecycle_intervals", "insight.lifecycle_transitions",
        "measurement.retention_cohorts", "kpi.kpi_monthly", "kpi.kpi_daily",
    )  # fmt: skip
    absent = ("insight.member_risk", "insight.risk_reasons", "insight.risk_history",
              "ops.alert_events")  # fmt: skip

    def write(folder: Path) -> None:
        folder.mkdir()
        with duckdb.connect(str(folder / BUILD_FILE_NAME)) as connection:
            copy_tables(connection, demo_file, lambda table: "true" if table in filled else "false")
            for table in absent:
                connection.execute(f"drop table {table}")

    return made_once("board_orders", write) / BUILD_FILE_NAME


def copy_tables(
    connection: duckdb.DuckDBPyConnection, source: Path, condition: Callable[[str], str]
) -> None:
    """Copy the tables of a published file, of each the rows for which a condition holds."""
    connection.execute(f"attach '{source}' as source (read_only)")
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where database_name = 'source'"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"create schema if not exists {table.split('.')[0]}")
        connection.execute(f"create table {table} as from source.{table} where {condition(table)}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser; a machine without it gets a sentence, never a skipped test."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail(
            "make test needs chromium and fonts-wqy-zenhei: install them "
            "(apt install chromium fonts-wqy-zenhei).",
            pytrace=False,
        )
    return found
