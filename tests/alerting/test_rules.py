"""Every shipped rule fires where it should and is silent where it should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.alerting.judge import Verdict, judge_all
from orchestration.alerting.rules import labels_in_force, rules_in_force, tables_of
from orchestration.alerting.series import read_series
from orchestration.alerting.wording import sentences
from orchestration.warehouse.policy import DAILY_KPIS, SHARE_KPIS
from tests.alerting.builds import AS_OF, TARGETS, Row, days, make_build, months, shipped_rules

# What each rule looks at: the usual value, one at which it fires and one that it still bears.
CASES: dict[str, tuple[float, float, float]] = {
    "next_month_retention_low": (0.4, 0.19, 0.2),
    "half_year_retention_low": (0.3, 0.149, 0.15),
    "repurchase_rate_drop": (0.5, 0.4, 0.49),
    "dormant_activation_low": (0.2, 0.07, 0.08),
    "at_risk_activation_drop": (0.5, 0.4, 0.47),
    "re_dormancy_high": (0.3, 0.51, 0.5),
    "awakened_value_down": (0.1, -0.01, 0.0),
    "repeat_revenue_share_low": (0.7, 0.55, 0.655),
    "promotion_dependency_high": (0.5, 0.95, 0.9),
    "promotion_dependency_rise": (0.5, 0.65, 0.54),
    "private_domain_share_drop": (0.6, 0.4, 0.56),
    "active_member_share_drop": (0.6, 0.4, 0.5),
    "active_members_drop": (0.5, 0.4, 0.48),
    "daily_revenue_drop": (1000, 500, 800),
    "daily_orders_surge": (100, 200, 140),
    "aov_drop": (200, 120, 160),
}
AUDITS = {"identity_limit_left", "quality_below_minimum"}
VALUES = {"all": "all", "rfm_group": "champions", "lifecycle_stage": "active"}


def rows_of(rule: dict[str, str], last: float) -> Iterator[Row]:
    """History about the usual value, the last complete period, and one that is not complete."""
    usual = CASES[rule["rule_code"]][0]
    dimension = (rule["metric_code"], rule["dimension_type"], VALUES[rule["dimension_type"]])
    starts = days(90) if rule["period"] == "day" else months(24)
    for number, start in enumerate(starts):
        wiggle = (1.01, 0.99, 1.0)[number % 3]
        yield (start, *dimension, last if start == starts[-1] else usual * wiggle, 5000, True)
    if rule["period"] == "month":
        yield (date(2025, 7, 1), *dimension, None, 5000, False)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[Verdict]]]:
    """The verdicts by rule, in a build where all fire and in one where all are silent."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for place, name in ((1, "fires"), (2, "silent")):
        fires = name == "fires"
        rows: dict[str, list[Row]] = {"day": [], "month": []}
        for rule in shipped_rules():
            if rule["rule_code"] not in AUDITS:
                rows[rule["period"]] += rows_of(rule, CASES[rule["rule_code"]][place])
        file = make_build(
            tmp_path_factory.mktemp("rules") / f"{name}.duckdb",
            daily=rows["day"],
            monthly=rows["month"],
            audit=[
                (AS_OF, "review_pair_share", "all", fires),
                (AS_OF, "cut_identifier_share", "phone", False),
            ],
            quality=[
                (AS_OF, "crm", "members", "phone", fires),
                (AS_OF, "crm", "members", "email", False),
            ],
        )
        with duckdb.connect(str(file), read_only=True) as build:
            tables = tables_of(build)
            rules = rules_in_force(build, tables, AS_OF)
            found[name] = {rule.rule_code: [] for rule in rules}
            for verdict in judge_all(rules, read_series(build, tables, rules)):
                found[name][verdict.rule.rule_code].append(verdict)
    return found


def test_every_shipped_rule_has_its_case() -> None:
    assert {rule["rule_code"] for rule in shipped_rules()} == CASES.keys() | AUDITS


@pytest.mark.parametrize("rule", sorted(CASES.keys() | AUDITS))
def test_rule_fires_and_is_silent(rule: str, verdicts: dict[str, dict[str, list[Verdict]]]) -> None:
    fired = [verdict for verdict in verdicts["fires"][rule] if verdict.is_breach]
    assert len(fired) == 1
    assert verdicts["silent"][rule], "it judges, and finds nothing wrong"
    assert not any(verdict.is_breach for verdict in verdicts["silent"][rule])


def test_audits_are_counted(verdicts: dict[str, dict[str, list[Verdict]]]) -> None:
    (identity,) = (one for one in verdicts["fires"]["identity_limit_left"] if one.is_breach)
    (quality,) = (one for one in verdicts["fires"]["quality_below_minimum"] if one.is_breach)
    assert (identity.dimension_value, identity.value) == ("review_pair_share", 1)
    assert (quality.dimension_value, quality.value, quality.denominator) == ("crm.members", 1, 2)


def said(file: Path, rule: str) -> list[tuple[str, str]]:
    """What the breaches of a shipped rule say of a build."""
    with duckdb.connect(str(file), read_only=True) as build:
        tables = tables_of(build)
        rules = tuple(one for one in rules_in_force(build, tables, AS_OF) if one.rule_code == rule)
        labels = labels_in_force(build, tables, AS_OF)
        return [
            sentences(verdict, "opened", verdict.since.isoformat(), "count", "CNY", labels)
            for verdict in judge_all(rules, read_series(build, tables, rules))
            if verdict.is_breach
        ]


def test_an_audit_says_what_left_its_limit_and_how_far(tmp_path: Path) -> None:
    file = make_build(
        tmp_path / "build.duckdb",
        audit=[(AS_OF, "review_pair_share", "all", True)],
        quality=[
            (AS_OF, "crm", "members", column, column != "email")
            for column in ("(table)", "a", "b", "c", "d", "email")
        ],
    )
    assert said(file, "identity_limit_left") == [
        (
            (
                "The identity resolution has left a limit of its audit: 0.25 (limit 0.05) on "
                "2025-06-30; since 2025-06-30; audit metric Pairs in review per person "
                "(review_pair_share)."
            ),
            (
                "统一身份审计指标越限：2025-06-30 0.25（限值 0.05）；自 2025-06-30 起；"
                "审计指标 待审对占比（review_pair_share）。"
            ),
        )
    ]
    check, check_zh = "50.0% (minimum 95.0%)", "完整性 50.0%（标准 95.0%）"
    assert said(file, "quality_below_minimum") == [
        (
            (
                "A source table is below its quality minimum: completeness of the table "
                f"{check}, completeness of a {check}, completeness of b {check} and 2 more on "
                "2025-06-30; since 2025-06-30; source table crm.members."
            ),
            (
                f"来源表数据质量低于标准：2025-06-30 整表 {check_zh}、a {check_zh}、b {check_zh}"
                "等 5 项；自 2025-06-30 起；来源表 crm.members。"
            ),
        )
    ]


def test_a_group_has_the_name_that_operators_give_it(
    verdicts: dict[str, dict[str, list[Verdict]]], tmp_path: Path
) -> None:
    (verdict,) = (one for one in verdicts["fires"]["promotion_dependency_high"] if one.is_breach)
    with duckdb.connect(str(make_build(tmp_path / "build.duckdb")), read_only=True) as build:
        labels = labels_in_force(build, tables_of(build), AS_OF)
    english, chinese = sentences(verdict, "opened", "2025-06-01", "ratio", "CNY", labels)
    assert english.endswith("; RFM group Important value (champions).")
    assert chinese.endswith("；RFM 分组 重要价值客户（champions）。")


def test_daily_metrics_are_those_of_the_targets() -> None:
    table = duckdb.execute(
        "select metric_code from read_csv(?) where is_daily", [str(TARGETS)]
    ).fetchall()
    assert {metric for (metric,) in table} == DAILY_KPIS


def test_shares_are_ratios_of_the_targets() -> None:
    table = duckdb.execute(
        "select metric_code from read_csv(?) where unit = 'ratio'", [str(TARGETS)]
    ).fetchall()
    others = {"awakened_aov_lift", "repeat_profit_share", "off_campaign_order_ratio"}
    assert {metric for (metric,) in table} == SHARE_KPIS | others


def test_a_build_without_these_marts_gives_nothing(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "empty.duckdb")) as build:
        assert rules_in_force(build, tables_of(build), AS_OF) == ()
        assert read_series(build, tables_of(build), ()) == {}
