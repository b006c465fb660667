"""A publication shows its own alerts, in the file and in Parquet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.alerting.channels import read_settings
from orchestration.alerting.deliver import deliver
from orchestration.alerting.published import COLUMNS
from orchestration.alerting.store import AlertStore
from orchestration.publishing.publish import publish
from orchestration.workspace import Workspace
from tests.alerting.builds import LIMIT_RULE, channel_days
from tests.alerting.builds import make_build as make_kpis
from tests.alerting.receivers import http_receiver
from tests.publishing.builds import make_build, workspace_in

NOW = datetime(2025, 7, 1, 3, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("REKINDLE_ALERTS", raising=False)
    made = workspace_in(tmp_path)
    made.landing.mkdir()
    return made


def build(workspace: Workspace, stamp: int, value: float, **options: Any) -> None:
    """A finished build in which the order value of the app is this."""
    file = make_build(workspace, stamp, **options)
    kpis = make_kpis(
        file.with_name("kpis.duckdb"), daily=channel_days({"app": value}), rules=[LIMIT_RULE]
    )
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{kpis}' as kpis (read_only)")
        for table in ("kpi.kpi_daily", "policy.alert_rules", "policy.kpi_targets"):
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            connection.execute(f"create table {table} as from kpis.{table}")


def alerts(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "rekindle.duckdb"), read_only=True) as connection:
        published = connection.execute("from ops.alert_events").fetchall()
    parquet = folder / "parquet" / "ops" / "alert_events.parquet"
    twin = duckdb.execute("from read_parquet(?, hive_partitioning = false)", [str(parquet)])
    assert twin.fetchall() == published
    return published


def column(row: tuple[Any, ...], name: str) -> Any:
    return row[[one for one, _, _ in COLUMNS].index(name)]


def test_a_publication_shows_its_own_alerts(workspace: Workspace) -> None:
    build(workspace, 1, 80.0)
    publish(workspace, now=NOW)
    (opened,) = alerts(workspace.serving)
    assert column(opened, "state") == "opened"
    assert column(opened, "opened_at") == NOW.replace(tzinfo=None)
    assert column(opened, "since") == date(2025, 6, 30)
    publish(workspace, now=NOW + timedelta(days=9))
    assert alerts(workspace.serving) == [opened]
    build(workspace, 2, 120.0)
    publish(workspace, now=NOW + timedelta(days=10))
    assert [column(row, "state") for row in alerts(workspace.serving)] == ["opened", "recovered"]


def test_every_column_is_filled_and_described(workspace: Workspace) -> None:
    (workspace.landing / "alerts.yml").write_text("channels: {}\n")
    with http_receiver() as receiver:
        (workspace.landing / "alerts.yml").write_text(
            f"channels: {{operations: 'json://127.0.0.1:{receiver.port}'}}\n"
        )
        build(workspace, 1, 80.0)
        publish(workspace, now=NOW)
        assert receiver.received == [], "nothing goes out before the swap"
        assert deliver(workspace.alert_store, read_settings(workspace), "small").delivered == 1
    publish(workspace, now=NOW)
    (row,) = alerts(workspace.serving)
    empty = {name for (name, _, _), value in zip(COLUMNS, row, strict=True) if value is None}
    assert empty == {"expected_value"}, "the rule is a limit"
    assert column(row, "delivered_to") == "operations"
    with duckdb.connect(str(workspace.serving / "rekindle.duckdb"), read_only=True) as connection:
        texts = connection.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'alert_events'"
        ).fetchall()
    assert [name for name, _ in texts] == [name for name, _, _ in COLUMNS]
    assert all(text and text.endswith("]") for _, text in texts)


def test_a_brand_without_rules_or_marts_has_an_empty_table(workspace: Workspace) -> None:
    make_build(workspace, 1)
    publish(workspace, now=NOW)
    assert alerts(workspace.serving) == []


def test_an_earlier_date_tells_what_had_been_found_by_then(workspace: Workspace) -> None:
    build(workspace, 1, 80.0, as_of=date(2025, 6, 29))
    publish(workspace, now=NOW)
    build(workspace, 2, 80.0, as_of=date(2025, 6, 30))
    publish(workspace, now=NOW + timedelta(days=1))
    build(workspace, 3, 10.0, aside=date(2025, 6, 29))
    publish(workspace, now=NOW + timedelta(days=2), aside=date(2025, 6, 29))
    (found,) = alerts(workspace.serving_folder(date(2025, 6, 29)))
    assert (column(found, "state"), column(found, "value")) == ("opened", 80)
    assert len(alerts(workspace.serving)) == 2


def test_wrong_channels_keep_nothing_from_being_published(workspace: Workspace) -> None:
    (workspace.landing / "alerts.yml").write_text("channels: 7\n")
    build(workspace, 1, 80.0)
    publish(workspace, now=NOW)
    assert len(alerts(workspace.serving)) == 1
    store = AlertStore(workspace.alert_store)
    assert store.waiting() == ()
    store.close()
