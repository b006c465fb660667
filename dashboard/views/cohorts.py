"""Who came for the first time together, and how many of them came again."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board

COHORTS = "measurement.retention_cohorts"
ALL = "all"
MOST_MONTHS = 24
"""How many cohorts and months fit on the map; the newest are shown, the export holds all."""

_SEGMENTS = """
select segment_type, segment_value, max(cohort_size) as largest
from measurement.retention_cohorts
group by all
order by segment_type, segment_value
"""

_CELLS = """
select cohort_month, month_number, cohort_size, retained_members, retention_rate, is_complete
from measurement.retention_cohorts
where segment_type = $1 and segment_value = $2
order by cohort_month, month_number
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    if not board.has(COHORTS):
        return
    segments = board.published.rows(_SEGMENTS)
    if not board.has_rows(segments, "cohorts.map"):
        return
    left, right = st.columns(2)
    types = segments["segment_type"].unique().tolist()
    kind = left.selectbox(
        words("cohorts.segment_type"),
        types,
        index=types.index(ALL) if ALL in types else 0,
        format_func=lambda code: words.code("dimension", code),
        key="cohorts type",
    )
    value = right.selectbox(
        words("cohorts.segment_value"),
        segments.loc[segments["segment_type"] == kind, "segment_value"].tolist(),
        format_func=lambda code: words.code("channel", code),
        key=f"cohorts value {kind}",
    )
    cells = board.published.rows(_CELLS, kind, value)
    later = cells[(cells["month_number"] > 0) & cells["is_complete"]]
    source = {
        COHORTS: (
            "cohort_month",
            "month_number",
            "cohort_size",
            "retained_members",
            "retention_rate",
            "is_complete",
        )
    }
    if not board.has_rows(later, "cohorts.map"):
        return
    sizes = cells.groupby("cohort_month")["cohort_size"].max()
    table = later.pivot_table(index="cohort_month", columns="month_number", values="retention_rate")
    table = table.iloc[-MOST_MONTHS:, :MOST_MONTHS]
    table.index = pd.Index(
        [f"{month:%Y-%m} ({sizes[month]:,})" for month in table.index], name="cohort"
    )
    board.chart(
        "cohorts.map",
        charts.heat(
            table,
            shown=".0%",
            x_title=words("cohorts.month_axis"),
            y_title=words("cohorts.cohort_axis"),
            hover="%{y}, +%{x}: %{z:.1%}",
        ),
        cells,
        source,
    )
    means = later.groupby("month_number")[["retained_members", "cohort_size"]].sum().reset_index()
    means["retention_rate"] = means["retained_members"] / means["cohort_size"]
    figure = charts.bars_up(
        [str(number) for number in means["month_number"][:MOST_MONTHS]],
        means["retention_rate"][:MOST_MONTHS].tolist(),
        shown=".0%",
        axis=words("cohorts.month_axis"),
    )
    board.chart("cohorts.mean", figure, means, source)
