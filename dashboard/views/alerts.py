"""Which numbers have left their band: now, and before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board

EVENTS = "ops.alert_events"
SEVERITY_COLOURS = {"critical": charts.RED, "warning": charts.ORANGE, "info": charts.BLUE}
SHOWN = ("severity", "alert", "metric", "dimension_value", "value", "threshold", "opened_at",
         "as_of_date", "owner", "alert_id")  # fmt: skip
MOST_EVENTS = 500
MOST_TOLD = 20
"""So many open alerts are said in full above the table, whose cells cut a long text."""

BOXES = {"critical": st.error, "warning": st.warning}

_OPEN = """
select alert_id, rule_code, state, metric_code, dimension_value, value, threshold, severity,
    as_of_date, opened_at, owner, text_en, text_zh
from ops.alert_events
qualify row_number() over (
    partition by alert_id
    order by as_of_date desc, state = 'recovered' desc, state = 'still_open' desc,
        delivered_at desc nulls last
) = 1 and state <> 'recovered'
order by severity <> 'critical', severity <> 'warning', opened_at, alert_id
"""

_DAYS = """
select as_of_date, severity, count(distinct alert_id) as alerts
from ops.alert_events
where state = 'opened'
group by all
order by as_of_date, severity
"""

_HISTORY = """
select as_of_date, state, severity, rule_code, metric_code, dimension_value, value, threshold,
    owner, opened_at, delivered_to, delivered_at, text_en, text_zh, alert_id
from ops.alert_events
order by as_of_date desc, alert_id, state, delivered_to
limit $1
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    if not board.published.has(EVENTS):
        st.info(words("alerts.none_published"))
        return
    still_open = board.published.rows(_OPEN)
    columns = st.columns(3)
    for column, severity in zip(columns, SEVERITY_COLOURS, strict=True):
        column.metric(
            words.code("severity", severity),
            f"{(still_open['severity'] == severity).sum():,}",
            border=True,
        )
    for row in still_open.head(MOST_TOLD).itertuples():
        said = str(row.text_zh if words.language == "zh" else row.text_en)
        BOXES.get(str(row.severity), st.info)(
            f"**{words.code('severity', row.severity)}** · {said}"
        )
    if still_open.empty:
        st.subheader(words("alerts.open.title"), anchor=False)
        st.success(words("alerts.none_open"))
    else:
        board.table(
            "alerts.open",
            _told(board, still_open)[list(SHOWN)],
            {EVENTS: ("state", "value", "threshold", "severity", "opened_at")},
            shown=_amounts(board, still_open),
        )
    days = board.published.rows(_DAYS)
    if board.has_rows(days, "alerts.opened"):
        board.chart(
            "alerts.opened",
            charts.stacked(
                days,
                "as_of_date",
                "alerts",
                "severity",
                names={code: words.code("severity", code) for code in SEVERITY_COLOURS},
                colours=SEVERITY_COLOURS,
            ),
            days,
            {EVENTS: ("as_of_date", "state", "severity")},
        )
    history = board.published.rows(_HISTORY, MOST_EVENTS)
    if not history.empty:
        told = _told(board, history)
        told["state"] = [words.code("alert_state", state) for state in told["state"]]
        board.table(
            "alerts.history",
            told[
                [
                    "as_of_date",
                    "state",
                    *SHOWN[:6],
                    "delivered_to",
                    "delivered_at",
                    "owner",
                    "alert_id",
                ]
            ],
            {EVENTS: ("state", "as_of_date", "delivered_to", "delivered_at")},
            shown=_amounts(board, history),
        )


def _amounts(board: Board, events: pd.DataFrame) -> dict[str, list[str]]:
    """Values and thresholds in the unit of their metric."""
    policy = board.words.policy("metric")
    units = [policy.get(code, {}).get("unit", "count") for code in events["metric_code"]]
    return {column: board.quantities(units, events[column]) for column in ("value", "threshold")}


def _told(board: Board, events: pd.DataFrame) -> pd.DataFrame:
    """The events in the reader's language."""
    words = board.words
    return events.assign(
        severity=[words.code("severity", code) for code in events["severity"]],
        metric=[words.code("metric", code) for code in events["metric_code"]],
        dimension_value=[words.value(value) for value in events["dimension_value"]],
        alert=events[f"text_{words.language}"],
    )
