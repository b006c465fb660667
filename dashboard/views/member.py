"""One member: everything that is claimed, with the facts behind it. Tokens, no personal data."""

from __future__ import annotations

import duckdb
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board
from orchestration.errors import UsageError
from orchestration.publishing.member_page import Entry, entries_about, one_id_meant

MEMBER = "identity.dim_member"
STAGES = "insight.lifecycle_intervals"
ORDERS = "core.fct_orders"
_ADDRESS = "person"

_EXAMPLES = "select min(one_id) as one_id from insight.member_risk where risk_level = 3"

_SPELLS = """
select lifecycle_stage, valid_from_date, valid_to_date
from insight.lifecycle_intervals
where one_id = $one_id
order by sequence
"""

_MONEY = """
select date_trunc('month', order_date)::date as month, count(*) as orders,
    sum(net_revenue)::double as net_revenue
from core.fct_orders
where one_id = $one_id and is_valid
group by all
order by month
"""

HEAD = (
    ("insight.member_lifecycle", "lifecycle_stage", "stage"),
    ("insight.member_rfm", "rfm_group", "rfm_group"),
    ("insight.member_risk", "risk_level", "risk_level"),
    ("insight.member_ltv", "ltv_365d", ""),
    ("insight.member_churn_score", "churn_probability", ""),
)
"""The facts on top of the page: mart, column and kind of code."""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    if not board.has(MEMBER):
        return
    if "member person" not in st.session_state:
        st.session_state["member person"] = st.query_params.get(_ADDRESS, "")
    person = st.text_input(
        words("member.person"),
        placeholder="P… · crm.members:M00000012",
        help=words("member.person_help"),
        key="member person",
    ).strip()
    if not person:
        st.info(words("member.ask"))
        if board.published.has("insight.member_risk"):
            example = board.published.rows(_EXAMPLES)["one_id"].iloc[0]
            if isinstance(example, str):
                st.caption(words("member.example"))
                st.code(example, language=None)
        return
    st.query_params[_ADDRESS] = person
    connection = board.published.connection
    try:
        one_id = one_id_meant(connection, person)
        page = entries_about(connection, one_id)
    except UsageError:
        page = []
    except duckdb.CatalogException as error:
        st.info(words("member.older"))
        st.code(str(error).splitlines()[0], language=None, wrap_lines=True)
        return
    if not page:
        st.warning(words("member.nobody"))
        return
    _head(board, one_id, page)
    _history(board, one_id)
    _evidence(board, page)


def _head(board: Board, one_id: str, page: list[Entry]) -> None:
    words = board.words
    st.markdown(f"`{one_id}`")
    for column, (mart, fact, kind) in zip(st.columns(len(HEAD)), HEAD, strict=True):
        value = next((dict(entry.facts).get(fact) for entry in page if entry.mart == mart), None)
        if value is None:
            told = "–"
        elif kind == "risk_level":
            told = words(f"funnel.level.{value}")
        elif kind:
            told = words.code(kind, value)
        elif fact == "churn_probability":
            told = f"{float(value):.1%}"
        else:
            told = board.money(float(value))
        column.metric(board.column(mart, fact), told, border=True)


def _history(board: Board, one_id: str) -> None:
    words, connection = board.words, board.published.connection
    spells = connection.execute(_SPELLS, {"one_id": one_id}).df()
    if not spells.empty:
        last = pd.Timestamp(board.as_of)
        board.chart(
            "member.stages",
            charts.spells(
                spells,
                last,
                {code: words.code("stage", code) for code in spells["lifecycle_stage"].unique()},
            ),
            spells,
            {STAGES: ("lifecycle_stage", "valid_from_date", "valid_to_date")},
        )
    money = connection.execute(_MONEY, {"one_id": one_id}).df()
    if not money.empty:
        board.chart(
            "member.money",
            charts.bars_up(
                [f"{month:%Y-%m}" for month in money["month"]],
                money["net_revenue"].tolist(),
                axis=words("member.month"),
            ),
            money,
            {ORDERS: ("order_date", "is_valid", "net_revenue")},
        )


def _evidence(board: Board, page: list[Entry]) -> None:
    words = board.words
    marts: dict[str, list[dict[str, str]]] = {}
    for entry in page:
        marts.setdefault(entry.mart, []).append(dict(entry.facts))
    flat = pd.DataFrame(
        [
            (entry.mart, number, fact, value)
            for number, entry in enumerate(page, 1)
            for fact, value in entry.facts
        ],
        columns=["mart", "entry", "fact", "value"],
    )
    board.table("member.evidence", flat, {MEMBER: ("one_id",)})
    # One table, chosen: a grid for each of some forty marts took a browser seconds.
    mart = st.selectbox(
        words("member.mart"),
        marts,
        format_func=lambda mart: f"{board.column(mart)} · {mart} ({len(marts[mart])})",
        key="member mart",
    )
    st.caption(board.published.comment(mart).text)
    frame = pd.DataFrame(marts[mart]).drop(columns=["one_id"], errors="ignore")
    st.dataframe(
        frame,
        hide_index=True,
        width="stretch",
        column_config={
            name: st.column_config.Column(board.column(mart, name))
            for name in map(str, frame.columns)
        },
        key="member rows",
    )
