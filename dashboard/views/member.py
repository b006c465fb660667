"""One member: everything that is claimed, with the facts behind it. Tokens, no personal data."""

from __future__ import annotations

import re
from datetime import datetime

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
_DIGITS_OF_PHONES = range(7, 16)
_TRUTHS = ("true", "false")
_CODED = {
    "lifecycle_stage", "previous_stage", "rfm_group", "register_channel", "order_channel",
    "first_order_channel", "last_order_channel",
}  # fmt: skip
"""Columns whose codes have names."""

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
    if _tells_who(person):
        st.query_params.pop(_ADDRESS, None)
        st.warning(words("member.personal"))
        return
    connection = board.published.connection
    try:
        one_id = one_id_meant(connection, person)
        page = entries_about(connection, one_id)
    except UsageError:
        page = []
    if not page:
        st.query_params.pop(_ADDRESS, None)
        st.warning(words("member.nobody"))
        return
    st.query_params[_ADDRESS] = person
    _head(board, one_id, page)
    _history(board, one_id)
    _evidence(board, page)


def _tells_who(person: str) -> bool:
    """Whether a telephone number or an address of mail was typed, which are no tokens."""
    digits = re.sub(r"[\s()+.-]", "", person)
    return "@" in person or (digits.isdecimal() and len(digits) in _DIGITS_OF_PHONES)


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
        months = pd.date_range(money["month"].min(), board.as_of, freq="MS")
        money = (
            money.set_index("month")
            .reindex(months, fill_value=0)
            .rename_axis("month")
            .reset_index()
        )
        board.chart(
            "member.money",
            charts.bars_up(
                [f"{month:%Y-%m}" for month in money["month"]],
                money["net_revenue"].tolist(),
                axis=f"{words('member.month')} · {board.currency}",
            ),
            money,
            {ORDERS: ("order_date", "is_valid", "net_revenue")},
        )


def _evidence(board: Board, page: list[Entry]) -> None:
    words = board.words
    marts: dict[str, list[dict[str, str]]] = {}
    for entry in page:
        told = {fact: _told(board, fact, value) for fact, value in entry.facts}
        marts.setdefault(entry.mart, []).append(told)
    flat = pd.DataFrame(
        [
            (
                board.column(entry.mart) if words.language == "zh" else entry.mart,
                number,
                board.column(entry.mart, fact),
                _told(board, fact, value),
                f"{entry.mart}.{fact}",
            )
            for number, entry in enumerate(page, 1)
            for fact, value in entry.facts
        ],
        columns=["mart", "entry", "fact", "value", "mart_column"],
    )
    board.table("member.evidence", flat, {MEMBER: ("one_id",)})
    # One table, chosen: a grid for each of some forty marts took a browser seconds.
    mart = st.selectbox(
        words("member.mart"),
        marts,
        format_func=lambda mart: f"{board.column(mart)} · {mart} ({len(marts[mart])})",
        key="member mart",
    )
    if described := board.described(mart):
        st.caption(described)
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


def _told(board: Board, fact: str, value: str) -> str:
    """A value for a reader: instants in the business zone, codes by their name."""
    if fact.endswith("_at"):
        try:
            return board.moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    if value in _TRUTHS and fact.startswith(("is_", "has_")):
        return board.words.code("truth", value)
    return board.words.value(value) if fact in _CODED else value
