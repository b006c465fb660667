"""How far the data can be trusted: scores of the sources, what was loaded, what was refused."""

from __future__ import annotations

import streamlit as st

from dashboard import charts
from dashboard.page import Board

SCORES = "ops.data_quality_scorecard"
LOADS = "ops.load_log"
REFUSED = "ops.quarantine"
DIMENSIONS = ("completeness", "validity", "uniqueness", "timeliness", "consistency")
MOST_CHECKS = 200

_MAP = """
select system || '.' || table_name as source, dimension,
    sum(passed_rows) / sum(total_rows) as score,
    sum(passed_rows)::bigint as passed_rows, sum(total_rows)::bigint as total_rows
from ops.data_quality_scorecard
where total_rows > 0
group by all
order by source, dimension
"""

_DAYS = """
select check_date, dimension, sum(passed_rows) / sum(total_rows) as score,
    sum(passed_rows)::bigint as passed_rows, sum(total_rows)::bigint as total_rows
from ops.data_quality_scorecard
where total_rows > 0
group by all
order by check_date, dimension
"""

_BELOW = """
select system || '.' || table_name as source, column_name, dimension,
    count(*) filter (is_below_minimum) as days_below,
    count(*) as days_checked,
    max(check_date) filter (is_below_minimum) as last_below_date,
    min(score) as least_score,
    any_value(minimum_score) as minimum_score
from ops.data_quality_scorecard
group by all
having days_below > 0
order by days_below desc, source, column_name, dimension
limit $1
"""

_LOADS = """
select system || '.' || table_name as source, count(*) as files,
    sum(rows_read)::bigint as rows_read, sum(rows_loaded)::bigint as rows_loaded,
    sum(rows_unchanged)::bigint as rows_unchanged,
    sum(rows_quarantined)::bigint as rows_quarantined, max(loaded_at) as last_loaded_at
from ops.load_log
group by all
order by rows_quarantined desc, source
"""

_REASONS = """
select reason_code, count(*) as rows_quarantined
from ops.quarantine
group by all
order by rows_quarantined desc, reason_code
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    names = {code: words.code("quality", code) for code in DIMENSIONS}
    if board.has(SCORES):
        scores = board.published.rows(_MAP)
        if board.has_rows(scores, "quality.map"):
            table = scores.pivot_table(index="source", columns="dimension", values="score")
            table = table[[code for code in DIMENSIONS if code in table.columns]]
            board.chart(
                "quality.map",
                charts.heat(
                    table.rename(columns=names),
                    shown=".1%",
                    x_title="",
                    y_title="",
                    hover="%{y} · %{x}: %{z:.2%}",
                ),
                scores,
                {SCORES: ("dimension", "passed_rows", "total_rows", "score")},
            )
            days = board.published.rows(_DAYS)
            board.chart(
                "quality.days",
                charts.lines(
                    days,
                    "check_date",
                    "score",
                    "dimension",
                    names=names,
                    shown=".1%",
                    x_format="%m-%d",
                    from_zero=False,
                ),
                days,
                {SCORES: ("check_date", "score")},
            )
            below = board.published.rows(_BELOW, MOST_CHECKS)
            if below.empty:
                st.subheader(words("quality.below.title"), anchor=False)
                st.success(words("quality.none_below"))
            else:
                board.table(
                    "quality.below",
                    below.assign(
                        dimension=below["dimension"].map(names),
                        column_name=[words.code("column", name) for name in below["column_name"]],
                    ),
                    {SCORES: ("is_below_minimum", "minimum_score")},
                )
    if board.has(LOADS):
        loads = board.published.rows(_LOADS)
        if board.has_rows(loads, "quality.loads"):
            board.table(
                "quality.loads",
                loads,
                {LOADS: ("rows_read", "rows_loaded", "rows_unchanged", "rows_quarantined")},
            )
    if board.has(REFUSED):
        reasons = board.published.rows(_REASONS)
        if board.has_rows(reasons, "quality.refused"):
            board.chart(
                "quality.refused",
                charts.bars(
                    [words.code("quarantine", code) for code in reasons["reason_code"]],
                    reasons["rows_quarantined"].tolist(),
                    axis=words("parts.rows"),
                ),
                reasons,
                {REFUSED: ("reason_code",)},
            )
