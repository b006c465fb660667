"""The board: its pages, the language a reader has chosen, and what stands on every page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import streamlit as st

from dashboard.language import LANGUAGES, Language, Words
from dashboard.page import Board
from dashboard.published import UnreadableError, opened
from dashboard.views import (
    alerts,
    cohorts,
    funnel,
    identity,
    lifecycle,
    member,
    overview,
    quality,
    rfm,
)
from orchestration.publishing.board import published_file

PAGES: dict[str, tuple[Callable[[Board], None], str]] = {
    "overview": (overview.show, "monitoring"),
    "lifecycle": (lifecycle.show, "conversion_path"),
    "rfm": (rfm.show, "grid_view"),
    "cohorts": (cohorts.show, "calendar_view_month"),
    "funnel": (funnel.show, "filter_alt"),
    "alerts": (alerts.show, "notifications"),
    "quality": (quality.show, "fact_check"),
    "identity": (identity.show, "fingerprint"),
    "member": (member.show, "person"),
}
"""Each page by its address: what draws it, and its icon."""

_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
_CHOSEN = "language"
_ADDRESS = "lang"
_ICON = ":material/{}:"
_FAVICON = Path(__file__).with_name("icon.svg")
"""Streamlit would fetch the icon of a page from the internet to show it as that of the board."""

_STYLE = """
<style>
  [data-testid="stMetricValue"] { font-size: 1.4rem; }
  [data-testid="stMetricValue"], [data-testid="stMetricValue"] *, [data-testid="stMetricLabel"] * {
    white-space: normal !important; overflow: visible !important; line-height: 1.3;
  }
  [data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {
    color: #4A545E !important; opacity: 1 !important;
  }
  [data-testid="stMetricLabel"] p { font-size: .95rem; }
  .block-container { padding-top: 3rem; max-width: 1280px; }
  @media (max-width: 640px) {
    [data-testid="stElementContainer"]:has([data-testid="stPlotlyChart"]) { overflow-x: auto; }
    [data-testid="stFullScreenFrame"]:has([data-testid="stPlotlyChart"]) { min-width: 640px; }
  }
</style>
"""


def run(only: str | None = None) -> None:
    """The whole board: the switch of language, and the page that is asked for or `only` one."""
    st.set_page_config(page_title="Rekindle", page_icon=str(_FAVICON), layout="wide")
    st.html(_STYLE)
    language = _language()
    words = Words(language)
    pages = [
        st.Page(
            _drawing(name, language),
            title=words(f"pages.{name}"),
            icon=_ICON.format(icon),
            url_path=name,
            default=name == next(iter(PAGES)),
        )
        for name, (_, icon) in PAGES.items()
    ]
    page = st.navigation(pages) if only is None else None
    st.sidebar.radio(
        "语言 · Language",
        LANGUAGES,
        format_func=lambda code: _NAMES[code],
        horizontal=True,
        key=_CHOSEN,
    )
    st.query_params[_ADDRESS] = language
    if page is not None:
        page.run()
    elif only is not None:
        _show(only, language)


def _drawing(name: str, language: Language) -> Callable[[], None]:
    def draw() -> None:
        _show(name, language)

    return draw


def _show(name: str, language: Language) -> None:
    words = Words(language)
    st.title(words(f"pages.{name}"), anchor=False)
    try:
        with opened(published_file()) as published:
            board = Board(published, Words(language, published.publication.as_of_date))
            st.caption(words(f"{name}.about"))
            _beside(board)
            PAGES[name][0](board)
    except UnreadableError as error:
        st.info(words("parts.unreadable"))
        st.code(str(error), language=None, wrap_lines=True)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        st.info(words("parts.older"))
        st.code(str(error).splitlines()[0], language=None, wrap_lines=True)


def _language() -> Language:
    """The language that was chosen, else that of the address, else that of the browser."""
    if _CHOSEN not in st.session_state:
        asked = st.query_params.get(_ADDRESS) or st.context.locale or ""
        st.session_state[_CHOSEN] = next(
            (code for code in LANGUAGES if asked.startswith(code)), "en"
        )
    chosen: Language = st.session_state[_CHOSEN]
    return chosen


def _beside(board: Board) -> None:
    """Which publication this is."""
    words, publication = board.words, board.published.publication
    with st.sidebar:
        st.divider()
        st.markdown(
            "\n\n".join(
                f"**{words(f'parts.{key}')}**  \n{value}"
                for key, value in (
                    ("brand", publication.brand),
                    ("as_of", board.as_of or words("parts.no_date")),
                    (
                        "published_at",
                        f"{board.moment(publication.published_at)} ({publication.business_zone})",
                    ),
                    ("build", f"`{publication.build_id}`"),
                )
            )
        )
