"""How well records were made into persons, and what somebody should look at."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.page import Board, readable

AUDIT = "identity.oneid_audit"
RECORDS = "identity.oneid_map"
MEMBERS = "identity.dim_member"
EVENTS = "identity.oneid_events"
CUT = "identity.oneid_cut_identifiers"
QUEUE = "identity.oneid_review_queue"

_AUDIT = """
select metric_code, dimension_type, dimension_value, value, threshold, is_warning
from identity.oneid_audit
order by metric_code, dimension_type, dimension_value
"""

_TOTALS = """
select
    (select count(*) from identity.oneid_map) as records,
    (select count(*) from identity.dim_member) as persons
"""

_LINKS = """
select source_system || '.' || source_table as source, link_kind, count(*) as records
from identity.oneid_map
group by all
order by source, link_kind
"""

_EVENTS = """
select date_trunc('month', changed_at)::date as month, event_type, count(*) as events
from identity.oneid_events
where event_type <> 'create'
group by all
order by month, event_type
"""

_CUT = """
select identifier_type, reason, count(*) as identifiers
from identity.oneid_cut_identifiers
group by all
order by identifiers desc, identifier_type, reason
"""

_QUEUE = """
select floor(match_probability * 20) / 20 as from_probability, count(*) as pairs
from identity.oneid_review_queue
group by all
order by from_probability nulls last
"""


def show(board: Board) -> None:
    """Draw the page."""
    words = board.words
    if board.has(AUDIT, RECORDS, MEMBERS):
        _audit(board)
    if board.has(RECORDS):
        links = board.published.rows(_LINKS)
        if board.has_rows(links, "identity.links"):
            board.chart(
                "identity.links",
                charts.stacked_lying(
                    links,
                    "source",
                    "records",
                    "link_kind",
                    names={
                        code: words.code("link", code)
                        for code in ("deterministic", "probabilistic", "forced")
                    },
                    axis=words("parts.records"),
                ),
                links,
                {RECORDS: ("source_system", "source_table", "link_kind")},
            )
    if board.has(QUEUE):
        pairs = board.published.rows(_QUEUE)
        if board.has_rows(pairs, "identity.queue"):
            board.chart(
                "identity.queue",
                charts.bars_up(
                    [
                        words("identity.device_alone")
                        if pd.isna(start)
                        else f"{start:.2f}–{start + 0.05:.2f}"
                        for start in pairs["from_probability"]
                    ],
                    pairs["pairs"].tolist(),
                    axis=words("identity.probability"),
                ),
                pairs,
                {QUEUE: ("match_probability", "reasons", "shared_devices")},
            )
    if board.has(CUT):
        cut = board.published.rows(_CUT)
        if board.has_rows(cut, "identity.cut"):
            board.chart(
                "identity.cut",
                charts.bars(
                    [
                        f"{words.code('identifier', row.identifier_type)} · "
                        f"{words.code('cut_reason', row.reason)}"
                        for row in cut.itertuples()
                    ],
                    cut["identifiers"].tolist(),
                    axis=words("identity.identifiers"),
                ),
                cut,
                {CUT: ("identifier_type", "reason", "records_in_all")},
            )
    if board.has(EVENTS):
        events = board.published.rows(_EVENTS)
        if events.empty:
            st.subheader(words("identity.changes.title"), anchor=False)
            st.success(words("identity.no_changes"))
        else:
            board.chart(
                "identity.changes",
                charts.stacked(
                    events,
                    "month",
                    "events",
                    "event_type",
                    names={code: words.code("id_event", code) for code in ("merge", "split")},
                ),
                events,
                {EVENTS: ("event_type", "changed_at")},
            )


def _audit(board: Board) -> None:
    words = board.words
    totals = board.published.rows(_TOTALS).iloc[0]
    audit = board.published.rows(_AUDIT)
    warnings = int(audit["is_warning"].sum())
    for column, (key, number) in zip(
        st.columns(3),
        (
            ("persons", int(totals["persons"])),
            ("records", int(totals["records"])),
            ("warnings", warnings),
        ),
        strict=True,
    ):
        column.metric(words(f"identity.{key}"), f"{number:,}", border=True)
    if not board.has_rows(audit, "identity.audit"):
        return
    order = list(words.names("audit", audit["metric_code"]))
    told = audit.assign(
        metric=[words.code("audit", code) for code in audit["metric_code"]],
        dimension=[words.code("dimension", kind) for kind in audit["dimension_type"]],
        verdict=[
            words("identity.warns") if warns else words("identity.fine")
            for warns in audit["is_warning"]
        ],
        dimension_value=[words.code("any", value) for value in audit["dimension_value"]],
        order=[order.index(code) for code in audit["metric_code"]],
    ).sort_values(["is_warning", "order"], ascending=[False, True], kind="stable")
    board.table(
        "identity.audit",
        told[
            [
                "verdict",
                "metric",
                "dimension",
                "dimension_value",
                "value",
                "threshold",
                "metric_code",
            ]
        ],
        {AUDIT: ("metric_code", "value", "threshold", "is_warning")},
        shown={
            column: [
                "–" if pd.isna(value) else _measure(code, value)
                for code, value in zip(told["metric_code"], told[column], strict=True)
            ]
            for column in ("value", "threshold")
        },
    )
    sizes = audit[audit["metric_code"] == "person_records"]
    percentiles = ["p50", "p75", "p90", "p95", "p99", "p99_9", "max"]
    sizes = sizes.sort_values(
        "dimension_value",
        key=lambda names: names.map(
            lambda name: percentiles.index(name) if name in percentiles else len(percentiles)
        ),
    )
    if board.has_rows(sizes, "identity.sizes"):
        board.chart(
            "identity.sizes",
            charts.bars_up(
                sizes["dimension_value"].tolist(),
                sizes["value"].tolist(),
                axis=words("identity.percentile"),
            ),
            sizes,
            {AUDIT: ("dimension_value", "value")},
        )


def _measure(metric: str, value: float) -> str:
    """A value of the audit: shares in percent."""
    return f"{value:.2%}" if metric.endswith("_share") else f"{readable(value):,g}"
