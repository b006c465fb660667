"""How the brand does: every KPI against its benchmark and the period before, and its trend."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board

MONTHLY = "kpi.kpi_monthly"
COLUMNS = ("numerator", "denominator", "value", "benchmark", "is_benchmark_met")
TREND_MONTHS = 12
IN_A_ROW = 4
ALL = "all"

_VALUES = """
select metric_code, period_start_date, numerator, denominator, value, benchmark, is_benchmark_met
from kpi.kpi_monthly
where dimension_type = 'all' and is_complete and value is not null
order by metric_code, period_start_date
"""

_DIMENSIONS = (
    "select distinct dimension_type from kpi.kpi_monthly where metric_code = $1 order by 1"
)

_TREND = """
select period_start_date, dimension_value, numerator, denominator, value, benchmark
from kpi.kpi_monthly
where metric_code = $1 and dimension_type = $2 and is_complete and value is not null
order by period_start_date, dimension_value
"""


def show(board: Board) -> None:
    """Draw the page."""
    if not board.has(MONTHLY):
        return
    values = board.published.rows(_VALUES)
    if not board.has_rows(values, "overview.newest"):
        return
    policy = board.words.policy("metric")
    metrics = [code for code in policy if (values["metric_code"] == code).any()]
    newest = values.groupby("metric_code").tail(1).set_index("metric_code").loc[metrics]
    for start in range(0, len(metrics), IN_A_ROW):
        columns = st.columns(IN_A_ROW)
        for code, column in zip(metrics[start : start + IN_A_ROW], columns, strict=False):
            with column:
                _tile(board, code, values[values["metric_code"] == code])
    units = [policy[code]["unit"] for code in newest.index]
    board.table(
        "overview.newest",
        newest.reset_index().assign(
            metric=[board.words.code("metric", code) for code in newest.index],
            unit=[board.words.code("unit", unit) for unit in units],
        )[["metric", "period_start_date", *COLUMNS, "unit", "metric_code"]],
        {MONTHLY: COLUMNS},
        shown={
            "period_start_date": [f"{day:%Y-%m}" for day in newest["period_start_date"]],
            "numerator": [_plain(value) for value in newest["numerator"]],
            "denominator": [_plain(value) for value in newest["denominator"]],
            **{
                column: board.quantities(units, newest[column]) for column in ("value", "benchmark")
            },
        },
    )
    _trend(board, metrics)


def _tile(board: Board, code: str, values: pd.DataFrame) -> None:
    """One metric: newest value, change to the period before, last year, benchmark."""
    words, policy = board.words, board.words.policy("metric")[code]
    last = values.iloc[-1]
    change = None
    if len(values) > 1:
        before = values.iloc[-2]["value"]
        difference = last["value"] - before
        change = (
            words("overview.points", change=f"{difference * 100:+.1f}")
            if policy["unit"] == "ratio"
            else f"{difference / before:+.1%}"
            if before
            else None
        )
    with st.container(border=True):
        st.metric(
            words.code("metric", code),
            board.quantity(policy["unit"], last["value"]),
            change,
            delta_color="normal" if policy["direction"] == "up" else "inverse",
            help=f"`{code}` · {words.metric(code)}",
        )
        if len(values) > 1:
            st.image(charts.sparkline(values["value"].tail(TREND_MONTHS).tolist()), width="stretch")
        st.caption(
            f"{last['period_start_date']:%Y-%m}{_fraction(policy, last)}  \n"
            f"{_benchmark(board, policy, last)}"
        )


def _fraction(policy: dict[str, str], last: pd.Series) -> str:
    """Numerator and denominator; a metric that counts or sums has none."""
    if (
        policy["unit"] != "ratio"
        and last["denominator"] == 1
        and last["value"] == last["numerator"]
    ):
        return ""
    return f" · {_plain(last['numerator'])} / {_plain(last['denominator'])}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _benchmark(board: Board, policy: dict[str, str], last: pd.Series) -> str:
    if pd.isna(last["benchmark"]):
        return board.words("overview.no_benchmark")
    return board.words(
        "overview.met" if last["is_benchmark_met"] else "overview.missed",
        benchmark=board.quantity(policy["unit"], last["benchmark"]),
        kind=board.words.code("benchmark_kind", policy["benchmark_kind"]),
    )


def _trend(board: Board, metrics: list[str]) -> None:
    words = board.words
    left, right = st.columns(2)
    code = left.selectbox(
        words("overview.metric"),
        metrics,
        format_func=lambda metric: words.code("metric", metric),
        key="overview metric",
    )
    dimensions = board.published.rows(_DIMENSIONS, code)["dimension_type"].tolist()
    dimension = right.selectbox(
        words("overview.dimension"),
        dimensions,
        index=dimensions.index(ALL) if ALL in dimensions else 0,
        format_func=lambda kind: words.code("dimension", kind),
        key="overview dimension",
    )
    trend = board.published.rows(_TREND, code, dimension)
    policy = words.policy("metric")[code]
    benchmark = trend["benchmark"].dropna()
    kinds = {"lifecycle_stage": "stage", "rfm_group": "rfm_group"}
    found = trend["dimension_value"].unique().tolist()
    order = [*words.policy(kinds.get(dimension, "")), *sorted(found)]
    names = {
        value: words.code(kinds.get(dimension, "channel"), value)
        for value in order
        if value in found
    }
    st.markdown(f"`{code}` · {words.metric(code)}")
    board.chart(
        "overview.trend",
        charts.lines(
            trend,
            "period_start_date",
            "value",
            "dimension_value",
            names=names,
            colours=charts.STAGE_COLOURS if dimension == "lifecycle_stage" else None,
            shown=".1%" if policy["unit"] == "ratio" else ",.2f",
            limit=(words("overview.benchmark"), float(benchmark.iloc[-1]))
            if len(benchmark)
            else None,
        ),
        trend.assign(metric_code=code, dimension_type=dimension),
        {MONTHLY: ("metric_code", "dimension_value", "numerator", "denominator", "value")},
    )
