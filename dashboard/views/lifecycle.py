"""Where members stand in their life with the brand, and who went where."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board

STAGES = "insight.member_lifecycle"
MOVES = "insight.lifecycle_transitions"
SHOWN_MONTHS = 24
"""The newest months are drawn, the export holds all."""

_STAGES = """
select lifecycle_stage, count(*) as members, avg(days_since_last_order) as mean_days_since_order
from insight.member_lifecycle
group by all
"""

_MONTHS = "select distinct month from insight.lifecycle_transitions order by month desc"

_MOVES = """
select from_stage, to_stage, members
from insight.lifecycle_transitions
where month = $1
order by from_stage, to_stage
"""

_HISTORY = """
select month, to_stage as lifecycle_stage, sum(members)::bigint as members
from insight.lifecycle_transitions
group by all
order by month, lifecycle_stage
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    if board.has(STAGES):
        stages = board.published.rows(_STAGES)
        if board.has_rows(stages, "lifecycle.stages"):
            names = words.names("stage", stages["lifecycle_stage"])
            stages = stages.set_index("lifecycle_stage").reindex(list(names))
            board.chart(
                "lifecycle.stages",
                charts.bars(
                    [names[code] for code in stages.index],
                    stages["members"].tolist(),
                    colours=[charts.STAGE_COLOURS.get(code, charts.GREY) for code in stages.index],
                    axis=words("parts.members"),
                ),
                stages.reset_index(),
                {STAGES: ("lifecycle_stage", "days_since_last_order")},
            )
    if board.has(MOVES):
        _moves(board)


def _moves(board: Board) -> None:
    words = board.words
    months = board.published.rows(_MONTHS)
    if not board.has_rows(months, "lifecycle.flow"):
        return
    left, right = st.columns(2)
    month = left.selectbox(
        words("lifecycle.month"),
        [month.date() for month in months["month"]],
        format_func=lambda day: f"{day:%Y-%m}",
        key="lifecycle month",
    )
    with_stayers = right.toggle(words("lifecycle.stayers"), key="lifecycle stayers")
    moves = board.published.rows(_MOVES, month)
    stayed = moves["from_stage"] == moves["to_stage"]
    st.caption(
        words(
            "lifecycle.moved",
            moved=int(moves.loc[~stayed, "members"].sum()),
            stayed=int(moves.loc[stayed, "members"].sum()),
        )
    )
    shown = moves if with_stayers else moves[~stayed]
    source = {MOVES: ("month", "from_stage", "to_stage", "members")}
    if board.has_rows(shown, "lifecycle.flow"):
        board.chart(
            "lifecycle.flow",
            charts.flow(
                shown,
                words.names("stage", {*shown["from_stage"], *shown["to_stage"]}),
                (words("lifecycle.before"), words("lifecycle.after")),
            ),
            shown.assign(month=f"{month:%Y-%m}"),
            source,
        )
    history = board.published.rows(_HISTORY)
    board.chart(
        "lifecycle.history",
        charts.lines(
            history[history["month"].isin(sorted(history["month"].unique())[-SHOWN_MONTHS:])],
            "month",
            "members",
            "lifecycle_stage",
            names=words.names("stage", {*history["lifecycle_stage"]} - {"none"}),
            colours=charts.STAGE_COLOURS,
        ),
        history.assign(month=pd.to_datetime(history["month"]).dt.strftime("%Y-%m")),
        source,
    )
