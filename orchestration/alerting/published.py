"""ops.alert_events: the table of alerts in a published file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import duckdb

from orchestration.alerting.store import AlertEvent

ALERTS_TABLE = "ops.alert_events"
DESCRIPTION = (
    "One row for each alert and evaluated build: what opened, is still open or recovered. "
    "Ordered by evaluation, the last row of an alert says how it stands. [预警事件]"
)

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("alert_id", "varchar", "Alert, from its opening to its recovery. [预警ID]"),
    ("evaluation", "integer", "Number of the evaluated build, from 1 on. [评估序号]"),
    ("state", "varchar", "opened, still_open or recovered. [状态]"),
    ("rule_code", "varchar", "Rule of the policy alert_rules. [规则编码]"),
    ("severity", "varchar", "info, warning or critical. [严重程度]"),
    ("metric_code", "varchar", "Metric that the rule watches. [指标编码]"),
    ("period", "varchar", "day or month: what the rule judges. [周期]"),
    ("dimension_type", "varchar", "Dimension along which the rule looks. [维度类型]"),
    ("dimension_value", "varchar", "For whom the alert is. [维度取值]"),
    ("as_of_date", "date", "Business date of the evaluated build. [统计日]"),
    (
        "period_start_date",
        "date",
        "First day of the period that was judged; null where the rule ended. [周期起始日]",
    ),
    ("value", "double", "Value of the metric then; null where the rule ended. [指标值]"),
    ("denominator", "double", "What the value is held against; 1 for totals. [分母]"),
    (
        "threshold",
        "double",
        "Bound not to pass: limit, edge of the band, or of both the one farther out. [阈值]",
    ),
    ("expected_value", "double", "What the band expects; null for a fixed limit. [预期值]"),
    ("since", "date", "First day of the first period in a row that breached. [起始日]"),
    ("opened_at", "timestamp", "When the alert was opened (UTC). [开启时间]"),
    ("evaluated_at", "timestamp", "When the build was evaluated (UTC). [评估时间]"),
    ("build_id", "varchar", "Build that was evaluated. [构建ID]"),
    ("owner", "varchar", "Who to ask. [负责人]"),
    ("title_en", "varchar", "What is wrong, in English. [英文标题]"),
    ("title_zh", "varchar", "What is wrong, in Chinese. [中文标题]"),
    ("text_en", "varchar", "What, how far off, since when, for whom, in English. [英文内容]"),
    ("text_zh", "varchar", "The same in Chinese. [中文内容]"),
    (
        "delivered_to",
        "varchar",
        "Channels that had received it by the publication, after which they hear. [已送达渠道]",
    ),
    ("delivered_at", "timestamp", "When the last of them received it (UTC). [送达时间]"),
)
"""Name, type and description of each column, in the order of AlertEvent."""


def write_alert_events(connection: duckdb.DuckDBPyConnection, events: Sequence[AlertEvent]) -> None:
    """Make the table in the current database of a connection."""
    connection.execute("create schema if not exists ops")
    columns = ", ".join(f"{name} {kind}" for name, kind, _ in COLUMNS)
    connection.execute(f"create table {ALERTS_TABLE} ({columns})")
    if events:
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"insert into {ALERTS_TABLE} values ({places})", [astuple(event) for event in events]
        )
    connection.execute(f"comment on table {ALERTS_TABLE} is '{DESCRIPTION}'")
    for name, _, text in COLUMNS:
        connection.execute(f"comment on column {ALERTS_TABLE}.{name} is '{text}'")
