"""Who buys how lately, how often and for how much."""

from __future__ import annotations

import streamlit as st

from dashboard import charts
from dashboard.page import Board

NOW = "insight.member_rfm"
HISTORY = "insight.rfm_history"
SCORES = (1, 2, 3, 4, 5)
MEASURES = {
    "members": ("members", ",.0f"),
    "revenue": ("revenue", ",.0f"),
    "mean_revenue": ("revenue_per_member", ",.0f"),
}
"""What the map can show: the column of the query, and its number format."""

_MAP = """
select
    r_score,
    f_score,
    count(*) as members,
    sum(monetary)::double as revenue,
    avg(monetary)::double as revenue_per_member,
    avg(recency_days) as mean_recency_days,
    avg(frequency) as mean_orders
from insight.member_rfm
group by all
order by r_score, f_score
"""

_GROUPS = """
select
    rfm_group,
    count(*) as members,
    sum(monetary)::double as revenue,
    avg(monetary)::double as revenue_per_member,
    avg(recency_days) as mean_recency_days,
    avg(frequency) as mean_orders
from insight.member_rfm
group by all
"""

_HISTORY = """
select as_of_date, rfm_group, count(*) as members
from insight.rfm_history
group by all
order by as_of_date, rfm_group
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    policy = words.policy("rfm_group")
    if board.has(NOW):
        cells = board.published.rows(_MAP)
        if not board.has_rows(cells, "rfm.map"):
            return
        measure = st.segmented_control(
            words("rfm.measure"),
            list(MEASURES),
            default="members",
            required=True,
            format_func=lambda one: words(f"rfm.{one}"),
            key="rfm measure",
        )
        column, shown = MEASURES[str(measure)]
        table = cells.pivot_table(index="f_score", columns="r_score", values=column)
        table = table.reindex(index=SCORES[::-1], columns=SCORES)
        board.chart(
            "rfm.map",
            charts.heat(
                table.rename(index="F{}".format, columns="R{}".format),
                shown=shown,
                x_title=words("rfm.r_axis"),
                y_title=words("rfm.f_axis"),
                hover=f"%{{x}} %{{y}}: %{{z:{shown}}}",
                square=True,
            ),
            cells,
            {NOW: ("r_score", "f_score", "recency_days", "frequency", "monetary")},
        )
        groups = board.published.rows(_GROUPS).set_index("rfm_group")
        names = words.names("rfm_group", groups.index)
        groups = groups.reindex(list(names)).rename_axis("rfm_group").reset_index()
        groups["group"] = groups["rfm_group"].map(names)
        board.chart(
            "rfm.groups",
            charts.bars(
                groups["group"].tolist(),
                groups["members"].tolist(),
                axis=words("parts.members"),
            ),
            groups,
            {NOW: ("rfm_group", "monetary")},
        )
        board.table(
            "rfm.strategies",
            groups.assign(
                revenue_share=groups["revenue"] / (groups["revenue"].sum() or 1),
                strategy=[
                    policy.get(code, {}).get(f"strategy_{words.language}", "")
                    for code in groups["rfm_group"]
                ],
            )[
                [
                    "group",
                    "members",
                    "revenue_share",
                    "revenue_per_member",
                    "mean_orders",
                    "mean_recency_days",
                    "strategy",
                ]
            ],
            {NOW: ("rfm_group", "monetary", "frequency", "recency_days")},
        )
    if board.has(HISTORY):
        history = board.published.rows(_HISTORY)
        if board.has_rows(history, "rfm.history"):
            board.chart(
                "rfm.history",
                charts.lines(
                    history,
                    "as_of_date",
                    "members",
                    "rfm_group",
                    names=words.names("rfm_group", history["rfm_group"]),
                ),
                history,
                {HISTORY: ("as_of_date", "rfm_group")},
            )
