"""The warn, activate, retain funnel: who is at risk, who came back, who stays."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board

KPIS = "kpi.kpi_monthly"
RISK = "insight.risk_history"
LEVELS = "insight.member_risk"
REASONS = "insight.risk_reasons"
ACTIVATION = "dormant_activation_rate_30d"
AGAIN = "re_dormancy_rate"

_RISK = """
select
    (as_of_date + interval 1 day)::date as period_start_date,
    count(*) as watched,
    count(*) filter (risk_level >= 1) as warned,
    count(*) filter (risk_level >= 2) as high_risk,
    count(is_saved) filter (risk_level >= 2) as judged,
    count(*) filter (risk_level >= 2 and is_saved) as saved
from insight.risk_history
group by all
order by period_start_date
"""

_KPIS = """
select metric_code, period_start_date, numerator, denominator, value, benchmark
from kpi.kpi_monthly
where
    dimension_type = 'all'
    and metric_code in (
        'dormant_activation_rate_21d', 'dormant_activation_rate_30d', 're_dormancy_rate'
    )
    and is_complete
    and value is not null
order by metric_code, period_start_date
"""

_LEVELS = """
select risk_level, count(*) as members
from insight.member_risk
group by all
order by risk_level
"""

_REASONS = """
select reason_code, count(*) as members
from insight.risk_reasons
group by all
"""


def show(board: Board) -> None:
    """Draw the page."""
    if board.has(RISK, KPIS):
        _months(board)
    if board.has(LEVELS, REASONS):
        _today(board)


def _months(board: Board) -> None:
    words = board.words
    risk, kpis = board.published.rows(_RISK), board.published.rows(_KPIS)
    judged = risk[(risk["judged"] == risk["high_risk"]) & (risk["high_risk"] > 0)]
    source = {
        RISK: ("risk_level", "is_saved"),
        KPIS: ("metric_code", "numerator", "denominator", "value"),
    }
    activated = kpis[kpis["metric_code"] == ACTIVATION].set_index("period_start_date")
    again = kpis[kpis["metric_code"] == AGAIN].set_index("period_start_date")
    months = sorted({*judged["period_start_date"], *activated.index}, reverse=True)
    if not board.has_rows(pd.DataFrame(index=months, columns=["month"]), "funnel.steps"):
        return
    month = st.selectbox(
        words("funnel.month"),
        months,
        format_func=lambda day: f"{day:%Y-%m}",
        key="funnel month",
    )
    steps: list[tuple[str, float, float]] = []
    for row in judged[judged["period_start_date"] == month].itertuples():
        steps += [
            ("watched", row.watched, row.watched),
            ("warned", row.warned, row.watched),
            ("high_risk", row.high_risk, row.watched),
            ("saved", row.saved, row.high_risk),
        ]
    if month in activated.index:
        row = activated.loc[month]
        steps += [
            ("lapsed", row["denominator"], row["denominator"]),
            ("activated", row["numerator"], row["denominator"]),
        ]
    newest = again[again.index <= month].tail(1)
    for settled, row in newest.iterrows():
        kept = row["denominator"] - row["numerator"]
        st.caption(words("funnel.settled", month=f"{settled:%Y-%m}"))
        steps += [
            ("returned", row["denominator"], row["denominator"]),
            ("kept", kept, row["denominator"]),
        ]
    frame = pd.DataFrame(steps, columns=["step", "members", "of_members"])
    frame["share"] = frame["members"] / frame["of_members"]
    labels = [
        f"{words(f'funnel.step.{step}')}" + ("" if whole == members else f" ({share:.1%})")
        for step, members, whole, share in frame.itertuples(index=False)
    ]
    colours = {
        "watched": charts.SKY, "warned": charts.ORANGE, "high_risk": charts.RED,
        "saved": charts.GREEN, "lapsed": charts.PURPLE, "activated": charts.GREEN,
        "returned": charts.BLUE, "kept": charts.GREEN,
    }  # fmt: skip
    board.chart(
        "funnel.steps",
        charts.bars(
            labels,
            frame["members"].tolist(),
            colours=[colours[step] for step in frame["step"]],
            axis=words("parts.members"),
        ),
        frame.assign(month=f"{month:%Y-%m}"),
        source,
    )
    saved = judged.assign(
        metric_code="at_risk_activation_rate_30d",
        numerator=judged["saved"],
        denominator=judged["judged"],
        value=judged["saved"] / judged["judged"],
    )
    columns = ["metric_code", "period_start_date", "numerator", "denominator", "value"]
    rates = pd.concat([saved[columns], kpis[columns]], ignore_index=True)
    benchmark = kpis["benchmark"].dropna()
    board.chart(
        "funnel.rates",
        charts.lines(
            rates,
            "period_start_date",
            "value",
            "metric_code",
            names={code: words.code("metric", code) for code in rates["metric_code"].unique()},
            shown=".1%",
            limit=(words("funnel.benchmark"), float(benchmark.iloc[-1]))
            if len(benchmark)
            else None,
        ),
        rates,
        source,
    )


def _today(board: Board) -> None:
    words = board.words
    levels = board.published.rows(_LEVELS)
    if board.has_rows(levels, "funnel.levels"):
        shades = (charts.GREY, charts.SKY, charts.ORANGE, charts.RED)
        board.chart(
            "funnel.levels",
            charts.bars(
                [words(f"funnel.level.{level}") for level in levels["risk_level"]],
                levels["members"].tolist(),
                colours=[shades[level] for level in levels["risk_level"]],
                axis=words("parts.members"),
            ),
            levels,
            {LEVELS: ("risk_level", "reason_count")},
        )
    reasons = board.published.rows(_REASONS)
    if board.has_rows(reasons, "funnel.reasons"):
        names = words.names("warning", reasons["reason_code"])
        counted = reasons.set_index("reason_code").loc[list(names)].reset_index()
        board.chart(
            "funnel.reasons",
            charts.bars(
                list(names.values()),
                counted["members"].tolist(),
                axis=words("parts.members"),
            ),
            counted.assign(reason=list(names.values())),
            {REASONS: ("reason_code", "first_detected_date", "evidence_count")},
        )
